"""The cost of an answer: what is in it, by the same weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.cost.weights import MUTATION_POINTS, Weights
from gateway.supergraph.selection import Field, Selection

Count = Callable[[Mapping[str, Any]], int]
Asked = Sequence[tuple[str, Mapping[str, Field]]]
"""Fields by concrete type. An answer need not say of what type an object is: of those it may be, the dearest counts."""


def counter_of(weights: Weights, selection: Selection) -> Count:
    """What counts the answers to one operation."""
    count = _Writer(weights).object(list(selection.by_type.items())) or (lambda _: 0)
    base = MUTATION_POINTS * len(selection.fields_of("Mutation")) if selection.type_name == "Mutation" else 0
    return (lambda data: base + count(data)) if base else count


class _Writer:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._known: dict[tuple[int, ...], Count | None] = {}

    def object(self, asked: Asked) -> Count | None:
        """What counts an object; None where nothing in it weighs anything."""
        entries: dict[str, dict[int, tuple[str, Field]]] = {}
        for type_name, fields in asked:
            for key, field in fields.items():
                entries.setdefault(key, {}).setdefault(id(field), (type_name, field))
        identity = tuple(sorted(number for by_id in entries.values() for number in by_id))
        if identity not in self._known:
            self._known[identity] = self._object({key: list(by_id.values()) for key, by_id in entries.items()})
        return self._known[identity]

    def _object(self, entries: Mapping[str, Sequence[tuple[str, Field]]]) -> Count | None:
        constant, members = 0, []
        for key, fields in entries.items():
            weights = [self._weights.field(type_name, field.name) for type_name, field in fields]
            each = max(weight.each for weight in weights)
            below = self.object(
                [
                    (type_name, inner)
                    for _, field in fields
                    if field.selection is not None
                    for type_name, inner in field.selection.by_type.items()
                ]
            )
            constant += max(
                sum(points for name, points in weight.arguments.items() if name in field.given)
                for weight, (_, field) in zip(weights, fields, strict=True)
            )
            if each or below:
                members.append((key, each, below))
        return _counter(constant, members) if constant or members else None


def _counter(constant: int, members: Sequence[tuple[str, int, Count | None]]) -> Count:
    def count(found: Mapping[str, Any]) -> int:
        points = constant
        for key, each, below in members:
            value = found.get(key)
            if value is None:
                continue
            if type(value) is list:
                points += _items(value, each, below)
            elif below is None:
                points += each
            else:
                points += each + below(value)
        return points

    return count


def _items(values: list[Any], each: int, below: Count | None) -> int:
    if below is None and not (values and type(values[0]) is list):
        return each * len(values)
    points = 0
    for value in values:
        if type(value) is list:
            points += _items(value, each, below)
        elif value is not None:
            points += each if below is None else each + below(value)
    return points
