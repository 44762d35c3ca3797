"""What promotions take off a basket: each in its turn, no line below zero. No I/O.

Rounding: a percentage takes half a minor unit away from zero, of a line or, with reach BASKET, once of all; what a
basket discount takes is spread over its lines by the largest remainder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from services.catalog.pricing.tax import BASIS_POINTS, Rounding, allocate, round_fraction
from services.catalog.promotion.compiled import Fitting
from services.catalog.promotion.model import Action, ActionKind, Promotion, Reach, Situation


class Discount(NamedTuple):
    """What one version of a promotion took off, and the coupon that opened it. A tuple: a basket has hundreds."""

    promotion: Promotion
    amount_minor: int
    coupon_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShippingDiscount:
    """What a promotion takes off whatever the shipping will cost: a share of it or an amount, never below zero."""

    promotion: Promotion
    percent_bp: int
    amount_minor: int


@dataclass(slots=True)
class Stacking:
    """List price of a piece and pieces, by line."""

    units: Sequence[int]
    quantities: Sequence[int]


@dataclass(slots=True)
class Basket:
    """What is left of every line, what was taken off it, and what else was promised."""

    left: list[int]
    quantities: Sequence[int]
    by_line: list[list[Discount]]
    groups: list[set[str]]
    closed: set[int]
    totals: list[Discount] = field(default_factory=list)
    shipping: list[ShippingDiscount] = field(default_factory=list)
    extra_points: int = 0
    taken_groups: set[str] = field(default_factory=set)
    """Stacking groups of what takes nothing off a line: shipping and points, each group once a basket."""


def discount_basket(
    priced: Stacking, tags: Sequence[Sequence[str]], promotions: Fitting, situation: Situation
) -> Basket:
    """Every promotion that applies, in order; points last, of what is left then. `promotions` fit the situation."""
    left = [unit * quantity for unit, quantity in zip(priced.units, priced.quantities, strict=True)]
    none: list[list[Discount]] = [[] for _ in left]
    basket = Basket(left, priced.quantities, none, [set() for _ in left], set())
    whole = sum(left)
    late: list[tuple[Promotion, list[int]]] = []
    for promotion, lines in promotions.candidates(tags):
        wanted = promotion.draft.conditions
        if whole < wanted.min_basket_minor or not lines:
            continue
        if wanted.min_quantity > 1 and sum(basket.quantities[line] for line in lines) < wanted.min_quantity:
            continue
        if promotion.draft.action.is_discount:
            _apply(basket, promotion, lines, situation)
        else:
            late.append((promotion, lines))
    for promotion, lines in late:
        _promise(basket, promotion, lines, situation)
    return basket


def _apply(basket: Basket, promotion: Promotion, lines: list[int], situation: Situation) -> None:
    draft = promotion.draft
    group, exclusive, action = draft.group, draft.exclusive, draft.action
    free = _free(basket, lines, group, exclusive=exclusive)
    left, by_line = basket.left, basket.by_line
    taken = _ACTIONS[action.kind](action, [left[line] for line in free], [basket.quantities[line] for line in free])
    coupon = situation.coupons.get(promotion.id) if draft.conditions.needs_coupon else None
    total = 0
    for line, amount in zip(free, taken, strict=True):
        if amount > 0:
            left[line] -= amount
            by_line[line].append(Discount(promotion, amount, coupon))
            total += amount
            if group is not None:
                basket.groups[line].add(group)
            if exclusive:
                basket.closed.add(line)
    if total:
        basket.totals.append(Discount(promotion, total, coupon))


def _free(basket: Basket, lines: list[int], group: str | None, *, exclusive: bool) -> list[int]:
    """The lines that may take a promotion of this group; an exclusive one takes untouched lines only."""
    if group is None and not exclusive and not basket.closed:
        return lines
    return [
        line
        for line in lines
        if line not in basket.closed
        and (group is None or group not in basket.groups[line])
        and not (exclusive and basket.by_line[line])
    ]


def _promise(basket: Basket, promotion: Promotion, lines: list[int], situation: Situation) -> None:
    draft = promotion.draft
    key = f"{draft.action.kind.value}:{draft.group}"
    if draft.group is not None and key in basket.taken_groups:
        return
    basket.taken_groups.add(key)
    action = draft.action
    if action.kind is ActionKind.SHIPPING:
        basket.shipping.append(ShippingDiscount(promotion, action.percent_bp, action.amount_minor))
    else:
        spent = sum(basket.left[line] for line in lines)
        basket.extra_points += action.points + spent * action.points_bp // BASIS_POINTS
    coupon = situation.coupons.get(promotion.id) if draft.conditions.needs_coupon else None
    basket.totals.append(Discount(promotion, 0, coupon))


def _share(amount: int, percent_bp: int) -> int:
    return round_fraction(amount * percent_bp, BASIS_POINTS, Rounding.HALF_UP)


def _percent(action: Action, left: Sequence[int], quantities: Sequence[int]) -> list[int]:
    if action.reach is Reach.BASKET:
        return allocate(_share(sum(left), action.percent_bp), left)
    double = 2 * action.percent_bp
    return [(amount * double + BASIS_POINTS) // (2 * BASIS_POINTS) for amount in left]


def _amount(action: Action, left: Sequence[int], quantities: Sequence[int]) -> list[int]:
    if action.reach is Reach.BASKET:
        return allocate(min(action.amount_minor, sum(left)), left)
    return [min(action.amount_minor * pieces, amount) for amount, pieces in zip(left, quantities, strict=True)]


def _fixed_price(action: Action, left: Sequence[int], quantities: Sequence[int]) -> list[int]:
    return [max(0, amount - action.amount_minor * pieces) for amount, pieces in zip(left, quantities, strict=True)]


def _buy_x_get_y(action: Action, left: Sequence[int], quantities: Sequence[int]) -> list[int]:
    free = sum(quantities) // (action.buy + action.get) * action.get
    return _cheapest(action, left, quantities, free)


def _cheapest_pieces(action: Action, left: Sequence[int], quantities: Sequence[int]) -> list[int]:
    return _cheapest(action, left, quantities, min(action.get, sum(quantities)))


def _cheapest(action: Action, left: Sequence[int], quantities: Sequence[int], pieces: int) -> list[int]:
    """`percent_bp` off the cheapest `pieces`; a piece costs its line's part, lines of one price in their order."""
    taken = [0] * len(left)
    for line in sorted(range(len(left)), key=lambda line: (Fraction(left[line], quantities[line]), line)):
        some = min(pieces, quantities[line])
        if some == 0:
            break
        of_pieces = left[line] * some * action.percent_bp
        taken[line] = min(left[line], round_fraction(of_pieces, quantities[line] * BASIS_POINTS, Rounding.HALF_UP))
        pieces -= some
    return taken


Taking = Callable[[Action, Sequence[int], Sequence[int]], list[int]]
_ACTIONS: Mapping[ActionKind, Taking] = {
    ActionKind.PERCENT: _percent,
    ActionKind.AMOUNT: _amount,
    ActionKind.FIXED_PRICE: _fixed_price,
    ActionKind.BUY_X_GET_Y: _buy_x_get_y,
    ActionKind.CHEAPEST: _cheapest_pieces,
}
"""What each kind takes off lines with so much left and so many pieces."""
