"""Arguments set from context: which object above an argument takes its value from, and the variable it goes by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.planner.draft import Position
from gateway.supergraph import ContextArgument
from gateway.supergraph.selection import Field


@dataclass(frozen=True, slots=True, eq=False)
class ContextValue:
    """A variable of an entity fetch: what `field` is of the object above at `above`. `type` is the argument's."""

    variable: str
    type: str
    nullable: bool
    above: Position
    field: Field


class Variables:
    """Names of variables, each for one value of one place; none is a variable of the client's."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._prefix = "context_"
        while any(name.startswith(self._prefix) for name in taken):
            self._prefix = "_" + self._prefix
        self._known: dict[tuple[Position, str, str], str] = {}

    def value(self, argument: ContextArgument, above: Position, field: Field) -> ContextValue:
        """The value of an argument; like ones go by one name."""
        of = (above, str(argument.type), _keys(field))
        name = self._known.setdefault(of, f"{self._prefix}{len(self._known) + 1}")
        return ContextValue(name, str(argument.type), not argument.type.non_null, above, field)


def nearest(at: Position, argument: ContextArgument) -> Position | None:
    """The nearest place above whose objects set the context, if there is one."""
    above = at.parent
    while above is not None and above.type_name not in argument.selections:
        above = above.parent
    return above


def with_contexts(arguments: str, contexts: Mapping[str, ContextValue]) -> str:
    """A field's arguments, and those set from context."""
    if not contexts:
        return arguments
    told = [arguments[1:-1]] if arguments else []
    return f"({', '.join([*told, *(f'{name}: ${value.variable}' for name, value in contexts.items())])})"


def _keys(field: Field) -> str:
    below = field.selection.by_type.items() if field.selection else ()
    return field.data_key + "".join(f"|{t}.{_keys(inner)}" for t, fields in below for inner in fields.values())
