"""Events come in by hundreds, in any order and again, and are read by whose they are."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from kit.errors import BadUserInput, Refused
from kit.pages import PageArgs
from services.customer.behaviour import model
from services.customer.behaviour.actions import attach, erase, sessions, subjects_of, timeline, track
from services.customer.behaviour.checks import Door
from services.customer.behaviour.model import BehaviourEvent, BehaviourKind, EventDraft, SourceIdReused, TrackReport
from services.customer.consent.actions import ConsentRequest, record
from services.customer.consent.model import Purpose
from services.customer.device.model import device_subject
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW
from tests.services.customer.family import cut, merge

MINUTE = timedelta(minutes=1)


def seen(id: str, ago: float = 0, whose: str | None = "cus_a", device: str | None = None, **more: Any) -> EventDraft:
    at = NOW - ago * MINUTE
    return EventDraft(id, at, (more.pop("payload", model.View(f"SKU-{id}")),), whose, device, **more)


async def tell(store: CustomerStore, *drafts: EventDraft, source: str = "web") -> TrackReport:
    return await track(store, Door(source, "web", None, store.secret, NOW), drafts)


async def read(store: CustomerStore, whose: str, kinds: Sequence[BehaviourKind] = (), first: int = 100) -> list[str]:
    rows = await rows_of(store, whose, kinds, first)
    return [row.payload.sku or "" for row in rows if isinstance(row.payload, model.View)]


async def rows_of(
    store: CustomerStore, whose: str, kinds: Sequence[BehaviourKind] = (), first: int = 100
) -> Sequence[BehaviourEvent]:
    person = (await store.kin.persons([whose]))[whose]
    return (await timeline(store, await subjects_of(store, person), kinds, PageArgs(first))).nodes


async def refuse(store: CustomerStore, subject: str) -> None:
    request = ConsentRequest(subject, Purpose.BEHAVIOUR, None, False, "v1", "app", None, f"no-{subject}")
    await record(store, request, "channel:app", now=NOW)


async def test_told_late_again_and_at_once_an_event_is_kept_once_and_the_timeline_is_in_order(
    store: CustomerStore,
) -> None:
    drafts = [seen(str(n), ago=n) for n in range(60)]
    Random(4).shuffle(drafts)
    halves = (drafts[:40], drafts[20:], drafts)
    reports = await asyncio.gather(*(tell(store, *half) for half in halves))
    assert sum(report.accepted for report in reports) == 60
    assert sum(report.accepted + report.duplicates for report in reports) == sum(map(len, halves))
    assert await read(store, "cus_a") == [f"SKU-{n}" for n in range(60)]


async def test_a_report_counts_every_row_once_and_loses_none(store: CustomerStore) -> None:
    await refuse(store, "cus_no")
    rows = [
        seen("1"),
        seen("1"),
        seen("1", payload=model.View("OTHER")),
        seen("2", ago=-60),
        seen("3", whose="cus_no"),
        seen("4", payload=model.View()),
        seen("5"),
    ]
    report = await tell(store, *rows)
    assert (report.accepted, report.duplicates, report.opted_out) == (2, 1, (4,))
    assert sorted(refusal.path[2] for refusal in report.refused) == ["2", "3", "5"]
    reused = [refusal for refusal in report.refused if isinstance(refusal, SourceIdReused)]
    assert [refusal.path for refusal in reused] == [("input", "events", "2", "sourceId")]
    assert await read(store, "cus_a") == ["SKU-1", "SKU-5"] or await read(store, "cus_a") == ["SKU-5", "SKU-1"]
    assert (await tell(store, seen("1"), source="app")).accepted == 1, "another source has ids of its own"


@pytest.mark.parametrize("count", [0, 1_001])
async def test_no_rows_and_too_many_are_refused_as_a_call(store: CustomerStore, count: int) -> None:
    with pytest.raises(Refused):
        await tell(store, *(seen(str(n)) for n in range(count)))


async def test_pages_follow_one_another_without_gap_or_repetition_while_events_come_in(store: CustomerStore) -> None:
    await tell(store, *(seen(str(n), ago=n // 3, whose=f"cus_{n % 2}") for n in range(25)))
    await merge(store, "cus_0", "cus_1")
    subjects = await subjects_of(store, (await store.kin.persons(["cus_1"]))["cus_1"])
    found: list[BehaviourEvent] = []
    after = None
    while True:
        page = await timeline(store, subjects, (), PageArgs.parse(4, after))
        found += page.nodes
        await tell(store, seen(f"new{len(found)}", whose="cus_0"))
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert [event.at for event in found] == sorted((event.at for event in found), reverse=True)
    assert len({event.digest for event in found}) == len(found) == 25
    assert await page.count() == 25 + 7
    for wrong in ("xx", "WyJhIl0", "WzFd"):
        with pytest.raises(BadUserInput):
            await timeline(store, subjects, (), PageArgs.parse(4, wrong))


async def test_a_deep_page_looks_at_no_more_than_a_shallow_one(store: CustomerStore) -> None:
    for part in range(3):
        await tell(store, *(seen(f"{part}-{n}", ago=part * 500 + n, whose=f"cus_{n % 2}") for n in range(500)))
    events = [event async for event in store.behaviour.events.find().sort("key", -1)]
    looked: list[int] = []
    for deep in (0, 1_400):
        where = {"subject": {"$in": ["cus_0", "cus_1"]}, "key": {"$lt": events[deep]["key"]}}
        found = store.behaviour.events.find(where).sort("key", -1).limit(20)
        looked.append((await found.explain())["executionStats"]["totalKeysExamined"])
    assert max(looked) <= 30


async def test_a_merge_joins_the_timelines_without_touching_an_event_and_an_unmerge_parts_them(
    store: CustomerStore,
) -> None:
    await tell(
        store,
        seen("1", 1, "cus_a"),
        seen("2", 2, "cus_b"),
        seen("3", 3, "cus_b", "cookie"),
        seen("4", 4, None, "cookie"),
    )
    before = await store.behaviour.events.find().to_list()
    assert (await read(store, "cus_a"), await read(store, "cus_b")) == (["SKU-1"], ["SKU-2", "SKU-3", "SKU-4"])
    await merge(store, "cus_a", "cus_b")
    assert await read(store, "cus_a") == await read(store, "cus_b") == ["SKU-1", "SKU-2", "SKU-3", "SKU-4"]
    await cut(store, "cus_b")
    assert (await read(store, "cus_a"), await read(store, "cus_b")) == (["SKU-1"], ["SKU-2", "SKU-3", "SKU-4"])
    assert await store.behaviour.events.find().to_list() == before


async def test_what_was_browsed_joins_who_logs_in_and_leaves_when_a_second_person_does(store: CustomerStore) -> None:
    await tell(store, seen("1", 9, None, "tablet"))
    assert await read(store, "cus_a") == []
    tablet = device_subject(store.secret, "tablet")
    await attach(store, "cus_a", tablet, now=NOW)
    assert await read(store, "cus_a") == ["SKU-1"]
    await tell(store, seen("2", 5, "cus_b", "tablet"), seen("3", 4, None, "tablet"))
    assert (await read(store, "cus_a"), await read(store, "cus_b")) == ([], ["SKU-2"])
    await merge(store, "cus_a", "cus_b")
    assert await read(store, "cus_a") == ["SKU-3", "SKU-2", "SKU-1"], "they are one person after all"


async def test_a_kiosk_of_the_shop_attaches_nothing_to_anybody(store: CustomerStore) -> None:
    await tell(
        store, seen("1", 3, None, "kiosk", shared=True), seen("2", 2, "cus_a", "kiosk"), seen("3", 1, None, "kiosk")
    )
    assert await read(store, "cus_a") == ["SKU-2"]


async def test_who_said_no_is_not_noted_under_any_profile_or_device_of_theirs(store: CustomerStore) -> None:
    await tell(store, seen("1", 3, "cus_a", "phone"))
    await merge(store, "cus_b", "cus_a")
    await refuse(store, "cus_b")
    report = await tell(store, seen("2", 2, "cus_a"), seen("3", 1, None, "phone"), seen("4", 1, "cus_c", "phone"))
    assert (report.accepted, report.opted_out) == (1, (0, 1))
    await refuse(store, device_subject(store.secret, "laptop"))
    report = await tell(store, seen("5", 1, None, "laptop"), seen("6", 1, "cus_c", "laptop"), seen("7", 1, "cus_c"))
    assert (report.accepted, report.opted_out) == (1, (0, 1))


async def test_an_order_is_one_event_whoever_tells_it(store: CustomerStore) -> None:
    bought = model.Purchase("ord_1")
    assert (await tell(store, seen("1", payload=bought))).accepted == 1
    report = await tell(store, seen("x", ago=3, payload=bought), source="order")
    assert (report.accepted, report.duplicates, report.refused) == (0, 1, ())


async def test_sessions_go_across_profiles_and_devices_and_coupons_given_are_no_visit(store: CustomerStore) -> None:
    await tell(
        store,
        seen("1", 0, "cus_a", channel="app"),
        seen("2", 20, "cus_b", channel="web"),
        seen("3", 45, payload=model.CouponReceived("cpn_1")),
        seen("4", 80, payload=model.Search("赤い靴")),
        seen("5", 200),
    )
    await merge(store, "cus_a", "cus_b")
    subjects = frozenset({"cus_a", "cus_b"})
    first = await sessions(store, subjects, PageArgs(2))
    assert [(row.events, row.channels) for row in first.rows] == [(2, ("app", "web")), (1, ("web",))]
    assert first.rows[1].kinds == ((BehaviourKind.SEARCH, 1),)
    rest = await sessions(store, subjects, PageArgs.parse(2, first.after))
    assert ([row.events for row in rest.rows], rest.after) == ([1], None)
    with pytest.raises(BadUserInput):
        await sessions(store, subjects, PageArgs(21))


async def test_a_session_beyond_what_is_read_at_once_comes_in_parts(
    store: CustomerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.customer.behaviour.actions.MAX_SESSION_STEPS", 10)
    await tell(store, *(seen(str(n), ago=n) for n in range(25)), *(seen(f"b{n}", ago=500 + n) for n in range(3)))
    counted: list[tuple[int, bool]] = []
    after = None
    while True:
        page = await sessions(store, frozenset({"cus_a"}), PageArgs.parse(5, after))
        counted += [(row.events, row.is_whole) for row in page.rows]
        if (after := page.after) is None:
            break
    assert counted == [(10, False), (10, False), (5, True), (3, True)]


async def test_nothing_is_left_of_who_is_erased_and_nothing_more_is_taken(store: CustomerStore) -> None:
    await tell(
        store,
        seen("1", 3, "cus_a", "phone"),
        seen("2", 2, None, "phone"),
        seen("3", 1, "cus_b", "tablet"),
        seen("4", 1, "cus_a", "tablet"),
        seen("5", 1, None, "tablet"),
    )
    assert await erase(store, "cus_a", now=NOW) == 3
    assert await erase(store, "cus_a", now=NOW) == 0
    kept = [event async for event in store.behaviour.events.find({})]
    assert len(kept) == 2
    assert "cus_a" not in str(kept) + str(await store.db["devices"].find().to_list())
    report = await tell(store, seen("6", 1, "cus_a"), seen("7", 1, None, "phone"), seen("8", 1, "cus_b", "tablet"))
    assert (report.accepted, report.opted_out) == (1, (0, 1))


async def test_only_some_kinds_are_read_if_only_some_are_asked_for(store: CustomerStore) -> None:
    await tell(store, seen("1", 1), seen("2", 2, payload=model.Search("靴")), seen("3", 3))
    (row,) = await rows_of(store, "cus_a", [BehaviourKind.SEARCH])
    assert row.payload == model.Search("靴")
