"""What can be done with counts: open, record, count again, submit, approve, post.

Posting: decide POSTING; add every difference to the books, each once by a key of its line's own; decide POSTED, or
BLOCKED where more is missing than is available. Whoever finds it POSTING for too long does the rest.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import InvalidInput, NotFound, Refused
from kit.ids import new_id
from services.inventory.count import model
from services.inventory.count.model import (
    KIND,
    MAX_SHEET_LINES,
    CountDraft,
    Counted,
    CountSheet,
    CountState,
    SheetPlace,
)
from services.inventory.model import InsufficientStock
from services.inventory.paper.actions import INVENTORY, check_command, each_alone, make_move, open_paper, take_step
from services.inventory.paper.model import Command, Step, refuse
from services.inventory.store import InventoryStore

POSTING_S = 30
"""A posting that takes longer was left by a crash."""


async def open_count(store: InventoryStore, draft: CountDraft, command: Command) -> list[CountSheet]:
    """Make the sheets of a count; the same key and input again returns the same sheets."""
    check_command(command)
    refuse(model.check_draft(draft))
    if not await store.locations.by_id([draft.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=draft.location_id))
    skus = list(draft.skus) if draft.skus is not None else await store.counts.skus_at(draft.location_id)
    if not skus:
        raise Refused(InvalidInput(path=("input", "locationId"), expected="a location with stock", got="none of it"))
    group = new_id("cnt")
    sheets = -(-len(skus) // MAX_SHEET_LINES)
    first = await _sheet(store, draft, command, SheetPlace(group, group, sheets), skus[:MAX_SHEET_LINES])
    made = await store.counts.of_group(first.group_id)
    known = {line.sku for sheet in made for line in sheet.lines}
    left = [sku for sku in skus if sku not in known]
    for number in range(len(made), first.sheets):  # those that a crash has left out, too
        place = SheetPlace(f"{first.group_id}s{number:02d}", first.group_id, first.sheets)
        of_it, left = left[:MAX_SHEET_LINES], left[MAX_SHEET_LINES:]
        made.append(await _sheet(store, draft, _numbered(command, number), place, of_it))
    return made


async def record_counted(store: InventoryStore, entries: Sequence[Counted], command: Command) -> CountSheet:
    """Write down what was counted beside what the books said at that moment."""
    sheet = await store.counts.by_id(command.id)
    if sheet is None:
        raise Refused(NotFound(path=("input", "id"), kind=KIND, id=command.id))
    refuse(model.check_counted(entries, sheet.created_at, command.at))
    figures = await store.counts.figures(sheet.location_id, entries, command.at)
    return await take_step(
        store, store.counts, command, lambda each: model.record(each, entries, figures, command.by, command.at)
    )


async def recount(store: InventoryStore, skus: Sequence[str], command: Command) -> CountSheet:
    """Have these counted again."""
    return await take_step(store, store.counts, command, lambda each: model.recount(each, skus, command.by))


async def submit_count(store: InventoryStore, command: Command) -> CountSheet:
    """Everything is counted."""
    return await take_step(store, store.counts, command, lambda each: model.submit(each, command.by))


async def approve_count(store: InventoryStore, command: Command) -> CountSheet:
    """Believe the differences; not by who has counted."""
    return await take_step(store, store.counts, command, lambda each: model.approve(each, command.by))


async def cancel_count(store: InventoryStore, command: Command) -> CountSheet:
    """Throw the sheet away."""
    return await take_step(store, store.counts, command, lambda each: model.cancel(each, command.by))


async def post_count(store: InventoryStore, command: Command) -> CountSheet:
    """Put the differences into the books; lines that cannot be posted stay, with what was available."""
    begun = await take_step(store, store.counts, command, lambda each: model.begin_posting(each, command.by))
    return await finish_posting(store, begun, command.at)


async def finish_posting(store: InventoryStore, sheet: CountSheet, now: datetime) -> CountSheet:
    """From POSTING to POSTED or BLOCKED; a sheet in another state is left as it is."""
    if sheet.state is not CountState.POSTING:
        return sheet
    blocked: dict[str, int] = {}
    for place, line in enumerate(sheet.lines):
        if line.difference and line.posted is None:
            available = await _post_line(store, sheet, place, now)
            blocked |= {} if available is None else {line.sku: available}
    decision = model.end_posting(sheet, blocked)
    began = sheet.steps[-1]
    step = Step(f"{sheet.id}\n{sheet.version}", began.fingerprint, "posted", decision.after.state, now, began.actor)
    kept = await store.counts.decide(sheet, decision, step, INVENTORY)
    return kept or await _as_it_is(store, sheet.id)


async def sweep_counts(store: InventoryStore, now: datetime) -> int:
    """Finish the next batch that a crash left half posted; return how many sheets that was."""
    stalled = await store.counts.stalled(now - timedelta(seconds=POSTING_S))
    return await each_alone(stalled, lambda sheet: finish_posting(store, sheet, now))


async def _post_line(store: InventoryStore, sheet: CountSheet, place: int, now: datetime) -> int | None:
    """None if its difference is in the books; else how many pieces were available where more are missing."""
    key = f"{sheet.id}:{place}:{sheet.lines[place].rounds}"
    try:
        await make_move(store, key, sheet.move_of(place), sheet.id, INVENTORY, now)
    except Refused as refused:
        for refusal in refused.refusals:
            if isinstance(refusal, InsufficientStock):
                return refusal.available or 0
        return 0
    return None


async def _sheet(
    store: InventoryStore, draft: CountDraft, command: Command, place: SheetPlace, skus: Sequence[str]
) -> CountSheet:
    decision = model.open_sheet(place, draft, skus, command.by, command.at)
    return await open_paper(store, store.counts, command, decision)


def _numbered(command: Command, number: int) -> Command:
    return replace(command, key=f"{command.key}#{number}"[-128:])


async def _as_it_is(store: InventoryStore, id: str) -> CountSheet:
    there = await store.counts.by_id(id)
    assert there is not None, "sheets are never removed"
    return there
