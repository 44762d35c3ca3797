"""The one pricing function: listing, cart and counter all call `price_basket`. No I/O, no clock.

A list price times pieces, less discounts in the promotions' order, then tax by the channel's policy. Amounts are whole
minor units in the channel's mode, with tax or without, until `tax_lines` adds the other side.

Lines of the same SKU and design are one line, and lines are taken in the order of their SKU; so neither splitting nor
reordering lines changes anything, quantity tiers included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import InvalidInput, NotFound, Path, Refusal
from kit.money import MAX_MINOR_UNITS
from services.catalog.collection.membership import NO_COLLECTIONS, Traits
from services.catalog.pricing.model import ListPrice, PriceContext, pick
from services.catalog.pricing.tax import TaxClass, TaxMode, TaxPolicy, tax_lines
from services.catalog.product.model import MAX_SKU
from services.catalog.promotion.compiled import Compiled, Fitting
from services.catalog.promotion.model import Situation, collection_tag
from services.catalog.quote.discount import Basket, Discount, ShippingDiscount, Stacking, discount_basket
from services.catalog.quote.refusals import NotPriced

MAX_LINES = 200
"""Lines of one quote: a large basket; a wedding list is quoted in parts."""
MAX_QUANTITY = 10_000
"""Pieces of one line; more is a typing error, or a matter for somebody who negotiates."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """So many pieces of one SKU; `surcharge_minor` is what its design adds to a piece."""

    sku: str
    quantity: int
    design_id: str | None = None
    surcharge_minor: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of a SKU: everything its price depends on. `tags` are what promotions may name it by."""

    sku: str
    product_id: str
    prices: tuple[ListPrice, ...]
    tags: tuple[str, ...]
    tax_class: TaxClass = TaxClass.STANDARD
    traits: Traits | None = None
    """What rules of collections ask of its product; None: it is in collections by hand only."""


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with its price and why. `places` are the input lines it stands for; `unit_minor` is one piece's list
    price, design included; `amount_minor` what is left of it all after discounts, in the channel's mode."""

    sku: str
    design_id: str | None
    places: tuple[int, ...]
    quantity: int
    unit_minor: int
    price_id: str
    compare_at_minor: int | None
    discounts: tuple[Discount, ...]
    amount_minor: int
    tax_class: TaxClass
    tax_rate_bp: int
    tax_minor: int
    gross_minor: int

    @property
    def list_minor(self) -> int:
        """Before discounts."""
        return self.unit_minor * self.quantity

    @property
    def net_minor(self) -> int:
        """Without tax."""
        return self.gross_minor - self.tax_minor


@dataclass(frozen=True, slots=True)
class RateTotal:
    """What the lines of one tax rate come to: what a qualified invoice states."""

    rate_bp: int
    net_minor: int
    tax_minor: int

    @property
    def gross_minor(self) -> int:
        """With tax."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced basket. Lines are in the order of their SKU."""

    currency: str
    channel: str
    lines: tuple[QuotedLine, ...]
    rates: tuple[RateTotal, ...]
    shipping: tuple[ShippingDiscount, ...] = ()
    extra_points: int = 0
    discounts: tuple[Discount, ...] = ()
    """Every promotion that applied, once, with what it took off all lines; those of points and shipping with 0."""

    @property
    def gross_minor(self) -> int:
        """What is to be paid, tax included."""
        return sum(rate.gross_minor for rate in self.rates)

    @property
    def tax_minor(self) -> int:
        """The tax of all rates."""
        return sum(rate.tax_minor for rate in self.rates)


@dataclass(frozen=True, slots=True)
class Market:
    """What holds for whatever is in the basket: tax, the situation, and the promotions that fit it."""

    policy: TaxPolicy
    situation: Situation
    promotions: Fitting

    @classmethod
    def of(cls, policy: TaxPolicy, situation: Situation, promotions: Compiled) -> "Market":
        """The promotions are tried against the situation here, once for many baskets."""
        return cls(policy, situation, promotions.fitting(situation))

    def tags_of(self, item: Item) -> tuple[str, ...]:
        """What promotions may name the item by, here and now: its own tags, and the collections it is in."""
        collections = self.promotions.compiled.collections
        if collections is NO_COLLECTIONS:
            return item.tags
        ids = collections.of_product(item.product_id, item.traits, self.situation.at)
        return (*item.tags, *map(collection_tag, ids))

    def at(self, moment: datetime, promotions: Compiled | None = None) -> "Market":
        """The same at another instant, with these promotions or the same."""
        situation = replace(self.situation, at=moment)
        return Market.of(self.policy, situation, promotions or self.promotions.compiled)


def price_basket(lines: Sequence[WantedLine], items: Mapping[str, Item], market: Market) -> Quote | list[Refusal]:
    """The quote, or every line that has none, by its place."""
    merged = merge_lines(lines)
    situation = market.situation
    prices: list[ListPrice] = []
    problems: list[Refusal] = []
    for line, places in merged:
        item = items.get(line.sku)
        price = None if item is None else pick(item.prices, _context(situation, line.quantity))
        if item is None:
            problems.append(NotFound(path=_at(places[0], "sku"), kind="Variant", id=line.sku))
        elif price is None:
            facts = {"sku": line.sku, "channel": situation.channel, "currency": situation.currency}
            problems.append(NotPriced(path=_at(places[0], "sku"), **facts))
        else:
            prices.append(price)
    if problems:
        return problems
    wanted = [line for line, _ in merged]
    units = [max(0, price.amount_minor + line.surcharge_minor) for price, line in zip(prices, wanted, strict=True)]
    whole = sum(unit * line.quantity for unit, line in zip(units, wanted, strict=True))
    if whole > MAX_MINOR_UNITS // 2:  # tax on top is at most as much again
        expected = f"a basket of at most {MAX_MINOR_UNITS // 2} minor units"
        return [InvalidInput(path=("input", "lines"), expected=expected, got=str(whole))]
    stacking = Stacking(units, [line.quantity for line in wanted])
    found = discount_basket(
        stacking, [market.tags_of(items[line.sku]) for line in wanted], market.promotions, situation
    )
    return _taxed(merged, items, market, (prices, units), found)


def _taxed(
    merged: Sequence[tuple[WantedLine, tuple[int, ...]]],
    items: Mapping[str, Item],
    market: Market,
    priced: tuple[list[ListPrice], list[int]],
    found: Basket,
) -> Quote:
    policy, situation = market.policy, market.situation
    classes = [items[line.sku].tax_class for line, _ in merged]
    rates = [policy.rate_bp(tax_class, situation.at) for tax_class in classes]
    taxes = tax_lines(policy, list(zip(found.left, rates, strict=True)))
    inclusive = policy.mode is TaxMode.INCLUSIVE
    lines = tuple(
        QuotedLine(
            sku=line.sku,
            design_id=line.design_id,
            places=places,
            quantity=line.quantity,
            unit_minor=priced[1][index],
            price_id=priced[0][index].id,
            compare_at_minor=priced[0][index].compare_at_minor,
            discounts=tuple(found.by_line[index]),
            amount_minor=found.left[index],
            tax_class=classes[index],
            tax_rate_bp=rates[index],
            tax_minor=taxes[index],
            gross_minor=found.left[index] + (0 if inclusive else taxes[index]),
        )
        for index, (line, places) in enumerate(merged)
    )
    return Quote(
        currency=situation.currency,
        channel=situation.channel,
        lines=lines,
        rates=_rate_totals(lines),
        shipping=tuple(found.shipping),
        extra_points=found.extra_points,
        discounts=tuple(found.totals),
    )


def _rate_totals(lines: Sequence[QuotedLine]) -> tuple[RateTotal, ...]:
    totals: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, tax = totals.get(line.tax_rate_bp, (0, 0))
        totals[line.tax_rate_bp] = (net + line.net_minor, tax + line.tax_minor)
    return tuple(RateTotal(rate, *totals[rate]) for rate in sorted(totals, reverse=True))


def merge_lines(lines: Sequence[WantedLine]) -> list[tuple[WantedLine, tuple[int, ...]]]:
    """One line a SKU and design, in the order of their names, each with the places it came from."""
    if len(lines) == 1:
        return [(lines[0], (0,))]
    merged: dict[tuple[str, str], tuple[WantedLine, tuple[int, ...]]] = {}
    for place, line in enumerate(lines):
        key = (line.sku, line.design_id or "")
        known = merged.get(key)
        if known is None:
            merged[key] = (line, (place,))
        else:
            quantity = known[0].quantity + line.quantity
            joined = WantedLine(line.sku, quantity, line.design_id, line.surcharge_minor)
            merged[key] = (joined, (*known[1], place))
    return [merged[key] for key in sorted(merged)]


def check_lines(lines: Sequence[WantedLine]) -> list[Refusal]:
    """Every line that can never be quoted."""
    if not 1 <= len(lines) <= MAX_LINES:
        return [InvalidInput(path=("input", "lines"), expected=f"1 to {MAX_LINES} lines", got=str(len(lines)))]
    problems: list[Refusal] = []
    for place, line in enumerate(lines):
        if not 1 <= len(line.sku) <= MAX_SKU:
            expected = f"1 to {MAX_SKU} characters"
            problems.append(InvalidInput(path=_at(place, "sku"), expected=expected, got=str(len(line.sku))))
    for line, places in merge_lines(lines):
        worst = min((lines[place].quantity for place in places), default=1)
        if worst < 1 or line.quantity > MAX_QUANTITY:
            got = str(worst if worst < 1 else line.quantity)
            path = _at(places[0], "quantity")
            problems.append(InvalidInput(path=path, expected=f"1 to {MAX_QUANTITY} of one SKU", got=got))
    return problems


def _at(place: int, name: str) -> Path:
    return ("input", "lines", str(place), name)


def _context(situation: Situation, quantity: int) -> PriceContext:
    return PriceContext(
        situation.currency,
        situation.channel,
        situation.at,
        situation.location,
        situation.segments,
        situation.rank,
        quantity,
    )
