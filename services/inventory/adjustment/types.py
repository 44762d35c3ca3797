"""Adjustments that need two people, in the graph."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.adjustment import model
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, StepInput, history_of
from services.inventory.stock.model import AdjustmentReason
from services.inventory.types import Variant

AdjustmentState = strawberry.enum(
    model.AdjustmentState,
    description="REQUESTED waits for somebody else; APPROVING is being done; APPROVED is in the books; REJECTED.",
)


@presents(model.ApprovalNeeded)
@strawberry.type(description="So large a change by hand needs two people: adjustmentRequest and adjustmentApprove.")
class ApprovalNeeded(UserError):
    """See `adjustment.model.ApprovalNeeded`."""

    requested: int = strawberry.field(description="Pieces that were to be changed.")
    limit: int = strawberry.field(description="Pieces that one person may change.")


@strawberry.type(description="Pieces of one variant more, or fewer below zero.")
class AdjustmentLine:
    """See `adjustment.model.AdjustmentLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    delta: int = strawberry.field(description="Pieces.")


@strawberry.type(description="A change of stock that one person asks for and another approves.")
class AdjustmentRequest:
    """See `adjustment.model.AdjustmentRequest`."""

    location_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="adj_…")
    state: model.AdjustmentState = strawberry.field(description="Where it is in its life.")
    reason: AdjustmentReason = strawberry.field(description="Why; kept in the journal.")
    lines: list[AdjustmentLine] = strawberry.field(description="One a SKU.")
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was asked for.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, row: model.AdjustmentRequest) -> "AdjustmentRequest":
        """From the model."""
        lines = [
            AdjustmentLine(sku=strawberry.ID(line.sku), variant=Variant(sku=strawberry.ID(line.sku)), delta=line.delta)
            for line in row.lines
        ]
        return cls(
            location_id=row.location_id,
            id=strawberry.ID(row.id),
            state=row.state,
            reason=row.reason,
            lines=lines,
            history=history_of(row),
            version=row.version,
            created_at=row.created_at,
        )


@strawberry.input(description="Pieces of one SKU more, or fewer below zero.")
class AdjustmentLineInput:
    """See `adjustment.model.AdjustmentLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    delta: int = strawberry.field(description="Pieces.")


@strawberry.input(description="A change of stock that somebody else is to approve.")
class AdjustmentRequestInput:
    """Location, reason and lines."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same request.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    reason: AdjustmentReason = strawberry.field(description="Why.")
    lines: list[AdjustmentLineInput] = strawberry.field(description=f"At most {model.MAX_ADJUSTMENT_LINES}.")

    def to_lines(self) -> list[model.AdjustmentLine]:
        """For the action."""
        return [model.AdjustmentLine(str(line.sku), line.delta, place) for place, line in enumerate(self.lines)]


@strawberry.input(description="Which request is approved, by somebody who has not asked.")
class AdjustmentApproveInput(StepInput):
    """The step."""


@strawberry.input(description="Which request is rejected.")
class AdjustmentRejectInput(StepInput):
    """The step."""


@strawberry.type(description="The request as it is now, or why not.")
class AdjustmentPayload(Payload):
    """Of every mutation of requests."""

    adjustment_request: AdjustmentRequest | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: model.AdjustmentRequest) -> "AdjustmentPayload":
        """From the model."""
        return cls(adjustment_request=AdjustmentRequest.of(row))
