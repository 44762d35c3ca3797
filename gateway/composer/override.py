"""`@override`: which fields a subgraph declares but has handed over to another, at once or in steps, by label."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.composer.declared import Declared, Definition, SubgraphSchema
from gateway.errors import CompositionProblem
from gateway.supergraph.labels import percent_of

Coordinate = tuple[str, str, str]
NOT_WITH = ("external", "provides", "requires")
LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-:./]*")
LABELS_SINCE = (2, 7)
"""The version of Federation in which `@override` has a label."""


@dataclass(frozen=True, slots=True)
class Step:
    """A field that `target` takes over from `source` for the requests for which `label` holds."""

    label: str
    type_name: str
    field: str
    source: str
    target: str

    def loser(self, active: frozenset[str]) -> Coordinate:
        """Who does not give the field while these labels hold."""
        return (self.source if self.label in active else self.target, self.type_name, self.field)


@dataclass(frozen=True, slots=True)
class Moves:
    """What was handed over: for good as (subgraph, type, field), and in steps."""

    whole: frozenset[Coordinate] = frozenset()
    steps: tuple[Step, ...] = ()


def moves(schemas: Sequence[SubgraphSchema], problems: list[CompositionProblem]) -> Moves:
    """Read every `@override`. Handing over from an absent subgraph, or what that never had, is no mistake."""
    whole: set[Coordinate] = set()
    steps: list[Step] = []
    by_name = {schema.name: schema for schema in schemas}
    for schema in schemas:
        for definition, field, source in overrides(schema):
            before = len(problems)
            problems += _wrong(by_name, schema, definition, field, source)
            if len(problems) > before or source not in by_name:
                continue
            label = label_of(field)
            if label is None:
                whole.add((source, definition.name, field.name))
            elif field.name in by_name[source].types.get(definition.name, definition).fields:
                steps.append(Step(label, definition.name, field.name, source, schema.name))
    return Moves(frozenset(whole), tuple(steps))


def label_of(field: Declared) -> str | None:
    """The label of a field's `@override`, if it has one."""
    labels = [use["label"] for use in field.directives.get("override", ()) if use.get("label") is not None]
    return str(labels[0]) if labels else None


def overrides(schema: SubgraphSchema) -> Iterator[tuple[Definition, Declared, str]]:
    """Every `@override` of a subgraph, with the subgraph it names."""
    for definition in schema.types.values():
        if definition.stands_behind:
            continue
        for field in definition.fields.values():
            for use in field.directives.get("override", ()):
                yield definition, field, str(use.get("from", ""))


def _wrong(
    by_name: dict[str, SubgraphSchema], schema: SubgraphSchema, definition: Definition, field: Declared, source: str
) -> Iterator[CompositionProblem]:
    where, own = f"{definition.name}.{field.name}", (schema.name,)
    if definition.kind == "interface":
        yield CompositionProblem("OVERRIDE_ON_INTERFACE", f"{where}: a field of an interface cannot be moved", own)
        return
    if source == schema.name:
        message = f"{where} is moved from the subgraph it is in"
        yield CompositionProblem("OVERRIDE_FROM_SELF_ERROR", message, own, "name the subgraph it comes from")
        return
    label = label_of(field)
    if label is not None and schema.link.version < LABELS_SINCE:
        yield CompositionProblem("INVALID_GRAPHQL", f"{where}: a label takes Federation 2.7 or newer", own)
    elif label is not None and percent_of(label) is None and not LABEL.fullmatch(label):
        message = f"{where}: {label!r} is no label: expected percent(0) to percent(100), or a name"
        yield CompositionProblem("OVERRIDE_LABEL_INVALID", message, own)
    theirs = by_name[source].types.get(definition.name) if source in by_name else None
    moved = theirs.fields.get(field.name) if theirs else None
    for name in NOT_WITH:
        subgraph = None
        if name in field.directives and name == "external":
            subgraph = schema.name
        elif moved is not None and name != "external" and name in moved.directives:
            subgraph = source
        if subgraph is not None:
            message = f"{where} is moved by @override and cannot be @{name} in {subgraph}"
            yield CompositionProblem("OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE", message, (schema.name, subgraph))
    if moved is not None and "override" in moved.directives:
        message = f"{where} is moved by several subgraphs"
        yield CompositionProblem("OVERRIDE_SOURCE_HAS_OVERRIDE", message, (schema.name, source))
