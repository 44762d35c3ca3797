"""Transfers in the graph."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, PiecesInput, StepInput, counts_of, history_of
from services.inventory.transfer import model
from services.inventory.types import Variant

TransferState = strawberry.enum(
    model.TransferState,
    description="REQUESTED waits for the origin; APPROVING is being decided; APPROVED has its pieces committed there; "
    "SHIPPED is on its way; COMPLETED has arrived or been given up; REJECTED by the origin; CANCELLED before it left.",
)


@strawberry.type(description="Pieces of one variant in a transfer.")
class TransferLine:
    """See `transfer.model.TransferLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    requested: int = strawberry.field(description="Pieces asked for.")
    shipped: int = strawberry.field(description="Pieces that left the origin.")
    received: int = strawberry.field(description="Pieces that arrived whole.")
    damaged: int = strawberry.field(description="Pieces that arrived damaged.")
    lost: int = strawberry.field(description="Pieces given up as lost.")
    in_transit: int = strawberry.field(description="Pieces on the way: in no location's stock.")

    @classmethod
    def of(cls, line: model.TransferLine) -> "TransferLine":
        """From the model."""
        sku = strawberry.ID(line.sku)
        return cls(
            sku=sku,
            variant=Variant(sku=sku),
            requested=line.requested,
            shipped=line.shipped,
            received=line.received,
            damaged=line.damaged,
            lost=line.lost,
            in_transit=line.in_transit,
        )


@strawberry.type(description="Stock on its way from one location to another.")
class Transfer:
    """See `transfer.model.Transfer`."""

    origin_id: strawberry.Private[str]
    destination_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="trf_…")
    state: model.TransferState = strawberry.field(description="Where it is in its life.")
    lines: list[TransferLine] = strawberry.field(description="One a SKU.")
    due_at: datetime | None = strawberry.field(description="When it should be there.")
    tracking: str | None = strawberry.field(description="The carrier's number.")
    fulfillment_id: strawberry.ID | None = strawberry.field(
        description="The fulfilment whose pieces it brings to the shop where they are picked up; null for any other."
    )
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="Where it comes from.")
    async def origin(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.origin_id)

    @strawberry.field(description="Where it goes to.")
    async def destination(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.destination_id)

    @classmethod
    def of(cls, transfer: model.Transfer) -> "Transfer":
        """From the model."""
        return cls(
            origin_id=transfer.origin_id,
            destination_id=transfer.destination_id,
            id=strawberry.ID(transfer.id),
            state=transfer.state,
            lines=[TransferLine.of(line) for line in transfer.lines],
            due_at=transfer.due_at,
            tracking=transfer.tracking,
            fulfillment_id=None if transfer.fulfillment_id is None else strawberry.ID(transfer.fulfillment_id),
            history=history_of(transfer),
            version=transfer.version,
            created_at=transfer.created_at,
            updated_at=transfer.updated_at,
        )


@strawberry.input(description="Narrows a list of transfers; every part that is given must hold.")
class TransferFilter:
    """See `transfer.model.TransferFilter`."""

    states: list[model.TransferState] | None = strawberry.field(default=None, description="In one of these states.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="From or to this location.")
    origin_id: strawberry.ID | None = strawberry.field(default=None, description="From this location.")
    destination_id: strawberry.ID | None = strawberry.field(default=None, description="To this location.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this moment.")

    def to_filter(self, bound_to: str | None) -> model.TransferFilter:
        """For the store; who is bound to a location sees what touches it."""
        return model.TransferFilter(
            states=None if self.states is None else [state.value for state in self.states],
            origin_id=self.origin_id,
            destination_id=self.destination_id,
            due_before=self.due_before,
            touching=bound_to or self.location_id,
        )


@strawberry.input(description="What is to be moved.")
class TransferRequestInput:
    """See `transfer.model.TransferDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same transfer.")
    origin_id: strawberry.ID = strawberry.field(description="From where.")
    destination_id: strawberry.ID = strawberry.field(description="To where.")
    lines: list[PiecesInput] = strawberry.field(description=f"At most {model.MAX_TRANSFER_LINES}.")
    due_at: datetime | None = strawberry.field(default=None, description="When it should be there.")

    def to_draft(self) -> model.TransferDraft:
        """For the action."""
        return model.TransferDraft(str(self.origin_id), str(self.destination_id), counts_of(self.lines), self.due_at)


@strawberry.input(description="Which transfer is approved: its pieces are committed at the origin.")
class TransferApproveInput(StepInput):
    """The step."""


@strawberry.input(description="Which request the origin declines.")
class TransferRejectInput(StepInput):
    """The step."""


@strawberry.input(description="Which transfer is called off before it is sent.")
class TransferCancelInput(StepInput):
    """The step."""


@strawberry.input(description="Which transfer leaves the origin.")
class TransferShipInput(StepInput):
    """The step, and what leaves."""

    lines: list[PiecesInput] | None = strawberry.field(
        default=None, description="If it is not all that was approved; a SKU left out stays behind."
    )
    tracking: str | None = strawberry.field(default=None, description="The carrier's number.")


@strawberry.input(description="What of one SKU arrived.")
class ArrivalInput:
    """See `transfer.model.Arrival`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description="Pieces that arrived whole.")
    damaged: int = strawberry.field(default=0, description="Pieces that arrived damaged.")


@strawberry.input(description="What of a transfer has arrived.")
class TransferReceiveInput(StepInput):
    """The step, and what arrived."""

    lines: list[ArrivalInput] = strawberry.field(description="Never more than is on the way.")

    def to_arrivals(self) -> list[model.Arrival]:
        """For the action."""
        return [
            model.Arrival(str(line.sku), line.quantity, line.damaged, place) for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="Which transfer is closed: what has not arrived is given up as lost.")
class TransferCloseInput(StepInput):
    """The step."""


@strawberry.input(description="What was given up and has turned up.")
class TransferFindInput(StepInput):
    """The step, and what was found where."""

    location_id: strawberry.ID = strawberry.field(description="At the origin or the destination.")
    lines: list[PiecesInput] = strawberry.field(description="Never more than was lost.")


@strawberry.type(description="The transfer as it is now, or why not.")
class TransferPayload(Payload):
    """Of every mutation of transfers."""

    transfer: Transfer | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, transfer: model.Transfer) -> "TransferPayload":
        """From the model."""
        return cls(transfer=Transfer.of(transfer))
