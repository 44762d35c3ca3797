"""Definitions of attributes, and every reason why a value does not fit one. No I/O."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from kit.errors import NotFound, Path, Refusal
from services.catalog.category.model import CategoryId
from services.catalog.model import MAX_NAME, MAX_TEXT, Translations, check_names, check_slug, check_texts, invalid
from services.catalog.pattern import check_pattern, matches

MAX_DEFINITIONS = 500
"""Of one shop: all of them are read with every edit."""
MAX_OPTIONS = 500
"""Allowed values of one attribute: a list somebody chooses from."""
MAX_ATTRIBUTES = 100
"""Values on one product, or on one variant."""
MAX_PATTERN = 200
MAX_NUMBER_DIGITS = 15
"""Significant digits: what a double keeps exactly, which is how numbers are stored and sorted."""
MAX_CODE = 60
MAX_UNIT = 20
MAX_CATEGORIES = 50
"""Categories one definition is for."""


class AttributeType(StrEnum):
    """What values an attribute has."""

    TEXT = "TEXT"
    LOCALIZED_TEXT = "LOCALIZED_TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    ENUM = "ENUM"
    MULTI_ENUM = "MULTI_ENUM"
    REFERENCE = "REFERENCE"


class AttributeLevel(StrEnum):
    """What carries the value."""

    PRODUCT = "PRODUCT"
    VARIANT = "VARIANT"


class Visibility(StrEnum):
    """Who sees the values."""

    PUBLIC = "PUBLIC"
    STAFF = "STAFF"


class ReferenceKind(StrEnum):
    """What a reference leads to."""

    PRODUCT = "PRODUCT"
    CATEGORY = "CATEGORY"


@dataclass(frozen=True, slots=True)
class AttributeOption:
    """A value one may choose."""

    code: str
    names: Translations


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of a product or a category."""

    id: str


AttributeValue = str | Translations | Decimal | bool | date | tuple[str, ...] | Reference
"""TEXT, LOCALIZED_TEXT, NUMBER, BOOLEAN, DATE, codes of ENUM (one) and MULTI_ENUM, REFERENCE."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value, named by its definition's code."""

    code: str
    value: AttributeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDefinition:
    """What an attribute is.

    `minimum` and `maximum` bound a number, the characters of a text, or how many of MULTI_ENUM are chosen. A text
    matches `pattern` whole. `category_ids`: for products in these or below them only; empty, for all. A required one
    must be there on every product (or variant) it is for, unless the product is a draft.
    """

    code: str
    names: Translations
    type: AttributeType
    level: AttributeLevel = AttributeLevel.PRODUCT
    unit: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str | None = None
    options: tuple[AttributeOption, ...] = ()
    reference_kind: ReferenceKind | None = None
    category_ids: tuple[CategoryId, ...] = ()
    is_required: bool = False
    is_facet: bool = False
    visibility: Visibility = Visibility.PUBLIC
    version: int = 1

    def applies(self, level: AttributeLevel, category_path: Collection[str]) -> bool:
        """Whether products filed there, or their variants, may carry it."""
        return self.level is level and (not self.category_ids or any(id in category_path for id in self.category_ids))


ENUMS: Final = (AttributeType.ENUM, AttributeType.MULTI_ENUM)
BOUNDED: Final = (AttributeType.TEXT, AttributeType.LOCALIZED_TEXT, AttributeType.NUMBER, AttributeType.MULTI_ENUM)
FACETS: Final = (AttributeType.TEXT, AttributeType.NUMBER, AttributeType.BOOLEAN, *ENUMS)
"""What can be counted: a value many products share."""
GIVEN_AS: Final[Mapping[AttributeType, tuple[str, str]]] = {
    AttributeType.TEXT: ("text", "a text"),
    AttributeType.LOCALIZED_TEXT: ("texts", "texts by locale"),
    AttributeType.NUMBER: ("number", "a number"),
    AttributeType.BOOLEAN: ("boolean", "true or false"),
    AttributeType.DATE: ("date", "a date such as 2026-11-25"),
    AttributeType.ENUM: ("values", "one of its values"),
    AttributeType.MULTI_ENUM: ("values", "some of its values"),
    AttributeType.REFERENCE: ("reference", "an id"),
}
"""The input field of a type's values, and what to say where another came."""


def check_definition(wanted: AttributeDefinition, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `wanted` cannot be kept."""
    problems: list[Refusal] = [*check_slug(wanted.code, (*at, "code")), *check_names(wanted.names, (*at, "names"))]
    if len(wanted.code) > MAX_CODE:
        problems.append(invalid((*at, "code"), f"at most {MAX_CODE} characters", len(wanted.code)))
    if wanted.unit is not None and (wanted.type is not AttributeType.NUMBER or not 1 <= len(wanted.unit) <= MAX_UNIT):
        expected = f"a unit of 1 to {MAX_UNIT} characters, of a NUMBER only"
        problems.append(invalid((*at, "unit"), expected, wanted.unit))
    if len(wanted.category_ids) > MAX_CATEGORIES:
        problems.append(invalid((*at, "categoryIds"), f"at most {MAX_CATEGORIES}", len(wanted.category_ids)))
    if wanted.is_facet and wanted.type not in FACETS:
        problems.append(invalid((*at, "isFacet"), f"false for {wanted.type}: its values are not shared", "true"))
    if (wanted.reference_kind is not None) != (wanted.type is AttributeType.REFERENCE):
        expected = "what it leads to, of a REFERENCE and of nothing else"
        problems.append(invalid((*at, "referenceKind"), expected, wanted.reference_kind))
    return problems + _check_bounds(wanted, at) + _check_pattern(wanted, at) + _check_options(wanted, at)


def check_change(before: AttributeDefinition, wanted: AttributeDefinition, at: Path = ("input",)) -> list[Refusal]:
    """What may never change, because values that are kept would mean something else: type, level, reference."""
    kept = (("type", "type"), ("level", "level"), ("reference_kind", "referenceKind"))
    return [
        invalid((*at, shown), f"{getattr(before, name)}, which it has for ever", getattr(wanted, name))
        for name, shown in kept
        if getattr(before, name) is not getattr(wanted, name)
    ]


def check_values(
    values: Sequence[Attribute],
    level: AttributeLevel,
    category_path: Collection[str],
    definitions: Mapping[str, AttributeDefinition],
    at: Path,
) -> list[Refusal]:
    """Every reason why these values of one product or one variant cannot be kept; `at` is the list's path."""
    if len(values) > MAX_ATTRIBUTES:
        return [invalid(at, f"at most {MAX_ATTRIBUTES}", len(values))]
    problems: list[Refusal] = []
    seen: set[str] = set()
    for index, given in enumerate(values):
        here = (*at, str(index))
        definition = definitions.get(given.code)
        if definition is None:
            problems.append(NotFound(path=(*here, "code"), kind="Attribute", id=given.code[:MAX_NAME]))
            continue
        if given.code in seen:
            problems.append(invalid((*here, "code"), "an attribute that is given once", given.code))
        if not definition.applies(level, category_path):
            expected = f"an attribute of a {level.lower()} in its categories"
            problems.append(invalid((*here, "code"), expected, given.code))
        seen.add(given.code)
        problems += _check_value(definition, given.value, here)
    return problems


def missing_values(
    values: Sequence[Attribute],
    level: AttributeLevel,
    category_path: Collection[str],
    definitions: Mapping[str, AttributeDefinition],
    at: Path,
) -> list[Refusal]:
    """The required attributes that are not among `values`."""
    there = {given.code for given in values}
    return [
        invalid((*at, code), "a value, which is required", "none")
        for code, definition in definitions.items()
        if definition.is_required and code not in there and definition.applies(level, category_path)
    ]


def references_of(
    values: Sequence[Attribute], definitions: Mapping[str, AttributeDefinition], at: Path
) -> Iterator[tuple[Path, ReferenceKind, str]]:
    """Where a value leads to something that must be there."""
    for index, given in enumerate(values):
        definition = definitions.get(given.code)
        if isinstance(given.value, Reference) and definition is not None and definition.reference_kind is not None:
            yield (*at, str(index), "reference"), definition.reference_kind, given.value.id


def _check_bounds(wanted: AttributeDefinition, at: Path) -> list[Refusal]:
    bounds = [("min", wanted.minimum), ("max", wanted.maximum)]
    given = [(name, bound) for name, bound in bounds if bound is not None]
    if given and wanted.type not in BOUNDED:
        return [invalid((*at, given[0][0]), f"no bound for {wanted.type}", given[0][1])]
    problems: list[Refusal] = []
    for name, bound in given:
        if _digits(bound) > MAX_NUMBER_DIGITS:
            problems.append(invalid((*at, name), f"at most {MAX_NUMBER_DIGITS} digits", bound))
        elif wanted.type is not AttributeType.NUMBER and (bound < 0 or bound != int(bound)):
            problems.append(invalid((*at, name), "a whole number from 0", bound))
    if wanted.minimum is not None and wanted.maximum is not None and wanted.minimum > wanted.maximum:
        problems.append(invalid((*at, "max"), f"at least min, {wanted.minimum}", wanted.maximum))
    return problems


def _check_pattern(wanted: AttributeDefinition, at: Path) -> list[Refusal]:
    if wanted.pattern is None:
        return []
    here = (*at, "pattern")
    if wanted.type is not AttributeType.TEXT or len(wanted.pattern) > MAX_PATTERN:
        return [invalid(here, f"a pattern of at most {MAX_PATTERN} characters, of a TEXT only", wanted.pattern[:40])]
    return check_pattern(wanted.pattern, here)


def _check_options(wanted: AttributeDefinition, at: Path) -> list[Refusal]:
    here = (*at, "options")
    if wanted.type not in ENUMS:
        return [] if not wanted.options else [invalid(here, f"no options for {wanted.type}", len(wanted.options))]
    if not 1 <= len(wanted.options) <= MAX_OPTIONS:
        return [invalid(here, f"1 to {MAX_OPTIONS} options", len(wanted.options))]
    problems: list[Refusal] = []
    seen: set[str] = set()
    for index, option in enumerate(wanted.options):
        there = (*here, str(index))
        problems += [*check_slug(option.code, (*there, "code")), *check_names(option.names, (*there, "names"))]
        if option.code in seen:
            problems.append(invalid((*there, "code"), "a code no other option has", option.code))
        seen.add(option.code)
    return problems


def _check_value(definition: AttributeDefinition, value: AttributeValue, at: Path) -> list[Refusal]:
    field, expected = GIVEN_AS[definition.type]
    here = (*at, field)
    match definition.type, value:
        case AttributeType.TEXT, str():
            return _check_text(definition, value, here)
        case AttributeType.LOCALIZED_TEXT, Mapping():
            if not value:
                return [invalid(here, "at least one locale", "none")]
            wrong = check_texts(value, here)
            return wrong or [
                one for locale, text in value.items() for one in _length(definition, text, (*here, locale))
            ]
        case AttributeType.NUMBER, Decimal():
            if _digits(value) > MAX_NUMBER_DIGITS:
                return [invalid(here, f"at most {MAX_NUMBER_DIGITS} significant digits", value)]
            return _within(definition, value, here, definition.unit or "")
        case AttributeType.BOOLEAN, bool():
            return []
        case AttributeType.DATE, date():
            return []
        case ((AttributeType.ENUM | AttributeType.MULTI_ENUM), tuple()):
            return _check_choice(definition, value, here)
        case AttributeType.REFERENCE, Reference():
            return []
    return [invalid(here, f"{expected}, for {definition.code!r} is {definition.type}", "another kind of value")]


def _check_text(definition: AttributeDefinition, text: str, at: Path) -> list[Refusal]:
    if not 1 <= len(text) <= MAX_TEXT:
        return [invalid(at, f"1 to {MAX_TEXT} characters", len(text))]
    problems = _length(definition, text, at)
    if definition.pattern is not None and not matches(definition.pattern, text):
        problems.append(invalid(at, f"what matches {definition.pattern}", text[:MAX_NAME]))
    return problems


def _length(definition: AttributeDefinition, text: str, at: Path) -> list[Refusal]:
    return _within(definition, Decimal(len(text)), at, "characters")


def _within(definition: AttributeDefinition, value: Decimal, at: Path, unit: str) -> list[Refusal]:
    low, high = definition.minimum, definition.maximum
    if (low is None or low <= value) and (high is None or value <= high):
        return []
    bounds = f"{'' if low is None else f'at least {low}'}{' and ' if low is not None and high is not None else ''}"
    bounds += "" if high is None else f"at most {high}"
    return [invalid(at, f"{bounds} {unit}".strip(), value)]


def _check_choice(definition: AttributeDefinition, codes: tuple[str, ...], at: Path) -> list[Refusal]:
    known = {option.code for option in definition.options}
    problems: list[Refusal] = [
        invalid((*at, str(index)), f"a value of {definition.code!r}", code[:MAX_NAME])
        for index, code in enumerate(codes)
        if code not in known
    ]
    if len(set(codes)) != len(codes):
        problems.append(invalid(at, "values that are all different", len(codes)))
    if definition.type is AttributeType.ENUM and len(codes) != 1:
        problems.append(invalid(at, "exactly one value", len(codes)))
    if definition.type is AttributeType.MULTI_ENUM:
        problems += _within(definition, Decimal(len(codes)), at, "values")
    return problems


def _digits(number: Decimal) -> int:
    """Significant digits, and zeros up to the point."""
    parts = number.normalize().as_tuple()
    return max(len(parts.digits), len(parts.digits) + int(parts.exponent), -int(parts.exponent))
