"""What may be chosen of a customised product, whether a choice is allowed, and what it costs more. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType

from kit.errors import NotFound, Path, Refusal
from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from services.catalog.model import Translations, check_names, check_slug, invalid
from services.catalog.pattern import check_pattern, matches

DesignId = NewType("DesignId", str)

MAX_GROUPS = 50
"""Parts of one product a shopper goes through: a shoe has a dozen."""
MAX_CHOICES = 200
"""Of one group: a wall of colours."""
MAX_RULES = 1_000
"""Exclusions, and requirements, of one product: every save goes through all of them."""
MAX_NEEDS = 20
MAX_ENGRAVING = 200
"""Characters of one text: more is a letter, not an engraving."""
MAX_PATTERN = 200
MAX_DELTA = MAX_MINOR_UNITS // 1_000
"""Minor units of one choice: `MAX_GROUPS` of them stay far within what the graph carries."""


class GroupKind(StrEnum):
    """CHOICE: some of a list. TEXT: words of the shopper's own."""

    CHOICE = "CHOICE"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose; `deltas` by currency in minor units. None at all: it costs nothing more, in any."""

    code: str
    names: Translations
    deltas: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A part of the product. Of a CHOICE, from `minimum` to `maximum` of its choices are made.

    A TEXT has at least `minimum` (0: may be left out) and at most `maximum` characters, matches `pattern` whole, and
    costs `deltas` more if there is any.
    """

    code: str
    names: Translations
    kind: GroupKind = GroupKind.CHOICE
    minimum: int = 0
    maximum: int = 1
    choices: tuple[Choice, ...] = ()
    pattern: str | None = None
    deltas: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ChoiceRef:
    """A choice of a group."""

    group: str
    choice: str

    def __str__(self) -> str:
        return f"{self.group}:{self.choice}"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Never both."""

    first: ChoiceRef
    second: ChoiceRef


@dataclass(frozen=True, slots=True)
class Requirement:
    """Who makes this choice makes one of those, too."""

    chosen: ChoiceRef
    needs: tuple[ChoiceRef, ...]


@dataclass(frozen=True, slots=True)
class Customization:
    """What may be chosen of a product, in one version of it; a version never changes."""

    product_id: str
    version: int
    groups: tuple[Group, ...]
    exclusions: tuple[Exclusion, ...] = ()
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen in one group, or written."""

    group: str
    choices: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a shopper chose of a variant, by one version of its product's customization; never changes."""

    id: DesignId
    sku: str
    product_id: str
    version: int
    selections: tuple[Selection, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceCount(Refusal):
    """Too few or too many choices in a group, or characters in a text."""

    group: str
    minimum: int
    maximum: int
    got: int
    code: ClassVar[str] = "CHOICE_COUNT"

    @property
    def message(self) -> str:
        """All four facts."""
        return f"{self.group}: {self.minimum} to {self.maximum} expected, got {self.got}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesExcluded(Refusal):
    """Two choices that never go together."""

    first: str
    second: str
    code: ClassVar[str] = "CHOICES_EXCLUDED"

    @property
    def message(self) -> str:
        """Both."""
        return f"{self.first} and {self.second} do not go together"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRequired(Refusal):
    """A choice that needs one of others beside it."""

    chosen: str
    needs: tuple[str, ...]
    code: ClassVar[str] = "CHOICE_REQUIRED"

    @property
    def message(self) -> str:
        """What, and which of."""
        return f"{self.chosen} needs one of {', '.join(self.needs)}"


def check_customization(wanted: Customization, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `wanted` cannot be offered."""
    if not 1 <= len(wanted.groups) <= MAX_GROUPS:
        return [invalid((*at, "groups"), f"1 to {MAX_GROUPS} groups", len(wanted.groups))]
    problems: list[Refusal] = []
    seen: set[str] = set()
    for index, group in enumerate(wanted.groups):
        here = (*at, "groups", str(index))
        if group.code in seen:
            problems.append(invalid((*here, "code"), "a code no other group has", group.code))
        seen.add(group.code)
        problems += _check_group(group, here)
    return problems or _check_rules(wanted, at)


def check_selections(
    customization: Customization, selections: Sequence[Selection], at: Path = ("input", "selections")
) -> list[Refusal]:
    """Every reason why these choices cannot be made together."""
    groups = {group.code: group for group in customization.groups}
    problems: list[Refusal] = []
    made: dict[str, Path] = {}
    for index, selection in enumerate(selections):
        here = (*at, str(index))
        group = groups.get(selection.group)
        if group is None:
            problems.append(NotFound(path=(*here, "group"), kind="Group", id=selection.group[:MAX_ENGRAVING]))
        elif selection.group in made:
            problems.append(invalid((*here, "group"), "a group once", selection.group))
        else:
            made[selection.group] = here
            problems += _check_selection(group, selection, here)
    for group in customization.groups:
        if group.minimum > 0 and group.code not in made:
            facts = {"minimum": group.minimum, "maximum": group.maximum, "got": 0}
            problems.append(ChoiceCount(path=at, group=group.code, **facts))
    return problems or _check_together(customization, selections, made)


def surcharge(customization: Customization, selections: Sequence[Selection], currency: str) -> int | None:
    """What the choices cost more than the variant, in minor units of `currency`; None if one has no price in it.

    May be below 0. Of choices that were checked by `check_selections` with the same customization.
    """
    total = 0
    groups = {group.code: group for group in customization.groups}
    for selection in selections:
        group = groups[selection.group]
        deltas = [choice.deltas for choice in group.choices if choice.code in selection.choices]
        if selection.text:
            deltas.append(group.deltas or {})
        for delta in deltas:
            if delta and currency not in delta:
                return None
            total += delta.get(currency, 0)
    return total


def design_surcharge(design: Design, customization: Customization, currency: str) -> int | None:
    """`surcharge` of a saved design; `customization` is the version it was made with."""
    if (design.product_id, design.version) != (customization.product_id, customization.version):
        raise ValueError(f"{design.id} was made with version {design.version}, not {customization.version}")
    return surcharge(customization, design.selections, currency)


def _check_group(group: Group, at: Path) -> list[Refusal]:
    problems: list[Refusal] = [*check_slug(group.code, (*at, "code")), *check_names(group.names, (*at, "names"))]
    most = MAX_ENGRAVING if group.kind is GroupKind.TEXT else len(group.choices)
    if not 0 <= group.minimum <= group.maximum or not 1 <= group.maximum <= max(most, 1):
        got = f"{group.minimum} to {group.maximum}"
        problems.append(invalid((*at, "max"), f"min up to max, and max from 1 to {most}", got))
    if group.kind is GroupKind.TEXT:
        problems += _check_deltas(group.deltas or {}, (*at, "deltas"))
        if group.choices:
            problems.append(invalid((*at, "choices"), "none, of a TEXT", len(group.choices)))
        return problems + _check_pattern(group.pattern, (*at, "pattern"))
    if group.pattern is not None or group.deltas:
        problems.append(invalid((*at, "pattern"), "pattern and deltas only of a TEXT", group.pattern))
    if not 1 <= len(group.choices) <= MAX_CHOICES:
        problems.append(invalid((*at, "choices"), f"1 to {MAX_CHOICES} choices", len(group.choices)))
    seen: set[str] = set()
    for index, choice in enumerate(group.choices):
        here = (*at, "choices", str(index))
        problems += [*check_slug(choice.code, (*here, "code")), *check_names(choice.names, (*here, "names"))]
        problems += _check_deltas(choice.deltas, (*here, "deltas"))
        if choice.code in seen:
            problems.append(invalid((*here, "code"), "a code no other choice of the group has", choice.code))
        seen.add(choice.code)
    return problems


def _check_pattern(pattern: str | None, at: Path) -> list[Refusal]:
    if pattern is None:
        return []
    if len(pattern) > MAX_PATTERN:
        return [invalid(at, f"at most {MAX_PATTERN} characters", len(pattern))]
    return check_pattern(pattern, at)


def _check_deltas(deltas: Mapping[str, int], at: Path) -> list[Refusal]:
    return [
        invalid((*at, currency), f"{-MAX_DELTA} to {MAX_DELTA} minor units of a known currency", delta)
        for currency, delta in deltas.items()
        if currency not in CURRENCY_DECIMALS or not -MAX_DELTA <= delta <= MAX_DELTA
    ]


def _check_rules(wanted: Customization, at: Path) -> list[Refusal]:
    known = {ChoiceRef(group.code, choice.code) for group in wanted.groups for choice in group.choices}
    for name, rules in (("exclusions", wanted.exclusions), ("requirements", wanted.requirements)):
        if len(rules) > MAX_RULES:
            return [invalid((*at, name), f"at most {MAX_RULES}", len(rules))]
    excluded = {frozenset((one.first, one.second)) for one in wanted.exclusions}
    problems: list[Refusal] = []
    for index, exclusion in enumerate(wanted.exclusions):
        here = (*at, "exclusions", str(index))
        problems += _unknown({"first": exclusion.first, "second": exclusion.second}, known, here)
        if exclusion.first == exclusion.second:
            problems.append(invalid(here, "two different choices", exclusion.first))
    for index, rule in enumerate(wanted.requirements):
        here = (*at, "requirements", str(index))
        named = {"chosen": rule.chosen} | {f"needs.{place}": one for place, one in enumerate(rule.needs)}
        problems += _unknown(named, known, here)
        if not 1 <= len(rule.needs) <= MAX_NEEDS:
            problems.append(invalid((*here, "needs"), f"1 to {MAX_NEEDS}", len(rule.needs)))
        elif all(frozenset((rule.chosen, one)) in excluded for one in rule.needs):
            problems.append(invalid((*here, "needs"), "one that is not excluded", rule.chosen))
    return problems


def _unknown(named: Mapping[str, ChoiceRef], known: set[ChoiceRef], at: Path) -> list[Refusal]:
    return [
        NotFound(path=(*at, *place.split(".")), kind="Choice", id=str(ref)[:MAX_ENGRAVING])
        for place, ref in named.items()
        if ref not in known
    ]


def _check_selection(group: Group, selection: Selection, at: Path) -> list[Refusal]:
    if group.kind is GroupKind.TEXT:
        return _check_text(group, selection, at)
    if selection.text is not None:
        return [invalid((*at, "text"), f"no text: {group.code!r} is a CHOICE", selection.text[:MAX_ENGRAVING])]
    known = {choice.code for choice in group.choices}
    problems: list[Refusal] = [
        NotFound(path=(*at, "choices", str(index)), kind="Choice", id=f"{group.code}:{code}"[:MAX_ENGRAVING])
        for index, code in enumerate(selection.choices)
        if code not in known
    ]
    if len(set(selection.choices)) != len(selection.choices):
        problems.append(invalid((*at, "choices"), "choices that are all different", len(selection.choices)))
    return problems + _count(group, len(selection.choices), (*at, "choices"))


def _check_text(group: Group, selection: Selection, at: Path) -> list[Refusal]:
    if selection.choices:
        return [invalid((*at, "choices"), f"no choices: {group.code!r} is a TEXT", len(selection.choices))]
    text, here = selection.text or "", (*at, "text")
    problems = _count(group, len(text), here)
    if problems or not text:
        return problems
    if not text.isprintable() or text != text.strip():
        return [invalid(here, "printable characters without blanks around", repr(text[:MAX_ENGRAVING]))]
    if group.pattern is not None and not matches(group.pattern, text):
        return [invalid(here, f"what matches {group.pattern}", text)]
    return []


def _count(group: Group, got: int, at: Path) -> list[Refusal]:
    if group.minimum <= got <= group.maximum:
        return []
    return [ChoiceCount(path=at, group=group.code, minimum=group.minimum, maximum=group.maximum, got=got)]


def _check_together(
    customization: Customization, selections: Sequence[Selection], made: Mapping[str, Path]
) -> list[Refusal]:
    chosen = {ChoiceRef(one.group, code) for one in selections for code in one.choices}
    problems: list[Refusal] = [
        ChoicesExcluded(path=made[one.second.group], first=str(one.first), second=str(one.second))
        for one in customization.exclusions
        if one.first in chosen and one.second in chosen
    ]
    return problems + [
        ChoiceRequired(path=made[one.chosen.group], chosen=str(one.chosen), needs=tuple(map(str, one.needs)))
        for one in customization.requirements
        if one.chosen in chosen and not chosen.intersection(one.needs)
    ]
