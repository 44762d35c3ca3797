"""Take an upload, line by line, and resolve what could not be applied.

A  claim: each sequence is bound to what its line says; one bound to something else is refused.
   What is left is worked on by stock, so that an upload changes each stock once, however its lines are mixed.
B  see: the levels of all stocks of a chunk, and which lines have happened already.
C  plan and apply: each stock in one update that demands the version the plan saw; where others were faster, B again.
D  keep: what could not be applied becomes a discrepancy, once a line; the stock has remembered it already.
A crash anywhere is finished by the same upload sent again.
"""

from asyncio import gather
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refusal, Refused, Unavailable, VersionConflict
from services.inventory.model import Actor
from services.inventory.paper.model import WrongLocation, WrongState
from services.inventory.stock.actions import adjust_stock
from services.inventory.stock.model import Adjustment, AdjustmentReason, Recount
from services.inventory.store import InventoryStore
from services.inventory.sync.model import (
    CHUNK,
    MAX_SYNC_LINES,
    Conflict,
    Discrepancy,
    DiscrepancyState,
    Synced,
    SyncLine,
    check_line,
    check_source,
    discrepancy_of,
    lanes,
    line_id,
    lost_kind,
    plan,
)

ATTEMPTS = 16
"""Rounds in which others moved one of a chunk's stocks between look and write, before the caller has to come again."""


async def sync(
    store: InventoryStore,
    source: str,
    lines: Sequence[SyncLine],
    *,
    actor: Actor,
    now: datetime,
    bound_to: str | None = None,
) -> Synced:
    """Apply every line that can be, once; each other one is refused, or kept as a discrepancy.

    `bound_to` is the only location the caller may speak for. Lines that have become a discrepancy do so again.
    """
    problems = check_source(source)
    if not 1 <= len(lines) <= MAX_SYNC_LINES:
        expected = f"1 to {MAX_SYNC_LINES} lines"
        problems.append(InvalidInput(path=("input", "lines"), expected=expected, got=str(len(lines))))
    if problems:
        raise Refused(*problems)
    good, refusals = await _sort_out(store, lines, bound_to)
    taken, reused = await _claim(store, source, good, now)
    # Two lanes: while the database works on one, lines of the other are planned. Each ends before an error is raised.
    ends = await gather(*[_sync_lane(store, source, each, actor, now) for each in lanes(taken)], return_exceptions=True)
    done: list[Synced] = []
    for end in ends:
        if isinstance(end, BaseException):
            raise end
        done += end
    found = [each for of_chunk in done for each in of_chunk.discrepancies]
    return Synced(
        sum(each.applied for each in done),
        sum(each.replayed for each in done),
        (*refusals, *reused),
        tuple(sorted(found, key=lambda each: each.line.sequence)),
    )


async def resolve_discrepancy(
    store: InventoryStore,
    seen: Discrepancy,
    into: DiscrepancyState,
    note: str | None,
    *,
    expected_on_hand: int | None,
    actor: Actor,
    now: datetime,
) -> Discrepancy:
    """Apply a discrepancy's line to the stock as it is now, or dismiss it; what is resolved already is refused.

    A count is applied against `expected_on_hand`, what lies there now as far as its resolver knows.
    """
    allowed = (DiscrepancyState.OPEN, DiscrepancyState.APPLYING)
    if seen.state.is_final or (into is DiscrepancyState.DISMISSED and seen.state is not DiscrepancyState.OPEN):
        raise Refused(
            WrongState(
                path=("input", "id"),
                kind="Discrepancy",
                id=seen.id,
                current_state=seen.state.value,
                allowed_states=tuple(each.value for each in allowed),
            )
        )
    if into is DiscrepancyState.DISMISSED:
        return await _decide(store, seen, into, note, actor, now)
    adjustment = _adjustment(seen, expected_on_hand)
    applying = await _decide(store, seen, DiscrepancyState.APPLYING, note, actor, now)
    try:
        await adjust_stock(store, adjustment, actor=replace(actor, channel="inventory"), now=now)
    except Refused:
        await _decide(store, applying, DiscrepancyState.OPEN, note, actor, now)
        raise
    return await _decide(store, applying, DiscrepancyState.APPLIED, note, actor, now)


async def _decide(
    store: InventoryStore, seen: Discrepancy, into: DiscrepancyState, note: str | None, actor: Actor, now: datetime
) -> Discrepancy:
    decided = await store.sync.resolve(seen, into, note, actor=actor, now=now)
    if decided is None:
        there = await store.sync.by_id(seen.id)
        actual = seen.version if there is None else there.version
        raise Refused(VersionConflict(expected_version=seen.version, actual_version=actual))
    return decided


def _adjustment(seen: Discrepancy, expected_on_hand: int | None) -> Adjustment:
    line = seen.line
    recount = None
    if line.counted is not None:
        if expected_on_hand is None:
            path = ("input", "expectedOnHand")
            raise Refused(InvalidInput(path=path, expected="what lies there now, for a count", got="nothing"))
        recount = Recount(line.counted, expected_on_hand)
    return Adjustment(
        key=f"{seen.id}:{seen.version}" if recount else seen.id,
        sku=line.sku,
        location_id=line.location_id,
        reason=AdjustmentReason.CORRECTED,
        delta=line.delta,
        recount=recount,
    )


async def _sort_out(
    store: InventoryStore, lines: Sequence[SyncLine], bound_to: str | None
) -> tuple[list[SyncLine], list[Refusal]]:
    """The lines that may be taken, and why the others may not; each sequence once."""
    known = await store.locations.by_id(list({line.location_id for line in lines}))
    times = Counter(line.sequence for line in lines)
    good: list[SyncLine] = []
    refusals: list[Refusal] = []
    for line in lines:
        at = ("input", "lines", str(line.place))
        problems = check_line(line)
        if line.location_id not in known:
            problems.append(NotFound(path=(*at, "locationId"), kind="Location", id=line.location_id))
        elif bound_to is not None and line.location_id != bound_to:
            problems.append(WrongLocation(path=(*at, "locationId"), location_id=line.location_id, bound_to=bound_to))
        if times[line.sequence] > 1:
            expected = "each sequence once in an upload"
            problems.append(InvalidInput(path=(*at, "sequence"), expected=expected, got=str(line.sequence)))
        if problems:
            refusals += problems
        else:
            good.append(line)
    return good, refusals


async def _claim(
    store: InventoryStore, source: str, lines: Sequence[SyncLine], now: datetime
) -> tuple[list[SyncLine], list[Refusal]]:
    """The lines whose sequence stands for them, and why the others may not be taken."""
    bound: dict[int, str] = {}
    for begin in range(0, len(lines), CHUNK):
        bound |= await store.sync.claim(source, lines[begin : begin + CHUNK], now)
    taken: list[SyncLine] = []
    refusals: list[Refusal] = []
    for line in lines:
        if bound[line.sequence] == line.fingerprint:
            taken.append(line)
        else:
            path = ("input", "lines", str(line.place), "sequence")
            refusals.append(IdempotencyKeyReused(path=path, key=line_id(source, line.sequence)))
    return taken, refusals


async def _sync_lane(
    store: InventoryStore, source: str, chunks: Sequence[Sequence[SyncLine]], actor: Actor, now: datetime
) -> list[Synced]:
    return [await _sync_chunk(store, source, chunk, actor, now) for chunk in chunks]


async def _sync_chunk(
    store: InventoryStore, source: str, lines: Sequence[SyncLine], actor: Actor, now: datetime
) -> Synced:
    waiting = list(lines)
    counts = [0, 0]  # applied before, applied now
    found: list[Discrepancy] = []
    for attempt in range(ATTEMPTS):
        levels, decided = await store.sync.see(source, waiting, now)
        counts[min(attempt, 1)] += sum(decided.values())
        lost = [line for line in waiting if not decided.get(line.sequence, True)]
        found += await _keep(
            store, source, [Conflict(each, lost_kind(each), levels[each.stock_id]) for each in lost], now
        )
        waiting = [line for line in waiting if line.sequence not in decided]
        planned = plan(source, waiting, levels)
        if await store.sync.apply(planned.stocks, actor=actor, now=now):
            found += await _keep(store, source, planned.conflicts, now)
            applied = counts[1] + len(waiting) - len(planned.conflicts)
            return Synced(applied, counts[0], discrepancies=tuple(found))
    raise Unavailable("these stocks move too fast; send the same upload again")


async def _keep(store: InventoryStore, source: str, conflicts: Sequence[Conflict], now: datetime) -> list[Discrepancy]:
    """Keep conflicts as discrepancies, and return them as they are kept."""
    if not conflicts:
        return []
    await store.sync.keep([discrepancy_of(source, each, now) for each in conflicts])
    kept = await store.sync.by_line(source, [each.line.sequence for each in conflicts])
    return list(kept.values())
