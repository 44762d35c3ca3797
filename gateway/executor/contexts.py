"""Objects of an entity fetch whose arguments are set from context, by the values that objects above give them."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from gateway.executor.targets import MISSING, Entities, Object, Teller, find, identity_of
from gateway.plan import Context, Part
from gateway.supergraph.selection import TYPENAME


class EntitiesInContext(Entities):
    """Those objects of one fetch that have the same `values`, by variable."""

    def __init__(self, teller: Teller, objects: list[Object], values: Mapping[str, Any], data: Object) -> None:
        super().__init__((teller,), data, objects)
        self.values = values


def in_contexts(contexts: Sequence[Context], teller: Teller, data: Object) -> list[EntitiesInContext]:
    """Group the objects of a fetch; left out are those of which a value did not arrive, or is a null it may not be."""
    ordered = sorted(contexts, key=lambda context: len(context.path))
    found: list[tuple[Object, dict[str, Any]]] = [(data, {})]
    depth = 0
    for context in ordered:
        path = teller.path[depth : len(context.path)]
        depth = len(context.path)
        found = [
            (above, {**values, context.variable: value})
            for item, values in found
            for above in find(item, path)
            for value in [_value(context.part, above)]
            if not (value is MISSING or (value is None and not context.nullable))
        ]
    groups: dict[Hashable, tuple[dict[str, Any], list[Object]]] = {}
    for item, values in found:
        group = groups.setdefault(identity_of(values), (values, []))
        group[1].extend(find(item, teller.path[depth:]))
    listed = [EntitiesInContext(teller, objects, values, data) for values, objects in groups.values()]
    return [entities for entities in listed if entities.representations]


def _value(part: Part, source: Object) -> Any:
    value = source.get(part.data_key, MISSING)
    return value if value is MISSING or part.parts is None else _below(part, value)


def _below(part: Part, value: Any) -> Any:
    """What is read below a field, through lists; nothing is below null."""
    if value is None:
        return None
    if type(value) is list:
        items = [_below(part, item) for item in value]
        return MISSING if any(item is MISSING for item in items) else items
    if type(value) is not dict:
        return MISSING
    assert part.parts is not None
    if part.abstract:
        parts: Sequence[Part] = part.parts.get(value.get(TYPENAME, ""), ())
    else:
        parts = next(iter(part.parts.values()), ())
    return _value(parts[0], value) if parts else MISSING
