"""All live promotions, arranged so that a basket meets only those that name something in it. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.catalog.collection.membership import NO_COLLECTIONS, Collections
from services.catalog.promotion.model import Promotion, Situation, collection_tag, holds_always, holds_now, is_for

MAX_KINDS = 1_000
"""Kinds of situations whose promotions are kept: channels by segments, ranks and shops that really ask."""


class Kind(NamedTuple):
    """The promotions for one kind of situation: those that hold always, and those that have to be asked each time."""

    always: frozenset[int]
    sometimes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """`ordered` is the order in which promotions are taken; places refer to it. `collections` are those they name."""

    ordered: tuple[Promotion, ...]
    by_tag: Mapping[str, tuple[int, ...]]
    for_everything: tuple[int, ...]
    collections: Collections = NO_COLLECTIONS
    kinds: dict[tuple[object, ...], Kind] = field(default_factory=dict, compare=False)
    """What `fitting` found for the kinds of situations it was asked for; it only saves time."""

    def fitting(self, situation: Situation) -> "Fitting":
        """Those that may apply in a situation, whatever is in the basket: asked once for a page of prices."""
        kind = self._kind(situation)
        now = [place for place in kind.sometimes if holds_now(self.ordered[place], situation)]
        allowed = kind.always.union(now) if now else kind.always
        return Fitting(self, tuple(place for place in self.for_everything if place in allowed), allowed)

    def _kind(self, situation: Situation) -> Kind:
        here = situation
        key = (here.channel, here.currency, here.location, here.segments, here.rank, here.is_first_purchase)
        known = self.kinds.get(key)
        if known is None:
            places = [place for place, one in enumerate(self.ordered) if is_for(one, situation)]
            always = frozenset(place for place in places if holds_always(self.ordered[place]))
            known = Kind(always, tuple(place for place in places if place not in always))
            if len(self.kinds) >= MAX_KINDS:
                self.kinds.clear()
            self.kinds[key] = known
        return known

    @property
    def counts_by_customer(self) -> list[str]:
        """The promotions of which a customer's own uses matter."""
        return [one.id for one in self.ordered if one.draft.limits.max_uses_per_customer is not None]


@dataclass(frozen=True, slots=True)
class Fitting:
    """The compiled promotions of which only `allowed` places may apply."""

    compiled: Compiled
    for_everything: tuple[int, ...]
    allowed: frozenset[int]

    def candidates(self, tags: Sequence[Sequence[str]]) -> list[tuple[Promotion, list[int]]]:
        """The promotions that mean any of these lines, in order, each with the places of its lines.

        `tags` are each line's, its SKU's first.
        """
        every = list(range(len(tags)))
        found: dict[int, list[int]] = dict.fromkeys(self.for_everything, every)
        by_tag, allowed = self.compiled.by_tag, self.allowed
        for line, own in enumerate(tags):
            for tag in own:
                for place in by_tag.get(tag, ()):
                    if place in allowed:
                        lines = found.setdefault(place, [])
                        if not lines or lines[-1] != line:
                            lines.append(line)
        ordered = self.compiled.ordered
        return [(ordered[place], _kept(ordered[place], found[place], tags)) for place in sorted(found)]


def _kept(promotion: Promotion, lines: list[int], tags: Sequence[Sequence[str]]) -> list[int]:
    target = promotion.draft.conditions.target
    if target.excluded_skus:
        lines = [line for line in lines if tags[line][0][2:] not in target.excluded_skus]
    if target.excluded_collection_ids:
        excluded = set(map(collection_tag, target.excluded_collection_ids))
        lines = [line for line in lines if excluded.isdisjoint(tags[line])]
    return lines


def compile_promotions(promotions: Iterable[Promotion], collections: Collections = NO_COLLECTIONS) -> Compiled:
    """Leaves out what is switched off or used up."""
    live = [one for one in promotions if one.draft.enabled and not one.is_exhausted]
    ordered = tuple(sorted(live, key=lambda one: (-one.draft.priority, one.id)))
    by_tag: dict[str, list[int]] = defaultdict(list)
    everything: list[int] = []
    for place, promotion in enumerate(ordered):
        target = promotion.draft.conditions.target
        if target.is_everything:
            everything.append(place)
        for tag in target.tags:
            by_tag[tag].append(place)
    return Compiled(ordered, {tag: tuple(places) for tag, places in by_tag.items()}, tuple(everything), collections)


NOTHING = compile_promotions(())
"""No promotion at all."""
