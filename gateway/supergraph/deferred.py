"""A selection taken apart by `@defer`: what comes at once, and what later with which deferrals.

A field is delivered in a group: the deferrals it stands in, without those around them, or none if it stands outside of
any too. Two groups never share a field, so nothing is delivered twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from gateway.supergraph.selection import Deferral, Field, Selection

Group = frozenset[Deferral]
AT_ONCE: Group = frozenset()
INTROSPECTION = frozenset({"__schema", "__type"})
"""Fields that the gateway answers by itself, and at once."""


@dataclass(frozen=True, slots=True)
class Down:
    """One field down the answer, from objects of `types` only if those differ: its key there, and the client's."""

    types: frozenset[str] | None
    data_key: str
    key: str


Place = tuple[Down, ...]


def group_of(field: Field) -> Group:
    """The group a field is delivered in, as far as deferrals have been inlined."""
    if not field.under or field.name in INTROSPECTION:
        return AT_ONCE
    settled = {deferral.settled() if deferral else None for deferral in field.under}
    if None in settled:
        return AT_ONCE
    return frozenset(d for d in settled if d is not None and settled.isdisjoint(d.ancestors()))


def groups_in(selection: Selection) -> list[Group]:
    """Every group but the one that comes at once, each once."""
    found: dict[Group, None] = {}
    for field in _fields(selection):
        if field.under and (group := group_of(field)):
            found.setdefault(group)
        if field.selection is not None:
            found |= dict.fromkeys(groups_in(field.selection))
    return list(found)


def part_of(selection: Selection, group: Group) -> Selection:
    """What one group asks for, with the way to it. Fields keep their data keys."""
    return _cut(selection, lambda field: group_of(field) == group, {}, way=True)


def own_part(selection: Selection, keeps: Callable[[Field], bool]) -> Selection:
    """What `keeps` holds for, as far as it does from here down without a gap."""
    return _cut(selection, keeps, {}, way=False)


def _cut(
    selection: Selection, keeps: Callable[[Field], bool], known: dict[int, Field | None], *, way: bool
) -> Selection:
    by_type: dict[str, dict[str, Field]] = {}
    for concrete, fields in selection.by_type.items():
        kept = by_type[concrete] = {}
        for key, field in fields.items():
            if id(field) not in known:
                known[id(field)] = _cut_field(field, keeps, known, way=way)
            cut = known[id(field)]
            if cut is not None:
                kept[key] = cut
    return replace(selection, by_type=by_type)


def _cut_field(
    field: Field, keeps: Callable[[Field], bool], known: dict[int, Field | None], *, way: bool
) -> Field | None:
    kept = keeps(field)
    if field.selection is None or not (kept or way):
        return field if kept else None
    below = _cut(field.selection, keeps, known, way=way)
    return field.copy_with(below) if kept or any(below.by_type.values()) else None


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """A selection and where in the answer its objects are, with the group of the field that gives them."""

    place: Place
    selection: Selection
    group: Group


def stands(selection: Selection, place: Place = (), group: Group = AT_ONCE) -> Iterator[Stand]:
    """Every selection of an operation, from the top down."""
    yield Stand(place, selection, group)
    holders: dict[int, tuple[Field, set[str]]] = {}
    for concrete, fields in selection.by_type.items():
        for field in fields.values():
            if field.selection is not None:
                holders.setdefault(id(field), (field, set()))[1].add(concrete)
    for field, types in holders.values():
        assert field.selection is not None
        down = Down(frozenset(types) if selection.abstract else None, field.data_key, field.key)
        yield from stands(field.selection, (*place, down), group_of(field))


def _fields(selection: Selection) -> Iterator[Field]:
    """Fields of all types, each once."""
    yield from {id(f): f for fields in selection.by_type.values() for f in fields.values()}.values()
