"""Low stock is told at the edge, once; what shops could send each other is read from the books."""

import asyncio
from datetime import UTC, datetime

import pytest

from kit.errors import InvalidInput, NotFound, VersionConflict
from kit.events import EventLog
from kit.times import utc_now
from services.inventory.actions import commit, reserve
from services.inventory.events import consumers, drainers
from services.inventory.paper.model import WrongLocation
from services.inventory.receiving import actions as receiving
from services.inventory.receiving.model import DeliveryDraft, ExpectedLine
from services.inventory.reorder import actions
from services.inventory.reorder.model import ReorderDraft, ReorderPoint, Seen, Turn, turn_of
from services.inventory.reorder.redistribution import Cover
from tests.services.inventory.paper.world import CLERK, at_location, refusal, step
from tests.services.inventory.world import MUG, WEB, Shop


def point(*, is_low: bool) -> ReorderPoint:
    return ReorderPoint(MUG, "loc", 3, 10, 6, 0, is_low, 0, 1, utc_now())


def test_between_the_two_marks_nothing_turns() -> None:
    turns = {n: (turn_of(point(is_low=False), Seen(n)), turn_of(point(is_low=True), Seen(n))) for n in (3, 4, 5, 6)}
    assert turns == {3: (Turn.LOW, None), 4: (None, None), 5: (None, None), 6: (None, Turn.RECOVERED)}


async def set_point(shop: Shop, **change: int) -> ReorderPoint:
    draft = ReorderDraft(MUG, shop.ginza, **{"reorder_at": 3, "reorder_to": 10, "recover_at": 6, **change})
    return await actions.set_reorder_point(shop.store, draft, CLERK, utc_now())


async def sell(shop: Shop, pieces: int, key: str) -> None:
    held = await reserve(shop.store, shop.want(key, {MUG: pieces}), actor=WEB, now=utc_now())
    await commit(shop.store, held.id, key, actor=WEB, now=utc_now())


async def told(shop: Shop, event_log: EventLog) -> list[tuple[str, int]]:
    """Everything drained, heard, drained again; the turns of the point in their order."""
    for _ in range(2):
        for drainer in drainers(shop.store, event_log):
            await drainer.drain()
        for consumer in consumers(shop.store, event_log):
            await consumer.catch_up()
    rows = shop.store.journal.find({"type": {"$regex": r"stock_(low|recovered)\.v1$"}}).sort("time")
    return [(row["type"].split(".")[2], row["data"]["available"]) for row in await rows.to_list()]


async def test_every_sale_below_the_mark_is_not_another_alarm(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 5})
    kept = await set_point(shop)
    assert not kept.is_low
    for n in range(4):
        await sell(shop, 1, f"k{n}")
        await told(shop, event_log)
    assert await told(shop, event_log) == [("stock_low", 3)]
    await shop.stock_more(MUG, 3)
    assert await told(shop, event_log) == [("stock_low", 3)], "four are more than three, but not six"
    await shop.stock_more(MUG, 2)
    assert await told(shop, event_log) == [("stock_low", 3), ("stock_recovered", 6)]
    await sell(shop, 4, "again")
    assert (await told(shop, event_log))[2:] == [("stock_low", 2)]


async def test_many_watchers_tell_one_edge_once(shop: Shop) -> None:
    await shop.stock({MUG: 9})
    set_at = await set_point(shop)
    await sell(shop, 8, "k")
    await asyncio.gather(*(actions.watch(shop.store, [set_at.id], utc_now()) for _ in range(6)))
    document = await shop.store.reorder.collection.find_one({"_id": set_at.id})
    assert document is not None
    assert [entry["data"]["suggested"] for entry in document["outbox"]] == [9]


async def test_what_is_expected_is_not_ordered_again(shop: Shop) -> None:
    due = DeliveryDraft(shop.ginza, "Potter", datetime(2026, 12, 1, tzinfo=UTC), (ExpectedLine(MUG, 4),))
    await receiving.expect_delivery(shop.store, due, step("", "expect"))
    await shop.stock({MUG: 2})
    assert (await set_point(shop)).is_low, "told as soon as it is set"
    document = await shop.store.reorder.collection.find_one({"sku": MUG})
    assert document is not None
    data = document["outbox"][0]["data"]
    assert (data["available"], data["incoming"], data["suggested"]) == (2, 4, 4)


async def test_an_edit_needs_the_version_that_was_seen(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    first = await set_point(shop)
    assert (await set_point(shop, reorder_at=1, expected_version=first.version)).version == 2
    late = await refusal(set_point(shop, expected_version=first.version))
    assert isinstance(late, VersionConflict)
    assert (late.expected_version, late.actual_version) == (1, 2)
    assert isinstance(await refusal(set_point(shop)), VersionConflict)
    nobody = ReorderDraft("CUP", shop.ginza, 1, 2, expected_version=1)
    assert isinstance(await refusal(actions.set_reorder_point(shop.store, nobody, CLERK, utc_now())), NotFound)


@pytest.mark.parametrize(
    ("change", "name"),
    [({"reorder_at": -1}, "reorderAt"), ({"reorder_to": 3}, "reorderTo"), ({"recover_at": 3}, "recoverAt")],
)
async def test_marks_that_cannot_be_name_their_path(shop: Shop, change: dict[str, int], name: str) -> None:
    refused = await refusal(set_point(shop, **change))
    assert isinstance(refused, InvalidInput)
    assert refused.path == ("input", name)
    draft = ReorderDraft(MUG, shop.ginza, 1, 2)
    foreign = at_location(shop.osaka)
    assert isinstance(await refusal(actions.set_reorder_point(shop.store, draft, foreign, utc_now())), WrongLocation)


async def test_proposals_come_from_what_was_sold_and_what_is_shown(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 28})
    await shop.stock({MUG: 50}, at=shop.osaka)
    await sell(shop, 28, "k")
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    display = ReorderDraft(MUG, shop.osaka, 1, 2, min_display=45)
    await actions.set_reorder_point(shop.store, display, CLERK, utc_now())
    places = [shop.ginza, shop.osaka, shop.shibuya]
    (only,) = await actions.propose(shop.store, [MUG, "CUP"], places, Cover(), utc_now())
    assert (only.sku, only.origin_id, only.destination_id, only.quantity) == (MUG, shop.osaka, shop.ginza, 5)
    assert only.destination_days == 0.0
