"""What points are: lots, holds, debt, entries, and what the journal must add up to. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

CustomerId = NewType("CustomerId", str)
WalletId = NewType("WalletId", str)
HoldId = NewType("HoldId", str)

MAX_BALANCE = 2_000_000_000
"""Points or debt of one wallet: GraphQL's Int, which carries them, ends at 2^31 - 1."""
MAX_LIMITED_LOTS = 200
"""Time-limited lots of one wallet, so that the document stays small; lots with one expiry are one lot."""
MAX_HOLDS = 100
"""Holds of one wallet at a time: nobody checks out in more places at once, and they live in the wallet's document."""
REGULAR_LIFE_MONTHS = 12
"""Regular points expire this long after the member's last earning or spending, as members here are used to."""


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
    HELD = "HELD"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    GIFT_SENT = "GIFT_SENT"
    GIFT_RECEIVED = "GIFT_RECEIVED"
    FROZEN = "FROZEN"
    UNFROZEN = "UNFROZEN"
    MERGED_OUT = "MERGED_OUT"
    MERGED_IN = "MERGED_IN"
    UNMERGED_OUT = "UNMERGED_OUT"
    UNMERGED_IN = "UNMERGED_IN"

    @property
    def event_type(self) -> str:
        """The CloudEvents type under which the entry is told."""
        subject = "wallet" if self in OF_WALLETS else "points"
        return f"noren.loyalty.{subject}_{self.lower()}.v1"


MERGING = frozenset({EntryKind.MERGED_OUT, EntryKind.MERGED_IN, EntryKind.UNMERGED_OUT, EntryKind.UNMERGED_IN})
"""Moves a whole wallet, or its part of another, holds and debt included."""
OF_WALLETS = MERGING | {EntryKind.FROZEN, EntryKind.UNFROZEN}
"""Told as something that happened to the wallet, not to points."""


class Account(StrEnum):
    """The accounts of the journal.

    Points on `WALLET` are a member's to spend, on `HELD` set aside for a purchase under way; on `DEBT` they are owed,
    below zero. `TRANSFER` holds a gift from its sending to its arrival. The others are the company's side. None of
    them is a document: they are sums over the journal.
    """

    WALLET = "wallet"
    HELD = "held"
    DEBT = "debt"
    TRANSFER = "transfer"
    ISSUANCE = "issuance"
    REDEMPTION = "redemption"
    EXPIRY = "expiry"


COUNTERPART: Mapping[EntryKind, Account] = {
    EntryKind.EARNED: Account.ISSUANCE,
    EntryKind.REDEEMED: Account.REDEMPTION,
    EntryKind.TAKEN_BACK: Account.ISSUANCE,
    EntryKind.EXPIRED: Account.EXPIRY,
    EntryKind.CAPTURED: Account.REDEMPTION,
    EntryKind.REFUNDED: Account.REDEMPTION,
    EntryKind.GIFT_SENT: Account.TRANSFER,
    EntryKind.GIFT_RECEIVED: Account.TRANSFER,
    **dict.fromkeys(MERGING, Account.TRANSFER),
}
"""Where an entry's points come from or go to outside the wallet; the other kinds move them within it, or none."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Points with one expiry; of regular ones, which share the wallet's sliding one, the expiry they had just then.

    `origin`: the merge (`mrg_…`, of merged mergers `mrg_…/mrg_…`) that brought them; None: the wallet's own.
    """

    kind: LotKind
    points: int
    expires_at: datetime
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Points set aside until a purchase is paid, with the lots they came from; worthless from `until` on."""

    id: HoldId
    points: int
    until: datetime
    lots: tuple[Lot, ...]
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A customer whose wallet was merged into this one, and by which merges, the last one first (`mrg_…/mrg_…`)."""

    path: str
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class Share:
    """Points of a wallet that a merge brought."""

    origin: str
    points: int


@dataclass(frozen=True, slots=True)
class Wallet:
    """One member's points. `booked` counts every lot that no entry has expired yet; `seq` counts the entries.

    What is held is out of the lots and so out of `booked`. A frozen wallet spends nothing; it may still be given to.
    A merged one takes nothing: what it had is in `merged_into`, whose `members` it belongs to. `left_by` is the merge
    that took it away last, also when it is back. Of `regular_points` and `debt`, `regular_merged` and `debt_merged` are
    not the wallet's own.
    """

    id: WalletId
    customer_id: CustomerId
    regular_points: int
    regular_expires_at: datetime | None
    limited: tuple[Lot, ...]
    booked: int
    debt: int
    seq: int
    holds: tuple[Hold, ...] = ()
    frozen_at: datetime | None = None
    merged_into: WalletId | None = None
    left_by: str | None = None
    members: tuple[Member, ...] = ()
    regular_merged: tuple[Share, ...] = ()
    debt_merged: tuple[Share, ...] = ()

    @property
    def held(self) -> int:
        """Points of all its holds."""
        return sum(hold.points for hold in self.holds)

    def booked_of(self, kind: LotKind) -> int:
        """Points of one kind that no entry has expired yet."""
        return self.regular_points if kind is LotKind.REGULAR else sum(lot.points for lot in self.limited)

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
    """What an entry is about. `counterparty` is the other wallet of a gift, `refunds` the entry that is undone."""

    order_id: str | None = None
    return_id: str | None = None
    note: str | None = None
    hold_id: str | None = None
    counterparty: str | None = None
    refunds: str | None = None
    merge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of an entry: `points` above zero credit the account, below zero debit it."""

    account: Account
    points: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal, for ever. `points` is what the member could spend more by it or, below zero, less.

    `taken` are the lots that were burned or sent, in their order: what a refund gives back. `actor` is who did it, as
    `staff:…`, `customer:…` or `channel:…`; None for events and the clock, and in entries older than actors.
    """

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
    held_after: int = 0
    taken: tuple[Lot, ...] = ()
    actor: str | None = None

    def moved(self, account: Account) -> int:
        """Points credited to `account`."""
        return sum(movement.points for movement in self.movements if movement.account is account)


def wallet_id_of(customer_id: str) -> WalletId:
    """The one wallet of a customer: cus_01J8… has wal_01J8…."""
    return WalletId("wal_" + customer_id.removeprefix("cus_"))


def customer_id_of(wallet_id: str) -> CustomerId:
    """The one customer of a wallet."""
    return CustomerId("cus_" + wallet_id.removeprefix("wal_"))


def replay_problems(wallet: Wallet, entries: Sequence[Entry]) -> list[str]:
    """Where the entries of a wallet, in order, do not add up to it; empty if they do."""
    return step_problems(Books.of(wallet), [_step_of(entry) for entry in entries])


class Step(NamedTuple):
    """What an audit looks at of an entry: what it moved on the member's accounts and on all, and the sums it tells.

    A plain tuple: an audit makes one of every entry there is.
    """

    seq: int
    wallet: int
    held: int
    debt: int
    total: int
    balance_after: int
    held_after: int
    debt_after: int


class Books(NamedTuple):
    """What an audit looks at of a wallet: its sums, and what is only looked at where there are holds or merges.

    `lots`: points of all lots. `holds`: of each its id, its points and those of its lots. `shares`: of regular points
    and of debt how many there are, and how many of them merges brought.
    """

    id: str
    seq: int
    lots: int
    booked: int
    held: int
    debt: int
    holds: tuple[tuple[str, int, int], ...] = ()
    shares: tuple[tuple[str, int, int], ...] = ()

    @staticmethod
    def of(wallet: Wallet) -> "Books":
        """A wallet's."""
        shares = (("regular", wallet.regular_points, wallet.regular_merged), ("debt", wallet.debt, wallet.debt_merged))
        return Books(
            wallet.id,
            wallet.seq,
            wallet.regular_points + sum(lot.points for lot in wallet.limited),
            wallet.booked,
            wallet.held,
            wallet.debt,
            tuple((hold.id, hold.points, sum(lot.points for lot in hold.lots)) for hold in wallet.holds),
            tuple((name, whole, sum(one.points for one in merged)) for name, whole, merged in shares),
        )


def step_problems(books: Books, steps: Sequence[Step]) -> list[str]:
    """Where the entries of a wallet, in order, do not add up to it; empty if they do."""
    problems: list[str] = []
    balance = held = debt = 0
    for number, step in enumerate(steps, start=1):
        seq, moved, moved_held, moved_debt, total, balance_after, held_after, debt_after = step
        balance, held, debt = balance + moved, held + moved_held, debt - moved_debt
        if seq != number:
            problems.append(f"{books.id}: entry {number} is missing, found {seq}")
            break
        if total != 0:
            problems.append(f"{books.id}: entry {number} does not sum to zero")
        if balance_after != balance or held_after != held or debt_after != debt:
            told, replayed = _Sums(balance_after, held_after, debt_after), _Sums(balance, held, debt)
            problems.append(f"{books.id}: entry {number} tells {told}, the journal adds up to {replayed}")
    if books[1:6] != (len(steps), balance, balance, held, debt):
        kept, replayed = _Sums(books.booked, books.held, books.debt), _Sums(balance, held, debt)
        keeps = f"lots {books.lots}, {kept}, {books.seq} entries"
        problems.append(f"{books.id}: keeps {keeps}; journal: {replayed}, {len(steps)} entries")
    if books.holds or books.shares:
        problems += _part_problems(books)
    return problems


def _part_problems(books: Books) -> list[str]:
    problems = [
        f"{books.id}: hold {id} has {points} points, its lots {of_lots}"
        for id, points, of_lots in books.holds
        if points != of_lots
    ]
    problems += [
        f"{books.id}: {name} of {whole} points, of which merges brought {brought}"
        for name, whole, brought in books.shares
        if brought > whole
    ]
    return problems


@dataclass(frozen=True, slots=True)
class _Sums:
    """A member's side of the books."""

    balance: int = 0
    held: int = 0
    debt: int = 0

    def __str__(self) -> str:
        return f"balance {self.balance}, held {self.held}, debt {self.debt}"


def _step_of(entry: Entry) -> Step:
    return Step(
        entry.seq,
        entry.moved(Account.WALLET),
        entry.moved(Account.HELD),
        entry.moved(Account.DEBT),
        sum(movement.points for movement in entry.movements),
        entry.balance_after,
        entry.held_after,
        entry.debt_after,
    )
