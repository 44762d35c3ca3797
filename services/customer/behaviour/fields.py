"""What behaviour adds to a customer; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.behaviour import actions
from services.customer.behaviour.types import (
    BehaviourEvent,
    BehaviourKind,
    BehaviourSessions,
    event_of,
)
from services.customer.context import Info
from services.customer.person.types import Profile

DEFAULT_SESSIONS = 10


@strawberry.type
class BehaviourFields(Profile):
    """What behaviour adds to a customer."""

    @strawberry.field(description="What they did, on every channel and under every profile they had; newest first.")
    async def timeline(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        kinds: Annotated[
            list[BehaviourKind] | None, strawberry.argument(description="Only these; all of them if left out.")
        ] = None,
    ) -> Connection[BehaviourEvent]:
        """A page; its cost does not depend on where it lies."""
        subjects = await info.context.loaders.subjects.load(self.profile_id)
        page = await actions.timeline(info.context.store, subjects, kinds or (), PageArgs.parse(first, after))
        return Connection.of(page, event_of)

    @strawberry.field(description="What they did without pausing for half an hour, visit by visit; newest first.")
    async def sessions(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description=f"Sessions wanted, 1 to {actions.MAX_SESSIONS}.")
        ] = DEFAULT_SESSIONS,
        after: After = None,
    ) -> BehaviourSessions:
        """A page."""
        subjects = await info.context.loaders.subjects.load(self.profile_id)
        found = await actions.sessions(info.context.store, subjects, PageArgs.parse(first, after))
        return BehaviourSessions.of(found)
