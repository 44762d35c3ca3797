"""Redemptions as the graph shows them."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.catalog.quote import refusals
from services.catalog.quote.token import Promise
from services.catalog.redemption import model
from services.catalog.redemption.model import RedemptionState

strawberry.enum(
    RedemptionState,
    description="Where a redemption is: HELD, then REDEEMED, RELEASED or EXPIRED; TRY and ABORTED hold nothing yet.",
)


@presents(refusals.QuoteNotValid)
@strawberry.type(description="The token is no quote of ours, its time is over, or it is somebody else's.")
class QuoteNotValid(UserError):
    """See `refusals.QuoteNotValid`."""

    reason: str = strawberry.field(description="Why.")


@presents(refusals.QuoteEnded)
@strawberry.type(description="The quote was redeemed, released, expired, or is held under another key.")
class QuoteEnded(UserError):
    """See `refusals.QuoteEnded`."""

    quote_id: strawberry.ID = strawberry.field(description="quo_…")
    state: str = strawberry.field(description="What it is.")


@presents(refusals.NothingLeft)
@strawberry.type(description="A budget, a limit or a coupon is used up, or the promotion was switched off.")
class NothingLeft(UserError):
    """See `refusals.NothingLeft`."""

    kind: str = strawberry.field(description="Promotion, Customer (its uses of a promotion) or Coupon.")
    id: strawberry.ID = strawberry.field(description="Of what.")


@strawberry.type(description="What a signed quote took, and at which price.")
class Redemption:
    """See `model.Redemption`."""

    quote_id: strawberry.ID = strawberry.field(description="quo_…; also the redemption's id.")
    state: RedemptionState = strawberry.field(description="Where it is.")
    gross: Money = strawberry.field(description="What is to be paid, tax included, as it was promised.")
    extra_points: int = strawberry.field(description="Points promised beside those for the goods.")
    expires_at: datetime = strawberry.field(description="When a hold ends by itself.")


@strawberry.type(description="The redemption as it is now, or why not.")
class RedemptionPayload(Payload):
    """Of quoteReserve, quoteRedeem and quoteRelease."""

    redemption: Redemption | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, done: tuple[Promise, model.Redemption]) -> "RedemptionPayload":
        """From the model."""
        promise, row = done
        return cls(
            redemption=Redemption(
                quote_id=strawberry.ID(row.id),
                state=row.state,
                gross=Money.of(MoneyValue(promise.gross_minor, promise.currency)),
                extra_points=promise.extra_points,
                expires_at=row.expires_at,
            )
        )
