"""Points move once, never twice, never expired, and every one is in the journal twice."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.events import Drainer, EventLog
from kit.pages import PageArgs
from kit.times import utc_now
from services.loyalty.actions import audit, earn, post, redeem, sweep_once
from services.loyalty.model import MAX_LIMITED_LOTS, Account, CustomerId, EntryKind, Wallet, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, PointsRequest, Posting, Seen
from services.loyalty.store import WINDOW, LoyaltyStore, Posted
from tests.services.loyalty.conftest import PassTime

YEAR = timedelta(days=367)
DAY = timedelta(days=1)


async def give(store: LoyaltyStore, who: CustomerId, points: int, key: str, days: int | None = None) -> Posted:
    now = utc_now()
    expires_at = None if days is None else now + days * DAY
    return await earn(store, PointsRequest(who, points, "GIFT", key, expires_at=expires_at), now=now)


async def spend(store: LoyaltyStore, who: CustomerId, points: int, key: str) -> Posted:
    return await redeem(store, PointsRequest(who, points, "CHECKOUT", key), now=utc_now())


async def take_back(store: LoyaltyStore, who: CustomerId, points: int, key: str) -> Posted:
    return await post(store, Posting(EntryKind.TAKEN_BACK, who, points, key, "RETURN"))


async def wallet_of(store: LoyaltyStore, who: CustomerId) -> Wallet:
    return (await store.wallets_by_id([wallet_id_of(who)]))[wallet_id_of(who)]


async def test_64_spenders_with_triple_retries_spend_exactly_what_is_affordable(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId
) -> None:
    await give(store, member, 500, "seed")
    for days in range(1, 6):
        await give(store, member, 100, f"seed-{days}", days)

    async def attempt(number: int) -> Posted:
        return await spend(store, member, 37, f"spend-{number}")

    draining = asyncio.create_task(drainer.run())
    numbers = [number for number in range(64) for _ in range(3)]
    outcomes = await asyncio.gather(*(attempt(number) for number in numbers), return_exceptions=True)
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)

    made = {(number, one.entry.seq) for number, one in zip(numbers, outcomes, strict=True) if isinstance(one, Posted)}
    refused = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert len(made) == 1_000 // 37, "each key has one entry, and all that could be paid was"
    assert len({number for number, _ in made}) == len(made)
    assert len(refused) == 3 * (64 - len(made)), "whoever had an entry was told so every time"
    assert {type(refusal) for refusal in refused} == {InsufficientPoints}
    assert (await wallet_of(store, member)).balance(utc_now()) == 1_000 % 37
    assert (await wallet_of(store, member)).seq == 6 + len(made)
    assert await audit(store) == []


async def test_one_key_at_once_eight_times_is_one_entry(store: LoyaltyStore, member: CustomerId) -> None:
    earned = await asyncio.gather(*(give(store, member, 70, "same") for _ in range(8)))
    assert len({posted.entry for posted in earned}) == 1
    spent = await asyncio.gather(*(spend(store, member, 50, "same-too") for _ in range(8)))
    assert len({posted.entry for posted in spent}) == 1
    assert (await wallet_of(store, member)).balance(utc_now()) == 20


@pytest.mark.parametrize("drained", [False, True])
async def test_a_key_is_known_long_after_it_left_the_window(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, drained: bool
) -> None:
    await give(store, member, 1_000, "seed")
    first = await spend(store, member, 10, "first")
    for number in range(WINDOW + 2):
        await spend(store, member, 1, f"later-{number}")
    if drained:
        await drainer.drain()
    again = await spend(store, member, 10, "first")
    assert again.entry == first.entry
    assert again.wallet.booked == 990 - WINDOW - 2
    with pytest.raises(Refused) as refused:
        await spend(store, member, 11, "first")
    assert refused.value.refusals == (IdempotencyKeyReused(key="first"),)


async def test_a_posting_overtaken_by_a_whole_window_must_look_again(store: LoyaltyStore, member: CustomerId) -> None:
    seen = (await give(store, member, 1_000, "seed")).wallet
    posting = PointsRequest(member, 1, "X", "slow").posting(EntryKind.REDEEMED)
    assert await store.apply(posting, Seen(seen.seq)) is not None
    for number in range(WINDOW):
        await spend(store, member, 1, f"n{number}")
    assert await store.apply(posting, Seen(seen.seq)) is None, "its key has left the window, the fence holds"


async def test_a_retry_is_answered_though_it_would_be_refused_today(
    store: LoyaltyStore, member: CustomerId, pass_time: PassTime
) -> None:
    now = utc_now()
    request = PointsRequest(member, 40, "CAMPAIGN", "k", expires_at=now + DAY)
    first = await earn(store, request, now=now)
    await spend(store, member, 40, "all")
    assert (await earn(store, request, now=now + 2 * DAY)).entry == first.entry
    assert (await spend(store, member, 40, "all")).entry.seq == 2


async def test_what_has_expired_is_never_spent_however_late_the_sweep(
    store: LoyaltyStore, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 60, "soon", days=2)
    await give(store, member, 40, "later", days=30)
    await pass_time(3 * DAY)
    assert (await wallet_of(store, member)).balance(utc_now()) == 40
    outcomes = await asyncio.gather(
        *(spend(store, member, 10, f"s{number}") for number in range(12)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Posted) for outcome in outcomes) == 4
    refusals = [outcome.refusals[0] for outcome in outcomes if isinstance(outcome, Refused)]
    assert {refusal.available for refusal in refusals if isinstance(refusal, InsufficientPoints)} == {0}
    assert await audit(store) == []


async def test_earning_does_not_revive_regular_points_that_have_expired(
    store: LoyaltyStore, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 80, "old")
    await pass_time(YEAR)
    posted = await give(store, member, 5, "new")
    assert (posted.wallet.booked, posted.entry.balance_after) == (5, 5)
    page = await store.statement(posted.wallet.id, PageArgs())
    assert [(entry.kind, entry.points) for entry in page.nodes] == [
        (EntryKind.EARNED, 5),
        (EntryKind.EXPIRED, -80),
        (EntryKind.EARNED, 80),
    ]


async def test_earning_and_redeeming_let_regular_points_live_on(
    store: LoyaltyStore, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 80, "first")
    for number in range(3):
        await pass_time(200 * DAY)
        await spend(store, member, 1, f"s{number}")
    await pass_time(200 * DAY)
    await give(store, member, 3, "limited", days=1)
    await pass_time(200 * DAY)
    assert (await wallet_of(store, member)).balance(utc_now()) == 77


async def test_the_first_to_expire_is_burned_first(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 30, "in 400 days", days=400)
    await give(store, member, 30, "regular")
    await give(store, member, 30, "in 5 days", days=5)
    left = (await spend(store, member, 50, "s")).wallet
    assert (left.regular_points, [lot.points for lot in left.limited]) == (10, [30])
    left = (await spend(store, member, 15, "t")).wallet
    assert (left.regular_points, [lot.points for lot in left.limited]) == (0, [25])


async def test_points_taken_back_beyond_the_balance_become_debt_that_earning_repays(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 30, "a")
    owing = (await take_back(store, member, 100, "event:r")).wallet
    assert (owing.booked, owing.debt) == (0, 70)
    owing = (await give(store, member, 50, "b", days=5)).wallet
    assert (owing.booked, owing.debt, owing.limited) == (0, 20, ())
    paid = await give(store, member, 50, "c")
    assert (paid.wallet.booked, paid.wallet.debt) == (30, 0)
    assert {move.account: move.points for move in paid.entry.movements} == {
        Account.WALLET: 30,
        Account.DEBT: 20,
        Account.ISSUANCE: -50,
    }
    assert await audit(store) == []


async def test_limited_lots_with_one_expiry_are_one_lot_and_their_number_is_bounded(
    store: LoyaltyStore, member: CustomerId
) -> None:
    now = utc_now()
    request = PointsRequest(member, 5, "X", "a", expires_at=now + DAY)
    await earn(store, request, now=now)
    wallet = (await earn(store, replace(request, idempotency_key="b"), now=now)).wallet
    assert [lot.points for lot in wallet.limited] == [10]
    many = [{"points": 1, "expires_at": now + (2 + number) * DAY} for number in range(MAX_LIMITED_LOTS)]
    await store.wallets.update_one({"_id": wallet.id}, {"$set": {"limited": many, "booked": MAX_LIMITED_LOTS}})
    with pytest.raises(Refused) as refused:
        await earn(store, replace(request, idempotency_key="c"), now=now)
    assert refused.value.refusals[0].path == ("input", "expiresAt")


async def test_text_from_outside_is_never_read_as_an_expression(store: LoyaltyStore, member: CustomerId) -> None:
    posted = await earn(store, PointsRequest(member, 5, "$booked", "$$NOW"), now=utc_now())
    assert (posted.entry.reason, posted.entry.id) == ("$booked", f"{posted.wallet.id}/request:$$NOW")
    assert (await earn(store, PointsRequest(member, 5, "$booked", "$$NOW"), now=utc_now())).entry == posted.entry


async def test_spending_without_a_wallet_and_impossible_input_are_refused(
    store: LoyaltyStore, member: CustomerId
) -> None:
    with pytest.raises(Refused) as refused:
        await spend(store, member, 5, "k")
    assert isinstance(refused.value.refusals[0], NotFound)
    for points, key in ((0, "k"), (-3, "k"), (5, ""), (5, "k" * 200)):
        with pytest.raises(Refused) as refused:
            await give(store, member, points, key)
        assert isinstance(refused.value.refusals[0], InvalidInput)
    assert await store.wallets.count_documents({}) == 0


async def test_the_sweep_enters_what_expired_once_and_tells_it(
    store: LoyaltyStore, drainer: Drainer, event_log: EventLog, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 60, "soon", days=2)
    await give(store, member, 9, "regular")
    assert await sweep_once(store, utc_now()) == 0
    await pass_time(YEAR)
    swept = await asyncio.gather(*(sweep_once(store, utc_now()) for _ in range(4)))
    assert sum(swept) == 1
    wallet = await wallet_of(store, member)
    assert (wallet.booked, wallet.seq, wallet.limited, wallet.regular_points) == (0, 3, (), 0)
    await drainer.drain()
    assert await event_log.count(["noren.loyalty.points_expired.v1"]) == 1
    assert await audit(store) == []


async def test_a_statement_shows_what_is_drained_and_what_is_not_in_pages(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId
) -> None:
    for number in range(3):
        await give(store, member, 10, f"drained-{number}")
    await drainer.drain()
    for number in range(3):
        await give(store, member, 10, f"waiting-{number}")
    wallet_id = wallet_id_of(member)
    seen: list[int] = []
    after: str | None = None
    while True:
        page = await store.statement(wallet_id, PageArgs.parse(4, after))
        seen += [entry.balance_after for entry in page.nodes]
        assert await page.count() == 6
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert seen == [60, 50, 40, 30, 20, 10]


async def test_every_entry_in_the_journal_sums_to_zero(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 60, "a", days=2)
    await take_back(store, member, 90, "event:r")
    await give(store, member, 100, "b")
    await spend(store, member, 20, "c")
    await pass_time(YEAR)
    await sweep_once(store, utc_now())
    assert await drainer.drain() == 5
    sums: Counter[str] = Counter()
    async for row in store.journal.find({}):
        assert sum(posting["points"] for posting in row["data"]["postings"]) == 0
        assert row["data"]["walletId"] == row["subject"] == wallet_id_of(member)
        sums.update({posting["account"]: posting["points"] for posting in row["data"]["postings"]})
    assert (sums["wallet"], sums["debt"], sums["redemption"], sums["expiry"], sums["issuance"]) == (0, 0, 20, 50, -70)
    assert await audit(store) == []


async def test_the_audit_finds_points_that_no_entry_explains(store: LoyaltyStore, member: CustomerId) -> None:
    posted = await give(store, member, 60, "a")
    await store.wallets.update_one({"_id": posted.wallet.id}, {"$inc": {"booked": 1, "regular_points": 1}})
    problems = await audit(store)
    assert len(problems) == 1
    assert "keeps lots 61" in problems[0]
