"""What a change of the public schema means to its clients: breaking, dangerous or safe, by field.

Breaking: an operation that was valid may be refused or answered otherwise. Dangerous: operations stay valid, but a
client may meet what it did not know. Safe: no client can tell, unless it asks for what is new.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLSchema,
    find_schema_changes,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)

Level = Literal["breaking", "dangerous", "safe"]
LEVELS: tuple[Level, ...] = ("breaking", "dangerous", "safe")
COORDINATE = re.compile(r"@?[_A-Za-z]\w*(?:\.\w+)?(?:\(\w+:\))?")


@dataclass(frozen=True, slots=True)
class Change:
    """One change at one place: a type, a field, an argument, an enum value or a directive."""

    level: Level
    at: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.at}: {self.message}"


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> tuple[Change, ...]:
    """Every change from `old` to `new`, the breaking ones first, each level by place."""
    types = frozenset((*old.type_map, *new.type_map))
    changes = [_change(found, types) for found in find_schema_changes(old, new)]
    changes += _deprecations(old, new)
    return tuple(sorted(changes, key=lambda change: (LEVELS.index(change.level), change.at, change.message)))


def _change(found: object, types: frozenset[str]) -> Change:
    level: Level = "safe"
    if isinstance(found, BreakingChange):
        level = "breaking"
    elif isinstance(found, DangerousChange):
        level = "dangerous"
    message = str(getattr(found, "description", found))
    return Change(level, _place(message, types), message)


def _place(message: str, types: frozenset[str]) -> str:
    """The coordinate a message is about: the most exact one in it, else the first type it names."""
    names = COORDINATE.findall(message)
    exact = [name for name in names if "." in name or name.startswith("@")]
    return next(iter([*exact, *(name for name in names if name in types)]), "schema")


def _deprecations(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    before, after = dict(_reasons(old)), dict(_reasons(new))
    for place, reason in after.items():
        if place not in before or before[place] == reason:
            continue
        if reason is None:
            yield Change("safe", place, f"{place} is no longer deprecated.")
        elif before[place] is None:
            yield Change("safe", place, f"{place} is deprecated: {reason}")
        else:
            yield Change("safe", place, f"{place} is deprecated for another reason: {reason}")


def _reasons(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, declared in schema.type_map.items():
        if name.startswith("__"):
            continue
        if is_object_type(declared) or is_interface_type(declared):
            for field_name, field in declared.fields.items():
                yield f"{name}.{field_name}", field.deprecation_reason
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name}:)", argument.deprecation_reason
        elif is_input_object_type(declared):
            for field_name, value in declared.fields.items():
                yield f"{name}.{field_name}", value.deprecation_reason
        elif is_enum_type(declared):
            for value_name, member in declared.values.items():
                yield f"{name}.{value_name}", member.deprecation_reason
