"""A good plan at once: the place that brings most, again and again; then what is idle or can be exchanged goes.

It gives the exact search and the solver a plan to beat, and is the answer where neither may run.
"""

from collections.abc import Iterator, Sequence

from services.inventory.sourcing.assign import Assigned, assign, drop_idle, use_cost
from services.inventory.sourcing.scaled import Place, Question

EXCHANGES = 100
"""Exchanges of one place for another that are tried: a few milliseconds."""

FLOW_TRIES = 20
"""Exchanges that one costs which has to find room."""


class Found:
    """A set of places, how they are used, and what that costs."""

    __slots__ = ("assigned", "cost", "places")

    def __init__(self, question: Question, places: Sequence[Place]) -> None:
        """Idle places are left out."""
        assigned = assign(question, places)
        self.places: Sequence[Place] = drop_idle(assigned, places)
        self.assigned: Assigned = assigned
        self.cost: int = assigned.cost + use_cost(self.places)

    def supplied(self) -> int:
        """Pieces that come from somewhere."""
        return sum(self.assigned.taken.values())


def greedy(question: Question) -> Found:
    """A plan without a proof."""
    best = Found(question, _cover(question))
    for _ in range(EXCHANGES):
        better = next((one for one in _exchanged(question, best) if one.cost < best.cost), None)
        if better is None:
            return best
        best = better
    return best


def _cover(question: Question) -> list[Place]:
    """The place that supplies most of what is missing, the cheapest of those, until no place helps."""
    left = dict(enumerate(question.needs))
    free = list(question.places)
    chosen: list[Place] = []
    while left and free:
        gain, best = 0, None
        for place in free:
            brings = min(sum([min(offer[0], left[d]) for d, offer in place.offers.items() if d in left]), place.room)
            if brings > gain or (best is not None and brings == gain and place.fixed < best.fixed):
                gain, best = brings, place
        if best is None or not gain:
            break
        chosen.append(best)
        free.remove(best)
        _take(best, left)
    return chosen


def _take(place: Place, left: dict[int, int]) -> None:
    room = place.room
    for demand, offer in place.offers.items():
        pieces = min(offer.pieces, left.get(demand, 0), room)
        room -= pieces
        if pieces:
            left[demand] -= pieces
            if not left[demand]:
                del left[demand]


def _exchanged(question: Question, best: Found) -> Iterator[Found]:
    """The plan without one place, or with another for it that may be cheaper and gives what the rest does not."""
    used = {place.index for place in best.places}
    asked = sum(1 << demand for demand in {demand for demand, _ in best.assigned.taken})
    tries = EXCHANGES
    for old in best.places:
        rest = [place for place in best.places if place is not old]
        given = 0
        for place in rest:
            given |= place.gives
        missing = asked & ~given
        most = best.cost - question.floor - use_cost(rest)
        if not missing:
            yield Found(question, rest)
        able = [p for p in question.places if p.fixed < most and not missing & ~p.gives and p.index not in used]
        for new in sorted(able, key=lambda place: (place.fixed, place.index)):
            if tries <= 0:
                return
            other = Found(question, [*rest, new])
            tries -= FLOW_TRIES if other.assigned.is_flow else 1
            yield other
