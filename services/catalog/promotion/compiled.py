"""All live promotions, arranged so that a basket meets only those that name something in it. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.catalog.promotion.model import Promotion


@dataclass(frozen=True, slots=True)
class Compiled:
    """`ordered` is the order in which promotions are taken; places refer to it."""

    ordered: tuple[Promotion, ...]
    by_tag: Mapping[str, tuple[int, ...]]
    for_everything: tuple[int, ...]

    def candidates(self, tags: Sequence[Sequence[str]]) -> list[tuple[Promotion, list[int]]]:
        """The promotions that mean any of these lines, in order, each with the places of its lines.

        `tags` are each line's, its SKU's first.
        """
        found: dict[int, list[int]] = {place: list(range(len(tags))) for place in self.for_everything}
        by_tag = self.by_tag
        for line, own in enumerate(tags):
            for tag in own:
                for place in by_tag.get(tag, ()):
                    lines = found.setdefault(place, [])
                    if not lines or lines[-1] != line:
                        lines.append(line)
        return [(self.ordered[place], self._kept(place, found[place], tags)) for place in sorted(found)]

    def _kept(self, place: int, lines: list[int], tags: Sequence[Sequence[str]]) -> list[int]:
        excluded = self.ordered[place].draft.conditions.target.excluded_skus
        return lines if not excluded else [line for line in lines if tags[line][0][2:] not in excluded]

    @property
    def counts_by_customer(self) -> list[str]:
        """The promotions of which a customer's own uses matter."""
        return [one.id for one in self.ordered if one.draft.limits.max_uses_per_customer is not None]


def compile_promotions(promotions: Iterable[Promotion]) -> Compiled:
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
    return Compiled(ordered, {tag: tuple(places) for tag, places in by_tag.items()}, tuple(everything))


NOTHING = compile_promotions(())
"""No promotion at all."""
