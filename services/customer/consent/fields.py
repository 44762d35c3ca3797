"""What consent adds to a customer; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.consent import actions
from services.customer.consent.types import (
    ConsentRecord,
    ConsentState,
    ContactChannel,
    Purpose,
)
from services.customer.context import Info
from services.customer.person.types import Profile


@strawberry.type
class ConsentFields(Profile):
    """What consent adds to a customer."""

    @strawberry.field(
        description="Whether they may be written to or called for this, and the record that decides. No message "
        "without it."
    )
    async def may_contact(
        self,
        info: Info,
        purpose: Annotated[Purpose, strawberry.argument(description="For what.")],
        channel: Annotated[ContactChannel, strawberry.argument(description="By what.")],
    ) -> ConsentState:
        """See `consent.model`."""
        person = await info.context.loaders.person_of(self.profile_id)
        return ConsentState.of(await actions.permission(info.context.store, person, purpose, channel))

    @strawberry.field(description="What holds now, for every purpose and channel they ever said something about.")
    async def consents(self, info: Info) -> list[ConsentState]:
        """See `consent.model`."""
        person = await info.context.loaders.person_of(self.profile_id)
        return [ConsentState.of(row) for row in await actions.permissions(info.context.store, person)]

    @strawberry.field(description="Every answer they ever gave, under every profile they had; newest first.")
    async def consent_history(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[ConsentRecord]:
        """A page."""
        person = await info.context.loaders.person_of(self.profile_id)
        page = await info.context.store.consent.page(person.ids, PageArgs.parse(first, after))
        return Connection.of(page, ConsentRecord.of)
