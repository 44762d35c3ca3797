"""The best plan, with a proof: branch and bound over the sets of places that are used.

A  A set of places has one cheapest assignment (`assign`); what is searched is the set.
B  While something is missing, some place must be added that gives the rarest demand that is missing: branch over
   these, each branch without the places of the branches before it, so that no set is seen twice.
C  Where nothing is missing, or where room is so scarce that not all can be had, branch over all that are left.
D  At least so many more places are needed as the most that any place gives of the missing demands divides them. What
   that many of the cheapest would cost is set against what the best plan so far leaves over: places too dear beside
   the others are left out, again and again until none is; and where none is left, the branch is cut.
E  Where only so many more can be afforded, places that give too few of the missing demands are left out as well; where
   it is one, only a place that gives all of them is looked at, and where it is two, only one that some other completes.

B leaves out no best plan, because missing pieces go before every rule, and some plan is known to miss no more than is
missing everywhere. Where the greedy plan does not show that, C stands for B.

Sets of places are whole numbers with a bit a place, the cheapest place's the lowest: what would be a look at each of
some hundred places is one operation on all of them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from services.inventory.sourcing.greedy import Found
from services.inventory.sourcing.scaled import Place, Question

WORK = 190_000
"""Work done before the search gives up: some twenty milliseconds. A count and no time, so that the same question has
the same answer on every machine."""
NODE_WORK = 100
"""What a set costs that is looked beyond: its places are counted by what they give."""
END_WORK = 25
"""What one costs to which a single place more can be afforded."""
PAIR_WORK = 15
"""What it costs to see whether two places can be all that is added."""
ASSIGN_WORK = 400
"""What an assignment costs."""

FLOW_WORK = 8
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
    filling = [0] * len(question.needs)  # of each demand, those kept so far that fill it whole and have room for all
    for place in sorted(question.places, key=lambda one: (one.fixed, -one.gives.bit_count(), one.index)):
        able = -1
        for demand in place.offers:
            able &= filling[demand]
        if any(_is_no_dearer(kept[number], place) for number in bits(able)):
            continue
        if place.room >= total:
            for demand in bits(place.fills):
                filling[demand] |= 1 << len(kept)
        kept.append(place)
    return kept


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, the lowest first."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def _is_no_dearer(other: Place, place: Place) -> bool:
    dearer = sum(max(0, other.offers[d].cost - offer.cost) * offer.pieces for d, offer in place.offers.items())
    return other.fixed + dearer <= place.fixed


class _Search:
    def __init__(self, question: Question, start: Found, work: int) -> None:
        self.best = start
        self.left = work
        self._question = question
        self._places = undominated(question)
        self._fixed = [place.fixed for place in self._places]
        self._giving = [0] * len(question.needs)
        for number, place in enumerate(self._places):
            for demand in place.offers:
                self._giving[demand] |= 1 << number
        self._must_fill = start.supplied() == sum(question.needs) - question.unavoidable
        demands = range(len(question.needs))
        self._by_rarity = sorted(demands, key=lambda demand: (self._giving[demand].bit_count(), demand))

    def run(self) -> None:
        """The whole search, or as much of it as the work allows."""
        supply = [0] * len(self._question.needs)
        for place in self._places:
            for demand, offer in place.offers.items():
                supply[demand] += offer.pieces
        needed = [min(need, has) for need, has in zip(self._question.needs, supply, strict=True)]
        self._branch([], 0, needed, (1 << len(self._places)) - 1)

    def _branch(self, chosen: list[Place], used: int, missing: list[int], free: int) -> None:
        """Look at `chosen`, which costs `used`, and at every set that adds some of `free` to it."""
        wanted = [demand for demand in self._by_rarity if missing[demand] > 0]
        if not wanted or not self._must_fill:
            self._look(chosen)  # A
        spare = self.best.cost - self._question.floor - used  # what further places may cost, and less
        if self.left <= 0 or not free or spare <= self._cheapest(free):
            return
        if wanted and self._must_fill:
            self._fill(chosen, used, missing, free, wanted)
            return
        self.left -= NODE_WORK
        for number in bits(free):  # C
            place = self._places[number]
            if self.left <= 0 or used + place.fixed + self._question.floor >= self.best.cost:
                return
            free ^= 1 << number
            self._branch([*chosen, place], used + place.fixed, _without(missing, place), free)

    def _fill(self, chosen: list[Place], used: int, missing: list[int], free: int, wanted: list[int]) -> None:
        spare = self.best.cost - self._question.floor - used
        if self._allowed(free, spare) == 1:  # E
            self._finish(chosen, used, missing, free, wanted)
            return
        self.left -= NODE_WORK
        useful, idle, counts = self._affordable(wanted, free, spare)  # D
        if not useful:
            return
        free = useful | idle
        allowed = self._allowed(free, spare)
        if allowed == 1:
            self._finish(chosen, used, missing, useful, wanted)
            return
        most = counts.most(useful)
        able = useful & self._giving[wanted[0]]  # B
        for gain in range(most, max(len(wanted) - (allowed - 1) * most, 1) - 1, -1):
            for number in bits(counts.exactly(able, gain)):
                if self.left <= 0:
                    return
                place = self._places[number]
                free ^= 1 << number
                spare = self.best.cost - self._question.floor - used - place.fixed
                if spare > 0 and (allowed > 2 or self._closes(place, free, wanted, spare)):
                    self._branch([*chosen, place], used + place.fixed, _without(missing, place), free)

    def _closes(self, place: Place, free: int, wanted: list[int], spare: int) -> bool:
        """Whether this place and one more, which costs less than `spare`, may give all that is wanted."""
        self.left -= PAIR_WORK
        gives, free = place.gives, free & self._below(spare)
        lacking = [demand for demand in wanted if not gives >> demand & 1]
        for demand in lacking:
            free &= self._giving[demand]
        return bool(free) or not lacking

    def _finish(self, chosen: list[Place], used: int, missing: list[int], able: int, wanted: list[int]) -> None:
        """The one place more that fills everything; of several the cheapest."""
        self.left -= END_WORK
        for demand in wanted:
            able &= self._giving[demand]
        for number in bits(able):
            place = self._places[number]
            if self.left <= 0 or used + place.fixed + self._question.floor >= self.best.cost:
                return
            if all(place.offers[demand].pieces >= missing[demand] for demand in wanted):
                self._look([*chosen, place])

    def _affordable(self, wanted: list[int], free: int, spare: int) -> "tuple[int, int, _Counts]":
        """Places that give some of `wanted`, and those that do not; none that could be in a better plan.

        A place is too dear where it leaves too little of `spare` for the other places that are needed at least.
        """
        counts = _Counts([self._giving[demand] & free for demand in wanted])
        useful = counts.any
        while useful:
            few = -(-len(wanted) // counts.most(useful))
            least = self._cheapest(useful)
            kept = useful & self._below(spare - (few - 1) * least)
            if kept == useful:
                return useful, free & ~counts.any & self._below(spare - few * least), counts
            useful = kept
        return 0, 0, counts

    def _allowed(self, free: int, spare: int) -> int:
        """How many more of these places may be used at most in a better plan."""
        least = self._cheapest(free)
        return (spare - 1) // least if least else free.bit_count()

    def _cheapest(self, free: int) -> int:
        return self._fixed[(free & -free).bit_length() - 1]

    def _below(self, cost: int) -> int:
        """The places that cost less than this."""
        return (1 << bisect_left(self._fixed, cost)) - 1

    def _look(self, places: list[Place]) -> None:
        self.left -= ASSIGN_WORK
        found = Found(self._question, places)
        if found.assigned.is_flow:
            demands = len(self._question.needs)
            self.left -= FLOW_WORK * (demands + len(places)) * demands * len(places)
        if found.cost < self.best.cost:
            self.best = found


class _Counts:
    """In how many of some sets each place is: the digits of all these numbers, a bit a place."""

    __slots__ = ("_digits", "any")

    def __init__(self, sets: Sequence[int]) -> None:
        self.any = 0
        digits: list[int] = []
        for each in sets:
            self.any |= each
            carry = each
            for number, digit in enumerate(digits):
                digits[number], carry = digit ^ carry, digit & carry
                if not carry:
                    break
            if carry:
                digits.append(carry)
        self._digits = digits

    def most(self, among: int) -> int:
        """The largest count."""
        count = 0
        for number in range(len(self._digits) - 1, -1, -1):
            having = among & self._digits[number]
            if having:
                among, count = having, count | 1 << number
        return count

    def exactly(self, among: int, count: int) -> int:
        """Those with this count."""
        for number, digit in enumerate(self._digits):
            among &= digit if count >> number & 1 else ~digit
        return among


def _without(missing: list[int], place: Place) -> list[int]:
    left = list(missing)
    for demand, offer in place.offers.items():
        left[demand] -= offer.pieces
    return left
