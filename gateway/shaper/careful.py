"""Shapes an answer that does not fit: null where the schema allows it, and an error where none explains it."""

from typing import Any

from gateway.errors import INTERNAL, SUBGRAPH_INVALID_RESPONSE, error
from gateway.shaper.slots import Items, Leaf, Raw, Shaped, Slot
from gateway.supergraph.access import refused
from gateway.supergraph.selection import TYPENAME

MAX_ERRORS = 100
"""Errors added by one response; a long list of broken objects says no more."""

Path = tuple[str | int, ...]


class _NullAbove(Exception):
    """Null must go further up."""


class CarefulWalk:
    """Shapes an answer that does not fit."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self._errors = errors
        self._explained: set[Path] = set()
        self._told: set[Path] = set()
        for reason in errors:
            path = tuple(reason.get("path", ()))
            self._told.add(path)
            self._explained |= {path[:length] for length in range(len(path) + 1)}

    def root(self, shaped: Shaped, data: Any, path: Path = ()) -> dict[str, Any] | None:
        """Shape the whole answer, or what stands at `path`; None if null had to go all the way up."""
        try:
            value: dict[str, Any] = self._object(shaped, data, path)
        except _NullAbove:
            return None
        return value

    def _value(self, slot: Slot, value: Any, path: Path, coordinate: str) -> Any:
        try:
            shaped = None if value is None else self._fill(slot.kind, value, path, coordinate)
        except _NullAbove:
            shaped = None
        if shaped is None and slot.non_null:
            if value is None:
                self._explain(path, f"Cannot return null for non-nullable field {coordinate}.", INTERNAL)
            raise _NullAbove
        return shaped

    def _fill(self, kind: Leaf | Raw | Items | Shaped, value: Any, path: Path, coordinate: str) -> Any:
        if isinstance(kind, Raw):
            return value
        if isinstance(kind, Items):
            if type(value) is list:
                return [self._value(kind.of, item, (*path, i), coordinate) for i, item in enumerate(value)]
        elif isinstance(kind, Shaped):
            if type(value) is dict and (kind.only or value.get(TYPENAME) in kind.members):
                return self._object(kind, value, path)
        elif kind.values is not None:
            if type(value) is str and value in kind.values:
                return value
        elif not kind.types or type(value) in kind.types:
            return value
        self._explain(path, f"A subgraph gave {coordinate} a value that it cannot have.", SUBGRAPH_INVALID_RESPONSE)
        return None

    def _object(self, shaped: Shaped, value: Any, path: Path) -> dict[str, Any]:
        type_name = shaped.only or value[TYPENAME]
        result: dict[str, Any] = {}
        for member in shaped.members.get(type_name, ()):
            if member.data_key == TYPENAME:
                result[member.key] = member.coordinate
            elif member.withheld:
                self._withhold(member.slot, (*path, member.key))
                result[member.key] = None
            else:
                given = value.get(member.data_key)
                result[member.key] = self._value(member.slot, given, (*path, member.key), member.coordinate)
        return result

    def _withhold(self, slot: Slot, path: Path) -> None:
        self._tell(path, refused(path))
        if slot.non_null:
            raise _NullAbove

    def _explain(self, path: Path, message: str, code: str) -> None:
        """Add an error, unless one there, above or below says why already."""
        if path in self._explained or any(path[:length] in self._told for length in range(len(path) + 1)):
            return
        self._tell(path, error(message, code, path))

    def _tell(self, path: Path, reason: dict[str, Any]) -> None:
        if len(self._errors) < MAX_ERRORS:
            self._errors.append(reason)
            self._told.add(path)
            self._explained |= {path[:length] for length in range(len(path) + 1)}
