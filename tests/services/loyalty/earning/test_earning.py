"""Programmes are set once and for good; orders earn by the one they were placed under, and what was previewed."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, Refused, VersionConflict
from kit.events import Event
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.accrual import actions as accruing
from services.loyalty.accrual.actions import post_pending
from services.loyalty.actions import audit
from services.loyalty.earning.actions import set_programme
from services.loyalty.earning.model import Campaign, EarnRule, Programme
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.events import ORDER_RECORDED, ORDER_RETURNED, handle_events
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import DAY, refused, wallet_of

PREVIEW = """query ($lines: [PreviewLineInput!]!) { pointsPreview(lines: $lines, currency: JPY) {
  points programmeVersion pendingDays parts { campaign points } } }"""
SET = """mutation ($input: EarnProgrammeSetInput!) { earnProgrammeSet(input: $input) {
  programme { version pendingDays rates { currency minorUnits }
    campaigns { name extraBasisPoints hours { timeZone weekdays opens closes } } }
  userErrors { code path } } }"""
ENTITIES = """query ($refs: [_Any!]!) { _entities(representations: $refs) {
  ... on Variant { pointsEarned } ... on Customer { wallet { balance pending } } } }"""


def happened(type: str, subject: str, **data: Any) -> Event:
    return Event(f"{subject}:{type}", "/noren/test", type, subject, utc_now(), data)


def bought(who: CustomerId, at: datetime, *lines: tuple[str, int], order_id: str = "", channel: str = "web") -> Event:
    id = order_id or new_id("ord")
    return happened(
        ORDER_RECORDED,
        id,
        orderId=id,
        customerId=who,
        channel=channel,
        locationId=None,
        placedAt=at.isoformat(),
        currency="JPY",
        goodsGrossMinor=sum(gross for _, gross in lines),
        lines=[{"sku": sku, "quantity": 1, "grossMinor": gross} for sku, gross in lines],
    )


def returned(who: CustomerId, order_id: str, gross: int) -> Event:
    id = new_id("ret")
    facts: dict[str, Any] = {"returnId": id, "orderId": order_id, "customerId": who, "currency": "JPY", "lines": []}
    return happened(ORDER_RETURNED, id, goodsGrossMinor=gross, returnedAt=utc_now().isoformat(), **facts)


async def put(store: LoyaltyStore, *campaigns: Campaign, key: str = "", expected: int = 1, **more: Any) -> Programme:
    wanted = Programme(EarnRule(0, {"JPY": 100}), campaigns, **more)
    programmes = ProgrammeStore(store.db)
    return await set_programme(
        programmes, wanted, key or new_id("key"), expected_version=expected, actor="staff:ann", now=utc_now()
    )


async def test_an_order_earns_by_the_programme_it_was_placed_under_however_late_it_is_heard(
    store: LoyaltyStore, member: CustomerId
) -> None:
    made = await put(store, Campaign("double", extra_bp=10_000))
    before, after = bought(member, utc_now() - DAY, ("A", 1_000)), bought(member, utc_now(), ("A", 1_000))
    await handle_events(store, [after, before])
    assert (await wallet_of(store, member)).booked == 20 + 10
    versions = {entry["data"]["ruleVersion"] for entry in (await store.wallets.find_one({}))["outbox"]}  # type: ignore[index]
    assert versions == {1, made.version}


async def test_what_is_previewed_is_what_is_earned(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    await put(store, Campaign("shoes", extra_bp=10_000, skus=frozenset({"SHOE"})), Campaign("hello", fixed=5))
    lines = [{"sku": "SHOE", "gross": "1950"}, {"sku": "SOCK", "gross": "199"}]
    preview = (await ask(PREVIEW, {"lines": lines}))["data"]["pointsPreview"]
    assert preview == {
        "points": 45,
        "programmeVersion": 2,
        "pendingDays": 0,
        "parts": [
            {"campaign": None, "points": 21},
            {"campaign": "shoes", "points": 19},
            {"campaign": "hello", "points": 5},
        ],
    }
    await handle_events(store, [bought(member, utc_now(), ("SHOE", 1_950), ("SOCK", 199))])
    assert (await wallet_of(store, member)).booked == 45
    price = {"gross": {"minorUnits": 1_950, "currency": "JPY"}}
    refs = [{"__typename": "Variant", "sku": sku, "price": price} for sku in ("SHOE", "SOCK")]
    earned = (await ask(ENTITIES, {"refs": refs}))["data"]["_entities"]
    assert [one["pointsEarned"] for one in earned] == [19 + 19 + 5, 19 + 5]


async def test_pending_points_are_shown_lessened_by_returns_and_posted_once(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await put(store, pending_days=14)
    order = bought(member, utc_now(), ("A", 5_000))
    await handle_events(store, [order, order])
    await store.open({member: utc_now()})

    async def seen() -> dict[str, int]:
        refs = [{"__typename": "Customer", "id": member}]
        answer = await ask(ENTITIES, {"refs": refs}, customer=member)
        wallet: dict[str, int] = answer["data"]["_entities"][0]["wallet"]
        return wallet

    assert await seen() == {"balance": 0, "pending": 50}
    await handle_events(store, [returned(member, order.subject, 2_000)])
    assert await seen() == {"balance": 0, "pending": 30}
    assert await post_pending(store, utc_now()) == 0
    later = utc_now() + 15 * DAY
    posted = await asyncio.gather(*(post_pending(store, later) for _ in range(4)))
    assert sum(posted) >= 1
    assert await seen() == {"balance": 30, "pending": 0}
    assert await post_pending(store, later) == 0
    await handle_events(store, [returned(member, order.subject, 1_000), order])
    assert await seen() == {"balance": 20, "pending": 0}
    assert await audit(store) == []


async def test_a_settling_that_died_halfway_is_finished_by_the_next(
    store: LoyaltyStore, member: CustomerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, pending_days=14)
    await handle_events(store, [bought(member, utc_now(), ("A", 5_000))])
    later = utc_now() + 15 * DAY

    async def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(accruing, "post_all", die)
        with pytest.raises(RuntimeError):
            await post_pending(store, later)
    assert await post_pending(store, later) == 1
    assert await post_pending(store, later) == 0
    assert (await wallet_of(store, member)).booked == 50


async def test_an_order_heard_after_its_waiting_is_over_is_posted_at_once(
    store: LoyaltyStore, member: CustomerId
) -> None:
    made = await put(store, pending_days=1)
    old = {"$set": {"valid_from": utc_now() - timedelta(days=30)}}
    await store.db["programmes"].update_one({"_id": made.version}, old)
    await handle_events(store, [bought(member, utc_now() - 2 * DAY, ("A", 5_000))])
    assert (await wallet_of(store, member)).booked == 50


async def test_of_programmes_set_at_once_one_is_the_next_version(store: LoyaltyStore) -> None:
    sets = [put(store, Campaign(f"c{n}", fixed=n + 1)) for n in range(8)]
    outcomes = await asyncio.gather(*sets, return_exceptions=True)
    made = [one for one in outcomes if isinstance(one, Programme)]
    refusals = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert [one.version for one in made] == [2]
    assert {type(one) for one in refusals} == {VersionConflict}
    assert len((await ProgrammeStore(store.db).all()).all) == 2


async def test_the_same_key_and_programme_is_set_once_and_another_is_refused(store: LoyaltyStore) -> None:
    campaign = Campaign("c", fixed=1, channels=frozenset({"web", "app", "pos"}))
    first = await put(store, campaign, key="k")
    assert await put(store, campaign, key="k") == first
    assert isinstance(await refused(put(store, Campaign("d", fixed=1), key="k")), IdempotencyKeyReused)
    assert isinstance(await refused(put(store, campaign)), VersionConflict)


async def test_a_programme_is_set_and_read_in_the_graph(ask: Ask, store: LoyaltyStore) -> None:
    hours = {"timeZone": "Asia/Tokyo", "weekdays": [6, 7], "opens": "10:00", "closes": "20:00"}
    wanted = {
        "expectedVersion": 1,
        "idempotencyKey": "k",
        "rates": [{"currency": "JPY", "minorUnits": 200}],
        "campaigns": [{"name": "weekend", "extraBasisPoints": 10_000, "hours": hours}],
        "pendingDays": 7,
    }
    forbidden = await ask(SET, {"input": wanted}, scopes=["points:write"])
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    payload = (await ask(SET, {"input": wanted}, scopes=["points:rules"]))["data"]["earnProgrammeSet"]
    assert payload == {
        "programme": {
            "version": 2,
            "pendingDays": 7,
            "rates": [{"currency": "JPY", "minorUnits": 200}],
            "campaigns": [{"name": "weekend", "extraBasisPoints": 10_000, "hours": hours}],
        },
        "userErrors": [],
    }
    never = {"name": "x", "fixedPoints": 1, "hours": {**hours, "opens": "ten"}}
    wrong = {**wanted, "idempotencyKey": "k2", "campaigns": [never]}
    payload = (await ask(SET, {"input": wrong}, scopes=["points:rules"]))["data"]["earnProgrammeSet"]
    assert payload["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "campaigns", "0", "hours", "opens"]}]
    asked = {"a": "", "b": "(version: 1)", "c": "(version: 9)"}
    fields = [f"{name}: earnProgramme{which} {{ version }}" for name, which in asked.items()]
    seen = await ask("{" + " ".join(fields) + "}")
    assert seen["data"] == {"a": {"version": 2}, "b": {"version": 1}, "c": None}
