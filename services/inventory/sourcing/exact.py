"""The best plan, with a proof: branch and bound over the sets of places that are used.

A  A set of places has one cheapest assignment (`assign`); what is searched is the set.
B  While something is missing, some place must be added that gives the rarest demand that is missing: branch over
   these, each branch without the places of the branches before it, so that no set is seen twice.
C  Where nothing is missing, or where room is so scarce that not all can be had, branch over all that are left.
D  At least so many more places are needed as the most that any place gives of the missing demands divides them. What
   that many of the cheapest would cost is set against what the best plan so far leaves over: places too dear beside
   the others are left out, again and again until none is; and where none is left, the branch is cut.
E  Where only so many more can be afforded, places that give too few of the missing demands are left out as well; where
   it is one, only a place that gives all of them is looked at.

B leaves out no best plan, because missing pieces go before every rule, and some plan is known to miss no more than is
missing everywhere. Where the greedy plan does not show that, C stands for B.
"""

from collections.abc import Sequence
from operator import itemgetter

from services.inventory.sourcing.greedy import Found
from services.inventory.sourcing.scaled import Place, Question

WORK = 150_000
"""Places looked at before the search gives up: some tens of milliseconds. A count and no time, so that the same
question has the same answer on every machine."""
NODE_WORK = 60
"""What a node costs beside its places, in looks at a place."""
ASSIGN_WORK = 400
"""What an assignment costs, in looks at a place."""

FLOW_WORK = 10
"""What it costs more where room is scarce: for each path (a demand or a place) over each pair of the two."""


def exact(question: Question, start: Found, work: int = WORK) -> tuple[Found, bool]:
    """The best plan found, `start` or better, and whether it is proven that no plan is better."""
    search = _Search(question, start, work)
    search.run()
    return search.best, search.left > 0


def undominated(question: Question) -> list[Place]:
    """The places without those that another could stand in for in every plan, at no higher cost; cheapest first.

    `other` stands in for `place` where it has room for all and can fill every demand `place` gives anything of, and
    what its pieces cost more is no more than it saves by being used instead.
    """
    total = sum(question.needs)
    kept: list[Place] = []
    fills: list[int] = []
    for place in sorted(question.places, key=lambda one: (one.fixed, -one.gives.bit_count(), one.index)):
        gives = place.gives
        able = [other for other, filled in zip(kept, fills, strict=True) if not gives & ~filled]
        if not any(other.room >= total and _is_no_dearer(other, place) for other in able):
            kept.append(place)
            fills.append(place.fills)
    return kept


def _is_no_dearer(other: Place, place: Place) -> bool:
    dearer = sum(max(0, other.offers[d].cost - offer.cost) * offer.pieces for d, offer in place.offers.items())
    return other.fixed + dearer <= place.fixed


class _Search:
    def __init__(self, question: Question, start: Found, work: int) -> None:
        self.best = start
        self.left = work
        self._question = question
        self._places = undominated(question)
        self._least = min((place.fixed for place in self._places), default=0)
        self._must_fill = start.supplied() == sum(question.needs) - question.unavoidable
        self._by_rarity = self._rarest_first()

    def run(self) -> None:
        """The whole search, or as much of it as the work allows."""
        supply = [0] * len(self._question.needs)
        for place in self._places:
            for demand, offer in place.offers.items():
                supply[demand] += offer.pieces
        needed = [min(need, has) for need, has in zip(self._question.needs, supply, strict=True)]
        self._branch([], 0, needed, self._places)

    def _rarest_first(self) -> list[int]:
        counts = [0] * len(self._question.needs)
        for place in self._places:
            for demand in place.offers:
                counts[demand] += 1
        return sorted(range(len(counts)), key=lambda demand: (counts[demand], demand))

    def _branch(self, chosen: list[Place], used: int, missing: list[int], free: Sequence[Place]) -> None:
        """Look at `chosen`, which costs `used`, and at every set that adds some of `free` to it."""
        self.left -= len(free) + NODE_WORK
        wanted = sum([1 << demand for demand, pieces in enumerate(missing) if pieces > 0])
        if not wanted or not self._must_fill:
            self._look(chosen)  # A
        spare = self.best.cost - self._question.floor - used  # what further places may cost, and less
        if self.left <= 0 or not free or spare <= self._least:
            return
        if wanted and self._must_fill:
            self._fill(chosen, used, missing, free, wanted, spare)
            return
        for position, place in enumerate(free):  # C
            if self.left > 0 and used + place.fixed + self._question.floor < self.best.cost:
                self._branch([*chosen, place], used + place.fixed, _without(missing, place), free[position + 1 :])

    def _fill(
        self, chosen: list[Place], used: int, missing: list[int], free: Sequence[Place], wanted: int, spare: int
    ) -> None:
        count = wanted.bit_count()
        useful, idle = _affordable(wanted, free, spare)  # D
        if not useful:
            return
        most = max(useful, key=_gain)[0]
        least = min([place.fixed for _, place in useful + idle])
        allowed = (spare - 1) // least if least else len(free)
        if allowed == 1:  # E
            self._finish(chosen, used, missing, [place for gain, place in useful if gain == count])
            return
        rarest = next(demand for demand in self._by_rarity if wanted >> demand & 1)  # B
        too_few = count - (allowed - 1) * most
        able = [one for one in useful if one[1].gives >> rarest & 1]
        rest = [place for _, place in useful + idle if not place.gives >> rarest & 1]
        able.sort(key=lambda one: (-one[0], one[1].fixed, one[1].index))
        behind = [place for _, place in able]
        for position, (gain, place) in enumerate(able):
            if self.left <= 0 or gain < too_few:
                return
            if used + place.fixed + self._question.floor < self.best.cost:
                further = behind[position + 1 :] + rest
                self._branch([*chosen, place], used + place.fixed, _without(missing, place), further)

    def _finish(self, chosen: list[Place], used: int, missing: list[int], able: list[Place]) -> None:
        """The one place more that fills everything; of several the cheapest."""
        for place in sorted(able, key=lambda one: (one.fixed, one.index)):
            if self.left <= 0 or used + place.fixed + self._question.floor >= self.best.cost:
                return
            if all(place.offers[demand].pieces >= pieces for demand, pieces in enumerate(missing) if pieces > 0):
                self._look([*chosen, place])

    def _look(self, places: list[Place]) -> None:
        self.left -= ASSIGN_WORK
        found = Found(self._question, places)
        if found.assigned.is_flow:
            demands = len(self._question.needs)
            self.left -= FLOW_WORK * (demands + len(places)) * demands * len(places)
        if found.cost < self.best.cost:
            self.best = found


_gain = itemgetter(0)


def _affordable(
    wanted: int, free: Sequence[Place], spare: int
) -> tuple[list[tuple[int, Place]], list[tuple[int, Place]]]:
    """Places that give some of `wanted`, with how much, and those that do not; none that could be in a better plan.

    A place is too dear where it leaves too little of `spare` for the other places that are needed at least.
    """
    useful = [(gain, place) for place in free if (gain := (place.gives & wanted).bit_count())]
    while useful:
        few = -(-wanted.bit_count() // max(useful, key=_gain)[0])
        least = min([place.fixed for _, place in useful])
        kept = [one for one in useful if one[1].fixed + (few - 1) * least < spare]
        if len(kept) == len(useful):
            idle = [(0, place) for place in free if not place.gives & wanted and place.fixed + few * least < spare]
            return useful, idle
        useful = kept
    return [], []


def _without(missing: list[int], place: Place) -> list[int]:
    left = list(missing)
    for demand, offer in place.offers.items():
        left[demand] -= offer.pieces
    return left
