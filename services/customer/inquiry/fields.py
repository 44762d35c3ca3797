"""What inquiries add to a customer."""

import strawberry

from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.context import Info
from services.customer.inquiry.types import Inquiry
from services.customer.person.types import Profile


@strawberry.type
class InquiryFields(Profile):
    """What inquiries add to a customer."""

    @strawberry.field(description="What they asked, on every channel and under every profile they had; newest first.")
    async def inquiries(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Inquiry]:
        """A page."""
        person = await info.context.loaders.person_of(self.profile_id)
        page = await info.context.store.inquiry.page_of(person.ids, PageArgs.parse(first, after))
        return Connection.of(page, Inquiry.of)
