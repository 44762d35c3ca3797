"""How many points may be spent on a basket, and why not more. No I/O, no clock.

The rules are part of a programme (`earning.model.Programme`), so they have its versions. They bind holds and
redemptions; a capture takes of what was held by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from services.loyalty.model import LotKind

BASIS = 10_000
MAX_EXCLUDED = 1_000
"""SKUs, products or categories of one list: they are looked through for every basket."""
MAX_RULE_POINTS = 1_000_000
"""Minimum and step: above it nobody could spend anything."""
MAX_PACE = 1_000_000_000
"""Points of an hour or a day: what nobody spends is no limit."""
MAX_BASKET_LINES = 1_000
"""As many as an order has."""


class SpendLimit(StrEnum):
    """What keeps a member from spending more."""

    TOTAL = "TOTAL"
    CURRENCY = "CURRENCY"
    SHARE = "SHARE"
    EXCLUDED_GOODS = "EXCLUDED_GOODS"
    BALANCE = "BALANCE"
    KIND = "KIND"
    STEP = "STEP"
    MINIMUM = "MINIMUM"
    FROZEN = "FROZEN"


class Pace(StrEnum):
    """A window within which spending is limited: the hour or the day (UTC) it is by the database's clock."""

    HOUR = "HOUR"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class Goods:
    """What loyalty has heard of a SKU: its product and every category that is in or below."""

    product_id: str
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SpendLine:
    """A line of a basket, tax included, in minor units."""

    sku: str
    gross_minor: int


@dataclass(frozen=True, slots=True)
class SpendBasket:
    """What is to be paid: `total_minor` with postage and all, of which `lines` are the goods."""

    lines: tuple[SpendLine, ...]
    total_minor: int
    currency: str

    @property
    def fingerprint(self) -> str:
        """Of all of it: a key comes again with the same basket only."""
        return fingerprint(self.currency, self.total_minor, [(line.sku, line.gross_minor) for line in self.lines])


@dataclass(frozen=True, slots=True)
class SpendRules:
    """Rules of spending. `minor_units_per_point` is what a point pays; a currency that is not listed takes none.

    `max_share_bp`: the part of the total that points may pay, in basis points. `only`: the one kind of points that may
    be spent; None: all. `hour_limit`, `day_limit`: points a member may set aside or spend in an hour or a day (UTC).
    """

    minimum: int = 1
    step: int = 1
    max_share_bp: int = BASIS
    excluded_skus: frozenset[str] = frozenset()
    excluded_products: frozenset[str] = frozenset()
    excluded_categories: frozenset[str] = frozenset()
    only: LotKind | None = None
    hour_limit: int | None = None
    day_limit: int | None = None
    minor_units_per_point: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(CURRENCY_DECIMALS, 1))

    @property
    def paces(self) -> list[tuple[Pace, int]]:
        """The limits of an hour and of a day, where there are any."""
        limits = ((Pace.HOUR, self.hour_limit), (Pace.DAY, self.day_limit))
        return [(pace, limit) for pace, limit in limits if limit is not None]

    @property
    def needs_basket(self) -> bool:
        """Whether what may be spent depends on what is bought."""
        return self.max_share_bp < BASIS or self.needs_goods or bool(self.excluded_skus)

    @property
    def needs_goods(self) -> bool:
        """Whether one must know which product and categories a SKU belongs to."""
        return bool(self.excluded_products or self.excluded_categories)

    def excludes(self, sku: str, goods: Mapping[str, Goods]) -> bool:
        """Whether points may not pay for this SKU; one that nothing was heard of is excluded by its own name only."""
        known = goods.get(sku)
        return sku in self.excluded_skus or (
            known is not None
            and (
                known.product_id in self.excluded_products or not known.categories.isdisjoint(self.excluded_categories)
            )
        )

    def limits(self, basket: SpendBasket, goods: Mapping[str, Goods]) -> list["Bound"]:
        """How many points the basket takes, from the widest bound to the narrowest; the last one counts."""
        worth = self.minor_units_per_point.get(basket.currency)
        if worth is None:
            return [Bound(SpendLimit.CURRENCY, 0)]
        barred = sum(line.gross_minor for line in basket.lines if self.excludes(line.sku, goods))
        share = basket.total_minor * self.max_share_bp // BASIS
        return _narrowing(
            [
                Bound(SpendLimit.TOTAL, basket.total_minor // worth),
                Bound(SpendLimit.SHARE, share // worth),
                Bound(SpendLimit.EXCLUDED_GOODS, max(basket.total_minor - barred, 0) // worth),
            ]
        )

    def most(self, basket: SpendBasket, goods: Mapping[str, Goods], purse: "Purse") -> list["Bound"]:
        """How many points of this purse may be spent on the basket; the last bound counts, the others say why."""
        bounds = [*self.limits(basket, goods), Bound(SpendLimit.BALANCE, purse.balance)]
        if self.only is not None:
            bounds.append(Bound(SpendLimit.KIND, purse.of_kind.get(self.only, 0)))
        if purse.is_frozen:
            bounds.append(Bound(SpendLimit.FROZEN, 0))
        bounds = _narrowing(bounds)
        points = bounds[-1].points
        bounds.append(Bound(SpendLimit.STEP, points - points % self.step))
        if bounds[-1].points < self.minimum:
            bounds.append(Bound(SpendLimit.MINIMUM, 0))
        return _narrowing(bounds)

    def refusals(
        self, points: int, version: int, basket: SpendBasket | None, goods: Mapping[str, Goods]
    ) -> list[Refusal]:
        """Why so many points may not be spent, whatever the wallet has; empty if they may."""
        if basket is None and self.needs_basket:
            expected = f"what is bought: by programme {version} points pay a part of it only"
            return [InvalidInput(path=("input", "basket"), expected=expected, got="null")]
        found = []
        if points < self.minimum:
            found.append((SpendLimit.MINIMUM, self.minimum))
        if points % self.step:
            found.append((SpendLimit.STEP, points - points % self.step))
        bound = None if basket is None else self.limits(basket, goods)[-1]
        if bound is not None and points > bound.points:
            found.append((bound.limit, bound.points))
        return [
            SpendingNotAllowed(limit=limit, requested=points, allowed=allowed, programme_version=version)
            for limit, allowed in found
        ]


@dataclass(frozen=True, slots=True)
class Purse:
    """What a member has to spend."""

    balance: int
    of_kind: Mapping[LotKind, int]
    is_frozen: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit, and the points it leaves."""

    limit: SpendLimit
    points: int


def _narrowing(bounds: list[Bound]) -> list[Bound]:
    """Those that leave less than all before them; the first is always there."""
    kept = bounds[:1]
    for bound in bounds[1:]:
        if bound.points < kept[-1].points:
            kept.append(bound)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingNotAllowed(Refusal):
    """The programme's rules let points be spent, but not so many, or not so few."""

    limit: SpendLimit
    requested: int
    allowed: int
    programme_version: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "SPENDING_NOT_ALLOWED"

    @property
    def message(self) -> str:
        """Which rule, and what it allows."""
        bound = "at least" if self.limit is SpendLimit.MINIMUM else "at most"
        return f"{self.limit} of programme {self.programme_version}: {bound} {self.allowed}, got {self.requested}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingTooFast(Refusal):
    """The member has spent, or set aside, as much as the hour or the day allows."""

    pace: Pace
    requested: int
    spent: int
    limit: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "SPENDING_TOO_FAST"

    @property
    def message(self) -> str:
        """All three numbers."""
        return (
            f"{self.spent} of {self.limit} points of this {self.pace} are spent, {self.requested} more were asked for"
        )


def check_spending(rules: SpendRules, at: Path) -> list[Refusal]:
    """Everything that is wrong with spending rules."""
    problems: list[Refusal] = []

    def bound(name: str, low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            problems.append(InvalidInput(path=(*at, name), expected=f"{low} to {high}", got=str(value)))

    bound("minimumPoints", 1, rules.minimum, MAX_RULE_POINTS)
    bound("stepPoints", 1, rules.step, MAX_RULE_POINTS)
    bound("maximumShareBasisPoints", 0, rules.max_share_bp, BASIS)
    bound("excludedSkus", 0, len(rules.excluded_skus), MAX_EXCLUDED)
    bound("excludedProductIds", 0, len(rules.excluded_products), MAX_EXCLUDED)
    bound("excludedCategoryIds", 0, len(rules.excluded_categories), MAX_EXCLUDED)
    for name, limit in (("maximumPointsAnHour", rules.hour_limit), ("maximumPointsADay", rules.day_limit)):
        bound(name, 1, 1 if limit is None else limit, MAX_PACE)
    for place, worth in enumerate(rules.minor_units_per_point.values()):
        bound(f"worth.{place}", 1, worth, MAX_MINOR_UNITS)
    return problems


def check_basket(basket: SpendBasket, at: Path) -> list[Refusal]:
    """Everything that is wrong with a basket."""
    problems: list[Refusal] = []
    if len(basket.lines) > MAX_BASKET_LINES:
        expected = f"at most {MAX_BASKET_LINES}"
        problems.append(InvalidInput(path=(*at, "lines"), expected=expected, got=str(len(basket.lines))))
    amounts = {f"lines.{place}.gross": line.gross_minor for place, line in enumerate(basket.lines)}
    for name, amount in {**amounts, "total": basket.total_minor}.items():
        if not 0 <= amount <= MAX_MINOR_UNITS:
            expected = f"0 to {MAX_MINOR_UNITS} minor units"
            problems.append(InvalidInput(path=(*at, *name.split(".")), expected=expected, got=str(amount)))
    return problems
