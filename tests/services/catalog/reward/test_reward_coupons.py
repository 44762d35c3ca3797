"""A claimed reward's coupon: made by the event, used once, and taken away only while nobody has it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.errors import Refused
from kit.events import Event
from kit.ids import new_id
from kit.times import utc_now
from services.catalog.coupon.model import CouponOutcome, shown
from services.catalog.quote.refusals import NothingLeft
from services.catalog.redemption.actions import redeem, release, reserve
from services.catalog.reward.events import COUPON_ASKED, REWARD_CLAIMED, hear_rewards
from services.catalog.reward.model import code_of
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.redemption.till import SECRET, Broken, Crash, Till, dies_at

WHO = "cus_1"


@pytest.fixture
async def till(store: CatalogStore) -> Till:
    return await Till.open(store)


def claimed(promotion: str, claim: str | None = None, until: datetime | None = None, kind: str = "COUPON") -> Event:
    id = claim or new_id("rcl")
    ends = (until or utc_now() + timedelta(days=90)).isoformat()
    data = {"claimId": id, "customerId": WHO, "kind": kind, "promotionId": promotion, "validUntil": ends}
    return Event(f"{id}:claimed", "/noren/loyalty", REWARD_CLAIMED, id, utc_now(), data)


def asked(claim: str, ask: int = 1) -> Event:
    return Event(
        f"{claim}:asked:{ask}", "/noren/loyalty", COUPON_ASKED, claim, utc_now(), {"claimId": claim, "ask": ask}
    )


async def answers(store: CatalogStore) -> list[Any]:
    rows = store.db["coupons"].find({"outbox.0": {"$exists": True}}, {"outbox": 1})
    return [(entry["data"]["ask"], entry["data"]["answer"]) async for row in rows for entry in row["outbox"]]


async def outcome(till: Till, code: str, customer: str | None = WHO) -> CouponOutcome:
    (seen,) = (await till.quote(code, customer=customer)).coupons
    return seen.outcome


async def coupon(till: Till) -> tuple[str, str]:
    """A claim's id and its code, made."""
    offer = await till.offer(coupon=True)
    event = claimed(offer.id)
    await hear_rewards(till.store, [event, event])
    return event.subject, shown(code_of(event.subject, till.store.keys.coupon_drawing))


async def test_the_code_is_its_members_on_any_channel_once(till: Till) -> None:
    _, code = await coupon(till)

    assert await outcome(till, code) is CouponOutcome.APPLIED
    assert await outcome(till, code.lower().replace("-", " ")) is CouponOutcome.APPLIED
    assert await outcome(till, code, customer="cus_2") is CouponOutcome.NOT_YOURS
    first, second = [await till.promise(code, customer=WHO) for _ in range(2)]
    await redeem(till.store, first, "k1", now=utc_now())
    with pytest.raises(Refused):
        await redeem(till.store, second, "k2", now=utc_now())
    assert await outcome(till, code) is CouponOutcome.USED_UP
    assert await answers(till.store) == []


async def test_an_unused_coupon_is_taken_away_and_a_quote_with_it_is_worth_nothing(till: Till) -> None:
    claim, code = await coupon(till)
    promise = await till.promise(code, customer=WHO)

    await hear_rewards(till.store, [asked(claim), asked(claim)])

    assert await answers(till.store) == [(1, "REVOKED")]
    assert await outcome(till, code) is CouponOutcome.WITHDRAWN
    with pytest.raises(Refused) as refused:
        await redeem(till.store, promise, "k", now=utc_now())
    assert isinstance(refused.value.refusals[0], NothingLeft)


async def test_one_that_is_held_or_used_stays(till: Till) -> None:
    claim, code = await coupon(till)
    held = await till.promise(code, customer=WHO)
    await reserve(till.store, held, "r", now=utc_now())
    await hear_rewards(till.store, [asked(claim, 1)])
    await release(till.store, held, "l")
    await hear_rewards(till.store, [asked(claim, 1)])
    assert await answers(till.store) == [(1, "HELD")], "one question has one answer for ever"

    used = await till.promise(code, customer=WHO)
    await redeem(till.store, used, "k", now=utc_now())
    await hear_rewards(till.store, [asked(claim, 2)])
    assert await answers(till.store) == [(1, "HELD"), (2, "USED")]


async def test_of_a_redemption_and_a_question_at_once_exactly_one_wins(till: Till) -> None:
    for number in range(8):
        claim, code = await coupon(till)
        promise = await till.promise(code, customer=WHO)
        done, _ = await asyncio.gather(
            redeem(till.store, promise, f"k{number}", now=utc_now()),
            hear_rewards(till.store, [asked(claim)]),
            return_exceptions=True,
        )
        row = await till.store.db["coupons"].find_one({"claim": claim})
        assert row is not None
        is_redeemed, answer = not isinstance(done, Exception), row["outbox"][-1]["data"]["answer"]
        assert is_redeemed == (answer != "REVOKED")
        assert row["uses"] == is_redeemed


async def test_a_question_that_comes_before_its_claim_leaves_no_coupon(till: Till) -> None:
    offer = await till.offer(coupon=True)
    event = claimed(offer.id)

    await hear_rewards(till.store, [asked(event.subject), event])

    assert await answers(till.store) == [(1, "REVOKED")]
    code = code_of(event.subject, till.store.keys.coupon_drawing)
    assert await outcome(till, code) is CouponOutcome.WITHDRAWN


async def test_where_there_is_no_such_promotion_the_coupon_is_refused_for_good(till: Till) -> None:
    open_to_all = await till.offer()
    for promotion in ("prm_none", open_to_all.id):
        event = claimed(promotion)
        await hear_rewards(till.store, [event, event])
    assert await answers(till.store) == [(None, "REFUSED"), (None, "REFUSED")]
    await hear_rewards(till.store, [claimed("prm_x", kind="ARTICLE")])
    assert await till.store.db["coupons"].count_documents({}) == 2


async def test_a_process_that_dies_while_it_makes_one_has_made_it_when_the_event_comes_again(till: Till) -> None:
    offer = await till.offer(coupon=True)
    for step in range(1, 10):
        event = claimed(offer.id)
        hook = dies_at(step, before=False)
        names = ("coupons", "coupon_batches", "promotions")
        crashing = CatalogStore(Broken(till.store.db, hook, names), SECRET)  # type: ignore[arg-type]
        try:
            await hear_rewards(crashing, [event])
        except Crash:
            pass
        else:
            break
        await hear_rewards(till.store, [event])
        assert await outcome(till, code_of(event.subject, till.store.keys.coupon_drawing)) is CouponOutcome.APPLIED
    assert 2 < step < 9


async def test_the_code_is_shown_to_its_member_and_to_who_may_export(ask: Ask, till: Till) -> None:
    claim, code = await coupon(till)
    query = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on RewardClaim { couponCode } } }"

    async def seen(promotion: str | None = "prm_1", **who: Any) -> Any:
        of = {"__typename": "RewardClaim", "id": claim, "customerId": WHO, "promotionId": promotion}
        return (await ask(query, {"of": [of]}, **who))["data"]["_entities"][0]["couponCode"]

    assert [await seen(customer=WHO), await seen(scopes="coupons:read")] == [code, code]
    assert [await seen(customer="cus_2"), await seen(), await seen(None, customer=WHO)] == [None, None, None]
