"""Redeeming: all or nothing, by key, never more than there is, whoever comes at once and whoever dies."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, Refusal, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.catalog.coupon.model import CouponOutcome
from services.catalog.promotion.actions import upsert_promotion
from services.catalog.quote.refusals import NothingLeft, QuoteEnded, QuoteNotValid
from services.catalog.quote.token import QUOTE_LIFE, Promise, read, sign
from services.catalog.redemption.actions import audit_redemptions, promise_in, redeem, release, reserve, sweep
from services.catalog.redemption.model import HOLD, TRY_S
from services.catalog.redemption.model import RedemptionState as State
from services.catalog.redemption.store import FENCE_MARGIN_S
from services.catalog.store import CatalogStore
from tests.services.catalog.redemption.till import SECRET, Broken, Crash, Till, dies_at
from tests.services.catalog.test_actions import refusals

MAX_STEPS = 25
"""More calls than any of these actions makes; a test that needs more says so by failing."""


@pytest.fixture
async def till(store: CatalogStore) -> Till:
    return await Till.open(store)


def won(results: list[Any]) -> int:
    return sum(not isinstance(one, BaseException) for one in results)


def lost(results: list[Any]) -> list[Refusal]:
    assert all(isinstance(one, Refused) for one in results if isinstance(one, BaseException)), results
    return [refusal for one in results if isinstance(one, Refused) for refusal in one.refusals]


async def all_redeem(till: Till, promises: list[Promise]) -> list[Any]:
    return await asyncio.gather(
        *(redeem(till.store, one, f"k-{one.id}", now=utc_now()) for one in promises), return_exceptions=True
    )


async def test_of_sixty_four_at_once_on_fifty_uses_exactly_fifty_get_one(till: Till) -> None:
    offer = await till.offer(max_uses=50)
    promises = [await till.promise() for _ in range(64)]

    results = await all_redeem(till, promises)

    assert (won(results), len(lost(results))) == (50, 14)
    assert set(lost(results)) == {NothingLeft(kind="Promotion", id=offer.id)}
    assert await till.counted(offer) == (50, 5_000)
    assert await till.audit() == []
    till.store.quote.forget()
    assert (await till.quote()).quote.discounts == (), "used up, it is shown to nobody"


async def test_a_budget_is_never_passed_by_a_cent(till: Till) -> None:
    offer = await till.offer(budget_minor=1_050)

    results = await all_redeem(till, [await till.promise() for _ in range(20)])

    assert (won(results), await till.counted(offer)) == (10, (10, 1_000))


async def test_a_customers_own_uses_are_the_customers_own(till: Till) -> None:
    offer = await till.offer(max_uses_per_customer=2)
    promises = [await till.promise(customer=who) for who in ("cus_1", "cus_2") for _ in range(8)]

    results = await all_redeem(till, promises)

    assert won(results) == 4
    assert set(lost(results)) == {NothingLeft(kind="Customer", id=offer.id)}
    assert await till.audit() == []
    assert (await till.quote(customer="cus_1")).quote.discounts == ()
    assert (await till.quote(customer="cus_3")).quote.discounts != ()


async def test_one_coupon_in_many_hands_is_used_once_and_the_promotions_of_losers_are_given_back(till: Till) -> None:
    offer = await till.offer(coupon=True, max_uses=40)
    code = await till.code(offer)
    promises = [await till.promise(code) for _ in range(12)]

    results = await all_redeem(till, promises)

    assert won(results) == 1
    assert {refusal.kind for refusal in lost(results) if isinstance(refusal, NothingLeft)} == {"Coupon"}
    assert await till.coupon_uses() == [1]
    assert await till.counted(offer) == (1, 100), "all or nothing"
    assert await till.audit() == []
    assert [seen.outcome for seen in (await till.quote(code)).coupons] == [CouponOutcome.USED_UP]


async def test_a_failed_checkout_burns_no_coupon(till: Till) -> None:
    code = await till.code(await till.offer(coupon=True))
    first, second = await till.promise(code), await till.promise(code)
    held = await reserve(till.store, first, "r1", now=utc_now())
    taken = await refusals(reserve(till.store, second, "r2", now=utc_now()))

    released = await release(till.store, first, "x1")
    again = await release(till.store, first, "x1")
    done = await redeem(till.store, second, "r3", now=utc_now())

    assert (held.state, taken[0].code) == (State.HELD, "NOTHING_LEFT")
    assert (released.state, again.state, done.state) == (State.RELEASED, State.RELEASED, State.REDEEMED)
    assert await till.coupon_uses() == [1]
    assert await refusals(redeem(till.store, first, "r4", now=utc_now())) == [
        QuoteEnded(quote_id=first.id, state="RELEASED")
    ]


async def test_a_hold_expires_by_itself_and_gives_everything_back(till: Till) -> None:
    offer = await till.offer(coupon=True, max_uses=9)
    promise = await till.promise(await till.code(offer))
    held = await reserve(till.store, promise, "r", now=utc_now())

    late = held.expires_at + timedelta(milliseconds=1)
    assert await refusals(redeem(till.store, promise, "k", now=late)) == [
        QuoteEnded(quote_id=promise.id, state="EXPIRED")
    ]
    assert await sweep(till.store, now=late) == 1
    assert await sweep(till.store, now=late) == 0

    assert (await till.counted(offer), await till.coupon_uses()) == ((0, 0), [0])
    assert await till.audit() == []
    assert timedelta(minutes=30) == HOLD


async def test_the_same_key_replays_and_another_input_is_refused(till: Till) -> None:
    await till.offer(max_uses=9)
    one, other = await till.promise(), await till.promise()
    assert await reserve(till.store, one, "r", now=utc_now()) == await reserve(till.store, one, "r", now=utc_now())
    first = await redeem(till.store, one, "k", now=utc_now())

    assert await redeem(till.store, one, "k", now=utc_now()) == replace(first, settled=True)
    assert await refusals(redeem(till.store, other, "k", now=utc_now())) == [IdempotencyKeyReused(key="k")]
    assert await refusals(reserve(till.store, other, "r", now=utc_now())) == [IdempotencyKeyReused(key="r")]
    assert await refusals(redeem(till.store, one, "k2", now=utc_now())) == [
        QuoteEnded(quote_id=one.id, state="REDEEMED")
    ]
    assert [r.path for r in await refusals(redeem(till.store, other, "", now=utc_now()))] == [
        ("input", "idempotencyKey")
    ]


async def test_many_workers_with_one_key_take_once(till: Till) -> None:
    offer = await till.offer(max_uses=50)
    promise = await till.promise()

    results = await asyncio.gather(*(redeem(till.store, promise, "k", now=utc_now()) for _ in range(16)))

    assert {(one.state, one.redeem_key) for one in results} == {(State.REDEEMED, "k")}
    assert await till.counted(offer) == (1, 100)
    assert await till.audit() == []


async def test_a_signed_price_holds_though_the_promotion_is_edited_and_not_when_it_is_switched_off(till: Till) -> None:
    offer = await till.offer(max_uses=9)
    one, other = await till.promise(), await till.promise()
    await upsert_promotion(till.store, replace(offer.draft, priority=3), offer.id, 1, now=utc_now())

    assert (await redeem(till.store, one, "k", now=utc_now())).state is State.REDEEMED
    assert one.gross_minor == 900

    await upsert_promotion(till.store, replace(offer.draft, enabled=False), offer.id, 2, now=utc_now())
    assert await refusals(redeem(till.store, other, "k2", now=utc_now())) == [
        NothingLeft(kind="Promotion", id=offer.id)
    ]


async def test_what_was_refused_may_be_tried_again_when_something_is_left(till: Till) -> None:
    offer = await till.offer(coupon=True, max_uses=1)
    first, second = await till.promise(await till.code(offer)), await till.promise(await till.code(offer))
    await reserve(till.store, first, "r1", now=utc_now())
    assert (await refusals(reserve(till.store, second, "r2", now=utc_now())))[0].code == "NOTHING_LEFT"
    await release(till.store, first, "x")

    again = await reserve(till.store, second, "r2", now=utc_now())

    assert (again.state, again.attempt) == (State.HELD, 2)
    assert await till.audit() == []


async def test_a_token_is_ours_alive_and_its_customers(till: Till) -> None:
    promise = await till.promise(customer="cus_1")
    key = till.store.keys.quote_signing
    token = sign(promise, key)
    head, body, tail = token.split(".")

    assert read(token, key) == promise
    for forged in (f"{head}.{body[:-2]}AA.{tail}", "x", "", "a.b.c", token * 400, sign(promise, b"x" * 32)):
        with pytest.raises(Refused):
            read(forged, key)
    caller = till.caller
    with pytest.raises(Refused) as caught:
        promise_in(till.store, token, replace(caller, customer="cus_2"))
    assert isinstance(caught.value.refusals[0], QuoteNotValid)
    for mine in (replace(caller, customer="cus_1"), replace(caller, scopes=frozenset({"quotes:write"}))):
        assert promise_in(till.store, token, mine) == promise
    assert (await refusals(redeem(till.store, promise, "k", now=utc_now() + QUOTE_LIFE)))[0].code == "QUOTE_NOT_VALID"


async def test_an_audit_finds_a_use_nobody_explains_and_one_that_is_missing(till: Till, db: Database) -> None:
    offer = await till.offer(max_uses=9)
    await redeem(till.store, await till.promise(), "k", now=utc_now())
    assert await audit_redemptions(till.store) == []

    await db["promotions"].update_one({"_id": offer.id}, {"$inc": {"uses": 1}})
    assert await audit_redemptions(till.store) == [f"PROMOTION {offer.id}: (2, 100) counted, (1, 100) taken"]
    await db["promotions"].update_one({"_id": offer.id}, {"$set": {"uses": 0, "spent_minor": 0}})
    assert await audit_redemptions(till.store) == [f"PROMOTION {offer.id}: (0, 0) counted, (1, 100) taken"]


Act = Callable[[CatalogStore, Promise], Awaitable[object]]


async def act_redeem(store: CatalogStore, promise: Promise) -> object:
    return await redeem(store, promise, f"k-{promise.id}", now=utc_now())


async def act_release(store: CatalogStore, promise: Promise) -> object:
    await reserve(store, promise, f"r-{promise.id}", now=utc_now())
    return await release(store, promise, f"x-{promise.id}")


async def act_short(store: CatalogStore, promise: Promise) -> object:
    """The coupon is gone: what was taken before it must come back."""
    await store.db["coupons"].update_many({}, {"$set": {"uses": 1}})
    try:
        return await redeem(store, promise, f"k-{promise.id}", now=utc_now())
    except Refused as refused:
        return refused


async def end_of_tries(store: CatalogStore) -> None:
    """The time in which takes can match is over for all that is under way."""
    over = utc_now() - timedelta(seconds=TRY_S + FENCE_MARGIN_S)
    await store.db["redemptions"].update_many({}, {"$set": {"take_until": over}})


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("act", [act_redeem, act_release, act_short])
async def test_a_crash_at_any_call_leaks_nothing(till: Till, db: Database, act: Act, before: bool) -> None:
    for step in range(1, MAX_STEPS + 1):
        offer = await till.offer(coupon=True, max_uses=5, max_uses_per_customer=5)
        promise = await till.promise(await till.code(offer), customer="cus_1")
        broken = CatalogStore(Broken(db, dies_at(step, before=before)), SECRET)  # type: ignore[arg-type]
        broken.db = db
        try:
            await act(broken, promise)
        except Crash:
            crashed = True
        else:
            crashed = False
        await end_of_tries(till.store)
        await sweep(till.store, now=utc_now())
        if act is not act_short:
            assert await till.audit() == [], f"step {step}"
        await sweep(till.store, now=utc_now() + HOLD)
        states = [row["state"] for row in await db["redemptions"].find({"_id": promise.id}).to_list()]
        uses, _ = await till.counted(offer)
        assert uses == states.count("REDEEMED"), f"step {step}: {states}"
        kept = await db["promotions"].find_one({"_id": offer.id})
        assert kept is not None
        assert kept["holds"] == {}, "no hold and no tombstone is left"
        await db["promotions"].update_one({"_id": offer.id}, {"$set": {"draft.enabled": False}})
        till.store.quote.forget()
        if not crashed:
            assert step > 3, "nothing was broken"
            return
    pytest.fail(f"more than {MAX_STEPS} calls")


@pytest.mark.parametrize("step", range(1, 12))
async def test_whoever_comes_again_with_the_key_finishes_what_a_crash_left(till: Till, db: Database, step: int) -> None:
    offer = await till.offer(coupon=True, max_uses=5)
    promise = await till.promise(await till.code(offer))
    broken = CatalogStore(Broken(db, dies_at(step, before=False)), SECRET)  # type: ignore[arg-type]
    with suppress(Crash):
        await act_redeem(broken, promise)

    done = await redeem(till.store, promise, f"k-{promise.id}", now=utc_now())

    assert done.state is State.REDEEMED
    assert (await till.counted(offer), await till.coupon_uses()) == ((1, 100), [1])
    assert await till.audit() == []
