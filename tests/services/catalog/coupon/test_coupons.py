"""Codes: unguessable, checked while they are typed, good for whom, where and when they say, made in any number."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound
from kit.mongo import Database
from services.catalog.coupon.actions import CHUNK, create_batch, make_codes
from services.catalog.coupon.model import (
    ALPHABET,
    DRAWN,
    Batch,
    CouponOutcome,
    Terms,
    check_terms,
    code_at,
    coupon_id,
    is_mistyped,
    normalised,
    shown,
)
from services.catalog.model import Taken
from services.catalog.promotion.model import Action, ActionKind
from services.catalog.store import CatalogStore
from tests.services.catalog.redemption.till import Till
from tests.services.catalog.shop import NOW, TOKYO
from tests.services.catalog.test_actions import refusals

KEY = b"k" * 32
BATCH = Batch("cbt_1", Terms("prm_1", 1_000), b"salt", 0, NOW)
INDEXES = st.integers(0, 999_999)


@given(INDEXES, st.integers(0, DRAWN), st.sampled_from(ALPHABET))
def test_any_wrong_symbol_is_noticed(index: int, place: int, symbol: str) -> None:
    code = code_at(KEY, BATCH, index)
    wrong = code[:place] + symbol + code[place + 1 :]

    assert not is_mistyped(code)
    assert is_mistyped(wrong) is (wrong != code)


@given(INDEXES, st.integers(0, DRAWN), st.integers(0, DRAWN))
def test_any_two_symbols_swapped_are_noticed(index: int, one: int, other: int) -> None:
    symbols = list(code_at(KEY, BATCH, index))
    symbols[one], symbols[other] = symbols[other], symbols[one]
    wrong = "".join(symbols)

    assert is_mistyped(wrong) is (wrong != code_at(KEY, BATCH, index))


def test_codes_are_all_different_and_say_nothing_of_each_other() -> None:
    codes = [code_at(KEY, BATCH, index) for index in range(20_000)]

    assert len(set(codes)) == 20_000
    assert set("".join(codes)) == set(ALPHABET), "every symbol is used"
    assert not set("01OI") & set(ALPHABET)
    for place in range(DRAWN):
        most = max(sum(code[place] == symbol for code in codes) for symbol in ALPHABET)
        assert most < 20_000 / 32 * 1.25, "no symbol is preferred anywhere"
    other = Batch("cbt_2", BATCH.terms, b"pepper", 0, NOW)
    assert code_at(KEY, other, 0) != codes[0] != code_at(b"x" * 32, BATCH, 0)


@pytest.mark.parametrize(
    "typed", ["abcde-fghjk-23456", " ABCDE FGHJK 23456 ", "ＡＢＣＤＥＦＧＨＪＫ２３４５６", "abcdeーfghjk–23456"]
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert normalised(typed) == "ABCDEFGHJK23456"
    assert shown("ABCDEFGHJK23456") == "ABCDE-FGHJK-23456"
    assert shown("WELCOME10") == "WELCOME10"


@pytest.mark.parametrize("typed", ["", "ab", "x" * 33, "'; drop", "ab cd\x00"])
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert normalised(typed) is None


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        (Terms("p", 0), "count"),
        (Terms("p", 1_000_001), "count"),
        (Terms("p", 2, code="WELCOME10"), "code"),
        (Terms("p", code="welcome"), "code"),
        (Terms("p", max_uses=0), "maxUses"),
        (Terms("p", valid_from=NOW, valid_until=NOW), "validUntil"),
        (Terms("p", source=""), "source"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_their_field(terms: Terms, name: str) -> None:
    assert [problem.path for problem in check_terms(terms)] == [("input", name)]


@pytest.fixture
async def till(store: CatalogStore) -> Till:
    return await Till.open(store)


@pytest.mark.parametrize(
    ("terms", "buyer", "outcome"),
    [
        ({}, {}, CouponOutcome.APPLIED),
        ({"customer": "cus_1"}, {"customer": "cus_1"}, CouponOutcome.APPLIED),
        ({"customer": "cus_1"}, {"customer": "cus_2"}, CouponOutcome.NOT_YOURS),
        ({"customer": "cus_1"}, {}, CouponOutcome.NOT_YOURS),
        ({"channels": frozenset({"tokyo"})}, {}, CouponOutcome.NOT_HERE),
        ({"locations": frozenset({"loc_1"})}, {"location": "loc_1"}, CouponOutcome.APPLIED),
        ({"locations": frozenset({"loc_1"})}, {}, CouponOutcome.NOT_HERE),
        ({"valid_from": NOW}, {"at": NOW - timedelta(seconds=1)}, CouponOutcome.NOT_YET),
        ({"valid_until": NOW}, {"at": NOW}, CouponOutcome.OVER),
        ({"valid_until": NOW}, {"at": NOW - timedelta(seconds=1)}, CouponOutcome.APPLIED),
    ],
)
async def test_a_coupon_is_good_for_whom_where_and_when_it_says(
    till: Till, terms: dict[str, Any], buyer: dict[str, Any], outcome: CouponOutcome
) -> None:
    code = await till.code(await till.offer(coupon=True), **terms)

    quoted = await till.quote(shown(code).lower(), **buyer)

    assert [seen.outcome for seen in quoted.coupons] == [outcome]
    assert quoted.quote.gross_minor == (900 if outcome is CouponOutcome.APPLIED else 1_000)


async def test_codes_nobody_made_are_told_from_mistyped_ones(till: Till) -> None:
    offer = await till.offer(coupon=True)
    code = await till.code(offer)
    wrong = ("3" if code[0] == "2" else "2") + code[1:]
    unknown = code_at(KEY, BATCH, 0)

    quoted = await till.quote(wrong, unknown, "!", code, code)

    assert {seen.given: seen.outcome for seen in quoted.coupons} == {
        wrong: CouponOutcome.MISTYPED,
        unknown: CouponOutcome.UNKNOWN,
        "!": CouponOutcome.MISTYPED,
        code: CouponOutcome.APPLIED,
    }
    assert [r.path for r in await refusals(till.quote(*(["A"] * 21)))] == [("input", "coupons")]


async def test_of_two_coupons_of_a_promotion_one_is_taken(till: Till) -> None:
    offer = await till.offer(coupon=True)
    codes = [await till.code(offer), await till.code(offer)]

    forward, backward = await till.quote(*codes), await till.quote(*codes[::-1])

    assert sorted(seen.outcome for seen in forward.coupons) == [CouponOutcome.APPLIED, CouponOutcome.NOT_APPLIED]
    assert forward.coupons == backward.coupons
    assert forward.quote == backward.quote


async def test_a_coupon_whose_promotion_takes_nothing_is_not_applied(till: Till) -> None:
    nothing = Action(ActionKind.FIXED_PRICE, amount_minor=5_000)
    code = await till.code(await till.offer(nothing, coupon=True))

    assert [seen.outcome for seen in (await till.quote(code)).coupons] == [CouponOutcome.NOT_APPLIED]
    assert (await till.promise(code)).takes == ()


async def test_a_chosen_code_may_be_used_many_times_and_is_one_batches(till: Till) -> None:
    offer = await till.offer(coupon=True)
    code = await till.code(offer, code="WELCOME10", max_uses=1_000)
    again = create_batch(till.store, Terms(offer.id, code="WELCOME10"), "other", now=NOW)

    assert code == "WELCOME10"
    assert (await till.quote("welcome-10")).quote.gross_minor == 900
    assert await refusals(again) == [Taken(path=("input", "code"), value="WELCOME10")]


async def test_a_batch_is_its_keys(till: Till) -> None:
    offer = await till.offer(coupon=True)
    terms = Terms(offer.id, 30, channels=frozenset({TOKYO.id}), valid_until=NOW)
    one, same = await asyncio.gather(*(create_batch(till.store, terms, "k", now=NOW) for _ in range(2)))

    assert (one, one.made, one.is_complete) == (same, 30, True)
    assert await till.store.db["coupons"].count_documents({}) == 30
    assert await refusals(create_batch(till.store, Terms(offer.id, 31), "k", now=NOW)) == [
        IdempotencyKeyReused(key="k")
    ]
    plain = await till.offer()
    assert isinstance((await refusals(create_batch(till.store, Terms(plain.id), "x", now=NOW)))[0], InvalidInput)
    missing = NotFound(path=("input", "promotionId"), kind="Promotion", id="prm_none")
    assert await refusals(create_batch(till.store, Terms("prm_none"), "y", now=NOW)) == [missing]


async def test_a_large_batch_that_was_interrupted_goes_on_where_it_stopped(till: Till, db: Database) -> None:
    offer = await till.offer(coupon=True)
    batch = await create_batch(till.store, Terms(offer.id, CHUNK + 10), "k", now=NOW)
    assert batch.made == 0, "it is the worker's"
    keys = till.store.keys
    half = [coupon_id(keys.coupon_keeping, code_at(keys.coupon_drawing, batch, n)) for n in range(CHUNK // 2)]
    await till.store.coupon.insert_codes(batch, half)  # then the worker died

    (unmade,) = await till.store.coupon.unmade()
    done, other = await asyncio.gather(make_codes(till.store, unmade), make_codes(till.store, unmade))

    assert done.is_complete
    assert other.is_complete
    assert await till.store.coupon.unmade() == []
    assert await db["coupons"].count_documents({"batch": batch.id}) == CHUNK + 10
    last = code_at(keys.coupon_drawing, batch, CHUNK + 9)
    assert [seen.outcome for seen in (await till.quote(last)).coupons] == [CouponOutcome.APPLIED]


async def test_no_code_lies_in_the_database(till: Till, db: Database) -> None:
    code = await till.code(await till.offer(coupon=True))

    for name in await db.list_collection_names():
        for document in await db[name].find().to_list():
            assert code not in repr(document)
