"""Arguments: coerced by graphql-core, converted by Strawberry, and computed once where once is enough."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from graphql import VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values

from kit.graphql.execution.conversion import conversions_of
from kit.graphql.execution.place import Place

LASTING: Final = (str, int, float, bool, type(None), Decimal, date, datetime, time, UUID, Enum)
"""Values nobody can change: calls may share them. Lists and inputs are made anew for every call."""
NO_VARIABLES: Final = VariableValues({}, {})


def values_of(place: Place, variables: VariableValues) -> tuple[dict[str, Any], bool]:
    """The keywords of the field's function, and whether calls may share them."""
    resolver = place.resolver
    values = get_argument_values(place.field, place.node, variables)
    if resolver.strawberry is not None and values:
        if place.convert is None:
            place.convert = conversions_of(resolver.strawberry, resolver.converter)
        values = place.convert(values)
    return values, all(isinstance(value, LASTING) for value in values.values())


def constant_values(place: Place) -> dict[str, Any] | None:
    """The keywords if they are the same in every request and every call; None if not."""
    if not place.field.args:
        return {}
    if _uses_variables(place):
        return None
    try:
        values, lasting = values_of(place, NO_VARIABLES)
    except Exception:  # it fails again, and is located, when the field is executed
        return None
    return values if lasting else None


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _uses_variables(place: Place) -> bool:
    for argument in place.node.arguments or ():
        if isinstance(argument.value, VariableNode):
            return True
        visitor = _Variables()
        visit(argument.value, visitor)
        if visitor.found:
            return True
    return False
