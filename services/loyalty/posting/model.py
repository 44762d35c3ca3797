"""What may be posted to a wallet, and why a wallet refuses it. No I/O, no clock."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, NamedTuple

from kit.errors import InvalidInput, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import (
    MAX_BALANCE,
    MAX_HOLDS,
    MAX_LIMITED_LOTS,
    CustomerId,
    EntryKind,
    Lot,
    LotKind,
    Reference,
    Wallet,
    WalletId,
    wallet_id_of,
)
from services.loyalty.spending.model import SpendBasket

MAX_POINTS = 10_000_000
"""Points of one mutation: far above any purchase, far below what a slip of a finger may cost."""
MAX_LOT_LIFE = timedelta(days=3_660)
"""Ten years: longer is not time-limited but a mistake."""
MAX_TEXT = 200
"""Characters of a reason, a note or a foreign id: a line of a statement."""

SPENDING = frozenset({EntryKind.REDEEMED, EntryKind.HELD, EntryKind.GIFT_SENT})
"""Takes what can be spent; refused as a whole if it is not there, and by a frozen wallet."""
GIVING = frozenset({EntryKind.EARNED, EntryKind.REFUNDED, EntryKind.GIFT_RECEIVED})
"""Adds points; debt is repaid by them first."""
ENDING = frozenset({EntryKind.CAPTURED, EntryKind.VOIDED})
"""Ends a hold."""

_CUSTOMER_ID = re.compile(r"cus_([0-9A-Za-z]{1,64})")


@dataclass(frozen=True, slots=True)
class Tally:
    """What a wallet counts of `name` in the window that begins at `at`, None: ever; never above `limit`.

    It is forgotten from `until` on, which is behind everything that could still be counted in the window. With a `unit`
    the window is the hour or day (UTC) it is by the database's clock.
    """

    name: str
    add: int
    limit: int
    at: datetime | None = None
    until: datetime | None = None
    unit: Literal["hour", "day"] | None = None


class Seen(NamedTuple):
    """A wallet when the keys were looked for: how many entries it has, and the merge that took it away last, if any.

    A wallet that was merged and parted again since may have had its posting elsewhere.
    """

    seq: int
    left_by: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """A change to be made to one wallet, once: `key` is what makes it once.

    `points` is above zero where points are asked for; 0 where the kind says how many: all of a hold, none of a freeze.
    `home`: the wallet that took in this customer's by merges, whose path is `origin`; set by `actions.at_home` only.
    `hold_s`: how long a HELD one stands, in seconds by the database's clock. `lots`: what a REFUNDED or GIFT_RECEIVED
    one gives, together `points`. `day_limit`: points a GIFT_SENT one may bring the sender's day to (UTC). `only`: the
    one kind of lots a spending burns; None: all. `basket`: the fingerprint of what it pays for. `tallies` are
    counted with it, and bound it. `asked`: its fingerprint, where rules have made it of something else that was asked.
    `before`: it can only be made until then, by the database's clock.
    """

    kind: EntryKind
    customer_id: CustomerId
    points: int
    key: str
    reason: str
    reference: Reference = field(default_factory=Reference)
    expires_at: datetime | None = None
    rule_version: int | None = None
    actor: str | None = None
    hold_s: int | None = None
    lots: tuple[Lot, ...] = ()
    day_limit: int | None = None
    home: WalletId | None = None
    origin: str | None = None
    only: LotKind | None = None
    basket: str | None = None
    tallies: tuple[Tally, ...] = ()
    asked: str | None = None
    before: datetime | None = None

    @property
    def wallet_id(self) -> WalletId:
        """The wallet it changes."""
        return self.home or wallet_id_of(self.customer_id)

    @property
    def id(self) -> str:
        """Of its entry in the journal and of the event that tells it; keys are apart by the customer's own wallet."""
        return f"{wallet_id_of(self.customer_id)}/{self.key}"

    @property
    def window_key(self) -> str:
        """As the wallet remembers it: of a merged customer with the wallet it was meant for."""
        return self.key if self.home is None else self.id

    @property
    def fingerprint(self) -> str:
        """Of everything that was asked for, to tell a retry from another request with the same key.

        The id of a new hold and the lots given back are no part of it: they are made on the way, not asked for.
        """
        if self.asked is not None:
            return self.asked
        about = self.reference
        asked = [self.kind, self.points, self.reason, about.order_id, about.return_id, about.note, self.expires_at]
        ended = about.hold_id if self.kind in ENDING else None
        more = (self.hold_s, ended, about.counterparty, about.refunds)
        paid = () if self.basket is None else (self.basket,)
        return fingerprint(*asked, *(more if any(one is not None for one in more) else ()), *paid)

    def refusal(self, wallet: Wallet) -> Refusal | None:
        """Why `wallet`, whose expired lots are entered, cannot take this; None if it can.

        Whether a hold still stands and how much was given today is asked by others: it takes more than the wallet.
        """
        if wallet.merged_into is not None:
            return WalletMerged(wallet_id=wallet.id, into=wallet.merged_into)
        if self.kind in SPENDING:
            return self._spending_refusal(wallet)
        if self.kind in GIVING and wallet.booked + self.points > MAX_BALANCE:
            return self._invalid("points", f"at most {MAX_BALANCE - wallet.booked}, which fills the wallet")
        if self.kind is EntryKind.TAKEN_BACK and wallet.debt + self.points > MAX_BALANCE:
            return self._invalid("points", f"at most {MAX_BALANCE - wallet.debt}, which fills the debt")
        if self.expires_at is not None and len(wallet.limited) >= MAX_LIMITED_LOTS:
            expected = f"an expiry while the wallet has fewer than {MAX_LIMITED_LOTS} time-limited lots"
            return InvalidInput(path=("input", "expiresAt"), expected=expected, got=self.expires_at.isoformat())
        if self.kind is EntryKind.FROZEN and wallet.frozen_at is not None:
            return WalletFrozen(wallet_id=wallet.id, frozen_at=wallet.frozen_at)
        if self.kind is EntryKind.UNFROZEN and wallet.frozen_at is None:
            return self._invalid("customerId", "the customer of a frozen wallet", wallet.customer_id)
        return None

    def _spending_refusal(self, wallet: Wallet) -> Refusal | None:
        if wallet.frozen_at is not None:
            return WalletFrozen(wallet_id=wallet.id, frozen_at=wallet.frozen_at)
        available = wallet.booked if self.only is None else wallet.booked_of(self.only)
        if available < self.points:
            return InsufficientPoints(
                path=("input", "points"), wallet_id=wallet.id, requested=self.points, available=available
            )
        if self.kind is EntryKind.HELD and len(wallet.holds) >= MAX_HOLDS:
            return self._invalid("customerId", f"a wallet with fewer than {MAX_HOLDS} holds", f"{len(wallet.holds)}")
        return None

    def _invalid(self, name: str, expected: str, got: str | None = None) -> InvalidInput:
        return InvalidInput(path=("input", name), expected=expected, got=str(self.points) if got is None else got)


@dataclass(frozen=True, slots=True)
class PointsRequest:
    """What a client asks of one wallet, once for its idempotency key. `expires_at` makes earned points limited.

    `basket` is what spent points are to pay for.
    """

    customer_id: CustomerId
    points: int
    reason: str
    idempotency_key: str
    reference: Reference = field(default_factory=Reference)
    expires_at: datetime | None = None
    actor: str | None = None
    basket: SpendBasket | None = None

    def posting(self, kind: EntryKind) -> Posting:
        """The posting asked for; its key is never one of an event's."""
        return Posting(
            kind=kind,
            customer_id=self.customer_id,
            points=self.points,
            key=request_key(self.idempotency_key),
            reason=self.reason,
            reference=self.reference,
            expires_at=self.expires_at,
            actor=self.actor,
            basket=None if self.basket is None else self.basket.fingerprint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InsufficientPoints(Refusal):
    """A spending of more than can be spent."""

    wallet_id: str
    requested: int
    available: int
    code: ClassVar[str] = "INSUFFICIENT_POINTS"

    @property
    def message(self) -> str:
        """Both numbers."""
        return f"wallet {self.wallet_id} has {self.available} points to spend, {self.requested} were asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletFrozen(Refusal):
    """Nothing is spent from a frozen wallet."""

    wallet_id: str
    frozen_at: datetime
    path: tuple[str, ...] = ("input", "customerId")
    code: ClassVar[str] = "WALLET_FROZEN"

    @property
    def message(self) -> str:
        """Since when."""
        return f"wallet {self.wallet_id} is frozen since {self.frozen_at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletMerged(Refusal):
    """A merged wallet takes nothing: ask the one that took it in."""

    wallet_id: str
    into: str
    path: tuple[str, ...] = ("input", "customerId")
    code: ClassVar[str] = "WALLET_MERGED"

    @property
    def message(self) -> str:
        """Where its points are."""
        return f"wallet {self.wallet_id} was merged into {self.into}"


def request_key(idempotency_key: str) -> str:
    """The key of the posting a client asks for; never one of an event's."""
    return f"request:{idempotency_key}"


def event_key(event_id: str) -> str:
    """The key of the posting an event causes; never one of a client's."""
    return f"event:{event_id}"


def check_request(request: PointsRequest, now: datetime) -> list[Refusal]:
    """Every value of a mutation that no wallet could take."""
    problems = check_customer(request.customer_id, "customerId")
    if not 1 <= request.points <= MAX_POINTS:
        problems.append(_refused("points", f"1 to {MAX_POINTS}", request.points))
    problems += check_texts(request.reason, request.reference)
    if request.expires_at is not None and not now < request.expires_at <= now + MAX_LOT_LIFE:
        expected = f"a time within the next {MAX_LOT_LIFE.days} days"
        problems.append(_refused("expiresAt", expected, request.expires_at.isoformat()))
    return problems


def check_customer(customer_id: str, name: str) -> list[Refusal]:
    """What is wrong with the form of a customer's id; whether there is one is the wallet's matter."""
    if _CUSTOMER_ID.fullmatch(customer_id):
        return []
    return [_refused(name, "a customer's id, cus_…", repr(customer_id[:40]))]


def check_texts(reason: str, reference: Reference) -> list[Refusal]:
    """What is wrong with the words of a request."""
    problems: list[Refusal] = []
    if not 1 <= len(reason) <= MAX_TEXT:
        problems.append(_refused("reason", f"1 to {MAX_TEXT} characters", len(reason)))
    for name, text in (("orderId", reference.order_id), ("note", reference.note)):
        if text is not None and not 1 <= len(text) <= MAX_TEXT:
            problems.append(_refused(name, f"1 to {MAX_TEXT} characters, or null", len(text)))
    return problems


def _refused(name: str, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=("input", name), expected=expected, got=str(got))
