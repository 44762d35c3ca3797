"""Which of some collections a product is in, decided in memory as MongoDB decides for `found_by_rule`. No I/O."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.catalog.collection.model import (
    Collection,
    CollectionDraft,
    CollectionKind,
    Condition,
    ConditionKind,
    Match,
)

MAX_HELD = 50_000
"""Products of which it is kept in which rules' collections they are: it only saves time."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What rules ask of a product: its own, and of its variants what any of them has.

    `options` are names with values, `attributes` codes with values as they are kept, several of one code possible,
    `prices` currencies with minor units.
    """

    created_at: datetime | None = None
    category_path: tuple[str, ...] = ()
    brand: str | None = None
    tags: tuple[str, ...] = ()
    options: frozenset[tuple[str, str]] = frozenset()
    attributes: tuple[tuple[str, object], ...] = ()
    prices: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Collections:
    """Collections whose members are asked for again and again. `by_hand` are their ids by product."""

    by_hand: dict[str, tuple[str, ...]]
    lasting: tuple[Collection, ...]
    passing: tuple[Collection, ...]
    """Rules that time changes; the `lasting` hold as long as the product is as it is."""
    _held: dict[str, tuple[Traits, tuple[str, ...]]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, collections: Iterable[Collection]) -> "Collections":
        """All of them, whatever their kind."""
        by_hand: dict[str, list[str]] = defaultdict(list)
        rules: list[Collection] = []
        for one in sorted(collections, key=lambda one: one.id):
            if one.draft.kind is CollectionKind.RULE:
                rules.append(one)
            for id in one.draft.product_ids:
                by_hand[id].append(one.id)
        lasting = tuple(one for one in rules if not _is_passing(one.draft))
        passing = tuple(one for one in rules if _is_passing(one.draft))
        return cls({id: tuple(ids) for id, ids in by_hand.items()}, lasting, passing)

    @property
    def has_rules(self) -> bool:
        """Whether `Traits` are asked for."""
        return bool(self.lasting or self.passing)

    def of_product(self, product_id: str, traits: Traits | None, at: datetime) -> tuple[str, ...]:
        """The ids of those it is in at an instant; without traits, of those by hand."""
        found = self.by_hand.get(product_id, ())
        if traits is None or not self.has_rules:
            return found
        held = self._held.get(product_id)
        if held is None or held[0] is not traits:
            held = (traits, tuple(one.id for one in self.lasting if fits_rule(one.draft, traits, at)))
            if len(self._held) >= MAX_HELD:
                self._held.clear()
            self._held[product_id] = held
        return found + held[1] + tuple(one.id for one in self.passing if fits_rule(one.draft, traits, at))


NO_COLLECTIONS = Collections.of(())


def fits_rule(draft: CollectionDraft, traits: Traits, at: datetime) -> bool:
    """Whether a product is in a collection by rule."""
    answers = (_holds(one, traits, at) for one in draft.conditions)
    return all(answers) if draft.match is Match.ALL else any(answers)


def _is_passing(draft: CollectionDraft) -> bool:
    return any(one.kind is ConditionKind.NEW_SINCE for one in draft.conditions)


def _holds(one: Condition, traits: Traits, at: datetime) -> bool:
    match one.kind:
        case ConditionKind.CATEGORY:
            return not set(one.values).isdisjoint(traits.category_path)
        case ConditionKind.BRAND:
            return traits.brand in one.values
        case ConditionKind.TAG:
            return not set(one.values).isdisjoint(traits.tags)
        case ConditionKind.OPTION:
            return any((one.name, value) in traits.options for value in one.values)
        case ConditionKind.NEW_SINCE:
            return traits.created_at is not None and traits.created_at >= at - timedelta(days=one.days or 0)
        case ConditionKind.PRICE:
            return any(currency == one.name and _within(one, minor) for currency, minor in traits.prices)
        case ConditionKind.ATTRIBUTE:
            return any(code == one.name and _has_value(one, value) for code, value in traits.attributes)


def _has_value(one: Condition, value: object) -> bool:
    values = value if isinstance(value, list | tuple) else (value,)
    return any(each in one.values if one.values else _within(one, each) for each in values)


def _within(one: Condition, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low, high = one.minimum, one.maximum
    return (low is None or value >= float(low)) and (high is None or value <= float(high))
