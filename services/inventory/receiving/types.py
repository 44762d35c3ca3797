"""Deliveries in the graph."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, StepInput, history_of
from services.inventory.receiving import model
from services.inventory.receiving.dates import NewDate
from services.inventory.types import Variant

DeliveryState = strawberry.enum(
    model.DeliveryState,
    description="EXPECTED has not arrived; RECEIVING has in part; CLOSED expects nothing more; CANCELLED never came.",
)


@presents(model.ReceiptExceedsOrder)
@strawberry.type(description="More arrived than was ordered and the tolerance allows.")
class ReceiptExceedsOrder(UserError):
    """See `receiving.model.ReceiptExceedsOrder`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    ordered: int = strawberry.field(description="Pieces that were ordered.")
    arrived: int = strawberry.field(description="Pieces that had arrived before.")
    requested: int = strawberry.field(description="Pieces that arrived now.")
    allowed: int = strawberry.field(description="Pieces that may arrive in all.")


@strawberry.type(description="Pieces of one variant in a delivery.")
class DeliveryLine:
    """See `receiving.model.DeliveryLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    expected: int = strawberry.field(description="Pieces that were announced.")
    due_at: datetime = strawberry.field(description="When they should be there.")
    arrived: int = strawberry.field(description="Pieces that arrived, in whatever condition.")
    incoming: int = strawberry.field(description="Pieces still expected; 0 once it is closed or cancelled.")
    on_hold: int = strawberry.field(description="Of these, on quality hold.")
    damaged: int = strawberry.field(description="Of these, damaged.")
    rejected: int = strawberry.field(description="Of these, sent back.")

    @classmethod
    def of(cls, line: model.DeliveryLine, is_open: bool) -> "DeliveryLine":
        """From the model."""
        sku = strawberry.ID(line.sku)
        return cls(
            sku=sku,
            variant=Variant(sku=sku),
            expected=line.expected,
            due_at=line.due_at,
            arrived=line.arrived,
            incoming=line.incoming if is_open else 0,
            on_hold=line.on_hold,
            damaged=line.damaged,
            rejected=line.rejected,
        )


@strawberry.type(description="A delivery from outside, as it was announced and as it arrives.")
class Delivery:
    """See `receiving.model.Delivery`."""

    location_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="dlv_…")
    state: model.DeliveryState = strawberry.field(description="Where it is in its life.")
    supplier: str = strawberry.field(description="Who sends it.")
    order_number: str | None = strawberry.field(description="The purchase order's number.")
    tolerance_percent: int = strawberry.field(description="By how much more of a line may arrive than was ordered.")
    lines: list[DeliveryLine] = strawberry.field(description="One a SKU.")
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was announced.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="Where it is expected.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, delivery: model.Delivery) -> "Delivery":
        """From the model."""
        return cls(
            location_id=delivery.location_id,
            id=strawberry.ID(delivery.id),
            state=delivery.state,
            supplier=delivery.supplier,
            order_number=delivery.order_number,
            tolerance_percent=delivery.tolerance_percent,
            lines=[DeliveryLine.of(line, delivery.state.is_open) for line in delivery.lines],
            history=history_of(delivery),
            version=delivery.version,
            created_at=delivery.created_at,
            updated_at=delivery.updated_at,
        )


@strawberry.input(description="Narrows a list of deliveries; every part that is given must hold.")
class DeliveryFilter:
    """See `receiving.model.DeliveryFilter`."""

    states: list[model.DeliveryState] | None = strawberry.field(default=None, description="In one of these states.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="To this location.")
    supplier: str | None = strawberry.field(default=None, description="From this supplier.")
    due_before: datetime | None = strawberry.field(default=None, description="With a line due before this moment.")

    def to_filter(self, bound_to: str | None) -> model.DeliveryFilter:
        """For the store; who is bound to a location sees its own."""
        return model.DeliveryFilter(
            states=None if self.states is None else [state.value for state in self.states],
            location_id=bound_to or self.location_id,
            supplier=self.supplier,
            due_before=self.due_before,
        )


@strawberry.input(description="Pieces of one SKU that are announced.")
class ExpectedLineInput:
    """See `receiving.model.ExpectedLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description="Pieces.")
    due_at: datetime | None = strawberry.field(default=None, description="If not with the rest of the delivery.")


@strawberry.input(description="A delivery that is expected: an advance shipping notice.")
class DeliveryExpectInput:
    """See `receiving.model.DeliveryDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same delivery.")
    location_id: strawberry.ID = strawberry.field(description="Where to.")
    supplier: str = strawberry.field(description="Who sends it.")
    due_at: datetime = strawberry.field(description="When it should be there.")
    lines: list[ExpectedLineInput] = strawberry.field(description="What comes.")
    order_number: str | None = strawberry.field(default=None, description="The purchase order's number.")
    tolerance_percent: int = strawberry.field(
        default=0, description=f"By how much more of a line may arrive, 0 to {model.MAX_TOLERANCE_PERCENT}."
    )

    def to_draft(self) -> model.DeliveryDraft:
        """For the action."""
        lines = tuple(
            model.ExpectedLine(str(line.sku), line.quantity, line.due_at, place)
            for place, line in enumerate(self.lines)
        )
        return model.DeliveryDraft(
            location_id=str(self.location_id),
            supplier=self.supplier,
            due_at=self.due_at,
            lines=lines,
            order_number=self.order_number,
            tolerance_percent=self.tolerance_percent,
        )


@strawberry.input(description="When pieces of one SKU will come.")
class NewDateInput:
    """See `receiving.dates.NewDate`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    due_at: datetime = strawberry.field(description="When they should be there.")


@strawberry.input(description="On which other day a delivery comes.")
class DeliveryRescheduleInput(StepInput):
    """The step, and the dates."""

    due_at: datetime | None = strawberry.field(
        default=None, description="When everything that is still to come should be there; null: only lines change."
    )
    lines: list[NewDateInput] | None = strawberry.field(
        default=None, description="What comes at a time of its own, whatever dueAt says."
    )

    def to_dates(self) -> list[NewDate]:
        """For the action."""
        return [NewDate(str(line.sku), line.due_at, place) for place, line in enumerate(self.lines or ())]

    @property
    def content(self) -> tuple[object, ...]:
        """What stands for it beside a key."""
        due = None if self.due_at is None else self.due_at.isoformat()
        return due, [(each.sku, each.due_at.isoformat()) for each in self.to_dates()]


@strawberry.input(description="What of one SKU arrived.")
class ReceiptInput:
    """See `receiving.model.Receipt`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description="Pieces that can be sold.")
    on_hold: int = strawberry.field(default=0, description="Pieces to be inspected first.")
    damaged: int = strawberry.field(default=0, description="Pieces that arrived damaged.")


@strawberry.input(description="What of a delivery has arrived.")
class DeliveryReceiveInput(StepInput):
    """The step, and what arrived."""

    lines: list[ReceiptInput] = strawberry.field(description="Never more than ordered and tolerated.")

    def to_receipts(self) -> list[model.Receipt]:
        """For the action."""
        return [
            model.Receipt(str(line.sku), line.quantity, line.on_hold, line.damaged, place)
            for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="What quality control says of pieces of one SKU.")
class VerdictInput:
    """See `receiving.model.Verdict`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    released: int = strawberry.field(default=0, description="Pieces that can be sold from now on.")
    rejected: int = strawberry.field(default=0, description="Pieces that go back.")
    damaged: int = strawberry.field(default=0, description="Pieces that stay, damaged.")


@strawberry.input(description="What quality control says of a delivery.")
class DeliveryInspectInput(StepInput):
    """The step, and the verdicts."""

    lines: list[VerdictInput] = strawberry.field(description="Never more than is on hold.")

    def to_verdicts(self) -> list[model.Verdict]:
        """For the action."""
        return [
            model.Verdict(str(line.sku), line.released, line.rejected, line.damaged, place)
            for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="Which delivery expects nothing more.")
class DeliveryCloseInput(StepInput):
    """The step."""


@strawberry.input(description="Which delivery will not come.")
class DeliveryCancelInput(StepInput):
    """The step."""


@strawberry.type(description="The delivery as it is now, or why not.")
class DeliveryPayload(Payload):
    """Of every mutation of deliveries."""

    delivery: Delivery | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, delivery: model.Delivery) -> "DeliveryPayload":
        """From the model."""
        return cls(delivery=Delivery.of(delivery))
