"""Uploads and discrepancies in the graph."""

from datetime import datetime
from enum import Enum

import strawberry

from kit.graphql.errors import Payload
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.model import LocationId, Sku
from services.inventory.sync import model
from services.inventory.types import Variant

SyncReason = strawberry.enum(model.SyncReason, description="Why a till or a warehouse moves stock.")
DiscrepancyKind = strawberry.enum(
    model.DiscrepancyKind,
    description="SHORT would take what is not available, MOVED was counted against figures that have moved, "
    "UNKNOWN_STOCK would take from where nothing ever was, TOO_MANY is more than can be counted.",
)
DiscrepancyState = strawberry.enum(
    model.DiscrepancyState,
    description="OPEN waits for somebody, APPLYING was cut off and waits to be applied again, APPLIED and DISMISSED "
    "are done.",
)


@strawberry.enum(description="What is done with a discrepancy.")
class DiscrepancyResolution(Enum):
    """Of resolving."""

    APPLY = "APPLY"
    DISMISS = "DISMISS"


@strawberry.type(description="An uploaded line that was not applied, and the figures it met.")
class Discrepancy:
    """See `sync.model.Discrepancy`."""

    location_id: strawberry.Private[LocationId]
    id: strawberry.ID = strawberry.field(description="dsc_…")
    source: str = strawberry.field(description="The till or warehouse that uploaded it.")
    sequence: int = strawberry.field(description="Its number there.")
    variant: Variant | None = strawberry.field(description="Of what.")
    reason: model.SyncReason = strawberry.field(description="Why stock was to move.")
    delta: int | None = strawberry.field(description="Pieces more or less; null for a count.")
    counted: int | None = strawberry.field(description="Pieces that were counted; null for a delta.")
    happened_at: datetime | None = strawberry.field(description="When it happened there, if the source said so.")
    kind: model.DiscrepancyKind = strawberry.field(description="Why it was not applied.")
    on_hand: int = strawberry.field(description="Pieces on hand when it came.")
    available: int = strawberry.field(description="Pieces available when it came.")
    stock_version: int = strawberry.field(
        description="How often the level had moved when it came; 0 for unknown stock."
    )
    state: model.DiscrepancyState = strawberry.field(description="Where it is in its life.")
    found_at: datetime = strawberry.field(description="When it came.")
    version: int = strawberry.field(description="For resolving it.")
    resolved_at: datetime | None = strawberry.field(description="When somebody decided.")
    resolved_by: str | None = strawberry.field(description="Who decided.")
    note: str | None = strawberry.field(description="What they said of it.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, row: model.Discrepancy) -> "Discrepancy":
        """From the model."""
        return cls(
            location_id=row.line.location_id,
            id=strawberry.ID(row.id),
            source=row.source,
            sequence=row.line.sequence,
            variant=Variant(sku=strawberry.ID(row.line.sku)),
            reason=row.line.reason,
            delta=row.line.delta,
            counted=row.line.counted,
            happened_at=row.line.happened_at,
            kind=row.kind,
            on_hand=row.on_hand,
            available=row.available,
            stock_version=row.stock_version,
            state=row.state,
            found_at=row.found_at,
            version=row.version,
            resolved_at=row.resolved_at,
            resolved_by=row.resolved_by,
            note=row.note,
        )


@strawberry.input(description="One line of an upload: either a delta or a count.")
class SyncLineInput:
    """See `sync.model.SyncLine`."""

    sequence: int = strawberry.field(description="The source's own number of this line; never used for another.")
    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where, if not where the input says."
    )
    reason: model.SyncReason | None = strawberry.field(default=None, description="Why, if not what the input says.")
    delta: int | None = strawberry.field(default=None, description="Pieces more, or less if negative.")
    counted: int | None = strawberry.field(default=None, description="Pieces that lie there, held ones included.")
    seen_version: int | None = strawberry.field(
        default=None, description="Of a count: the level's version it was made against."
    )
    seen_on_hand: int | None = strawberry.field(
        default=None, description="Of a count: the pieces the counter was told lay there."
    )
    happened_at: datetime | None = strawberry.field(default=None, description="When it happened there.")


@strawberry.input(description="What a till or a warehouse uploads; it may come late, out of order, and again.")
class StockSyncInput:
    """The source and its lines."""

    source: str = strawberry.field(description="The till's or warehouse's own name, the same for ever.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Where, for lines that do not say.")
    reason: model.SyncReason = strawberry.field(
        default=model.SyncReason.SYNCED, description="Why, for lines that do not say."
    )
    lines: list[SyncLineInput] = strawberry.field(description=f"At most {model.MAX_SYNC_LINES}.")

    def to_lines(self) -> list[model.SyncLine]:
        """For the action."""
        return [
            model.SyncLine(
                sequence=line.sequence,
                sku=Sku(line.sku),
                location_id=LocationId(line.location_id or self.location_id or ""),
                reason=line.reason or self.reason,
                delta=line.delta,
                counted=line.counted,
                seen_version=line.seen_version,
                seen_on_hand=line.seen_on_hand,
                happened_at=line.happened_at,
                place=place,
            )
            for place, line in enumerate(self.lines)
        ]


@strawberry.type(description="What became of an upload. Lines that are refused stop no others.")
class StockSyncPayload(Payload):
    """Of stockSync."""

    applied: int = strawberry.field(default=0, description="Lines that were applied just now.")
    replayed: int = strawberry.field(default=0, description="Lines that had been applied before.")
    discrepancies: list[Discrepancy] = strawberry.field(
        default_factory=list, description="What became of lines that could not be applied, now or before."
    )


@strawberry.input(description="What is to be done with a discrepancy.")
class DiscrepancyResolveInput:
    """Which, in what version, and how."""

    id: strawberry.ID = strawberry.field(description="dsc_…")
    expected_version: int = strawberry.field(description="The version that was read; another is refused.")
    resolution: DiscrepancyResolution = strawberry.field(
        description="APPLY makes the movement now, DISMISS leaves the stock as it is."
    )
    expected_on_hand: int | None = strawberry.field(
        default=None, description="To apply a count: what lies there now, as far as its resolver knows."
    )
    note: str | None = strawberry.field(default=None, description="For whoever reads it later.")


@strawberry.type(description="The discrepancy as it is now, or why not.")
class DiscrepancyResolvePayload(Payload):
    """Of discrepancyResolve."""

    discrepancy: Discrepancy | None = strawberry.field(default=None, description="What was resolved.")

    @classmethod
    def of(cls, row: model.Discrepancy) -> "DiscrepancyResolvePayload":
        """From the model."""
        return cls(discrepancy=Discrepancy.of(row))
