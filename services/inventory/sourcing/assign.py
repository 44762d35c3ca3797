"""Which pieces come from which of the places that are used: the cheapest way, exactly.

Where room suffices, each demand is served by its cheapest places first. Where it does not, the pieces are a flow from
demands to places, sent along shortest paths (Ford and Fulkerson's successive shortest paths, by Bellman and Ford).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.inventory.sourcing.scaled import Offer, Place, Question


@dataclass(frozen=True, slots=True)
class Assigned:
    """The cost of the pieces, missing ones included, and how many each demand gets from each place."""

    cost: int
    taken: dict[tuple[int, int], int]
    is_flow: bool = False


def assign(question: Question, places: Sequence[Place]) -> Assigned:
    """The cheapest assignment to these places; what using them costs is not in it."""
    simple = _by_demand(question, places)
    if question.is_roomy or _fits(simple, places):
        return simple
    return _Flow(question, places).solve()


def use_cost(places: Sequence[Place]) -> int:
    """What using these places costs, whatever is taken from them."""
    return sum(place.fixed for place in places)


def drop_idle(assigned: Assigned, places: Sequence[Place]) -> list[Place]:
    """The places something is taken from."""
    used = {place for _, place in assigned.taken}
    return [place for place in places if place.index in used]


def _by_demand(question: Question, places: Sequence[Place]) -> Assigned:
    cost = 0
    taken: dict[tuple[int, int], int] = {}
    for demand, need in enumerate(question.needs):
        offers = [(place.offers[demand], place.index) for place in places if demand in place.offers]
        for offer, index in sorted(offers, key=lambda one: (one[0].cost, one[1])):
            pieces = offer.pieces if offer.pieces < need else need
            taken[demand, index] = pieces
            cost += pieces * offer.cost
            need -= pieces
            if not need:
                break
        cost += need * question.miss
    return Assigned(cost, taken)


def _fits(assigned: Assigned, places: Sequence[Place]) -> bool:
    load: dict[int, int] = {}
    for (_, place), pieces in assigned.taken.items():
        load[place] = load.get(place, 0) + pieces
    return all(load.get(place.index, 0) <= place.room for place in places)


NOWHERE = -1
"""The place that pieces come from when nobody has them: never full, and dearer than all others together."""


class _Flow:
    """Pieces as a flow; a shortest path may take a piece of another demand to another place to make room."""

    def __init__(self, question: Question, places: Sequence[Place]) -> None:
        self._question = question
        misses = {demand: Offer(need, question.miss) for demand, need in enumerate(question.needs)}
        nowhere = Place(NOWHERE, 0, sum(question.needs), misses, 0, 0)
        self._places = {place.index: place for place in (*places, nowhere)}
        self._room = {index: place.room for index, place in self._places.items()}
        self._taken: dict[tuple[int, int], int] = {}

    def solve(self) -> Assigned:
        """Demand by demand, path by path: what is sent is the cheapest flow of its size at every step."""
        for demand, need in enumerate(self._question.needs):
            left = need
            while left:
                left -= self._send(self._cheapest_path(demand), left)
        cost = sum(self._places[place].offers[demand].cost * pieces for (demand, place), pieces in self._taken.items())
        taken = {key: pieces for key, pieces in self._taken.items() if pieces and key[1] != NOWHERE}
        return Assigned(cost, taken, True)

    def _cheapest_path(self, start: int) -> list[tuple[int, int]]:
        """Pairs (demand, place) from `start` to a place with room; every second step takes a piece back."""
        reach_demand: dict[int, int] = {start: 0}
        reach_place: dict[int, int] = {}
        from_demand: dict[int, int] = {}
        from_place: dict[int, int] = {}
        changed = True
        while changed:
            changed = False
            for demand, so_far in list(reach_demand.items()):
                for place in self._places.values():
                    offer = place.offers.get(demand)
                    if offer is None or self._taken.get((demand, place.index), 0) >= offer.pieces:
                        continue
                    cost = so_far + offer.cost
                    if cost < reach_place.get(place.index, cost + 1):
                        reach_place[place.index], from_demand[place.index] = cost, demand
                        changed = True
            for (demand, index), pieces in self._taken.items():
                if pieces and index in reach_place:
                    cost = reach_place[index] - self._places[index].offers[demand].cost
                    if cost < reach_demand.get(demand, cost + 1):
                        reach_demand[demand], from_place[demand] = cost, index
                        changed = True
        ends = [(cost, index) for index, cost in reach_place.items() if self._room[index] > 0]
        return _walk_back(min(ends)[1], start, from_demand, from_place)

    def _send(self, path: list[tuple[int, int]], most: int) -> int:
        forward, back = path[::2], path[1::2]
        pieces = min(most, self._room[path[-1][1]])
        for demand, place in forward:
            left = self._places[place].offers[demand].pieces - self._taken.get((demand, place), 0)
            pieces = min(pieces, left)
        pieces = min([pieces, *(self._taken[key] for key in back)])
        for key in forward:
            self._taken[key] = self._taken.get(key, 0) + pieces
        for key in back:
            self._taken[key] -= pieces
        self._room[path[-1][1]] -= pieces
        return pieces


def _walk_back(end: int, start: int, from_demand: dict[int, int], from_place: dict[int, int]) -> list[tuple[int, int]]:
    path: list[tuple[int, int]] = []
    place = end
    while True:
        demand = from_demand[place]
        path.append((demand, place))
        if demand == start:
            return path[::-1]
        place = from_place[demand]
        path.append((demand, place))
