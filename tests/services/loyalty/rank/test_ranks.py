"""Ranks follow purchases, whatever the order of their events, and are told once."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from kit.errors import IdempotencyKeyReused, VersionConflict
from kit.events import EventLog
from kit.events.log import Position
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.earning.model import Campaign
from services.loyalty.events import drainers, handle_events
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.rank.actions import judge_due, requalify, set_scheme, simulate
from services.loyalty.rank.model import RankScheme, Tier, Window
from services.loyalty.rank.store import RANK_CHANGED
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.earning.test_earning import bought, put, returned
from tests.services.loyalty.points import DAY, refused, wallet_of

SCHEME = RankScheme(0, (Tier("SILVER", 10_000), Tier("GOLD", 50_000)), window=Window.ROLLING, days=365)
SET = """mutation ($input: RankSchemeSetInput!) { rankSchemeSet(input: $input) {
  scheme { version tiers { name atLeast } window windowDays } userErrors { code path } } }"""
WALLET = """query ($id: ID!) { wallet(id: $id) { rank { name since validUntil
  progress { rank reached needed missing } } } }"""


async def put_scheme(store: LoyaltyStore, scheme: RankScheme = SCHEME, key: str = "", expected: int = 0) -> RankScheme:
    return await set_scheme(
        store.ranks, scheme, key or new_id("key"), expected_version=expected, actor="staff:ann", now=utc_now()
    )


async def rank_of(store: LoyaltyStore, who: CustomerId) -> str | None:
    found = await store.ranks.of([who])
    return found[who].rank if who in found else None


async def told(store: LoyaltyStore, event_log: EventLog) -> list[dict[str, Any]]:
    for drainer in drainers(store, event_log):
        await drainer.drain()
    return [event.data async for event, _ in event_log.backlog([RANK_CHANGED], Position())]


async def test_a_rank_is_reached_once_and_the_next_order_earns_by_it(
    store: LoyaltyStore, event_log: EventLog, member: CustomerId
) -> None:
    await put_scheme(store)
    await put(store, Campaign("silver doubles", extra_bp=10_000, ranks=frozenset({"SILVER"})))
    first = bought(member, utc_now(), ("A", 12_000))
    await handle_events(store, [first])
    assert (await wallet_of(store, member)).booked == 120, "the order by which it is reached earns as before"
    await handle_events(store, [first, bought(member, utc_now(), ("A", 1_000))])
    assert (await wallet_of(store, member)).booked == 120 + 20
    assert await rank_of(store, member) == "SILVER"
    facts = await told(store, event_log)
    assert [(one["customerId"], one["rank"], one["before"]) for one in facts] == [(member, "SILVER", None)]


async def test_many_at_once_raise_a_member_once(store: LoyaltyStore, event_log: EventLog, member: CustomerId) -> None:
    await put_scheme(store)
    orders = [bought(member, utc_now(), ("A", 3_000)) for _ in range(20)]
    for order in orders:
        await handle_events(store, [order])
    await asyncio.gather(*(requalify(store.ranks, [member], now=utc_now()) for _ in range(16)))
    facts = Counter(one["rank"] for one in await told(store, event_log))
    assert facts == {"SILVER": 1, "GOLD": 1}


async def test_what_came_back_does_not_count_and_old_purchases_do_not(store: LoyaltyStore, member: CustomerId) -> None:
    await put_scheme(store)
    order = bought(member, utc_now(), ("A", 12_000))
    await handle_events(store, [returned(member, order.subject, 5_000), order])
    await handle_events(store, [bought(member, utc_now() - 400 * DAY, ("A", 90_000))])
    assert await rank_of(store, member) is None
    await handle_events(store, [bought(member, utc_now(), ("A", 3_000))])
    assert await rank_of(store, member) == "SILVER"


async def test_at_the_end_of_its_period_a_rank_is_judged_by_that_period_however_late(
    store: LoyaltyStore, event_log: EventLog, member: CustomerId
) -> None:
    await put_scheme(store)
    other = CustomerId(new_id("cus"))
    await handle_events(store, [bought(who, utc_now() - DAY, ("A", 60_000)) for who in (member, other)])
    assert await judge_due(store.ranks, utc_now()) == 0
    later = utc_now() + 366 * DAY
    await handle_events(store, [bought(other, utc_now() + 300 * DAY, ("A", 20_000))])
    assert await judge_due(store.ranks, later) == 2
    assert await judge_due(store.ranks, later) == 0
    assert [await rank_of(store, who) for who in (member, other)] == [None, "SILVER"]
    facts = [(one["customerId"], one["rank"]) for one in await told(store, event_log)]
    assert sorted(map(str, facts)) == sorted(
        map(str, [(member, "GOLD"), (other, "GOLD"), (member, None), (other, "SILVER")])
    )


async def test_other_rules_are_tried_on_what_members_bought(store: LoyaltyStore) -> None:
    spent = (4_000, 9_000, 12_000, 70_000)
    await handle_events(store, [bought(CustomerId(new_id("cus")), utc_now(), ("A", gross)) for gross in spent])
    start, end = utc_now() - DAY, utc_now() + timedelta(hours=1)
    assert await simulate(store.ranks, SCHEME, start=start, end=end) == {None: 2, "SILVER": 1, "GOLD": 1}
    low = RankScheme(0, (Tier("ALL", 1),))
    assert await simulate(store.ranks, low, start=start, end=end) == {None: 0, "ALL": 4}


async def test_a_scheme_is_set_once_a_key_and_on_top_of_the_one_that_was_read(store: LoyaltyStore) -> None:
    first = await put_scheme(store, key="k")
    assert await put_scheme(store, key="k") == first
    other = RankScheme(0, (Tier("X", 1),))
    assert isinstance(await refused(put_scheme(store, other, key="k")), IdempotencyKeyReused)
    assert isinstance(await refused(put_scheme(store, other)), VersionConflict)
    assert (await put_scheme(store, other, expected=1)).version == 2


async def test_ranks_in_the_graph(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    tiers = [{"name": "SILVER", "atLeast": "10000"}, {"name": "GOLD", "atLeast": "50000"}]
    scheme: dict[str, Any] = {"tiers": tiers, "window": "ROLLING", "windowDays": 365}
    wanted = {"expectedVersion": 0, "idempotencyKey": "k", "scheme": scheme}
    assert "errors" in await ask(SET, {"input": wanted}, scopes=["points:write"])
    payload = (await ask(SET, {"input": wanted}, scopes=["points:rules"]))["data"]["rankSchemeSet"]
    assert payload == {
        "scheme": {"version": 1, "tiers": tiers, "window": "ROLLING", "windowDays": 365},
        "userErrors": [],
    }
    scheme["tiers"] = [{"name": "X", "atLeast": "-1"}]
    wrong = {"expectedVersion": 1, "idempotencyKey": "k2", "scheme": scheme}
    payload = (await ask(SET, {"input": wrong}, scopes=["points:rules"]))["data"]["rankSchemeSet"]
    assert payload["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "tiers", "0", "atLeast"]}]

    await handle_events(store, [bought(member, utc_now(), ("A", 12_000))])
    answer = await ask(WALLET, {"id": wallet_id_of(member)}, customer=member)
    rank = answer["data"]["wallet"]["rank"]
    assert (rank["name"], rank["since"] is None, rank["validUntil"] is None) == ("SILVER", False, False)
    assert rank["progress"] == {"rank": "GOLD", "reached": "12000", "needed": "50000", "missing": "38000"}
    simulate_query = """query ($scheme: RankSchemeInput!, $start: DateTime!, $end: DateTime!) {
      rankSimulate(scheme: $scheme, start: $start, end: $end) { rank members } }"""
    span = {"start": (utc_now() - DAY).isoformat(), "end": (utc_now() + DAY).isoformat()}
    tried = await ask(simulate_query, {"scheme": {"tiers": tiers}, **span}, scopes=["points:rules"])
    assert tried["data"]["rankSimulate"] == [
        {"rank": None, "members": 0},
        {"rank": "SILVER", "members": 1},
        {"rank": "GOLD", "members": 0},
    ]
    assert "errors" in await ask(simulate_query, {"scheme": {"tiers": tiers}, **span}, scopes=["points:read"])
