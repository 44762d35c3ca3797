"""GraphQL types of live customers."""

from datetime import datetime

import strawberry

from services.customer.behaviour.model import BehaviourEvent as Event
from services.customer.behaviour.types import BehaviourEvent, event_of
from services.customer.live.actions import LookedUp
from services.customer.types import Customer, customer_of


@strawberry.type(description="A timeline that grew.")
class TimelineChange:
    """See `live.actions.timeline_changes`."""

    event: BehaviourEvent | None = strawberry.field(
        description="What was told; null, first of all: nothing is missed from here on, so read the timeline now."
    )

    @classmethod
    def of(cls, row: Event | None) -> "TimelineChange":
        """From the action."""
        return cls(event=None if row is None else event_of(row))


@strawberry.type(description="Somebody was looked up at a counter.")
class CustomerLookup:
    """See `live.actions.LookedUp`."""

    customer: Customer | None = strawberry.field(
        description="Who; null, first of all: nobody is missed from here on. Null later: they are erased by now."
    )
    actor: str | None = strawberry.field(description="Who looked them up.")
    at: datetime | None = strawberry.field(description="When.")

    @classmethod
    def of(cls, row: LookedUp | None) -> "CustomerLookup":
        """From the action."""
        if row is None:
            return cls(customer=None, actor=None, at=None)
        return cls(customer=customer_of(row.customer), actor=row.actor, at=row.at)
