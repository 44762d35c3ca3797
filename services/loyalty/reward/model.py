"""Rewards: what they are, who may have one, and every reason why not. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import LotKind, Wallet
from services.loyalty.posting.model import MAX_POINTS, MAX_TEXT

RewardId = NewType("RewardId", str)

MAX_NAMES = 50
"""Locales of one name."""
MAX_STOCK = 1_000_000
MAX_PER_MEMBER = 1_000
MAX_RANKS = 10
"""As many as a scheme has."""
MAX_CLAIM_DAYS = 366
"""A coupon or an article that nobody has fetched within a year is forgotten, and the shop still owes it."""


class RewardKind(StrEnum):
    """What a member gets: a coupon of the catalog, an article handed out, or something else that staff fulfils."""

    COUPON = "COUPON"
    ARTICLE = "ARTICLE"
    OTHER = "OTHER"


class Obstacle(StrEnum):
    """Why a member cannot have a reward now."""

    NOT_OFFERED = "NOT_OFFERED"
    SOLD_OUT = "SOLD_OUT"
    RANK = "RANK"
    MEMBER_LIMIT = "MEMBER_LIMIT"
    FROZEN = "FROZEN"
    POINTS = "POINTS"


@dataclass(frozen=True, slots=True)
class RewardDraft:
    """A reward as somebody describes it.

    `names` by locale. A COUPON opens `promotion_id`, an ARTICLE is `sku`. `stock`: pieces in all, `per_member`: pieces
    a member, None: without end. `ranks`: of whom one is asked for; empty: of nobody. A claim is good for `claim_days`;
    `returns_points`: whether the points of one that nobody used by then come back.
    """

    names: Mapping[str, str]
    kind: RewardKind
    points: int
    promotion_id: str | None = None
    sku: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    stock: int | None = None
    per_member: int | None = None
    ranks: frozenset[str] = frozenset()
    claim_days: int = 90
    returns_points: bool = False
    enabled: bool = True

    @property
    def fingerprint(self) -> str:
        """Of all of it."""
        times = [None if at is None else at.isoformat() for at in (self.valid_from, self.valid_until)]
        about = [self.kind, self.points, self.promotion_id, self.sku, self.stock, self.per_member, self.claim_days]
        return fingerprint(dict(self.names), *about, self.ranks, self.returns_points, self.enabled, *times)

    def is_offered(self, at: datetime) -> bool:
        """Whether it can be claimed at that time by anybody at all."""
        begun = self.valid_from is None or self.valid_from <= at
        return self.enabled and begun and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward as it is kept; `taken` pieces of it are claimed, those under way included."""

    id: RewardId
    version: int
    draft: RewardDraft
    taken: int
    updated_at: datetime

    @property
    def left(self) -> int | None:
        """Pieces that can still be claimed; None: without end."""
        return None if self.draft.stock is None else max(self.draft.stock - self.taken, 0)

    @property
    def tally(self) -> str:
        """Under which name a wallet counts it."""
        return f"reward:{self.id}"


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who wants it: the wallet, None: there is none; the rank, and how many of it the member has had."""

    wallet: Wallet | None
    rank: str | None
    claimed: int = 0
    only: LotKind | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands to a reward. `missing` points; no obstacles: it can be claimed."""

    missing: int
    obstacles: tuple[Obstacle, ...] = field(default=())


def standing(reward: Reward, shopper: Shopper, at: datetime) -> Standing:
    """Every obstacle at `at`; by the same rules a claim is refused."""
    draft, wallet = reward.draft, shopper.wallet
    lots = [] if wallet is None else wallet.lots(at)
    has = sum(lot.points for lot in lots if shopper.only in (None, lot.kind))
    found = {
        Obstacle.NOT_OFFERED: not draft.is_offered(at),
        Obstacle.SOLD_OUT: reward.left == 0,
        Obstacle.RANK: bool(draft.ranks) and shopper.rank not in draft.ranks,
        Obstacle.MEMBER_LIMIT: draft.per_member is not None and shopper.claimed >= draft.per_member,
        Obstacle.FROZEN: wallet is not None and wallet.frozen_at is not None,
        Obstacle.POINTS: has < draft.points,
    }
    return Standing(max(draft.points - has, 0), tuple(name for name, stands in found.items() if stands))


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardNotOffered(Refusal):
    """The reward is switched off, not begun, over, sold out, or for other ranks, or the member has had enough of it."""

    reward_id: str
    obstacle: Obstacle
    left: int | None = None
    path: Path = ("input", "rewardId")
    code: ClassVar[str] = "REWARD_NOT_OFFERED"

    @property
    def message(self) -> str:
        """Which obstacle."""
        return f"reward {self.reward_id} cannot be claimed: {self.obstacle}"


def check_draft(draft: RewardDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why a reward cannot be kept."""
    bounds = {
        "points": (1, draft.points, MAX_POINTS),
        "names": (1, len(draft.names), MAX_NAMES),
        "stock": (0, draft.stock, MAX_STOCK),
        "perMember": (1, draft.per_member, MAX_PER_MEMBER),
        "ranks": (0, len(draft.ranks), MAX_RANKS),
        "claimDays": (1, draft.claim_days, MAX_CLAIM_DAYS),
    }
    problems: list[Refusal] = [
        InvalidInput(path=(*at, name), expected=f"{low} to {high}", got=str(value))
        for name, (low, value, high) in bounds.items()
        if value is not None and not low <= value <= high
    ]
    texts = {"names": [*draft.names, *draft.names.values()], "ranks": sorted(draft.ranks)}
    texts |= {"promotionId": [draft.promotion_id or "-"], "sku": [draft.sku or "-"]}
    for name, words in texts.items():
        if not all(1 <= len(word) <= MAX_TEXT for word in words):
            problems.append(InvalidInput(path=(*at, name), expected=f"1 to {MAX_TEXT} characters", got="another"))
    needs = {"promotionId": (RewardKind.COUPON, draft.promotion_id), "sku": (RewardKind.ARTICLE, draft.sku)}
    for name, (kind, value) in needs.items():
        if (draft.kind is kind) != (value is not None):
            expected = f"one for the kind {kind}, and for no other"
            problems.append(InvalidInput(path=(*at, name), expected=expected, got=repr(value)))
    if draft.valid_from is not None and draft.valid_until is not None and draft.valid_until <= draft.valid_from:
        got = draft.valid_until.isoformat()
        problems.append(InvalidInput(path=(*at, "validUntil"), expected="later than validFrom", got=got))
    return problems
