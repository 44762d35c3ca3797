"""Days are closed once, balance, and never change; what comes late is booked on the next."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from kit.errors import IdempotencyKeyReused, Refused, VersionConflict
from kit.events import Drainer
from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from noren.exports.books import export_books
from noren.imports.errors import ImportStopped
from services.loyalty.accounting.actions import audit_days, close_day, set_policy
from services.loyalty.accounting.model import SETTLING, Books, BooksUnbalanced, DayNotNext, DayNotOver, EntriesWaiting
from services.loyalty.accounting.policy import AccountingPolicy, BreakageRate
from services.loyalty.accounting.store import AccountingStore
from services.loyalty.hold.actions import hold
from services.loyalty.hold.model import HoldRequest
from services.loyalty.model import Account, CustomerId, LotKind
from services.loyalty.posting.model import PointsRequest
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import give, refused, spend

TODAY = (datetime.now(ZoneInfo("Asia/Tokyo")) - 2 * SETTLING).date()
"""A day lasts until it can be closed, so that these tests can run at midnight."""
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
ONE_PERCENT = AccountingPolicy(0, date(2020, 1, 1), "Asia/Tokyo", "JPY", 1, (BreakageRate(LotKind.REGULAR, 0, 100),))
Backdate = Callable[[int], Awaitable[None]]


@pytest.fixture
def accounting(store: LoyaltyStore) -> AccountingStore:
    return AccountingStore(store.db)


@pytest.fixture
def backdate(store: LoyaltyStore, drainer: Drainer) -> Backdate:
    """Drains, and moves what is not booked yet so many days back; all of it was made in the last seconds."""

    async def go_back(days: int) -> None:
        await drainer.drain()
        noon = datetime.combine(TODAY - timedelta(days=days), datetime.min.time(), ZoneInfo("Asia/Tokyo"))
        noon = noon.astimezone(UTC) + timedelta(hours=12)
        await store.journal.update_many({"booked": None}, {"$set": {"time": noon}})

    return go_back


async def close(accounting: AccountingStore, day: date) -> Books:
    return await close_day(accounting, day, actor="staff:sta_1", now=utc_now())


async def traded(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1_000)
    await give(store, member, 200, days=10)
    await spend(store, member, 300)
    await hold(store, HoldRequest(PointsRequest(member, 50, "CHECKOUT", new_id("key"))), now=utc_now())


async def test_a_day_is_what_was_posted_on_it(
    store: LoyaltyStore, accounting: AccountingStore, backdate: Backdate, member: CustomerId
) -> None:
    await set_policy(accounting, ONE_PERCENT, "k", expected_version=0, actor="staff:x", now=utc_now())
    await traded(store, member)
    await backdate(2)
    await give(store, member, 7)  # today
    first = await close(accounting, TODAY - timedelta(days=2))
    assert (first.tally.debit, first.tally.credit) == (1_550, 1_550)
    assert first.balances == {
        Account.WALLET: 850,
        Account.HELD: 50,
        Account.ISSUANCE: -1_200,
        Account.REDEMPTION: 300,
    }
    assert (first.owed, first.by_kind) == (900, {LotKind.REGULAR: 900, LotKind.LIMITED: 0})
    assert [(one.from_age_days, one.points, one.expected_breakage, one.value_minor) for one in first.liabilities] == [
        (0, 900, 9, 891)
    ]
    await spend(store, member, 100)
    await backdate(1)
    second = await close(accounting, YESTERDAY)
    assert (second.owed, second.start) == (807, first.end)
    assert await audit_days(accounting) == []


async def test_a_closed_day_stays_as_it_is_and_what_comes_late_is_of_the_next(
    store: LoyaltyStore, accounting: AccountingStore, backdate: Backdate, member: CustomerId
) -> None:
    await traded(store, member)
    await backdate(2)
    first = await close(accounting, TODAY - timedelta(days=2))
    await give(store, member, 5)
    await backdate(2)  # as if a clock had been behind
    assert await close(accounting, TODAY - timedelta(days=2)) == first
    second = await close(accounting, YESTERDAY)
    assert second.owed == first.owed + 5
    assert await audit_days(accounting) == []
    await store.journal.update_one({"booked": first.day.isoformat()}, {"$set": {"booked": "1999-01-01"}})
    (problem,) = await audit_days(accounting)
    assert first.day.isoformat() in problem


async def test_why_a_day_is_not_closed(
    store: LoyaltyStore, accounting: AccountingStore, drainer: Drainer, backdate: Backdate, member: CustomerId
) -> None:
    await traded(store, member)
    assert isinstance(await refused(close(accounting, TOMORROW)), DayNotOver)
    await store.wallets.update_many({}, {"$set": {"outbox.$[].time": utc_now() - timedelta(days=3)}})
    assert isinstance(await refused(close(accounting, YESTERDAY)), EntriesWaiting)
    await backdate(1)
    await store.journal.update_one({"data.kind": "REDEEMED"}, {"$inc": {"data.postings.0.points": 1}})
    unbalanced = await refused(close(accounting, YESTERDAY))
    assert isinstance(unbalanced, BooksUnbalanced)
    assert len(unbalanced.entry_ids) == 1
    await store.journal.update_one({"data.kind": "REDEEMED"}, {"$inc": {"data.postings.0.points": -1}})
    await close(accounting, YESTERDAY)
    assert isinstance(await refused(close(accounting, YESTERDAY - timedelta(days=1))), DayNotNext)


async def test_closers_of_one_moment_close_it_once(
    store: LoyaltyStore, accounting: AccountingStore, backdate: Backdate, member: CustomerId
) -> None:
    await traded(store, member)
    await backdate(1)
    closed = await asyncio.gather(*(close(accounting, YESTERDAY) for _ in range(8)), return_exceptions=True)
    made = [one for one in closed if isinstance(one, Books)]
    assert len({one.closed_at for one in made}) == 1
    assert all(isinstance(one, Books | Refused) for one in closed)
    assert await close(accounting, YESTERDAY) == made[0]


async def test_a_crash_at_any_call_is_healed_by_closing_again(
    db: Database, store: LoyaltyStore, accounting: AccountingStore, backdate: Backdate, member: CustomerId
) -> None:
    await traded(store, member)
    await backdate(1)
    for step in range(1, 30):
        crashing = AccountingStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        long_ago = {"$set": {"since": utc_now() - timedelta(hours=1)}}
        await db["accounting_days"].update_many({"closed_at": None}, long_ago)
        try:
            await close(crashing, YESTERDAY)
        except Crash:
            continue
        break
    assert step > 5
    assert (await close(accounting, YESTERDAY)).owed == 900
    assert await audit_days(accounting) == []


async def test_policies_have_versions_and_keys(accounting: AccountingStore) -> None:
    async def set_it(wanted: AccountingPolicy, key: str, expected: int) -> AccountingPolicy:
        return await set_policy(accounting, wanted, key, expected_version=expected, actor="staff:x", now=utc_now())

    assert (await set_it(ONE_PERCENT, "a", 0)).version == 1
    assert (await set_it(ONE_PERCENT, "a", 0)).version == 1
    assert isinstance(await refused(set_it(ONE_PERCENT, "b", 0)), VersionConflict)
    other = AccountingPolicy(0, YESTERDAY, "UTC", "USD", 1)
    assert isinstance(await refused(set_it(other, "a", 0)), IdempotencyKeyReused)
    assert (await set_it(other, "b", 1)).version == 2


async def test_the_postings_are_exported(
    store: LoyaltyStore, accounting: AccountingStore, backdate: Backdate, member: CustomerId, tmp_path: Path
) -> None:
    await traded(store, member)
    await backdate(1)
    with pytest.raises(ImportStopped, match="not closed"):
        await export_books(store, YESTERDAY, tmp_path / "books.csv", entries=False)
    await close(accounting, YESTERDAY)
    rows = await export_books(store, YESTERDAY, tmp_path / "books.csv", entries=False)
    lines = (tmp_path / "books.csv").read_text().splitlines()
    assert (rows, lines[:2]) == (
        6,
        ["day,kind,account,debit,credit,entries", f"{YESTERDAY.isoformat()},EARNED,issuance,1200,0,2"],
    )
    assert await export_books(store, YESTERDAY, tmp_path / "all.jsonl", entries=True) == 8
    postings = [orjson.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert sum(row["debit"] for row in postings) == sum(row["credit"] for row in postings) == 1_550
    assert await export_books(store, YESTERDAY, tmp_path / "all.csv", entries=True) == 8
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 9


CLOSE = """
    mutation($input: AccountingDayCloseInput!) { accountingDayClose(input: $input) {
      day { day owed debt closedBy policy { version } lines { kind account debit credit entries }
            liabilities { kind fromAgeDays points valueMinor } }
      userErrors { code ... on DayNotOver { endsAt } } } }
"""
READ = """
    query($day: Date!) { accountingDay(day: $day) { owed } accountingDays { nodes { day } }
      accountingPolicy(day: $day) { version rates { rateBp } }
      accountingExport(day: $day, format: JSONL)
      pointsAllocation(priceMinor: 1000, points: 20, day: $day) { goodsMinor pointsMinor breakageBp } }
"""
SET = """
    mutation($input: AccountingPolicySetInput!) { accountingPolicySet(input: $input) {
      policy { version } userErrors { code path } } }
"""


async def test_the_graph_closes_shows_and_splits(
    store: LoyaltyStore, backdate: Backdate, member: CustomerId, ask: Ask
) -> None:
    await traded(store, member)
    await backdate(1)
    staff = {"scopes": ["points:accounting"], "staff": "sta_1"}
    day, input = YESTERDAY.isoformat(), {"input": {"day": YESTERDAY.isoformat()}}
    forbidden = await ask(CLOSE, input, scopes=["points:write"])
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    rates = [{"kind": "REGULAR", "fromAgeDays": 0, "rateBp": 100}]
    wanted = {"expectedVersion": 0, "idempotencyKey": "k", "fromDay": "2020-01-01", "rates": rates}
    assert (await ask(SET, {"input": wanted}, **staff))["data"]["accountingPolicySet"]["policy"] == {"version": 1}
    closed = (await ask(CLOSE, input, **staff))["data"]["accountingDayClose"]["day"]
    assert (closed["owed"], closed["debt"], closed["closedBy"]) == ("900", "0", "staff:sta_1")
    assert closed["liabilities"] == [{"kind": "REGULAR", "fromAgeDays": 0, "points": "900", "valueMinor": "891"}]
    shown = (await ask(READ, {"day": day}, **staff))["data"]
    assert shown["accountingDays"]["nodes"] == [{"day": day}]
    assert shown["pointsAllocation"] == {"goodsMinor": 981, "pointsMinor": 19, "breakageBp": 100}
    assert len(shown["accountingExport"].splitlines()) == 6
    early = await ask(CLOSE, {"input": {"day": TOMORROW.isoformat()}}, **staff)
    assert early["data"]["accountingDayClose"]["userErrors"][0]["code"] == "DAY_NOT_NEXT"
