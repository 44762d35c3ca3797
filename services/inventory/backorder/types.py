"""Back-orders in the graph."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.backorder import model, rule
from services.inventory.backorder.rule import MAX_OVERSELL_PERCENT, BackorderMode
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.model import MAX_QUANTITY, Sku

strawberry.enum(
    BackorderMode,
    description="NONE sells nothing before it is there; BACKORDER sells what is announced to arrive; PREORDER sells a "
    "limited number before a release.",
)


@strawberry.type(description="What is sold before it is there.")
class BackorderRule:
    """See `backorder.rule.BackorderRule`."""

    mode: BackorderMode = strawberry.field(description="Whether and how.")
    sku: str = strawberry.field(description="Of this SKU; BK-* of all that begin so; * of all.")
    location: str = strawberry.field(description="At this location; * at all.")
    limit: int | None = strawberry.field(
        description="BACKORDER: pieces that may wait at once; PREORDER: sold in all. Of each SKU at each location."
    )
    oversell_percent: int = strawberry.field(description="BACKORDER: so much more than is announced may be sold.")
    release_at: datetime | None = strawberry.field(description="PREORDER: sold until then, handed over from then on.")

    @classmethod
    def of(cls, one: rule.BackorderRule) -> "BackorderRule":
        """From the model."""
        return cls(
            mode=one.mode,
            sku=one.sku,
            location=one.location,
            limit=one.limit,
            oversell_percent=one.oversell_percent,
            release_at=one.release_at,
        )


@strawberry.input(description="What is sold before it is there.")
class BackorderRuleInput:
    """See `backorder.rule.BackorderRule`."""

    mode: BackorderMode = strawberry.field(description="Whether and how.")
    sku: str = strawberry.field(default="*", description="Of this SKU; BK-* of all that begin so; * of all.")
    location: str = strawberry.field(default="*", description="At this location; * at all.")
    limit: int | None = strawberry.field(
        default=None,
        description="BACKORDER: pieces that may wait at once, null for no other limit than what is announced. "
        "PREORDER: pieces sold in all; needed.",
    )
    oversell_percent: int = strawberry.field(
        default=0, description=f"BACKORDER: so much more than is announced, 0 to {MAX_OVERSELL_PERCENT}."
    )
    release_at: datetime | None = strawberry.field(default=None, description="PREORDER: the release; needed.")

    def to_rule(self) -> rule.BackorderRule:
        """For the model."""
        return rule.BackorderRule(
            self.mode, self.sku, self.location, self.limit, self.oversell_percent, self.release_at
        )


strawberry.enum(
    model.BackorderState,
    description="WAITING stands in line, HELD is just given its pieces, ALLOCATED has them committed, CANCELLED was "
    "given up.",
)


@strawberry.type(description="What can be ordered before it is there.")
class BackorderOffer:
    """See `backorder.model.Offer`."""

    mode: BackorderMode = strawberry.field(description="BACKORDER or PREORDER.")
    is_open: bool = strawberry.field(description="Whether a piece can still be ordered.")
    open: int | None = strawberry.field(description="How many; null on a channel that shows bands.")
    due_at: datetime | None = strawberry.field(
        description="When a piece ordered now is due; null if that is not known."
    )

    @classmethod
    def of(cls, offer: model.Offer, shows_numbers: bool) -> "BackorderOffer":
        """From the model."""
        return cls(
            mode=offer.mode,
            is_open=offer.open > 0,
            open=offer.open if shows_numbers else None,
            due_at=offer.due_at,
        )


@strawberry.type(description="Pieces ordered before they are there.")
class Backorder:
    """See `backorder.model.Backorder`."""

    location_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="bo_…")
    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="Pieces.")
    mode: BackorderMode = strawberry.field(description="By which rule it was sold.")
    state: model.BackorderState = strawberry.field(description="Where it is in its life.")
    reference: str | None = strawberry.field(description="The order it is for, as its maker named it.")
    placed_at: datetime = strawberry.field(description="Who ordered first is served first.")
    promised_at: datetime | None = strawberry.field(description="When it was due as it was placed; null: not known.")
    expected_at: datetime | None = strawberry.field(description="When it is due by what is known now; null: not known.")
    at_risk: bool = strawberry.field(description="Whether it is expected later than promised, or nobody knows when.")
    reservation_id: strawberry.ID | None = strawberry.field(
        description="The reservation that has its pieces, for fulfillmentCreate; null before it is ALLOCATED."
    )
    ended_at: datetime | None = strawberry.field(description="When it was allocated or cancelled.")

    @strawberry.field(description="Where the pieces will lie; null if the location is gone.")
    async def location(self, info: Info) -> Location | None:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, order: model.Backorder) -> "Backorder":
        """From the model."""
        return cls(
            location_id=order.location_id,
            id=strawberry.ID(order.id),
            sku=strawberry.ID(order.sku),
            quantity=order.quantity,
            mode=order.mode,
            state=order.state,
            reference=order.reference,
            placed_at=order.placed_at,
            promised_at=order.promised_at,
            expected_at=order.expected_at,
            at_risk=order.at_risk,
            reservation_id=strawberry.ID(order.reservation_id) if order.has_pieces and order.reservation_id else None,
            ended_at=order.ended_at,
        )


@presents(model.BackorderClosed)
@strawberry.type(description="The channel does not sell this before it is there.")
class BackorderClosed(UserError):
    """See `backorder.model.BackorderClosed`."""

    sku: strawberry.ID = strawberry.field(description="What.")
    location_id: strawberry.ID = strawberry.field(description="Where.")


@presents(model.BackorderLimitReached)
@strawberry.type(description="More than may still be ordered before it is there.")
class BackorderLimitReached(UserError):
    """See `backorder.model.BackorderLimitReached`."""

    sku: strawberry.ID = strawberry.field(description="What.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    requested: int = strawberry.field(description="Pieces that were asked for.")
    open: int | None = strawberry.field(description="Pieces that may still be; null where the channel shows bands.")
    next_due_at: datetime | None = strawberry.field(description="When a further piece would be due; null: not known.")


@presents(model.BackorderEnded)
@strawberry.type(description="The back-order has its pieces; what follows is the fulfilment's matter.")
class BackorderEnded(UserError):
    """See `backorder.model.BackorderEnded`."""

    id: strawberry.ID = strawberry.field(description="bo_…")
    state: model.BackorderState = strawberry.field(description="What has become of it.")


ERRORS = (BackorderClosed, BackorderLimitReached, BackorderEnded)


@strawberry.input(description="Pieces to be ordered before they are there.")
class BackorderPlaceInput:
    """See `backorder.model.BackorderDraft`."""

    idempotency_key: str = strawberry.field(description="Names this order; the same again changes nothing.")
    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where they are to arrive.")
    quantity: int = strawberry.field(description=f"Pieces, 1 to {MAX_QUANTITY}.")
    reference: str | None = strawberry.field(
        default=None, description=f"The order it is for; up to {model.MAX_REFERENCE} characters."
    )

    def to_draft(self) -> model.BackorderDraft:
        """For the action."""
        return model.BackorderDraft(
            self.idempotency_key, Sku(str(self.sku)), str(self.location_id), self.quantity, self.reference
        )


@strawberry.input(description="Which back-order is to be given up.")
class BackorderCancelInput:
    """See `backorder.actions.cancel`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the back-order as it is.")
    id: strawberry.ID = strawberry.field(description="bo_…")


@strawberry.type(description="The back-order as it is now, or why not.")
class BackorderPayload(Payload):
    """Of backorderPlace and backorderCancel."""

    backorder: Backorder | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, order: model.Backorder) -> "BackorderPayload":
        """From the model."""
        return cls(backorder=Backorder.of(order))
