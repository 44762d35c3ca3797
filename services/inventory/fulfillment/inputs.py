"""What steps of fulfilments take."""

from datetime import datetime

import strawberry

from services.inventory.fulfillment import model
from services.inventory.fulfillment.giving_back import Inspected
from services.inventory.fulfillment.life import Picked
from services.inventory.fulfillment.words import FulfillmentKind, FulfillmentState
from services.inventory.paper.types import PiecesInput, StepInput


@strawberry.input(description="Narrows a list of fulfilments; every part that is given must hold.")
class FulfillmentFilter:
    """See `fulfillment.model.FulfillmentFilter`."""

    states: list[FulfillmentState] | None = strawberry.field(default=None, description="In one of these states.")
    kinds: list[FulfillmentKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    location_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose pieces lie, are handed over or were sold at this location."
    )
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this customer.")
    due_before: datetime | None = strawberry.field(default=None, description="Promised before this moment.")

    def to_filter(self, *, bound_to: str | None, customer: str | None) -> model.FulfillmentFilter:
        """For the store; who is bound to a location sees its own, and so does a customer without the scope."""
        states = None if self.states is None else tuple(s.value for s in self.states if s.value != "ALLOCATING")
        return model.FulfillmentFilter(
            states=states,
            kinds=None if self.kinds is None else tuple(kind.value for kind in self.kinds),
            location_id=bound_to or self.location_id,
            order_ids=None if self.order_id is None else (str(self.order_id),),
            customer_id=customer or self.customer_id,
            due_before=self.due_before,
        )


@strawberry.input(description="How the pieces of a reservation are to be handed over.")
class FulfillmentCreateInput:
    """See `fulfillment.model.FulfillmentDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same fulfilments.")
    reservation_id: strawberry.ID = strawberry.field(
        description="Held, or committed with handOver LATER; it is fulfilled once."
    )
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose pieces these are; only a hold at the counter needs none."
    )
    pickup_location_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where they are picked up; what lies elsewhere is sent there first."
    )
    address: str | None = strawberry.field(default=None, description="Where they are sent, if they are not picked up.")
    counter_hold: bool = strawberry.field(
        default=False, description="Held at the counter, without payment, for who wants to look at it."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who buys them, if it is not the reservation's customer."
    )
    sold_at_location_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where a clerk sells what lies elsewhere."
    )
    promised_at: datetime | None = strawberry.field(default=None, description="When they were promised.")
    hold_days: int = strawberry.field(
        default=model.DEFAULT_HOLD_DAYS,
        description=f"How long they wait at the counter, {model.MIN_HOLD_DAYS} to {model.MAX_HOLD_DAYS}.",
    )

    def to_draft(self) -> model.FulfillmentDraft:
        """For the action."""
        return model.FulfillmentDraft(
            reservation_id=str(self.reservation_id),
            order_id=_text(self.order_id),
            place_id=_text(self.pickup_location_id),
            address=self.address,
            counter_hold=self.counter_hold,
            customer_id=_text(self.customer_id),
            sold_at=_text(self.sold_at_location_id),
            promised_at=self.promised_at,
            hold_days=self.hold_days,
        )


@strawberry.input(description="Which fulfilment a picker begins to fetch.")
class FulfillmentPickStartInput(StepInput):
    """The step."""


@strawberry.input(description="What a picker says of one SKU.")
class PickedInput:
    """See `fulfillment.life.Picked`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description="Pieces in the box.")
    short: int = strawberry.field(default=0, description="Pieces that are not there.")
    damaged: int = strawberry.field(default=0, description="Pieces that are there, but damaged.")


@strawberry.input(description="What a picker found.")
class FulfillmentPickRecordInput(StepInput):
    """The step, and what was found."""

    lines: list[PickedInput] = strawberry.field(description="Never more than is still to be fetched.")

    def to_picks(self) -> list[Picked]:
        """For the action."""
        return [
            Picked(str(line.sku), line.quantity, line.short, line.damaged, place)
            for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="Which fulfilment waits at the counter from now on.")
class FulfillmentReadyInput(StepInput):
    """The step."""


@strawberry.input(description="Which fulfilment gets a new pickup code.")
class FulfillmentCodeRenewInput(StepInput):
    """The step."""


@strawberry.input(description="Which fulfilment is handed over, to whom.")
class FulfillmentCollectInput(StepInput):
    """The step, and the code."""

    code: str = strawberry.field(description="As the shopper shows it.")


@strawberry.input(description="Which fulfilment is handed to the carrier.")
class FulfillmentShipInput(StepInput):
    """The step, and the carrier."""

    carrier: str | None = strawberry.field(default=None, description="Who carries it.")
    tracking: str | None = strawberry.field(default=None, description="The carrier's number.")


@strawberry.input(description="Which fulfilment has come to the shop where it will be picked up.")
class FulfillmentArriveInput(StepInput):
    """The step, and what arrived."""

    lines: list[PiecesInput] | None = strawberry.field(
        default=None, description="If it is not all that was sent; a SKU left out did not arrive."
    )


@strawberry.input(description="Which fulfilment the carrier has delivered.")
class FulfillmentDeliverInput(StepInput):
    """The step."""


@strawberry.input(description="Which fulfilment is called off.")
class FulfillmentCancelInput(StepInput):
    """The step."""


@strawberry.input(description="What of a fulfilment has come back.")
class FulfillmentReturnInput(StepInput):
    """The step, and what came back where."""

    location_id: strawberry.ID = strawberry.field(description="Any location.")
    lines: list[PiecesInput] = strawberry.field(description="Never more than was handed over and has not come back.")


@strawberry.input(description="What becomes of pieces of one SKU that came back.")
class InspectedInput:
    """See `fulfillment.giving_back.Inspected`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    restocked: int = strawberry.field(default=0, description="Pieces that are sold again.")
    damaged: int = strawberry.field(default=0, description="Pieces that are kept as damaged.")
    written_off: int = strawberry.field(default=0, description="Pieces that are thrown away.")


@strawberry.input(description="What becomes of what came back.")
class FulfillmentReturnInspectInput(StepInput):
    """The step, and the verdicts."""

    return_id: strawberry.ID = strawberry.field(description="Which of the fulfilment's returns.")
    lines: list[InspectedInput] = strawberry.field(description="Never more than wait for inspection.")

    def to_verdicts(self) -> list[Inspected]:
        """For the action."""
        return [
            Inspected(str(line.sku), line.restocked, line.damaged, line.written_off, place)
            for place, line in enumerate(self.lines)
        ]


def _text(id: strawberry.ID | None) -> str | None:
    return None if id is None else str(id)
