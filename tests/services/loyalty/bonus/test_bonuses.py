"""Bonuses in wallets: once for a source, so often in a period, at any concurrency."""

import asyncio
from datetime import datetime
from typing import Any

from kit.errors import Refused
from kit.events import Event
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.bonus.actions import grant, set_rules
from services.loyalty.bonus.model import BonusLimitReached, BonusPeriod, BonusRule, BonusTrigger, Happened
from services.loyalty.bonus.store import BonusStore
from services.loyalty.events import CUSTOMER_CREATED, ORDER_RECORDED, REVIEW_PUBLISHED, handle_events
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import DAY, wallet_of

GRANT = """mutation ($input: BonusGrantInput!) { bonusGrant(input: $input) { wallet { balance }
  entries { points reason ruleVersion } userErrors { code ... on BonusLimitReached { bonus given limit period } } } }"""
SET = """mutation ($input: BonusRulesSetInput!) { bonusRulesSet(input: $input) {
  rules { version rules { name points times period livesDays } } userErrors { code path } } }"""


async def put(store: LoyaltyStore, *rules: BonusRule, expected: int = 0) -> None:
    await set_rules(
        BonusStore(store.db), rules, new_id("key"), expected_version=expected, actor="staff:ann", now=utc_now()
    )


def visit(member: CustomerId, source: str, at: datetime | None = None) -> Happened:
    return Happened(member, BonusTrigger.VISIT, source, at or utc_now())


async def test_of_many_visits_at_once_a_day_gives_so_many_bonuses_and_each_source_one(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await put(
        store, BonusRule("visit", BonusTrigger.VISIT, 5, times=3, period=BonusPeriod.DAY, zone="UTC", lives_days=9)
    )
    at = utc_now()
    told = [visit(member, f"visit-{number % 10}", at) for number in range(30)]
    outcomes = await asyncio.gather(*(grant(store, one, now=at) for one in told), return_exceptions=True)
    given = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len({entry.id for one in given for entry in one.entries}) == 3
    refused = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert len(refused) == 21
    assert {(type(one), one.given) for one in refused if isinstance(one, BonusLimitReached)} == {(BonusLimitReached, 3)}
    assert (await wallet_of(store, member)).booked == 15
    again = await grant(store, visit(member, given[0].entries[0].id.split("/")[2], utc_now()), now=utc_now() + DAY)
    assert again.entries[0].id in {entry.id for one in given for entry in one.entries}
    assert (await wallet_of(store, member)).booked == 15
    assert await audit(store) == []


async def test_signing_up_and_buying_first_give_once_however_often_and_late_they_are_told(
    store: LoyaltyStore, member: CustomerId
) -> None:
    created = Event("e1", "/noren/customer", CUSTOMER_CREATED, member, utc_now() - DAY, {"customerId": member})
    await handle_events(store, [created])
    await put(store, BonusRule("hello", BonusTrigger.SIGN_UP, 100), BonusRule("first", BonusTrigger.FIRST_PURCHASE, 50))
    await handle_events(store, [created])
    assert (await wallet_of(store, member)).booked == 0
    data = {"customerId": member, "createdAt": utc_now().isoformat()}
    signed = Event("e2", "/noren/customer", CUSTOMER_CREATED, member, utc_now(), data)
    orders = [
        Event(
            f"ord_{n}:recorded",
            "/noren/order",
            ORDER_RECORDED,
            f"ord_{n}",
            utc_now(),
            {
                "orderId": f"ord_{n}",
                "customerId": member,
                "goodsGrossMinor": 0,
                "currency": "JPY",
                "placedAt": utc_now().isoformat(),
            },
        )
        for n in range(3)
    ]
    for _ in range(2):
        await handle_events(store, [signed, *orders])
    assert (await wallet_of(store, member)).booked == 150
    assert await audit(store) == []


async def test_a_review_that_is_published_twice_gives_once_and_another_one_again(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await put(store, BonusRule("review", BonusTrigger.REVIEW, 30, times=2))
    told = [("rev_1", 2, member), ("rev_1", 4, member), ("rev_2", 2, member), ("rev_3", 2, member), ("rev_4", 2, None)]
    events = [
        Event(
            f"{id}:v{version}",
            "/noren/catalog",
            REVIEW_PUBLISHED,
            id,
            utc_now(),
            {"reviewId": id, "version": version, "customerId": whose},
        )
        for id, version, whose in told
    ]
    for _ in range(2):
        await handle_events(store, events)
    assert (await wallet_of(store, member)).booked == 60


async def test_rules_are_set_and_bonuses_given_in_the_graph(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    rule = {"name": "survey", "trigger": "SURVEY", "points": 20, "livesDays": 30}
    input: dict[str, Any] = {"expectedVersion": 0, "idempotencyKey": "k", "rules": [rule]}
    made = [(await ask(SET, {"input": input}, scopes=["points:rules"]))["data"]["bonusRulesSet"] for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["rules"]["rules"] == [
        {"name": "survey", "points": 20, "times": 1, "period": "EVER", "livesDays": 30}
    ]
    asked = {"customerId": member, "trigger": "SURVEY", "sourceId": "survey-7"}
    given = [(await ask(GRANT, {"input": asked}, scopes=["points:write"]))["data"]["bonusGrant"] for _ in range(2)]
    entry = {"points": 20, "reason": "SURVEY", "ruleVersion": 1}
    assert given == [{"wallet": {"balance": 20}, "entries": [entry], "userErrors": []}] * 2
    other = await ask(GRANT, {"input": {**asked, "sourceId": "survey-8"}}, scopes=["points:write"])
    limit = {"code": "BONUS_LIMIT_REACHED", "bonus": "survey", "given": 1, "limit": 1, "period": "EVER"}
    assert other["data"]["bonusGrant"]["userErrors"] == [limit]
    none = await ask(GRANT, {"input": {**asked, "trigger": "VISIT"}}, scopes=["points:write"])
    assert [error["code"] for error in none["data"]["bonusGrant"]["userErrors"]] == ["NO_BONUS"]
    for query, wanted in ((GRANT, asked), (SET, input)):
        stranger = await ask(query, {"input": wanted}, customer=member, scopes=["points:redeem"])
        assert [error["extensions"]["code"] for error in stranger["errors"]] == ["FORBIDDEN"]
