"""Objects in the growing answer: finding those a fetch is about, telling a subgraph of them, merging what it said."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from gateway.plan import Fetch, Part, Representation, Step
from gateway.supergraph.selection import TYPENAME

Object = dict[str, Any]
MISSING = object()
"""Marks a representation that cannot be made, because what it needs did not arrive."""


def find(data: Any, path: Sequence[Step]) -> list[Object]:
    """Objects at a path in the order of the answer; whatever does not fit the path is passed over."""
    found: list[Any] = [data]
    for step in path:
        below: list[Any] = []
        key, types = step.key, step.types
        for item in found:
            value = item.get(key)
            if type(value) is dict:
                if types is None or value.get(TYPENAME) in types:
                    below.append(value)
            elif type(value) is list:
                _flatten(value, types, below)
        found = below
    return found


def _flatten(values: list[Any], types: frozenset[str] | None, into: list[Any]) -> None:
    for value in values:
        if type(value) is dict:
            if types is None or value.get(TYPENAME) in types:
                into.append(value)
        elif type(value) is list:
            _flatten(value, types, into)


def find_paths(data: Any, path: Sequence[Step]) -> list[tuple[str | int, ...]]:
    """Where the objects of `find` stand, in the same order. Only errors ask for this."""
    found: list[tuple[Any, tuple[str | int, ...]]] = [(data, ())]
    for step in path:
        below: list[tuple[Any, tuple[str | int, ...]]] = []
        for item, at in found:
            below += _within(item.get(step.key), (*at, step.key), step.types)
        found = below
    return [at for _, at in found]


def _within(
    value: Any, at: tuple[str | int, ...], types: frozenset[str] | None
) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    if type(value) is dict:
        if types is None or value.get(TYPENAME) in types:
            yield value, at
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from _within(item, (*at, index), types)


class Entities:
    """The objects of one entity fetch, each told to the subgraph once however often it stands in the answer."""

    def __init__(self, fetch: Fetch, data: Any) -> None:
        self.representations: list[Object] = []
        self._targets: list[tuple[Object, int, Representation, int]] = []
        known: dict[Hashable, int] = {}
        for told in fetch.representations:
            simple = told.parts[0] if len(told.parts) == 1 and told.parts[0].parts is None else None
            for order, target in enumerate(find(data, told.path)):
                value = target.get(simple.data_key) if simple is not None else None
                if simple is not None and type(value) is str:
                    # Nearly every entity is told by one string; it identifies itself.
                    representation: Any = {TYPENAME: told.type_name, simple.name: value}
                    identity: Hashable = (told.type_name, value)
                else:
                    representation = _represent(told.parts, target)
                    if representation is MISSING:
                        continue
                    representation[TYPENAME] = told.type_name
                    identity = _identity(representation)
                index = known.setdefault(identity, len(self.representations))
                if index == len(self.representations):
                    self.representations.append(representation)
                self._targets.append((target, index, told, order))

    def receive(self, entities: Sequence[Any]) -> None:
        """Merge the subgraph's answer, one entity a representation, into the objects."""
        for target, index, _, _ in self._targets:
            entity = entities[index]
            if type(entity) is dict:
                merge(target, entity)

    def paths_of(self, index: int, data: Any) -> Iterator[tuple[str | int, ...]]:
        """Where in the answer the objects of one representation stand."""
        paths: dict[tuple[Step, ...], list[tuple[str | int, ...]]] = {}
        for _, told_index, told, order in self._targets:
            if told_index == index:
                if told.path not in paths:
                    paths[told.path] = find_paths(data, told.path)
                yield paths[told.path][order]

    def first_paths(self, data: Any) -> Iterator[tuple[tuple[str | int, ...], bool]]:
        """Where the first object of each place that was told of stands, and whether it is the only one there."""
        for told in dict.fromkeys(told for _, _, told, _ in self._targets):
            orders = [order for _, _, other, order in self._targets if other is told]
            yield find_paths(data, told.path)[orders[0]], len(orders) == 1


def _represent(parts: Sequence[Part], source: Mapping[str, Any]) -> Any:
    representation: Object = {}
    for part in parts:
        value = source.get(part.data_key, MISSING)
        if value is MISSING or (value is None and not part.nullable):
            return MISSING
        if part.parts is not None and value is not None:
            value = _represent_below(part, value)
            if value is MISSING:
                return MISSING
        representation[part.name] = value
    return representation


def _represent_below(part: Part, value: Any) -> Any:
    if type(value) is list:
        items = [None if item is None else _represent_below(part, item) for item in value]
        return MISSING if any(item is MISSING for item in items) else items
    if type(value) is not dict:
        return MISSING
    assert part.parts is not None
    if not part.abstract:
        return _represent(next(iter(part.parts.values()), ()), value)
    representation = _represent(part.parts.get(value.get(TYPENAME, ""), ()), value)
    if representation is not MISSING:
        representation[TYPENAME] = value.get(TYPENAME)
    return representation


def _identity(representation: Object) -> bytes:
    try:
        return orjson.dumps(representation)
    except TypeError:
        # Integers past 64 bits are JSON, but not orjson's.
        return repr(representation).encode()


def merge(target: Object, source: Object) -> None:
    """Add what a later fetch says of an object; what is known already stays."""
    for key, value in source.items():
        known = target.get(key, MISSING)
        if known is MISSING:
            target[key] = value
        elif type(known) is dict and type(value) is dict:
            if known is not value:
                merge(known, value)
        elif type(known) is list and type(value) is list:
            _merge_lists(known, value)


def _merge_lists(known: list[Any], values: list[Any]) -> None:
    for mine, theirs in zip(known, values, strict=False):
        if type(mine) is dict and type(theirs) is dict:
            if mine is not theirs:
                merge(mine, theirs)
        elif type(mine) is list and type(theirs) is list:
            _merge_lists(mine, theirs)
