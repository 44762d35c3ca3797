"""A sourcing question in whole numbers: all rules of a plan in one integer, so that the smallest one is the best plan.

Each rule gets digits of its own in a number whose radix at every place is above all that the rule's value can come to;
the highest digits are the pieces nobody supplies. Sums and differences of such numbers keep the lexicographic order,
so every method here is an ordinary one with one cost, and Python's integers have room for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from services.inventory.sourcing.model import Candidate, Demand, Pick, SourcingRule


class Offer(NamedTuple):
    """What a place can give of one demand: so many pieces, each at this cost."""

    pieces: int
    cost: int


@dataclass(slots=True)
class Place:
    """A candidate. `fixed` is the cost of using it at all, `room` the pieces it can pick.

    `gives` has a bit for each demand it has something of, `fills` one for each it could supply whole.
    """

    index: int
    fixed: int
    room: int
    offers: Mapping[int, Offer]
    gives: int
    fills: int


@dataclass(frozen=True, slots=True)
class Question:
    """Demands and places by number. `miss` is the cost of a piece nobody supplies, above all else together.

    `floor` is what the pieces cost at least, whichever places are used; `unavoidable` how many are missing even if
    all are. `is_roomy`: no place's room can be exhausted, so each demand is served without regard to the others.
    """

    demands: tuple[Demand, ...]
    candidates: tuple[Candidate, ...]
    places: tuple[Place, ...]
    needs: tuple[int, ...]
    weights: tuple[int, ...]
    miss: int
    floor: int
    unavoidable: int
    is_roomy: bool

    def picks(self, taken: Mapping[tuple[int, int], int]) -> tuple[Pick, ...]:
        """Pieces by demand and place, as picks in order of demand and location."""
        return tuple(
            Pick(self.demands[demand].sku, self.candidates[place].location_id, pieces)
            for (demand, place), pieces in sorted(taken.items())
            if pieces
        )


def scale(demands: Sequence[Demand], candidates: Sequence[Candidate], rules: Sequence[SourcingRule]) -> Question:
    """The question; candidates that can give nothing are left out, the others are ordered by id."""
    kept = sorted((one for one in candidates if one.takes_part(demands)), key=lambda one: one.location_id)
    needs = tuple(demand.quantity for demand in demands)
    weights, miss = _weights(demands, kept, rules)
    wanted, total, weight_of = (
        [(one.sku, one.quantity) for one in demands],
        sum(needs),
        dict(zip(rules, weights, strict=True)),
    )
    places = tuple(_place(index, one, wanted, weight_of, total) for index, one in enumerate(kept))
    is_roomy = all(place.room >= total or _pieces(place) <= place.room for place in places)
    floor, unavoidable = _floor(needs, places, miss)
    return Question(tuple(demands), tuple(kept), places, needs, weights, miss, floor, unavoidable, is_roomy)


def fixed_of(candidate: Candidate, rule: SourcingRule) -> int:
    """What the rule counts once for a location that is used."""
    match rule:
        case SourcingRule.FEWEST_SPLITS:
            return 1
        case SourcingRule.DISTANCE:
            return candidate.distance_m
        case SourcingRule.COST:
            return candidate.parcel_cost
        case _:
            return 0


def piece_of(candidate: Candidate, sku: str, rule: SourcingRule) -> int:
    """What the rule counts for every piece."""
    match rule:
        case SourcingRule.COST:
            return candidate.piece_cost
        case SourcingRule.CAPACITY:
            return candidate.load_bp
        case SourcingRule.STOCK_HEALTH:
            return candidate.strain_bp.get(sku, 0)
        case _:
            return 0


BY_SKU = frozenset({SourcingRule.STOCK_HEALTH})
"""Rules whose cost of a piece differs between the SKUs of one location."""


def _weights(
    demands: Sequence[Demand], candidates: Sequence[Candidate], rules: Sequence[SourcingRule]
) -> tuple[tuple[int, ...], int]:
    """The weight of every rule's value, and of a missing piece: each above what all later rules can come to."""
    pieces = sum(demand.quantity for demand in demands)
    used = min(len(candidates), pieces)
    weights = []
    weight = 1
    for rule in reversed(rules):
        weights.append(weight)
        fixed = max((fixed_of(one, rule) for one in candidates), default=0)
        piece = max((_dearest(one, rule) for one in candidates), default=0)
        weight *= used * fixed + pieces * piece + 1
    return tuple(reversed(weights)), weight


def _dearest(one: Candidate, rule: SourcingRule) -> int:
    """What a piece costs at most there, by this rule."""
    if rule in BY_SKU:
        return max(one.strain_bp.values(), default=0)
    return piece_of(one, "", rule)


def _place(
    index: int, one: Candidate, wanted: Sequence[tuple[str, int]], weight_of: Mapping[SourcingRule, int], total: int
) -> Place:
    fixed, base, strain_weight = _costs(one, weight_of)
    room = total if one.capacity_left is None else one.capacity_left
    stock, strain = one.stock, one.strain_bp
    offers: dict[int, Offer] = {}
    gives = fills = 0
    for number, (sku, need) in enumerate(wanted):
        pieces = stock.get(sku, 0)
        if pieces > 0:
            pieces = min(need if need < pieces else pieces, room)
            offers[number] = Offer(pieces, base + strain.get(sku, 0) * strain_weight if strain_weight else base)
            gives |= 1 << number
            if pieces == need:
                fills |= 1 << number
    return Place(index, fixed, room, offers, gives, fills)


def _costs(one: Candidate, weight_of: Mapping[SourcingRule, int]) -> tuple[int, int, int]:
    """Of using the place at all, of any piece, and the weight of what differs between SKUs: all rules in one number."""
    fixed = base = strain_weight = 0
    for rule, weight in weight_of.items():
        if rule in BY_SKU:
            strain_weight = weight
        else:
            fixed += fixed_of(one, rule) * weight
            base += piece_of(one, "", rule) * weight
    return fixed, base, strain_weight


def _pieces(place: Place) -> int:
    return sum([offer.pieces for offer in place.offers.values()])


def _floor(needs: Sequence[int], places: Sequence[Place], miss: int) -> tuple[int, int]:
    total = unavoidable = 0
    for demand, need in enumerate(needs):
        left = need
        offers = [place.offers[demand] for place in places if demand in place.offers]
        for offer in sorted(offers, key=_cost):
            pieces = min(left, offer.pieces)
            total += pieces * offer.cost
            left -= pieces
            if not left:
                break
        total += left * miss
        unavoidable += left
    return total, unavoidable


_cost = itemgetter(1)
