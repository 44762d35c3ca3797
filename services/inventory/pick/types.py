"""Waves in the graph."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from kit.graphql.errors import Payload
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, StepInput, history_of
from services.inventory.pick import model
from services.inventory.types import Variant

WaveState = strawberry.enum(
    model.WaveState,
    description="PLANNING is being gathered; OPEN waits for a picker; CLAIMED is being fetched; DONE is fetched.",
)


@strawberry.type(description="Pieces of one variant for the whole wave.")
class WaveLine:
    """See `pick.model.WaveLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    bin: str | None = strawberry.field(description="On which shelf; null if that is not known.")
    quantity: int = strawberry.field(description="Pieces to fetch.")
    picked: int | None = strawberry.field(description="Pieces found; null while it is not confirmed.")
    damaged: int = strawberry.field(description="Pieces found damaged.")
    short: int = strawberry.field(description="Pieces that were not there.")

    @classmethod
    def of(cls, line: model.WaveLine) -> "WaveLine":
        """From the model."""
        sku = strawberry.ID(line.sku)
        return cls(
            sku=sku,
            variant=Variant(sku=sku),
            bin=line.bin,
            quantity=line.quantity,
            picked=line.picked,
            damaged=line.damaged,
            short=line.short,
        )


@strawberry.type(description="What one picker fetches in one walk for many fulfilments.")
class Wave:
    """See `pick.model.Wave`."""

    location_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="wav_…")
    state: model.WaveState = strawberry.field(description="Where it is in its life.")
    lines: list[WaveLine] = strawberry.field(description="One a SKU, in the order of the shelves.")
    fulfillment_ids: list[strawberry.ID] = strawberry.field(description="Whose pieces these are.")
    picker: str | None = strawberry.field(description="Who fetches them.")
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was planned.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, wave: model.Wave) -> "Wave":
        """From the model."""
        return cls(
            location_id=wave.location_id,
            id=strawberry.ID(wave.id),
            state=wave.state,
            lines=[WaveLine.of(line) for line in wave.lines],
            fulfillment_ids=[strawberry.ID(id) for id in wave.fulfillment_ids],
            picker=wave.picker,
            history=history_of(wave),
            version=wave.version,
            created_at=wave.created_at,
        )


@strawberry.input(description="Narrows a list of waves; every part that is given must hold.")
class WaveFilter:
    """Location and states."""

    states: list[model.WaveState] | None = strawberry.field(default=None, description="In one of these states.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="At this location.")


@strawberry.input(description="How large a wave is to be gathered, and where.")
class WaveCreateInput:
    """Location and size."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same wave.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    fulfillments: int = strawberry.field(
        default=model.DEFAULT_FULFILLMENTS, description=f"At most so many of the oldest, 1 to {model.MAX_FULFILLMENTS}."
    )


@strawberry.input(description="Which wave a picker takes.")
class WaveClaimInput(StepInput):
    """The step."""


@strawberry.input(description="Which wave the picker gives back as far as it is.")
class WaveReleaseInput(StepInput):
    """The step."""


@strawberry.input(description="What was found of one line, all of it: the rest of its quantity was not there.")
class ConfirmedInput:
    """See `pick.model.Confirmed`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    picked: int = strawberry.field(description="Pieces found.")
    damaged: int = strawberry.field(default=0, description="Pieces found damaged.")


@strawberry.input(description="Lines the picker has fetched.")
class WaveConfirmInput(StepInput):
    """The step, and the lines."""

    lines: list[ConfirmedInput] = strawberry.field(description="Each line of the wave is confirmed once.")

    def to_confirmed(self) -> list[model.Confirmed]:
        """For the action."""
        return [
            model.Confirmed(str(line.sku), line.picked, line.damaged, place) for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="On which shelf one SKU lies.")
class BinInput:
    """See `pick.model.BinOf`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    bin: str | None = strawberry.field(default=None, description="The shelf's name, such as A-12; null forgets it.")


@strawberry.input(description="On which shelves SKUs of a location lie; the same again changes nothing.")
class BinAssignInput:
    """Location and shelves."""

    location_id: strawberry.ID = strawberry.field(description="Where.")
    lines: list[BinInput] = strawberry.field(description=f"At most {model.MAX_BINS}.")

    def to_bins(self) -> Sequence[model.BinOf]:
        """For the action."""
        return [model.BinOf(str(line.sku), line.bin, place) for place, line in enumerate(self.lines)]


@strawberry.type(description="The wave as it is now, or why not.")
class WavePayload(Payload):
    """Of every mutation of waves."""

    wave: Wave | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, wave: model.Wave) -> "WavePayload":
        """From the model."""
        return cls(wave=Wave.of(wave))


@strawberry.type(description="Whether the shelves are kept, or why not.")
class BinAssignPayload(Payload):
    """Of binAssign."""

    location: Location | None = strawberry.field(default=None, description="Where.")
