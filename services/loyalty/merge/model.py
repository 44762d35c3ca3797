"""Merging: what may be asked, what moves with a wallet, and what goes back. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, NotFound, Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import (
    MAX_BALANCE,
    MAX_HOLDS,
    MAX_LIMITED_LOTS,
    CustomerId,
    Hold,
    Lot,
    Member,
    Reference,
    Share,
    Wallet,
    WalletId,
    wallet_id_of,
)
from services.loyalty.posting.model import WalletFrozen, WalletMerged, check_customer, check_texts

MAX_MEMBERS = 50
"""Customers in one wallet: a family of duplicates has a handful; each is looked up wherever the wallet's orders are."""


class MergeState(StrEnum):
    """Whether a merge still stands."""

    MERGED = "MERGED"
    UNMERGED = "UNMERGED"


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """One customer's wallet to become a part of another's."""

    source: CustomerId
    into: CustomerId
    reason: str
    idempotency_key: str
    note: str | None = None
    actor: str | None = None

    @property
    def fingerprint(self) -> str:
        """Of what is asked for."""
        return fingerprint(self.source, self.into, self.reason, self.note)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a wallet gives to another: of `regular` and `debt` the shares that merges had brought are in the lists."""

    regular: int
    regular_merged: tuple[Share, ...]
    regular_expires_at: datetime | None
    limited: tuple[Lot, ...]
    holds: tuple[Hold, ...]
    debt: int
    debt_merged: tuple[Share, ...]
    members: tuple[Member, ...]
    counts: "Counts | None" = None

    @property
    def points(self) -> int:
        """Points that can be spent."""
        return self.regular + sum(lot.points for lot in self.limited)

    @property
    def held(self) -> int:
        """Points of its holds."""
        return sum(hold.points for hold in self.holds)


@dataclass(frozen=True, slots=True)
class Count:
    """What a wallet has counted of a limit: `n` of `name` in the window from `at`, None: ever; see `posting.Tally`."""

    name: str
    at: datetime | None
    until: datetime | None
    n: int
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything a wallet counts; `gifted` points on the day `gifted_day`, None: none."""

    counts: tuple[Count, ...] = ()
    gifted_day: datetime | None = None
    gifted: int = 0

    def behind(self, merge_id: str) -> "Counts":
        """As they lie in another wallet."""
        moved = (replace(c, origin=merge_id if c.origin is None else f"{merge_id}/{c.origin}") for c in self.counts)
        return replace(self, counts=tuple(moved))

    def part(self, merge_id: str) -> "Counts":
        """Those that go back when a merge is undone, as they were before; of gifts the joint wallet keeps the day's."""
        mine = [c for c in self.counts if c.origin is not None and f"{c.origin}/".startswith(f"{merge_id}/")]
        before = (c.origin.removeprefix(merge_id).removeprefix("/") or None for c in mine if c.origin is not None)
        return Counts(tuple(replace(c, origin=origin) for c, origin in zip(mine, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge as it stands. `moved` came with it, `returned` went back, each as points, held points and debt.

    The expiry of regular points: `source_expires_at` and `into_expires_at` before, `joined_expires_at` of both after.
    """

    id: str
    source: CustomerId
    into: CustomerId
    reason: str
    fingerprint: str
    state: MergeState
    merged_at: datetime
    moved: tuple[int, int, int]
    source_expires_at: datetime | None
    into_expires_at: datetime | None
    joined_expires_at: datetime | None
    actor: str | None = None
    note: str | None = None
    unmerged_at: datetime | None = None
    returned: tuple[int, int, int] | None = None

    @property
    def reference(self) -> Reference:
        """What its entries are about, but for the counterparty."""
        return Reference(note=self.note, merge_id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPointsHeld(Refusal):
    """Points that would go back are set aside for a purchase that began after the merge."""

    merge_id: str
    hold_ids: tuple[str, ...]
    path: Path = ("input", "mergeId")
    code: ClassVar[str] = "MERGED_POINTS_HELD"

    @property
    def message(self) -> str:
        """Which holds must end first."""
        return f"points of {self.merge_id} are held by {', '.join(self.hold_ids)}: capture or void these first"


def whole(wallet: Wallet, merge_id: str) -> Parcel:
    """All a wallet has, as it will lie in another: everything of the origin `merge_id`, what came before behind it."""

    def behind(origin: str | None) -> str:
        return merge_id if origin is None else f"{merge_id}/{origin}"

    def lots(kept: Sequence[Lot]) -> tuple[Lot, ...]:
        return tuple(replace(lot, origin=behind(lot.origin)) for lot in kept)

    def shares(total: int, merged: Sequence[Share]) -> tuple[Share, ...]:
        own = Share(merge_id, total - sum(share.points for share in merged))
        return tuple(one for one in (own, *(Share(behind(s.origin), s.points) for s in merged)) if one.points)

    return Parcel(
        regular=wallet.regular_points,
        regular_merged=shares(wallet.regular_points, wallet.regular_merged),
        regular_expires_at=wallet.regular_expires_at,
        limited=lots(wallet.limited),
        holds=tuple(replace(hold, lots=lots(hold.lots), origin=behind(hold.origin)) for hold in wallet.holds),
        debt=wallet.debt,
        debt_merged=shares(wallet.debt, wallet.debt_merged),
        members=(
            Member(merge_id, wallet.customer_id),
            *(Member(behind(member.path), member.customer_id) for member in wallet.members),
        ),
    )


def part(wallet: Wallet, merge: Merge) -> Parcel:
    """What of a wallet goes back when `merge` is undone: what it brought and is still there, as it was before."""
    prefix = f"{merge.id}/"

    def is_of(origin: str | None) -> bool:
        return origin is not None and f"{origin}/".startswith(prefix)

    def before(origin: str | None) -> str | None:
        return None if origin is None else origin.removeprefix(merge.id).removeprefix("/") or None

    def lots(kept: Sequence[Lot]) -> tuple[Lot, ...]:
        return tuple(replace(lot, origin=before(lot.origin)) for lot in kept if is_of(lot.origin))

    def merged(shares: Sequence[Share]) -> tuple[Share, ...]:
        return tuple(Share(own, s.points) for s in shares if is_of(s.origin) and (own := before(s.origin)))

    def total(shares: Sequence[Share]) -> int:
        return sum(share.points for share in shares if is_of(share.origin))

    idle = wallet.regular_expires_at == merge.joined_expires_at
    return Parcel(
        regular=total(wallet.regular_merged),
        regular_merged=merged(wallet.regular_merged),
        regular_expires_at=merge.source_expires_at if idle else wallet.regular_expires_at,
        limited=lots(wallet.limited),
        holds=tuple(
            replace(hold, lots=lots(hold.lots), origin=before(hold.origin))
            for hold in wallet.holds
            if is_of(hold.origin)
        ),
        debt=total(wallet.debt_merged),
        debt_merged=merged(wallet.debt_merged),
        members=tuple(
            Member(own, member.customer_id)
            for member in wallet.members
            if is_of(member.path) and (own := before(member.path))
        ),
    )


def check_merge(request: MergeRequest) -> list[Refusal]:
    """Every value of a merge that can never be taken."""
    problems = check_customer(request.source, "fromCustomerId") + check_customer(request.into, "intoCustomerId")
    if not problems and wallet_id_of(request.source) == wallet_id_of(request.into):
        problems.append(InvalidInput(path=("input", "intoCustomerId"), expected="another customer", got="the same"))
    return problems + check_texts(request.reason, Reference(note=request.note))


def merge_refusal(request: MergeRequest, wallets: dict[str, Wallet]) -> Refusal | None:
    """Why these two cannot become one, expired lots aside; None if they can."""
    ids = {"fromCustomerId": wallet_id_of(request.source), "intoCustomerId": wallet_id_of(request.into)}
    for name, id in ids.items():
        refusal = _standing_refusal(wallets.get(id), id, ("input", name))
        if refusal is not None:
            return refusal
    source, into = wallets[ids["fromCustomerId"]], wallets[ids["intoCustomerId"]]
    sums = {
        "points": (source.booked + source.held + into.booked + into.held, MAX_BALANCE),
        "points of debt": (source.debt + into.debt, MAX_BALANCE),
        "time-limited lots": (len(source.limited) + len(into.limited), MAX_LIMITED_LOTS),
        "holds": (len(source.holds) + len(into.holds), MAX_HOLDS),
        "members": (len(source.members) + len(into.members) + 1, MAX_MEMBERS),
    }
    for name, (sum_of_both, limit) in sums.items():
        if sum_of_both > limit:
            expected = f"wallets with at most {limit} {name} together"
            return InvalidInput(path=("input", "fromCustomerId"), expected=expected, got=str(sum_of_both))
    return None


def unmerge_refusal(merge: Merge, into: Wallet) -> Refusal | None:
    """Why the merge cannot be undone, expired lots aside; None if it can."""
    refusal = _standing_refusal(into, into.id, ("input", "mergeId"))
    if refusal is not None:
        return refusal
    holds = [hold.id for hold in into.holds if not _is_of(hold.origin, merge) and _holds_lots(hold, merge)]
    return MergedPointsHeld(merge_id=merge.id, hold_ids=tuple(holds)) if holds else None


def _standing_refusal(wallet: Wallet | None, id: WalletId, path: tuple[str, ...]) -> Refusal | None:
    if wallet is None:
        return NotFound(path=path, kind="Wallet", id=id)
    if wallet.merged_into is not None:
        return WalletMerged(wallet_id=wallet.id, into=wallet.merged_into, path=path)
    if wallet.frozen_at is not None:
        return WalletFrozen(wallet_id=wallet.id, frozen_at=wallet.frozen_at, path=path)
    return None


def _is_of(origin: str | None, merge: Merge) -> bool:
    return origin is not None and f"{origin}/".startswith(f"{merge.id}/")


def _holds_lots(hold: Hold, merge: Merge) -> bool:
    return any(_is_of(lot.origin, merge) for lot in hold.lots)
