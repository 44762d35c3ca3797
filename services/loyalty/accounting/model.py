"""The books of a day: what was posted, what is owed, and why a day cannot be closed. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from kit.errors import Path, Refusal
from services.loyalty.accounting.policy import AccountingPolicy, aged, broken
from services.loyalty.model import Account, LotKind

SETTLING = timedelta(minutes=5)
"""A day is closed this long after its end: what members' clocks may differ by, and outboxes need."""
OWED = (Account.WALLET, Account.HELD, Account.TRANSFER)
"""The accounts whose points members have, or are about to have; debt is what they owe."""
DAY_PATH: Path = ("input", "day")


@dataclass(frozen=True, slots=True)
class Line:
    """A day's postings of one kind of entry on one account, in points."""

    kind: str
    account: str
    debit: int
    credit: int
    entries: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the journal says of a day: its lines, and how many points of each kind of lot came, or went (below zero).

    `issued` are those of them that were new: what ages.
    """

    lines: tuple[Line, ...]
    moved: Mapping[LotKind, int]
    issued: Mapping[LotKind, int]
    unbalanced: tuple[str, ...] = ()

    @property
    def debit(self) -> int:
        """Points debited on all accounts."""
        return sum(line.debit for line in self.lines)

    @property
    def credit(self) -> int:
        """Points credited on all accounts."""
        return sum(line.credit for line in self.lines)


@dataclass(frozen=True, slots=True)
class Liability:
    """Points of one kind and age that are owed, those of them expected to break, and what the others are worth."""

    kind: LotKind
    from_age_days: int
    points: int
    expected_breakage: int
    value_minor: int


@dataclass(frozen=True, slots=True)
class Books:
    """A closed day. `start` to `end`, exclusive; `balances` and `by_kind` are what its end left, in points."""

    day: date
    start: datetime
    end: datetime
    policy: AccountingPolicy
    tally: Tally
    balances: Mapping[Account, int]
    by_kind: Mapping[LotKind, int]
    liabilities: tuple[Liability, ...]
    closed_at: datetime
    closed_by: str

    @property
    def owed(self) -> int:
        """Points owed to members, held ones and gifts on their way included; debt is not set off."""
        return sum(self.balances.get(account, 0) for account in OWED)

    @property
    def debt(self) -> int:
        """Points members owe."""
        return -self.balances.get(Account.DEBT, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNotOver(Refusal):
    """A day is closed after its end."""

    ends_at: datetime
    path: Path = DAY_PATH
    code: ClassVar[str] = "DAY_NOT_OVER"

    @property
    def message(self) -> str:
        """From when on."""
        return f"the day can be closed from {self.ends_at.isoformat()} on"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNotNext(Refusal):
    """Days are closed one after another."""

    next: date
    path: Path = DAY_PATH
    code: ClassVar[str] = "DAY_NOT_NEXT"

    @property
    def message(self) -> str:
        """Which one is next."""
        return f"the next day to be closed is {self.next.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesWaiting(Refusal):
    """An entry of the day is not in the journal yet."""

    oldest: datetime
    path: Path = DAY_PATH
    code: ClassVar[str] = "ENTRIES_WAITING"

    @property
    def message(self) -> str:
        """Since when."""
        return f"an entry of {self.oldest.isoformat()} waits in an outbox: try again in a moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksUnbalanced(Refusal):
    """Debits and credits differ: a fault, which a person must look at before anything is closed."""

    debit: int
    credit: int
    entry_ids: tuple[str, ...]
    path: Path = DAY_PATH
    code: ClassVar[str] = "BOOKS_UNBALANCED"

    @property
    def message(self) -> str:
        """Both sums, and which entries."""
        named = ", ".join(self.entry_ids) or "none alone"
        return f"{self.debit} points are debited, {self.credit} credited; unbalanced entries: {named}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUnderWay(Refusal):
    """Somebody else closes the day just now."""

    since: datetime
    path: Path = DAY_PATH
    code: ClassVar[str] = "CLOSE_UNDER_WAY"

    @property
    def message(self) -> str:
        """Since when."""
        return f"the day is being closed since {self.since.isoformat()}"


def bounds(day: date, zone: str, before: Books | None) -> tuple[datetime, datetime]:
    """When a day begins and ends: at midnight there, or where the day before ended."""
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return (midnight if before is None else before.end), end


def close_refusal(day: date, end: datetime, before: Books | None, now: datetime) -> Refusal | None:
    """Why a day that is not closed cannot be now; None if it can."""
    if before is not None and day != before.day + timedelta(days=1):
        return DayNotNext(next=before.day + timedelta(days=1))
    if now < end + SETTLING:
        return DayNotOver(ends_at=end + SETTLING)
    return None


def balance_refusal(tally: Tally) -> Refusal | None:
    """Whether debits are credits, in every entry and in sum."""
    if tally.debit == tally.credit and not tally.unbalanced:
        return None
    return BooksUnbalanced(debit=tally.debit, credit=tally.credit, entry_ids=tally.unbalanced)


def carried(before: Mapping[Account, int], lines: Sequence[Line]) -> dict[Account, int]:
    """Balances after the lines, credits above zero; together they are zero."""
    balances = dict(before)
    for line in lines:
        account = Account(line.account)
        balances[account] = balances.get(account, 0) + line.credit - line.debit
    return balances


def liabilities(
    by_kind: Mapping[LotKind, int],
    issued: Mapping[LotKind, Sequence[tuple[date, int]]],
    policy: AccountingPolicy,
    day: date,
) -> tuple[Liability, ...]:
    """What is owed by kind and age, the newest first; buckets without points are left out."""
    found = []
    for kind in LotKind:
        for age, points in aged(max(by_kind.get(kind, 0), 0), issued.get(kind, ()), day).items():
            if points:
                lost = broken(points, policy.breakage_bp(kind, age))
                found.append(Liability(kind, age, points, lost, (points - lost) * policy.value_minor))
    return tuple(found)
