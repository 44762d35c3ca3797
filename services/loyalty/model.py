"""What points are: lots, debt, entries, and the rules that bind them. No I/O, no clock."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, NewType

from kit.errors import InvalidInput, Refusal
from kit.idempotency import fingerprint
from kit.money import CURRENCY_DECIMALS

CustomerId = NewType("CustomerId", str)
WalletId = NewType("WalletId", str)

MAX_POINTS = 10_000_000
"""Points of one mutation: far above any purchase, far below what a slip of a finger may cost."""
MAX_BALANCE = 2_000_000_000
"""Points or debt of one wallet: GraphQL's Int, which carries them, ends at 2^31 - 1."""
MAX_LIMITED_LOTS = 200
"""Time-limited lots of one wallet, so that the document stays small; lots with one expiry are one lot."""
MAX_LOT_LIFE = timedelta(days=3_660)
"""Ten years: longer is not time-limited but a mistake."""
REGULAR_LIFE_MONTHS = 12
"""Regular points expire this long after the member's last earning or redeeming, as members here are used to."""
MAX_TEXT = 200
"""Characters of a reason, a note or a foreign id: a line of a statement."""

_CUSTOMER_ID = re.compile(r"cus_([0-9A-Za-z]{1,64})")


class LotKind(StrEnum):
    """Regular points share one sliding expiry; limited ones keep their own."""

    REGULAR = "REGULAR"
    LIMITED = "LIMITED"


class EntryKind(StrEnum):
    """What an entry of the journal did."""

    EARNED = "EARNED"
    REDEEMED = "REDEEMED"
    TAKEN_BACK = "TAKEN_BACK"
    EXPIRED = "EXPIRED"

    @property
    def event_type(self) -> str:
        """The CloudEvents type under which the entry is told."""
        return f"noren.loyalty.points_{self.lower()}.v1"


class Account(StrEnum):
    """The accounts of the journal. Points on `WALLET` are a member's; on `DEBT` they are owed, below zero.

    The other three are the company's side. None of them is a document: they are sums over the journal.
    """

    WALLET = "wallet"
    DEBT = "debt"
    ISSUANCE = "issuance"
    REDEMPTION = "redemption"
    EXPIRY = "expiry"


COUNTERPART: Mapping[EntryKind, Account] = {
    EntryKind.EARNED: Account.ISSUANCE,
    EntryKind.REDEEMED: Account.REDEMPTION,
    EntryKind.TAKEN_BACK: Account.ISSUANCE,
    EntryKind.EXPIRED: Account.EXPIRY,
}
"""Where an entry's points come from or go to on the company's side."""


@dataclass(frozen=True, slots=True)
class EarnRule:
    """How a purchase becomes points; `version` is written into every entry made by it and never changes meaning."""

    version: int
    minor_units_per_point: Mapping[str, int]

    def points(self, gross_minor: int, currency: str) -> int:
        """Whole points for a gross amount, rounded down; nothing for nothing or less. KeyError: unknown currency."""
        return max(gross_minor, 0) // self.minor_units_per_point[currency]


EARN_RULES: Mapping[int, EarnRule] = {1: EarnRule(1, dict.fromkeys(CURRENCY_DECIMALS, 100))}
"""Every rule there ever was. 1: a point for 100 minor units, so 100 yen or 1 dollar."""
CURRENT_RULE = EARN_RULES[1]


@dataclass(frozen=True, slots=True)
class Lot:
    """Points with one expiry."""

    kind: LotKind
    points: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wallet:
    """One member's points. `booked` counts every lot that no entry has expired yet; `seq` counts the entries."""

    id: WalletId
    customer_id: CustomerId
    regular_points: int
    regular_expires_at: datetime | None
    limited: tuple[Lot, ...]
    booked: int
    debt: int
    seq: int

    def lots(self, now: datetime) -> list[Lot]:
        """What can be spent at `now`, in the order in which it is burned: the first to expire first."""
        lots = list(self.limited)
        if self.regular_points and self.regular_expires_at is not None:
            lots.append(Lot(LotKind.REGULAR, self.regular_points, self.regular_expires_at))
        return sorted((lot for lot in lots if lot.expires_at > now), key=lambda lot: (lot.expires_at, lot.kind))

    def balance(self, now: datetime) -> int:
        """Points that can be spent at `now`."""
        return sum(lot.points for lot in self.lots(now))

    def expires_at(self, now: datetime) -> datetime | None:
        """When the next points expire; None if there are none."""
        return min((lot.expires_at for lot in self.lots(now)), default=None)


@dataclass(frozen=True, slots=True)
class Reference:
    """What an entry is about."""

    order_id: str | None = None
    return_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """A change to be made to one wallet, once: `key` is what makes it once. `points` is above zero."""

    kind: EntryKind
    customer_id: CustomerId
    points: int
    key: str
    reason: str
    reference: Reference = field(default_factory=Reference)
    expires_at: datetime | None = None
    rule_version: int | None = None

    @property
    def wallet_id(self) -> WalletId:
        """The wallet it changes."""
        return wallet_id_of(self.customer_id)

    @property
    def id(self) -> str:
        """Of its entry in the journal and of the event that tells it; keys are apart by wallet."""
        return f"{self.wallet_id}/{self.key}"

    @property
    def fingerprint(self) -> str:
        """Of everything that was asked for, to tell a retry from another request with the same key."""
        reference = self.reference
        return fingerprint(
            self.kind,
            self.points,
            self.reason,
            reference.order_id,
            reference.return_id,
            reference.note,
            self.expires_at,
        )

    def refusal(self, wallet: Wallet) -> Refusal | None:
        """Why `wallet`, whose expired lots are entered, cannot take this; None if it can."""
        path = ("input", "points")
        if self.kind is EntryKind.REDEEMED and wallet.booked < self.points:
            return InsufficientPoints(path=path, wallet_id=wallet.id, requested=self.points, available=wallet.booked)
        if self.kind is EntryKind.EARNED and wallet.booked + self.points > MAX_BALANCE:
            expected = f"at most {MAX_BALANCE - wallet.booked}, which fills the wallet"
            return InvalidInput(path=path, expected=expected, got=str(self.points))
        if self.kind is EntryKind.TAKEN_BACK and wallet.debt + self.points > MAX_BALANCE:
            expected = f"at most {MAX_BALANCE - wallet.debt}, which fills the debt"
            return InvalidInput(path=path, expected=expected, got=str(self.points))
        if self.expires_at is not None and len(wallet.limited) >= MAX_LIMITED_LOTS:
            expected = f"an expiry while the wallet has fewer than {MAX_LIMITED_LOTS} time-limited lots"
            return InvalidInput(path=("input", "expiresAt"), expected=expected, got=self.expires_at.isoformat())
        return None


@dataclass(frozen=True, slots=True)
class PointsRequest:
    """What a client asks of one wallet, once for its idempotency key. `expires_at` makes earned points limited."""

    customer_id: CustomerId
    points: int
    reason: str
    idempotency_key: str
    reference: Reference = field(default_factory=Reference)
    expires_at: datetime | None = None

    def posting(self, kind: EntryKind) -> Posting:
        """The posting asked for; its key is never one of an event's."""
        return Posting(
            kind=kind,
            customer_id=self.customer_id,
            points=self.points,
            key=f"request:{self.idempotency_key}",
            reason=self.reason,
            reference=self.reference,
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of an entry: `points` above zero credit the account, below zero debit it."""

    account: Account
    points: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal, for ever. `points` is what the member gained or, below zero, lost."""

    id: str
    wallet_id: WalletId
    seq: int
    kind: EntryKind
    at: datetime
    points: int
    balance_after: int
    debt_after: int
    movements: tuple[Movement, ...]
    reason: str
    reference: Reference
    rule_version: int | None
    fingerprint: str

    def moved(self, account: Account) -> int:
        """Points credited to `account`."""
        return sum(movement.points for movement in self.movements if movement.account is account)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsufficientPoints(Refusal):
    """A redemption of more than can be spent."""

    wallet_id: str
    requested: int
    available: int
    code: ClassVar[str] = "INSUFFICIENT_POINTS"

    @property
    def message(self) -> str:
        """Both numbers."""
        return f"wallet {self.wallet_id} has {self.available} points, {self.requested} were to be redeemed"


def wallet_id_of(customer_id: str) -> WalletId:
    """The one wallet of a customer: cus_01J8… has wal_01J8…."""
    return WalletId("wal_" + customer_id.removeprefix("cus_"))


def event_key(event_id: str) -> str:
    """The key of the posting an event causes; never one of a client's."""
    return f"event:{event_id}"


def check_request(request: PointsRequest, now: datetime) -> list[Refusal]:
    """Every value of a mutation that no wallet could take."""
    problems: list[Refusal] = []

    def refuse(name: str, expected: str, got: object) -> None:
        problems.append(InvalidInput(path=("input", name), expected=expected, got=str(got)))

    if not _CUSTOMER_ID.fullmatch(request.customer_id):
        refuse("customerId", "a customer's id, cus_…", repr(request.customer_id[:40]))
    if not 1 <= request.points <= MAX_POINTS:
        refuse("points", f"1 to {MAX_POINTS}", request.points)
    if not 1 <= len(request.reason) <= MAX_TEXT:
        refuse("reason", f"1 to {MAX_TEXT} characters", f"{len(request.reason)}")
    for name, text in (("orderId", request.reference.order_id), ("note", request.reference.note)):
        if text is not None and not 1 <= len(text) <= MAX_TEXT:
            refuse(name, f"1 to {MAX_TEXT} characters, or null", f"{len(text)}")
    if request.expires_at is not None and not now < request.expires_at <= now + MAX_LOT_LIFE:
        refuse("expiresAt", f"a time within the next {MAX_LOT_LIFE.days} days", request.expires_at.isoformat())
    return problems


def replay_problems(wallet: Wallet, entries: Sequence[Entry]) -> list[str]:
    """Where the entries of a wallet, in order, do not add up to it; empty if they do."""
    problems: list[str] = []
    balance = debt = 0
    for number, entry in enumerate(entries, start=1):
        balance += entry.moved(Account.WALLET)
        debt -= entry.moved(Account.DEBT)
        if entry.seq != number:
            problems.append(f"{wallet.id}: entry {number} is missing, found {entry.seq}")
            break
        if sum(movement.points for movement in entry.movements) != 0:
            problems.append(f"{wallet.id}: entry {number} does not sum to zero")
        if (entry.balance_after, entry.debt_after) != (balance, debt):
            told = f"balance {entry.balance_after} and debt {entry.debt_after}"
            problems.append(f"{wallet.id}: entry {number} tells {told}, the journal adds up to {balance} and {debt}")
    lots = wallet.regular_points + sum(lot.points for lot in wallet.limited)
    if (lots, wallet.booked, wallet.debt, wallet.seq) != (balance, balance, debt, len(entries)):
        kept = f"lots {lots}, balance {wallet.booked}, debt {wallet.debt}, {wallet.seq} entries"
        problems.append(f"{wallet.id}: keeps {kept}; journal: balance {balance}, debt {debt}, {len(entries)} entries")
    return problems
