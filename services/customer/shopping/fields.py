"""What lists add to a customer."""

from typing import Annotated

import strawberry

from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.context import Info
from services.customer.person.types import Profile
from services.customer.shopping.types import ListKind, ShoppingList


@strawberry.type
class ShoppingFields(Profile):
    """What lists add to a customer."""

    @strawberry.field(description="Their shopping lists and wish lists, under every profile they had; newest first.")
    async def shopping_lists(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        kind: Annotated[ListKind | None, strawberry.argument(description="Only of this kind.")] = None,
    ) -> Connection[ShoppingList]:
        """A page."""
        person = await info.context.loaders.person_of(self.profile_id)
        page = await info.context.store.shopping.page_of(person.ids, kind, PageArgs.parse(first, after))
        return Connection.of(page, ShoppingList.of)
