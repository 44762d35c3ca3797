"""Counts: while selling goes on, blind or not, again, approved by another person, posted once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import InvalidInput, NotFound, Refused
from kit.events import EventLog
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import commit, release, reserve
from services.inventory.count import actions
from services.inventory.count.model import (
    CountDraft,
    Counted,
    CountIncomplete,
    CountKind,
    CountSheet,
    CountState,
)
from services.inventory.events import drainers
from services.inventory.paper.model import ApprovalNeedsAnother, WrongLocation, WrongState
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.paper.world import BOSS, at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, WEB, Shop

State = CountState


async def opened(shop: Shop, *skus: str, **more: Any) -> CountSheet:
    draft = CountDraft(shop.ginza, CountKind.CYCLE, skus, **more)
    (sheet,) = await actions.open_count(shop.store, draft, step("", "open"))
    return sheet


async def record(shop: Shop, sheet: CountSheet, *entries: Counted, **more: Any) -> CountSheet:
    return await actions.record_counted(shop.store, entries, step(sheet.id, "record", **more))


async def sell(shop: Shop, pieces: int, key: str, sku: str = MUG) -> None:
    held = await reserve(shop.store, shop.want(key, {sku: pieces}), actor=WEB, now=utc_now())
    await commit(shop.store, held.id, key, actor=WEB, now=utc_now())


async def posted(shop: Shop, sheet: CountSheet) -> CountSheet:
    await actions.submit_count(shop.store, step(sheet.id, "submit"))
    return await actions.post_count(shop.store, step(sheet.id, "post"))


async def test_pieces_sold_after_the_count_are_not_missed_twice(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    sheet = await opened(shop, MUG)
    await sell(shop, 1, "before")
    counted = await record(shop, sheet, Counted(MUG, 7))
    assert (counted.lines[0].expected, counted.lines[0].difference) == (9, -2)
    await sell(shop, 3, "after")
    done = await posted(shop, sheet)
    assert (done.state, done.lines[0].posted) == (State.POSTED, -2)
    assert await shop.quantities(MUG) == Quantities(4, 4)


@pytest.mark.parametrize("drained", [False, True])
async def test_a_late_hand_held_is_compared_with_the_books_of_its_moment(
    shop: Shop, event_log: EventLog, drained: bool
) -> None:
    await shop.stock({MUG: 10})
    sheet = await opened(shop, MUG)
    await asyncio.sleep(0.01)
    moment = utc_now()
    await asyncio.sleep(0.01)
    await sell(shop, 2, "a")
    if drained:
        for drainer in drainers(shop.store, event_log):
            await drainer.drain()
    await sell(shop, 1, "b")
    late = await record(shop, sheet, Counted(MUG, 10, at=moment))
    assert (late.lines[0].expected, late.lines[0].difference) == (10, 0)
    level = (await shop.store.stock.levels_at([MUG], [shop.ginza]))[MUG][0]
    for back, expected in ((0, 7), (1, 8), (2, 8), (3, 10), (4, 10)):
        seen = await record(shop, sheet, Counted(MUG, 9, seen_version=level.version - back))
        assert seen.lines[0].expected == expected, back


async def test_promised_pieces_that_are_missing_block_their_line_only(shop: Shop) -> None:
    await shop.stock({MUG: 5, "CUP": 5})
    held = await shop.hold("k", {MUG: 4})
    sheet = await opened(shop, MUG, "CUP")
    await record(shop, sheet, Counted(MUG, 2), Counted("CUP", 6, place=1))
    done = await posted(shop, sheet)
    assert done.state is State.BLOCKED
    assert [(line.posted, line.available) for line in done.lines] == [(None, 1), (1, None)]
    assert await shop.quantities("CUP") == Quantities(6, 6)
    await release(shop.store, held.id, "gone", actor=WEB, now=utc_now())
    again = await actions.post_count(shop.store, step(sheet.id, "post"))
    assert (again.state, again.lines[0].posted, await shop.quantities(MUG)) == (State.POSTED, -3, Quantities(2, 2))
    assert await shop.quantities("CUP") == Quantities(6, 6)


async def test_a_large_difference_is_approved_by_somebody_else(shop: Shop) -> None:
    await shop.stock({MUG: 50})
    sheet = await opened(shop, MUG)
    await record(shop, sheet, Counted(MUG, 30))
    waiting = await actions.submit_count(shop.store, step(sheet.id, "submit"))
    assert waiting.state is State.SUBMITTED
    early = await refusal(actions.post_count(shop.store, step(sheet.id, "post")))
    assert isinstance(early, WrongState)
    mine = await refusal(actions.approve_count(shop.store, step(sheet.id, "approve")))
    assert isinstance(mine, ApprovalNeedsAnother)
    assert mine.actor == "staff:stf_1"
    await actions.approve_count(shop.store, step(sheet.id, "approve", by=BOSS))
    done = await actions.post_count(shop.store, step(sheet.id, "post"))
    assert (done.state, await shop.quantities(MUG)) == (State.POSTED, Quantities(30, 30))


async def test_many_small_differences_are_a_large_one(shop: Shop) -> None:
    skus = [f"S{n}" for n in range(6)]
    await shop.stock(dict.fromkeys(skus, 10))
    sheet = await opened(shop, *skus)
    await record(shop, sheet, *(Counted(sku, 1, place=n) for n, sku in enumerate(skus)))
    assert (await actions.submit_count(shop.store, step(sheet.id, "submit"))).state is State.SUBMITTED
    report = (await shop.store.counts.by_ids([sheet.id]))[sheet.id].summary
    assert (report.different, report.missing, report.found) == (6, 54, 0)


async def test_what_is_not_believed_is_counted_again(shop: Shop) -> None:
    await shop.stock({MUG: 50, "CUP": 5})
    sheet = await opened(shop, MUG, "CUP")
    await record(shop, sheet, Counted(MUG, 30), Counted("CUP", 5, place=1))
    await actions.submit_count(shop.store, step(sheet.id, "submit"))
    again = await actions.recount(shop.store, [MUG], step(sheet.id, "recount", by=BOSS))
    assert (again.state, again.lines[0].counted, again.lines[1].counted) == (State.OPEN, None, 5)
    incomplete = await refusal(actions.submit_count(shop.store, step(sheet.id, "submit")))
    assert isinstance(incomplete, CountIncomplete)
    assert (incomplete.uncounted, incomplete.skus) == (1, (MUG,))
    await record(shop, sheet, Counted(MUG, 49))
    done = await posted(shop, sheet)
    assert (done.lines[0].rounds, await shop.quantities(MUG)) == (2, Quantities(49, 49))


async def test_a_full_count_is_of_everything_in_sheets(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_SHEET_LINES", 4)
    await shop.stock({f"S{n}": n for n in range(10)})
    draft = CountDraft(shop.ginza, CountKind.FULL)
    sheets = await actions.open_count(shop.store, draft, step("", "open", key="k"))
    assert [len(sheet.lines) for sheet in sheets] == [4, 4, 2]
    assert len({sheet.group_id for sheet in sheets}) == 1
    await shop.store.counts.collection.delete_one({"_id": sheets[2].id})
    await shop.stock({"NEW": 1}, at=shop.osaka)
    again = await actions.open_count(shop.store, draft, step("", "open", key="k"))
    assert [sheet.id for sheet in again] == [sheet.id for sheet in sheets]


async def test_a_piece_nobody_knew_of_is_found(shop: Shop) -> None:
    await shop.stock({MUG: 1})
    sheet = await opened(shop, MUG)
    await record(shop, sheet, Counted(MUG, 1), Counted("CUP", 2, place=1))
    done = await posted(shop, sheet)
    assert (done.state, await shop.quantities("CUP")) == (State.POSTED, Quantities(2, 2))


async def test_what_cannot_be_counted_names_its_path(shop: Shop) -> None:
    await shop.stock({MUG: 1})
    sheet = await opened(shop, MUG)
    for entry, name in (
        (Counted(MUG, -1), "counted"),
        (Counted(MUG, 1, at=utc_now() + timedelta(hours=1)), "countedAt"),
        (Counted(MUG, 1, at=utc_now() - timedelta(hours=1)), "countedAt"),
        (Counted(MUG, 1, at=utc_now(), seen_version=1), "seenVersion"),
        (Counted(" ", 1), "sku"),
    ):
        with pytest.raises(Refused) as caught:
            await record(shop, sheet, entry)
        assert caught.value.refusals[0].path == ("input", "lines", "0", name)
    for draft in (
        CountDraft(shop.ginza, CountKind.CYCLE),
        CountDraft(shop.ginza, CountKind.FULL, (MUG,)),
        CountDraft(shop.ginza, CountKind.CYCLE, (MUG, MUG)),
        CountDraft(shop.shibuya, CountKind.FULL),
        CountDraft("loc_none", CountKind.CYCLE, (MUG,)),
    ):
        refused = await refusal(actions.open_count(shop.store, draft, step("", "open")))
        assert isinstance(refused, InvalidInput | NotFound)
    foreign = await refusal(record(shop, sheet, Counted(MUG, 1), by=at_location(shop.osaka)))
    assert isinstance(foreign, WrongLocation)


async def test_posting_many_times_at_once_posts_once(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    sheet = await opened(shop, MUG)
    await record(shop, sheet, Counted(MUG, 6))
    await actions.submit_count(shop.store, step(sheet.id, "submit"))
    work = [actions.post_count(shop.store, step(sheet.id, "post", key="k")) for _ in range(4)]
    work += [actions.post_count(shop.store, step(sheet.id, "post")) for _ in range(4)]
    done = await asyncio.gather(*work, return_exceptions=True)
    refused = sum(isinstance(each, Refused) for each in done)
    assert refused in (4, 7)  # whoever comes first posts: the four of one key, or one of the others
    assert await shop.quantities(MUG) == Quantities(6, 6)


async def test_a_crash_while_posting_posts_every_line_once(shop: Shop, db: Database) -> None:
    async def prepare(name: str) -> CountSheet:
        await shop.stock({name: 5, f"{name}-b": 5})
        sheet = await opened(shop, name, f"{name}-b")
        await record(shop, sheet, Counted(name, 3), Counted(f"{name}-b", 6, place=1))
        return await actions.submit_count(shop.store, step(sheet.id, "submit"))

    async def act(store: InventoryStore, sheet: CountSheet) -> object:
        return await actions.post_count(store, step(sheet.id, "post"))

    async def check(sheet: CountSheet) -> None:
        there = await shop.store.counts.by_id(sheet.id)
        assert there is not None
        assert there.state in (State.APPROVED, State.POSTED)
        less, more = (there.lines[0].sku, there.lines[1].sku)
        is_posted = there.state is State.POSTED
        assert await shop.quantities(less) == (Quantities(3, 3) if is_posted else Quantities(5, 5))
        assert await shop.quantities(more) == (Quantities(6, 6) if is_posted else Quantities(5, 5))

    assert await crash_everywhere(shop, db, prepare, act, check) > 5
