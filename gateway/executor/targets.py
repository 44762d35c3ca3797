"""Objects in the growing answer: finding those a fetch is about, telling a subgraph of them, merging what it said.

Nearly every entity is told by plain values. Then their tuple is its identity, read off the object by one call; an
object with something else in it goes the long way alone.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from gateway.plan import Part, Representation, Step
from gateway.supergraph.selection import TYPENAME

Object = dict[str, Any]
Path = tuple[str | int, ...]
MISSING = object()
"""Marks a representation that cannot be made, because what it needs did not arrive."""
_DICT = {dict}


def find(data: Object, path: Sequence[Step]) -> list[Object]:
    """Objects at a path in the order of the answer; whatever does not fit the path is passed over."""
    found = [data]
    for step in path:
        key, types = step.key, step.types
        below: list[Any] = []
        for item in found:
            value = item.get(key)
            if type(value) is list:
                below += value
            else:
                below.append(value)
        if set(map(type, below)) != _DICT:
            below = [item for item in _flat(below) if type(item) is dict]
        if types is not None:
            below = [item for item in below if item.get(TYPENAME) in types]
        found = below
    return found


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if type(value) is list:
            yield from _flat(value)
        else:
            yield value


def find_paths(data: Any, path: Sequence[Step]) -> list[tuple[Object, Path]]:
    """The objects of `find` and where each stands, in the same order. Only errors ask for this."""
    found: list[tuple[Object, Path]] = [(data, ())]
    for step in path:
        below: list[tuple[Object, Path]] = []
        for item, at in found:
            below += _within(item.get(step.key), (*at, step.key), step.types)
        found = below
    return found


def _within(value: Any, at: Path, types: frozenset[str] | None) -> Iterator[tuple[Object, Path]]:
    if type(value) is dict:
        if types is None or value.get(TYPENAME) in types:
            yield value, at
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from _within(item, (*at, index), types)


@dataclass(frozen=True, slots=True)
class Teller:
    """How to tell of the objects of one `Representation`. Tellers with equal `names` tell alike."""

    path: tuple[Step, ...]
    type_name: str
    parts: tuple[Part, ...]
    names: tuple[str, ...]
    required: bool
    identify: Callable[[Object], Any] | None

    @classmethod
    def of(cls, told: Representation) -> "Teller":
        """Work out all that does not depend on an object."""
        plain = bool(told.parts) and all(part.parts is None for part in told.parts)
        return cls(
            path=told.path,
            type_name=told.type_name,
            parts=told.parts,
            names=tuple(part.name for part in told.parts),
            required=any(not part.nullable for part in told.parts),
            identify=itemgetter(*[part.data_key for part in told.parts]) if plain else None,
        )


class Entities:
    """The objects of one entity fetch, each told to the subgraph once however often it stands in the answer.

    Of those at its one place, `objects` are the ones meant, if that is said.

    `incomplete` tells that some could not be told of, because what tells them apart did not arrive; `odd`, that some
    came back as what is no object.
    """

    def __init__(self, tellers: Sequence[Teller], data: Object, objects: list[Object] | None = None) -> None:
        self.representations: list[Object] = []
        self.incomplete = False
        self.odd = False
        self._tellers = tellers
        self._groups: list[list[Object]] = []
        known: dict[tuple[str, tuple[str, ...]], dict[Hashable, list[Object]]] = {}
        for teller in tellers:
            alike = known.setdefault((teller.type_name, teller.names), {})
            found = find(data, teller.path) if objects is None else objects
            if teller.identify is None or not self._tell_plainly(teller, teller.identify, found, alike):
                self._tell_each(teller, found, alike)

    def _tell_plainly(
        self,
        teller: Teller,
        identify: Callable[[Object], Any],
        found: list[Object],
        alike: dict[Hashable, list[Object]],
    ) -> bool:
        """Tell of all objects if each has every value, and all of them can be told apart by their hash."""
        try:
            identities = list(map(identify, found))
            fresh = [identity for identity in dict.fromkeys(identities) if identity not in alike]
        except (KeyError, TypeError):
            return False
        single = len(teller.names) == 1
        if teller.required and any(None in ((identity,) if single else identity) for identity in fresh):
            return False
        for identity in fresh:
            values = (identity,) if single else identity
            self._add({TYPENAME: teller.type_name, **dict(zip(teller.names, values, strict=True))}, identity, alike)
        for target, identity in zip(found, identities, strict=True):
            alike[identity].append(target)
        return True

    def _tell_each(self, teller: Teller, found: list[Object], alike: dict[Hashable, list[Object]]) -> None:
        for target in found:
            representation = _represent(teller.parts, target)
            if representation is MISSING:
                self.incomplete = True
                continue
            identity = identity_of(representation)
            if identity not in alike:
                self._add({TYPENAME: teller.type_name, **representation}, identity, alike)
            alike[identity].append(target)

    def _add(self, representation: Object, identity: Hashable, alike: dict[Hashable, list[Object]]) -> None:
        group: list[Object] = []
        alike[identity] = group
        self._groups.append(group)
        self.representations.append(representation)

    def receive(self, entities: Sequence[Any]) -> None:
        """Merge the subgraph's answer, one entity a representation, into the objects."""
        for group, entity in zip(self._groups, entities, strict=True):
            if type(entity) is dict:
                for target in group:
                    if target.keys().isdisjoint(entity):
                        target.update(entity)
                    else:
                        merge(target, entity)
            elif entity is not None:
                self.odd = True

    def receive_apart(self, entities: Sequence[Any]) -> None:
        """As `receive`, but no two objects share what is below them, so that it may be completed differently."""
        for group, entity in zip(self._groups, entities, strict=True):
            if type(entity) is dict:
                for number, target in enumerate(group):
                    merge(target, deepcopy(entity) if number else entity)
            elif entity is not None:
                self.odd = True

    def paths_of(self, index: int, data: Object) -> Iterator[Path]:
        """Where in the answer the objects of one representation stand."""
        mine = {id(target) for target in self._groups[index]} if 0 <= index < len(self._groups) else set()
        for teller in self._tellers:
            for target, path in find_paths(data, teller.path):
                if id(target) in mine:
                    yield path

    def first_paths(self, data: Object) -> Iterator[tuple[Path, bool]]:
        """Where the first object of each place that was told of stands, and whether it is the only one there."""
        told = {id(target) for group in self._groups for target in group}
        for teller in self._tellers:
            paths = [path for target, path in find_paths(data, teller.path) if id(target) in told]
            if paths:
                yield paths[0], len(paths) == 1


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


def identity_of(representation: Object) -> bytes:
    """What is equal for equal JSON objects alone."""
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
