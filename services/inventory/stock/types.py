"""Stock in the graph: availability for shoppers, levels for staff, adjustments."""

from dataclasses import asdict
from datetime import datetime
from functools import partial

import strawberry

from kit.errors import BadUserInput
from kit.graphql.errors import Payload, UserError, presents
from kit.pages import Page, PageArgs, encode_cursor
from services.inventory.context import Info
from services.inventory.loaders import Slice
from services.inventory.location.types import Location, location_of
from services.inventory.model import LocationId, MovementReason, Sku, StockState
from services.inventory.stock import model

AdjustmentReason = strawberry.enum(model.AdjustmentReason, description="Why stock is changed by hand.")
strawberry.enum(MovementReason, description="Why stock moved, as the journal says it.")
strawberry.enum(StockState, description="What a piece on hand is there for; it is in exactly one of these.")
WRONG_CURSOR = "after: expected a cursor this list gave, got one of another list"


@presents(model.OnHandChanged)
@strawberry.type(description="The count was made against a figure that has moved since.")
class OnHandChanged(UserError):
    """See `stock.model.OnHandChanged`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    expected_on_hand: int = strawberry.field(description="What the counter was told lay there.")
    actual_on_hand: int = strawberry.field(description="What lies there by now.")


@strawberry.type(
    description="What lies of a variant at a location: on hand is available, reserved, committed, safety, quality hold "
    "and damaged together."
)
class StockLevel:
    """See `stock.model.StockLevel`."""

    location_id: strawberry.Private[LocationId]
    sku: strawberry.ID = strawberry.field(description="Of what.")
    on_hand: int = strawberry.field(description="Pieces that lie there.")
    available: int = strawberry.field(description="Pieces that nobody holds.")
    reserved: int = strawberry.field(description="Pieces that reservations hold.")
    committed: int = strawberry.field(description="Pieces that are sold and not handed over yet.")
    safety: int = strawberry.field(description="Pieces kept back from promises.")
    quality_hold: int = strawberry.field(description="Pieces that wait for an inspection.")
    damaged: int = strawberry.field(description="Pieces that cannot be sold.")
    version: int = strawberry.field(description="How often it has moved.")
    updated_at: datetime = strawberry.field(description="When it last moved.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, level: model.StockLevel) -> "StockLevel":
        """From the model."""
        return cls(
            location_id=level.location_id,
            sku=strawberry.ID(level.sku),
            **asdict(level.quantities),
            version=level.version,
            updated_at=level.updated_at,
        )


@strawberry.input(description="What somebody counted, and what the system had said.")
class StockRecountInput:
    """See `stock.model.Recount`."""

    counted: int = strawberry.field(description="Pieces that lie there, held ones included.")
    expected_on_hand: int = strawberry.field(description="`onHand` when the count began; refused if it has moved.")


@strawberry.input(description="A change of stock by hand: either by a delta or to a count.")
class StockAdjustInput:
    """See `stock.model.Adjustment`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the first result.")
    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    reason: model.AdjustmentReason = strawberry.field(description="Why; kept in the journal.")
    delta: int | None = strawberry.field(default=None, description="Pieces more, or less if negative.")
    recount: StockRecountInput | None = strawberry.field(default=None, description="Instead of a delta.")

    def to_adjustment(self) -> model.Adjustment:
        """For the action."""
        recount = self.recount
        return model.Adjustment(
            key=self.idempotency_key,
            sku=Sku(self.sku),
            location_id=LocationId(self.location_id),
            reason=self.reason,
            delta=self.delta,
            recount=None if recount is None else model.Recount(recount.counted, recount.expected_on_hand),
        )


@strawberry.input(description="Pieces that move from one state into another at one location.")
class StockMoveInput:
    """See `stock.model.StockMove`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the first result.")
    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    quantity: int = strawberry.field(description="Pieces, at least 1.")
    reason: MovementReason = strawberry.field(description="Why; kept in the journal.")
    source: StockState | None = strawberry.field(
        default=None, description="The state they leave, any but RESERVED; null if they come from outside."
    )
    target: StockState | None = strawberry.field(
        default=None, description="The state they enter, any but RESERVED; null if they leave the stock."
    )
    reference: str | None = strawberry.field(default=None, description="What it belongs to, for instance a claim's id.")

    def to_move(self) -> model.StockMove:
        """For the action."""
        return model.StockMove(
            key=self.idempotency_key,
            sku=Sku(self.sku),
            location_id=LocationId(self.location_id),
            source=self.source,
            target=self.target,
            quantity=self.quantity,
            reason=self.reason,
            reference=self.reference,
        )


@strawberry.type(description="The level the move led to, or why not.")
class StockMovePayload(Payload):
    """Of stockMove."""

    stock_level: StockLevel | None = strawberry.field(default=None, description="The level right after it.")

    @classmethod
    def of(cls, level: model.StockLevel) -> "StockMovePayload":
        """From the model."""
        return cls(stock_level=StockLevel.of(level))


@strawberry.type(description="The level the adjustment led to, or why not.")
class StockAdjustPayload(Payload):
    """Of stockAdjust."""

    stock_level: StockLevel | None = strawberry.field(default=None, description="The level right after it.")

    @classmethod
    def of(cls, level: model.StockLevel) -> "StockAdjustPayload":
        """From the model."""
        return cls(stock_level=StockLevel.of(level))


async def page_levels(info: Info, sku: str, page: PageArgs) -> Page[model.StockLevel]:
    """One page of all levels of a SKU, by location id; together with the other SKUs of the request."""
    match page.after:
        case None:
            wanted = Slice(None, page.first + 1)
        case (str(location_id),):
            wanted = Slice(location_id, page.first + 1)
        case _:
            raise BadUserInput(WRONG_CURSOR)
    rows = await info.context.loaders.first_levels.load((sku, wanted))
    kept = rows[: page.first]
    return Page(
        nodes=kept,
        cursors=[encode_cursor((level.location_id,)) for level in kept],
        has_next=len(rows) > page.first,
        has_previous=page.after is not None,
        count=partial(info.context.store.stock.count, sku),
    )
