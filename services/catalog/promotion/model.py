"""What a promotion is: conditions, one action, limits, and how it stands beside others. No I/O, no clock.

Promotions are taken by priority, higher first, then by id. A line takes at most one promotion of a stacking `group`;
an `exclusive` one takes only lines nothing else has touched and closes them. `min_basket_minor` looks at the whole
basket by list prices, `min_quantity` at the pieces of the target.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, NewType
from zoneinfo import ZoneInfo

from kit.errors import Refusal
from services.catalog.model import Translations

PromotionId = NewType("PromotionId", str)

DAY_MINUTES = 24 * 60


class ActionKind(StrEnum):
    """What a promotion does."""

    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"
    FIXED_PRICE = "FIXED_PRICE"
    BUY_X_GET_Y = "BUY_X_GET_Y"
    CHEAPEST = "CHEAPEST"
    SHIPPING = "SHIPPING"
    POINTS = "POINTS"


class Reach(StrEnum):
    """What PERCENT and AMOUNT count from: every piece of a line, or all target lines together."""

    LINE = "LINE"
    BASKET = "BASKET"


@dataclass(frozen=True, slots=True)
class Target:
    """Which lines are meant: any of these SKUs, products, categories (with all below) or collections; none named: all.

    What is excluded is not meant, whatever else names it.
    """

    skus: frozenset[str] = frozenset()
    product_ids: frozenset[str] = frozenset()
    category_ids: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()
    collection_ids: frozenset[str] = frozenset()
    excluded_collection_ids: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether no line has to be named."""
        return not (self.skus or self.product_ids or self.category_ids or self.collection_ids)

    @property
    def tags(self) -> list[str]:
        """How the lines meant are tagged; see `tags_of`."""
        return [
            *(f"s:{sku}" for sku in self.skus),
            *(f"p:{id}" for id in self.product_ids),
            *(f"c:{id}" for id in self.category_ids),
            *map(collection_tag, self.collection_ids),
        ]

    @property
    def collections(self) -> frozenset[str]:
        """Every collection it names: who asks it has to know what is in them."""
        return self.collection_ids | self.excluded_collection_ids


def collection_tag(id: str) -> str:
    """How the lines of a collection's products are tagged: at the moment of a quote, because collections change."""
    return f"k:{id}"


def tags_of(sku: str, product_id: str, category_path: tuple[str, ...]) -> tuple[str, ...]:
    """What a target may name this SKU by."""
    return (f"s:{sku}", f"p:{product_id}", *(f"c:{id}" for id in category_path))


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """Hours of some weekdays (1 is Monday) in a time zone, as minutes of the day; an end before the start is past
    midnight and belongs to the day it began on."""

    weekdays: frozenset[int]
    start_minute: int
    end_minute: int
    time_zone: str

    def holds(self, at: datetime) -> bool:
        """Whether `at` lies inside."""
        local = at.astimezone(zone(self.time_zone))
        minute, day = local.hour * 60 + local.minute, local.isoweekday()
        if self.start_minute < self.end_minute:
            return day in self.weekdays and self.start_minute <= minute < self.end_minute
        yesterday = (day - 2) % 7 + 1
        return (day in self.weekdays and minute >= self.start_minute) or (
            yesterday in self.weekdays and minute < self.end_minute
        )


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone; ZoneInfoNotFoundError or ValueError if there is none."""
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a promotion applies; every part that is set must hold. Empty sets hold for everybody and everywhere."""

    target: Target = Target()
    min_basket_minor: int = 0
    min_quantity: int = 1
    segments: frozenset[str] = frozenset()
    ranks: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    first_purchase: bool = False
    needs_coupon: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What is taken off. Amounts are minor units of the promotion's currency, as the channel's prices are: with tax or
    without. CHEAPEST takes `percent_bp` off the `get` cheapest pieces; BUY_X_GET_Y off the `get` cheapest of every
    `buy` + `get`. POINTS adds `points`, and `points_bp` of what the target lines come to, in minor units."""

    kind: ActionKind
    reach: Reach = Reach.LINE
    percent_bp: int = 0
    amount_minor: int = 0
    buy: int = 0
    get: int = 1
    points: int = 0
    points_bp: int = 0

    @property
    def is_discount(self) -> bool:
        """Whether it changes what a line costs."""
        return self.kind not in (ActionKind.SHIPPING, ActionKind.POINTS)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how often; None is without end. The budget counts discounts in minor units."""

    budget_minor: int | None = None
    max_uses: int | None = None
    max_uses_per_customer: int | None = None

    @property
    def are_counted(self) -> bool:
        """Whether a redemption has to take something."""
        return self.budget_minor is not None or self.max_uses is not None or self.max_uses_per_customer is not None


@dataclass(frozen=True, slots=True)
class PromotionDraft:
    """A promotion as somebody describes it. `currency` is needed where it speaks of amounts."""

    names: Translations
    action: Action
    conditions: Conditions = Conditions()
    limits: Limits = Limits()
    currency: str | None = None
    priority: int = 0
    group: str | None = None
    exclusive: bool = False
    enabled: bool = True

    @property
    def speaks_of_amounts(self) -> bool:
        """Whether it holds in one currency only."""
        action = self.action
        amounts = action.amount_minor or action.kind is ActionKind.FIXED_PRICE or action.points_bp
        return bool(amounts or self.conditions.min_basket_minor or self.limits.budget_minor is not None)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion as it is kept; `uses` and `spent_minor` are what redemptions have taken."""

    id: PromotionId
    version: int
    draft: PromotionDraft
    updated_at: datetime
    uses: int = 0
    spent_minor: int = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left of it for anybody."""
        limits = self.draft.limits
        return (limits.max_uses is not None and self.uses >= limits.max_uses) or (
            limits.budget_minor is not None and self.spent_minor >= limits.budget_minor
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """Who buys where and when, as far as promotions care. `used` counts this customer's uses by promotion."""

    channel: str
    currency: str
    at: datetime
    location: str | None = None
    customer: str | None = None
    segments: frozenset[str] = frozenset()
    rank: str | None = None
    is_first_purchase: bool = False
    used: Mapping[str, int] = field(default_factory=dict)
    coupons: Mapping[str, str] = field(default_factory=dict)
    """Coupon ids by the promotion they open."""


def fits(promotion: Promotion, situation: Situation) -> bool:
    """Whether a promotion may apply here at all, whatever is in the basket."""
    return is_for(promotion, situation) and holds_now(promotion, situation)


def is_for(promotion: Promotion, situation: Situation) -> bool:
    """Whether it is for this kind of buyer in this place: what is the same for many buyers and at any time."""
    draft = promotion.draft
    wanted = draft.conditions
    return (
        (draft.currency is None or draft.currency == situation.currency)
        and (not wanted.channels or situation.channel in wanted.channels)
        and (not wanted.locations or situation.location in wanted.locations)
        and (not wanted.segments or not wanted.segments.isdisjoint(situation.segments))
        and (not wanted.ranks or situation.rank in wanted.ranks)
        and (not wanted.first_purchase or situation.is_first_purchase)
    )


def holds_now(promotion: Promotion, situation: Situation) -> bool:
    """Whether it holds at this instant for this very buyer: time, coupon, and what is left for a customer."""
    wanted = promotion.draft.conditions
    return (
        (wanted.valid_from is None or wanted.valid_from <= situation.at)
        and (wanted.valid_until is None or situation.at < wanted.valid_until)
        and (not wanted.needs_coupon or promotion.id in situation.coupons)
        and _has_left(promotion, situation)
        and (not wanted.windows or any(window.holds(situation.at) for window in wanted.windows))
    )


def holds_always(promotion: Promotion) -> bool:
    """Whether `holds_now` says yes to everybody at any time."""
    wanted = promotion.draft.conditions
    is_timed = wanted.valid_from is not None or wanted.valid_until is not None or bool(wanted.windows)
    return not (is_timed or wanted.needs_coupon or promotion.draft.limits.max_uses_per_customer is not None)


def _has_left(promotion: Promotion, situation: Situation) -> bool:
    limit = promotion.draft.limits.max_uses_per_customer
    if limit is None:
        return True
    return situation.customer is not None and situation.used.get(promotion.id, 0) < limit


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverApplies(Refusal):
    """The promotion could never apply to anything."""

    reason: str
    code: ClassVar[str] = "NEVER_APPLIES"

    @property
    def message(self) -> str:
        """Why."""
        return f"{'.'.join(self.path)}: this promotion can never apply: {self.reason}"


def meets(window: WeeklyWindow, start: datetime, end: datetime) -> bool:
    """Whether a weekly window opens at all between two instants."""
    if end - start >= timedelta(days=8):
        return True
    local = start.astimezone(zone(window.time_zone))
    day = (local - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        if day.isoweekday() in window.weekdays:
            opens = day + timedelta(minutes=window.start_minute)
            past_midnight = DAY_MINUTES if window.end_minute <= window.start_minute else 0
            if max(opens, start) < min(day + timedelta(minutes=window.end_minute + past_midnight), end):
                return True
        day += timedelta(days=1)
    return False
