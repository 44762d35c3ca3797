"""Sourced values of a profile, and the rules by which one of them is shown. No I/O, no clock.

Of every source a profile keeps the latest word on a field. What is shown is computed on read, so that a rule may
change, and profiles be joined and parted, without rewriting any value.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.customer.folding import fold_kana

UNPROVEN = "unverified:"
"""What the source of a value begins with that came with no proof of whose it is: anybody can type a stranger's address
into a form. It is shown only where nothing else is known."""
LISTS = frozenset({"emails", "phones", "addresses", "tags"})
"""Fields of which every source's values are shown, the surviving source's first."""
NAME = "name"
"""The field of which a source may know a part."""
MAX_LISTED = 50
"""Values shown of one list field: five sources with ten each."""


class Rule(StrEnum):
    """How the shown value of a field is chosen."""

    LATEST = "LATEST"
    TRUSTED = "TRUSTED"
    FREQUENT = "FREQUENT"


@dataclass(frozen=True, slots=True)
class Trait:
    """What one source said of one field, and when. `edited`: by a person who meant this value and no other.

    A profile keeps one of each field, source and `edited`, so that what was observed later does not undo an edit.
    """

    field: str
    source: str
    at: datetime
    value: Any
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Survivorship:
    """The rule of each field (LATEST if none is named), and sources from the most trusted down."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    trust: tuple[str, ...] = ()


LATEST_WINS = Survivorship()


def plain(value: Any) -> Any:
    """A value as JSON has it; parts of a name or an address nobody told are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return {name: plain(part) for name, part in named.items() if part is not None}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else value


def survivors(traits: Iterable[Trait], survivorship: Survivorship = LATEST_WINS) -> dict[str, Any]:
    """The shown value of every field anybody told.

    What was known before the latest edit of a field is out of the race, whatever the rule: who corrects a value sees
    it corrected. Independent of the order of `traits`.
    """
    told: dict[str, dict[tuple[str, bool], Trait]] = {}
    for trait in traits:
        by_source, slot = told.setdefault(trait.field, {}), (trait.source, trait.edited)
        if slot not in by_source or _age(trait) > _age(by_source[slot]):
            by_source[slot] = trait
    return {name: _shown(name, list(by_source.values()), survivorship) for name, by_source in told.items()}


def _shown(name: str, traits: Sequence[Trait], survivorship: Survivorship) -> Any:
    if len(traits) == 1:  # as it nearly always is: nothing to compare
        return tuple(traits[0].value or ())[:MAX_LISTED] if name in LISTS else traits[0].value
    edited = max((trait.at for trait in traits if trait.edited), default=None)
    racing = [trait for trait in traits if edited is None or trait.edited or trait.at > edited]
    if edited is not None:
        last = max((trait for trait in racing if trait.edited), key=_age)
        racing = [trait for trait in racing if not trait.edited or trait is last]
    racing = [trait for trait in racing if not trait.source.startswith(UNPROVEN)] or racing
    ranked = _ranked(racing, survivorship.rules.get(name, Rule.LATEST), survivorship.trust)
    if name == NAME:
        return _completed([trait.value for trait in ranked])
    if name not in LISTS:
        return ranked[0].value
    return tuple(dict.fromkeys(one for trait in ranked for one in trait.value or ()))[:MAX_LISTED]


def _completed(names: Sequence[Any]) -> Any:
    """The first name, with the parts it lacks from those that are the same as far as both say.

    A till's spelling without a reading gets the web shop's reading, and not that of a maiden name.
    """
    best, *others = names
    if best is None:
        return None
    known = _parts(best)
    for theirs in map(_parts, others):
        common = known.keys() & theirs.keys()
        if common and all(fold_kana(known[part]) == fold_kana(theirs[part]) for part in common):
            known = theirs | known
    return replace(best, **known)


def _parts(name: Any) -> dict[str, str]:
    """Those that were told."""
    return {} if name is None else {one.name: part for one in fields(name) if (part := getattr(name, one.name))}


def _ranked(traits: Sequence[Trait], rule: Rule, trust: Sequence[str]) -> list[Trait]:
    """The best first; of equals the latest."""
    latest = sorted(traits, key=_age, reverse=True)
    match rule:
        case Rule.LATEST:
            return latest
        case Rule.TRUSTED:
            place = {source: index for index, source in enumerate(trust)}
            return sorted(latest, key=lambda trait: place.get(trait.source, len(place)))
        case Rule.FREQUENT:
            counts = Counter(repr(trait.value) for trait in traits)
            return sorted(latest, key=lambda trait: -counts[repr(trait.value)])


def _age(trait: Trait) -> tuple[datetime, str, str]:
    return trait.at, trait.source, repr(trait.value)
