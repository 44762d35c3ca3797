"""How a purchase becomes points: programmes, campaigns, and the one function that counts. No I/O, no clock.

A programme never changes: another set of rules is another version. An order earns by the version that was in force when
it was placed, so what was promised then is what is earned, however late the event is heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from kit.errors import InvalidInput, Path, Refusal
from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from services.loyalty.audience.model import NOBODY, Buyer
from services.loyalty.spending.model import Goods, SpendRules, check_spending

MAX_CAMPAIGNS = 100
"""Of one programme: each is looked at for every order."""
MAX_CONDITIONS = 1_000
"""SKUs, channels or locations of one campaign."""
MAX_MULTIPLIER_BP = 1_000_000
"""A hundred times the base: more is a slip of the finger."""
MAX_FIXED = 100_000
"""Points of one fixed bonus."""
MAX_PENDING_DAYS = 180
"""Longer than any right of return."""
MAX_CAP = 1_000_000_000
"""Points of a cap: what nobody earns is no cap."""
MAX_NAME = 100
BASIS = 10_000


@dataclass(frozen=True, slots=True)
class BasketLine:
    """What was bought of one SKU, tax included, in minor units of the basket's currency."""

    sku: str
    quantity: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class Basket:
    """A purchase as far as points are counted by it; `rank` is the member's, `buyer` what else is known of them.

    `goods`: what is known of the lines' SKUs, where a campaign asks for it.
    """

    gross_minor: int
    currency: str
    at: datetime
    channel: str | None = None
    location: str | None = None
    lines: tuple[BasketLine, ...] = ()
    rank: str | None = None
    payment_methods: frozenset[str] = frozenset()
    buyer: Buyer = NOBODY
    goods: Mapping[str, Goods] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hours:
    """Part of a week: weekdays (Monday 0) and clock times, from inclusive to exclusive, in a time zone."""

    zone: str
    weekdays: tuple[int, ...] = ()
    opens: time | None = None
    closes: time | None = None

    def covers(self, at: datetime) -> bool:
        """Whether an instant is within; hours that end before they begin go past midnight."""
        local = at.astimezone(ZoneInfo(self.zone))
        if self.weekdays and local.weekday() not in self.weekdays:
            return False
        if self.opens is None or self.closes is None:
            return True
        clock = local.time()
        if self.opens <= self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes


@dataclass(frozen=True, slots=True)
class Campaign:
    """Points besides the base, for baskets that meet every condition that is set.

    `extra_bp`: so much of the base again, in basis points (10,000 doubles it), on the lines of
    `skus`, `products` and `categories` or on all. `in_birth_month`: only in the month the member was born in.
    `fixed`: points of the whole basket. `starts_at` is inclusive, `ends_at` exclusive. `member_limit`: the most points
    one member gets by it; `budget`: the most it gives to all.
    """

    name: str
    extra_bp: int = 0
    fixed: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: Hours | None = None
    channels: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    ranks: frozenset[str] = frozenset()
    min_gross_minor: Mapping[str, int] | None = None
    member_limit: int | None = None
    budget: int | None = None
    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    payment_methods: frozenset[str] = frozenset()
    in_birth_month: bool = False

    @property
    def selects_goods(self) -> bool:
        """Whether it is about some goods only."""
        return bool(self.skus or self.products or self.categories)

    def covers(self, sku: str, goods: Mapping[str, Goods]) -> bool:
        """Whether it is about this SKU; one that nothing was heard of is known by its own name only."""
        known = goods.get(sku)
        if sku in self.skus or known is None:
            return sku in self.skus
        return known.product_id in self.products or not known.categories.isdisjoint(self.categories)

    def applies(self, basket: Basket, zone: str = "UTC") -> bool:
        """Whether the basket meets every condition; `zone` says which month it is."""
        return (
            (self.starts_at is None or self.starts_at <= basket.at)
            and (self.ends_at is None or basket.at < self.ends_at)
            and (self.hours is None or self.hours.covers(basket.at))
            and (not self.channels or basket.channel in self.channels)
            and (not self.locations or basket.location in self.locations)
            and (not self.ranks or basket.rank in self.ranks)
            and (not self.segments or not self.segments.isdisjoint(basket.buyer.segments))
            and (not self.payment_methods or not self.payment_methods.isdisjoint(basket.payment_methods))
            and (not self.in_birth_month or basket.at.astimezone(ZoneInfo(zone)).month == basket.buyer.birth_month)
            and (not self.selects_goods or any(self.covers(line.sku, basket.goods) for line in basket.lines))
            and (self.min_gross_minor is None or self._reaches_minimum(basket))
        )

    def base_of(self, basket: Basket) -> int:
        """The amount, in minor units, that is multiplied."""
        if not self.selects_goods:
            return basket.gross_minor
        return sum(line.gross_minor for line in basket.lines if self.covers(line.sku, basket.goods))

    def _reaches_minimum(self, basket: Basket) -> bool:
        minimum = (self.min_gross_minor or {}).get(basket.currency)
        return minimum is not None and basket.gross_minor >= minimum


@dataclass(frozen=True, slots=True)
class Part:
    """Points of a basket by one rule: the base's, whose campaign is None, or a campaign's."""

    campaign: str | None
    points: int


@dataclass(frozen=True, slots=True)
class EarnRule:
    """The base of a programme: whole minor units for one point."""

    version: int
    minor_units_per_point: Mapping[str, int]

    def points(self, gross_minor: int, currency: str) -> int:
        """Whole points for a gross amount, rounded down; none for nothing or less, or in a currency without a rate."""
        rate = self.minor_units_per_point.get(currency)
        return 0 if rate is None else max(gross_minor, 0) // rate


@dataclass(frozen=True, slots=True)
class Programme:
    """Every rule of earning and spending from `valid_from` on. `pending_days`: how long an order's points wait.

    `day_limit`: the most points a member earns by the orders of a day of `day_zone` (IANA), whose months birthdays
    go by.
    """

    base: EarnRule
    campaigns: tuple[Campaign, ...] = ()
    pending_days: int = 0
    valid_from: datetime | None = None
    spending: SpendRules = field(default_factory=SpendRules)
    day_limit: int | None = None
    day_zone: str = "UTC"

    @property
    def version(self) -> int:
        """Written into every entry made by it; never changes meaning."""
        return self.base.version

    @property
    def needs_goods(self) -> bool:
        """Whether one must know which product and categories a SKU belongs to."""
        return any(campaign.products or campaign.categories for campaign in self.campaigns)

    @property
    def needs_buyer(self) -> bool:
        """Whether one must know more of a member than the rank."""
        return any(campaign.segments or campaign.in_birth_month for campaign in self.campaigns)

    def parts(self, basket: Basket) -> list[Part]:
        """The points of a basket, rule by rule, each rounded down; rules that give nothing are left out."""
        rate = self.base.minor_units_per_point.get(basket.currency)
        parts = [Part(None, self.base.points(basket.gross_minor, basket.currency))]
        for campaign in self.campaigns:
            if campaign.applies(basket, self.day_zone):
                amount = max(campaign.base_of(basket), 0)
                extra = 0 if rate is None else amount * campaign.extra_bp // (BASIS * rate)
                parts.append(Part(campaign.name, extra + campaign.fixed))
        return [part for part in parts if part.points]

    def points(self, basket: Basket) -> int:
        """All points of a basket."""
        return sum(part.points for part in self.parts(basket))


CURRENT_RULE = EarnRule(1, dict.fromkeys(CURRENCY_DECIMALS, 100))
"""The base every installation begins with: a point for 100 minor units, so 100 yen or 1 dollar."""
FIRST = Programme(CURRENT_RULE)
"""In force before any other."""


@dataclass(frozen=True, slots=True)
class Programmes:
    """Every programme there is, by version; the first is always there."""

    all: tuple[Programme, ...] = (FIRST,)

    def at(self, at: datetime) -> Programme:
        """The programme in force: of those that had begun the one with the highest version."""
        begun = [one for one in self.all if one.valid_from is None or one.valid_from <= at]
        return max(begun, key=lambda one: one.version)

    def by_version(self, version: int) -> Programme:
        """The programme an entry names; KeyError: no such version."""
        found = next((one for one in self.all if one.version == version), None)
        if found is None:
            raise KeyError(version)
        return found

    @property
    def newest(self) -> Programme:
        """With the highest version, whether or not it has begun."""
        return max(self.all, key=lambda one: one.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignNeverApplies(Refusal):
    """Conditions that contradict each other, or a campaign that gives nothing."""

    campaign: str
    reason: str
    code: ClassVar[str] = "CAMPAIGN_NEVER_APPLIES"

    @property
    def message(self) -> str:
        """Why."""
        return f"campaign {self.campaign!r} can never give a point: {self.reason}"


def check_programme(programme: Programme, now: datetime) -> list[Refusal]:
    """Everything that is wrong with a new programme, by field."""
    problems: list[Refusal] = []

    def refuse(path: Path, expected: str, got: object) -> None:
        problems.append(InvalidInput(path=("input", *path), expected=expected, got=str(got)))

    rates = programme.base.minor_units_per_point
    if not rates:
        refuse(("minorUnitsPerPoint",), "a rate of at least one currency", "none")
    for place, (currency, rate) in enumerate(rates.items()):
        if not 1 <= rate <= MAX_MINOR_UNITS:
            refuse(("minorUnitsPerPoint", str(place), "minorUnits"), f"1 to {MAX_MINOR_UNITS} of {currency}", rate)
    if not 0 <= programme.pending_days <= MAX_PENDING_DAYS:
        refuse(("pendingDays",), f"0 to {MAX_PENDING_DAYS}", programme.pending_days)
    if programme.valid_from is not None and programme.valid_from < now:
        refuse(("validFrom",), "now or later: what was promised stays promised", programme.valid_from.isoformat())
    if len(programme.campaigns) > MAX_CAMPAIGNS:
        refuse(("campaigns",), f"at most {MAX_CAMPAIGNS}", len(programme.campaigns))
    if programme.day_limit is not None and not 1 <= programme.day_limit <= MAX_CAP:
        refuse(("maximumPointsADay",), f"1 to {MAX_CAP}, or null", programme.day_limit)
    if programme.day_zone not in available_timezones():
        refuse(("dayTimeZone",), "an IANA time zone", repr(programme.day_zone[:60]))
    problems += check_spending(programme.spending, ("input", "spending"))
    names = [campaign.name for campaign in programme.campaigns]
    for place, campaign in enumerate(programme.campaigns[:MAX_CAMPAIGNS]):
        path = ("campaigns", str(place))
        if names.index(campaign.name) != place:
            refuse((*path, "name"), "a name of its own", repr(campaign.name))
        problems += check_campaign(campaign, ("input", *path), programme.valid_from or now)
    return problems


def check_campaign(campaign: Campaign, at: Path, begins: datetime) -> list[Refusal]:
    """Everything that is wrong with a campaign of a programme in force from `begins` on."""
    problems: list[Refusal] = []

    def bound(name: str, low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            problems.append(InvalidInput(path=(*at, name), expected=f"{low} to {high}", got=str(value)))

    def never(name: str, reason: str) -> None:
        problems.append(CampaignNeverApplies(path=(*at, name), campaign=campaign.name, reason=reason))

    bound("name", 1, len(campaign.name), MAX_NAME)
    bound("extraBasisPoints", 0, campaign.extra_bp, MAX_MULTIPLIER_BP)
    bound("fixedPoints", 0, campaign.fixed, MAX_FIXED)
    for name, limit in (("maximumPointsAMember", campaign.member_limit), ("budgetPoints", campaign.budget)):
        bound(name, 1, 1 if limit is None else limit, MAX_CAP)
    lists = {"channels": campaign.channels, "locationIds": campaign.locations, "skus": campaign.skus}
    lists |= {"productIds": campaign.products, "categoryIds": campaign.categories, "segments": campaign.segments}
    lists |= {"ranks": campaign.ranks, "paymentMethods": campaign.payment_methods}
    for name, values in lists.items():
        bound(name, 0, len(values), MAX_CONDITIONS)
    if campaign.extra_bp == 0 and campaign.fixed == 0:
        never("extraBasisPoints", "it adds neither a share of the base nor fixed points")
    if campaign.ends_at is not None and campaign.ends_at <= begins:
        never("endsAt", "it ends before the programme begins")
    if campaign.starts_at is not None and campaign.ends_at is not None and campaign.ends_at <= campaign.starts_at:
        never("endsAt", "it ends before it begins")
    if campaign.hours is not None:
        problems += _check_hours(campaign.hours, (*at, "hours"))
        if campaign.hours.opens is not None and campaign.hours.opens == campaign.hours.closes:
            never("hours", "its hours end when they begin")
    for currency, amount in (campaign.min_gross_minor or {}).items():
        bound("minimumGross", 0, amount, MAX_MINOR_UNITS)
        if currency not in CURRENCY_DECIMALS:
            problems.append(InvalidInput(path=(*at, "minimumGross"), expected="a currency of ISO 4217", got=currency))
    return problems


def _check_hours(hours: Hours, at: Path) -> Sequence[Refusal]:
    problems: list[Refusal] = []
    if hours.zone not in available_timezones():
        problems.append(InvalidInput(path=(*at, "timeZone"), expected="an IANA time zone", got=repr(hours.zone[:60])))
    if any(not 0 <= day <= 6 for day in hours.weekdays):
        problems.append(InvalidInput(path=(*at, "weekdays"), expected="1 (Monday) to 7", got=str(hours.weekdays)))
    if (hours.opens is None) != (hours.closes is None):
        problems.append(InvalidInput(path=at, expected="both from and until, or neither", got="one of them"))
    return problems
