"""Counts in the graph."""

from datetime import datetime
from typing import Annotated

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.context import Info
from services.inventory.count import model
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, StepInput, history_of
from services.inventory.types import Variant

APPROVE = "count:approve"

CountKind = strawberry.enum(model.CountKind, description="FULL is of everything at a location, CYCLE of some SKUs.")
CountState = strawberry.enum(
    model.CountState,
    description="OPEN is being counted; SUBMITTED waits for somebody else's approval; APPROVED can be posted; POSTING; "
    "BLOCKED has lines with more missing than available; POSTED is in the books; CANCELLED.",
)


@presents(model.CountIncomplete)
@strawberry.type(description="Lines of the sheet have not been counted.")
class CountIncomplete(UserError):
    """See `count.model.CountIncomplete`."""

    uncounted: int = strawberry.field(description="How many.")
    skus: list[strawberry.ID] = strawberry.field(description="The first of them.")


@strawberry.type(description="One SKU of a count.")
class CountLine:
    """See `count.model.CountLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    counted: int | None = strawberry.field(description="Pieces that were counted; null while they are not.")
    expected: int | None = strawberry.field(
        description="Pieces the books had at that moment; null before, and to who counts blind."
    )
    difference: int | None = strawberry.field(description="Counted less expected.")
    counted_at: datetime | None = strawberry.field(description="When it was counted.")
    counter: str | None = strawberry.field(description="Who counted.")
    rounds: int = strawberry.field(description="How often it was counted.")
    posted: int | None = strawberry.field(description="The difference that went into the books.")
    available: int | None = strawberry.field(description="Of a blocked line: pieces that were available.")

    @classmethod
    def of(cls, line: model.CountLine, *, shows: bool) -> "CountLine":
        """From the model; `shows` the books' figure or not."""
        sku = strawberry.ID(line.sku)
        seen = shows and line.expected is not None
        return cls(
            sku=sku,
            variant=Variant(sku=sku),
            counted=line.counted,
            expected=line.expected if shows else None,
            difference=line.difference if seen else None,
            counted_at=line.counted_at,
            counter=line.counter,
            rounds=line.rounds,
            posted=line.posted,
            available=line.available,
        )


@strawberry.type(description="The report of a count in figures.")
class CountSummary:
    """See `count.model.CountSummary`."""

    lines: int = strawberry.field(description="Lines of the sheet.")
    counted: int = strawberry.field(description="Lines that are counted.")
    different: int = strawberry.field(description="Lines that differ.")
    found: int = strawberry.field(description="Pieces more than expected, in all.")
    missing: int = strawberry.field(description="Pieces fewer than expected, in all.")


@strawberry.type(description="A count sheet (棚卸).")
class Count:
    """See `count.model.CountSheet`."""

    row: strawberry.Private[model.CountSheet]
    id: strawberry.ID = strawberry.field(description="cnt_…")
    group_id: strawberry.ID = strawberry.field(description="The same for all sheets of one full count.")
    kind: model.CountKind = strawberry.field(description="What is counted.")
    is_blind: bool = strawberry.field(description="Whether counters do not see the books' figures.")
    state: model.CountState = strawberry.field(description="Where it is in its life.")
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="What is or was counted; only what differs, if that is wanted.")
    def lines(
        self,
        info: Info,
        different_only: Annotated[bool, strawberry.argument(description="Only lines that differ.")] = False,
    ) -> list[CountLine]:
        """In the order of the sheet."""
        shows = _shows(info, self.row)
        rows = [line for line in self.row.lines if not different_only or (shows and line.difference)]
        return [CountLine.of(line, shows=shows) for line in rows]

    @strawberry.field(description="The report in figures; null to who counts blind.")
    def summary(self, info: Info) -> CountSummary | None:
        """Made from the lines."""
        if not _shows(info, self.row):
            return None
        figures = self.row.summary
        return CountSummary(
            lines=figures.lines,
            counted=figures.counted,
            different=figures.different,
            found=figures.found,
            missing=figures.missing,
        )

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.row.location_id)

    @classmethod
    def of(cls, row: model.CountSheet) -> "Count":
        """From the model."""
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            group_id=strawberry.ID(row.group_id),
            kind=row.kind,
            is_blind=row.is_blind,
            state=row.state,
            history=history_of(row),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.input(description="Narrows a list of counts; every part that is given must hold.")
class CountFilter:
    """See `count.model.CountFilter`."""

    states: list[model.CountState] | None = strawberry.field(default=None, description="In one of these states.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="At this location.")
    group_id: strawberry.ID | None = strawberry.field(default=None, description="Of this full count.")

    def to_filter(self, bound_to: str | None) -> model.CountFilter:
        """For the store; who is bound to a location sees its own."""
        return model.CountFilter(
            states=None if self.states is None else [state.value for state in self.states],
            location_id=bound_to or self.location_id,
            group_id=self.group_id,
        )


@strawberry.input(description="What is to be counted.")
class CountOpenInput:
    """See `count.model.CountDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the same sheets.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    kind: model.CountKind = strawberry.field(description="What is counted.")
    skus: list[strawberry.ID] | None = strawberry.field(default=None, description="Of a CYCLE; none with FULL.")
    is_blind: bool = strawberry.field(default=False, description="Whether counters do not see the books' figures.")

    def to_draft(self) -> model.CountDraft:
        """For the action."""
        skus = None if self.skus is None else tuple(str(sku) for sku in self.skus)
        return model.CountDraft(str(self.location_id), self.kind, skus, self.is_blind)


@strawberry.input(description="What was counted of one SKU.")
class CountedInput:
    """See `count.model.Counted`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    counted: int = strawberry.field(description="Pieces that lie there, promised ones included.")
    counted_at: datetime | None = strawberry.field(default=None, description="When, if it was not just now.")
    seen_version: int | None = strawberry.field(
        default=None, description="Instead of a time: `version` of the stock level that the counter saw."
    )


@strawberry.input(description="What was counted.")
class CountRecordInput(StepInput):
    """The step, and what was counted."""

    lines: list[CountedInput] = strawberry.field(description=f"At most {model.MAX_RECORD_LINES}.")

    def to_entries(self) -> list[model.Counted]:
        """For the action."""
        return [
            model.Counted(str(line.sku), line.counted, line.counted_at, line.seen_version, place)
            for place, line in enumerate(self.lines)
        ]


@strawberry.input(description="What is to be counted again.")
class CountRecountInput(StepInput):
    """The step, and the SKUs."""

    skus: list[strawberry.ID] = strawberry.field(description="Lines of the sheet.")


@strawberry.input(description="Which sheet is counted.")
class CountSubmitInput(StepInput):
    """The step."""


@strawberry.input(description="Which sheet's differences are believed.")
class CountApproveInput(StepInput):
    """The step."""


@strawberry.input(description="Which sheet's differences go into the books.")
class CountPostInput(StepInput):
    """The step."""


@strawberry.input(description="Which sheet is thrown away.")
class CountCancelInput(StepInput):
    """The step."""


@strawberry.type(description="The sheet as it is now, or why not.")
class CountPayload(Payload):
    """Of every step of a count."""

    count: Count | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: model.CountSheet) -> "CountPayload":
        """From the model."""
        return cls(count=Count.of(row))


@strawberry.type(description="The sheets of a count, or why not.")
class CountOpenPayload(Payload):
    """Of countOpen."""

    counts: list[Count] | None = strawberry.field(default=None, description="One, or many of a large full count.")

    @classmethod
    def of(cls, rows: list[model.CountSheet]) -> "CountOpenPayload":
        """From the model."""
        return cls(counts=[Count.of(row) for row in rows])


def _shows(info: Info, row: model.CountSheet) -> bool:
    """Whether this caller sees what the books say: not who counts blind, while it is counted."""
    return not row.is_blind or row.state is not model.CountState.OPEN or APPROVE in info.context.caller.scopes
