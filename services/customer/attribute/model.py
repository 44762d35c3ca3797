"""Definitions of custom attributes, and what a value of one may be. No I/O, no clock."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from kit.errors import InvalidInput, Path, Refusal
from services.customer.checks import line_of
from services.customer.model import Customer

MAX_DEFINITIONS = 100
"""What staff can still find in a form; profiles keep one value of each a source."""
MAX_CHOICES = 50
MAX_LABEL = 80
MAX_VALUE = 500
"""Characters of a text; longer ones are notes, and belong into an inquiry."""
MAX_VALUES = 50
"""Values set by one call."""
FIELD = "attributes."
"""What the field of an attribute's trait begins with."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")


class AttributeType(StrEnum):
    """What a value is."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    CHOICE = "CHOICE"


class AttributeVisibility(StrEnum):
    """Who sees the values."""

    STAFF = "STAFF"
    CUSTOMER = "CUSTOMER"


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One attribute. Its type never changes, since values of it are kept; `choices` are of a CHOICE only."""

    key: str
    label: str
    type: AttributeType
    choices: tuple[str, ...] = ()
    visibility: AttributeVisibility = AttributeVisibility.STAFF
    version: int = 1


def check_definition(draft: AttributeDefinition) -> list[Refusal]:
    """What of a definition cannot be."""
    problems: list[Refusal] = []
    if not _KEY.fullmatch(draft.key):
        problems.append(_invalid("key", "a to z, digits and _, at most 32, a letter first", draft.key))
    if line_of(draft.label, MAX_LABEL) is None:
        problems.append(_invalid("label", f"1 to {MAX_LABEL} characters", draft.label))
    is_choice = draft.type is AttributeType.CHOICE
    lines = [line_of(choice, MAX_LABEL) for choice in draft.choices]
    if is_choice != bool(lines) or len(lines) > MAX_CHOICES or None in lines or len(set(lines)) < len(lines):
        expected = f"1 to {MAX_CHOICES} different lines for a CHOICE, none for another type"
        problems.append(InvalidInput(path=("input", "choices"), expected=expected, got=str(len(lines))))
    return problems


def check_value(definition: AttributeDefinition, text: str, path: Path) -> str | InvalidInput:
    """The one spelling of a value, or why it is none; it is not repeated, it may be somebody's."""
    line = line_of(text, MAX_VALUE)
    value = None if line is None else _value(definition, line)
    return (
        InvalidInput(path=path, expected=_expected(definition), got=f"{len(text)} characters")
        if value is None
        else value
    )


def shown_to(
    customer: Customer, definitions: dict[str, AttributeDefinition], *, is_staff: bool
) -> list[tuple[AttributeDefinition, str]]:
    """The attributes of a customer that the caller may see, by key."""
    kept = [(definitions[key], value) for key, value in customer.attributes if key in definitions]
    return [(one, value) for one, value in kept if is_staff or one.visibility is AttributeVisibility.CUSTOMER]


def _value(definition: AttributeDefinition, line: str) -> str | None:
    match definition.type:
        case AttributeType.TEXT:
            return line
        case AttributeType.CHOICE:
            return line if line in definition.choices else None
        case AttributeType.BOOLEAN:
            return line if line in ("true", "false") else None
        case AttributeType.DATE:
            return line if _is_date(line) else None
        case AttributeType.NUMBER:
            return _number(line)


def _number(line: str) -> str | None:
    try:
        number = Decimal(line)
    except InvalidOperation:
        return None
    return f"{number.normalize():f}" if number.is_finite() and abs(number.adjusted()) <= 18 else None


def _is_date(line: str) -> bool:
    try:
        return date.fromisoformat(line).isoformat() == line
    except ValueError:
        return False


def _expected(definition: AttributeDefinition) -> str:
    return {
        AttributeType.TEXT: f"a line of 1 to {MAX_VALUE} characters",
        AttributeType.CHOICE: "one of the choices",
        AttributeType.BOOLEAN: "true or false",
        AttributeType.DATE: "a day such as 2026-11-25",
        AttributeType.NUMBER: "a number of at most 18 digits before the point",
    }[definition.type]


def _invalid(name: str, expected: str, got: str) -> InvalidInput:
    return InvalidInput(path=("input", name), expected=expected, got=repr(got[:40]))
