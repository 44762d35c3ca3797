"""GraphQL types of holds."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.loyalty.hold import model
from services.loyalty.hold.actions import HoldPosted
from services.loyalty.types import PointsHold, StatementEntry, Wallet


@presents(model.HoldEnded)
@strawberry.type(description="The hold has ended before, and ends once only.")
class HoldEnded(UserError):
    """See `model.HoldEnded`."""

    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    state: str = strawberry.field(description="How it ended: CAPTURED, VOIDED or EXPIRED.")
    ended_at: datetime = strawberry.field(description="When.")


@presents(model.HoldExceeded)
@strawberry.type(description="More was to be captured than the hold has.")
class HoldExceeded(UserError):
    """See `model.HoldExceeded`."""

    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    requested: int = strawberry.field(description="What was to be captured.")
    held: int = strawberry.field(description="What the hold has.")


@strawberry.type(description="The hold as it is by now, or why not.")
class PointsHoldPayload(Payload):
    """Of pointsHold, pointsCapture and pointsVoid."""

    hold: PointsHold | None = strawberry.field(default=None, description="The hold, whatever became of it.")
    wallet: Wallet | None = strawberry.field(default=None, description="The wallet as it is now.")
    entry: StatementEntry | None = strawberry.field(
        default=None, description="The entry that was made; the same one for the same key."
    )

    @classmethod
    def of(cls, posted: HoldPosted) -> "PointsHoldPayload":
        """From the action."""
        return cls(
            hold=PointsHold.of(posted.hold), wallet=Wallet(row=posted.wallet), entry=StatementEntry.of(posted.entry)
        )
