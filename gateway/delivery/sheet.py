"""What an answer in parts consists of, worked out once an operation: the first part, and what each deferral brings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema

from gateway.plan import Deferred, Plan
from gateway.shaper import Shaper
from gateway.supergraph.deferred import AT_ONCE, Group, Place, Stand, group_of, own_part, stands
from gateway.supergraph.selection import TYPENAME, Field, Selection

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Portion:
    """The fields of one group at one place; `types` are those that have any, where objects differ in type."""

    group: Group
    place: Place
    types: frozenset[str] | None
    shaper: Shaper


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A deferral: where it stands, the fetches it is there with, and its portions, those further up first.

    `parent` is the number of the deferral around it.
    """

    label: str | None
    place: Place
    types: frozenset[str] | None
    parent: int | None
    fetches: frozenset[int]
    portions: tuple[Portion, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """All parts of one operation's answer. `at_once` are the fetches of the first."""

    first: Shaper
    at_once: frozenset[int]
    laters: tuple[Later, ...]
    selection: Selection
    numbers: dict[object, int]

    @classmethod
    def of(cls, schema: GraphQLSchema, selection: Selection, plan: Plan) -> "Sheet":
        """Work out the parts of a planned selection."""
        numbers: dict[object, int] = {later.deferral: number for number, later in enumerate(plan.deferred)}
        places = list(stands(selection))
        portions = sorted(_portions(schema, places), key=lambda portion: len(portion.place))
        laters = [_later(later, numbers, places, portions) for later in plan.deferred]
        at_once = frozenset(fetch.id for fetch in plan.fetches if fetch.phase == 0)
        return cls(Shaper(schema, _own(selection, AT_ONCE)), at_once, tuple(laters), selection, numbers)

    def laters_of(self, path: Sequence[Any]) -> frozenset[int]:
        """Numbers of the deferrals that bring the field at a path of the client's; empty if it comes at once."""
        group, here = AT_ONCE, [self.selection]
        for part in path:
            if isinstance(part, str):
                fields = [f for selection in here for by_key in selection.by_type.values() if (f := by_key.get(part))]
                if not fields:
                    break
                group = group_of(fields[0])
                here = [f.selection for f in fields if f.selection is not None]
        return frozenset(self.numbers[deferral] for deferral in group)


def _own(selection: Selection, group: Group) -> Selection:
    def keeps(field: Field) -> bool:
        return group_of(field) == group

    return own_part(selection, keeps)


def _portions(schema: GraphQLSchema, places: Sequence[Stand]) -> Iterator[Portion]:
    for stand in places:
        listed = [f for fields in stand.selection.by_type.values() for f in fields.values() if f.under]
        for group in dict.fromkeys(group_of(field) for field in listed):
            if group not in (AT_ONCE, stand.group):
                own = _own(stand.selection, group)
                types = frozenset(name for name, fields in own.by_type.items() if fields)
                yield Portion(group, stand.place, types if own.abstract else None, Shaper(schema, own))


def _later(later: Deferred, numbers: dict[object, int], places: Sequence[Stand], portions: Sequence[Portion]) -> Later:
    [(stand, types)] = [
        (stand, types) for stand in places for found, types in stand.selection.deferrals if found is later.deferral
    ]
    return Later(
        label=later.deferral.label,
        place=stand.place,
        types=types if stand.selection.abstract else None,
        parent=next((numbers[above] for above in later.deferral.ancestors()), None),
        fetches=frozenset(later.fetches),
        portions=tuple(portion for portion in portions if later.deferral in portion.group),
    )


@dataclass(frozen=True, slots=True)
class Reached:
    """An object of the answer: its path, as it came and as it is shown, and the path's length at each step down."""

    path: Path
    raw: dict[str, Any]
    shown: dict[str, Any]
    marks: tuple[int, ...]


def reach(place: Place, types: frozenset[str] | None, raw: Any, shown: Any) -> Iterator[Reached]:
    """The objects at a place that have been shown, of `types` where those differ."""
    for reached in _descend(place, Reached((), raw, shown, (0,))):
        if types is None or reached.raw.get(TYPENAME) in types:
            yield reached


def _descend(place: Place, at: Reached) -> Iterator[Reached]:
    depth = len(at.marks) - 1
    if depth == len(place):
        yield at
        return
    down = place[depth]
    if down.types is None or at.raw.get(TYPENAME) in down.types:
        path = (*at.path, down.key)
        for inner in _objects(path, at.raw.get(down.data_key), at.shown.get(down.key)):
            yield from _descend(place, Reached(*inner, (*at.marks, len(inner[0]))))


def _objects(path: Path, raw: Any, shown: Any) -> Iterator[tuple[Path, dict[str, Any], dict[str, Any]]]:
    if type(raw) is dict and type(shown) is dict:
        yield path, raw, shown
    elif type(raw) is list and type(shown) is list:
        for index, (one, seen) in enumerate(zip(raw, shown, strict=False)):
            yield from _objects((*path, index), one, seen)
