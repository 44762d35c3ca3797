"""`@override`: which fields a subgraph declares but has handed over to another."""

from collections.abc import Iterator, Sequence

from gateway.composer.declared import Declared, Definition, SubgraphSchema
from gateway.errors import CompositionProblem

Coordinate = tuple[str, str, str]
NOT_WITH = ("external", "provides", "requires")


def overridden(schemas: Sequence[SubgraphSchema], problems: list[CompositionProblem]) -> frozenset[Coordinate]:
    """Return (subgraph, type, field) of what was handed over. Handing over from an absent subgraph is no mistake."""
    found: set[Coordinate] = set()
    by_name = {schema.name: schema for schema in schemas}
    for schema in schemas:
        for definition, field, source in overrides(schema):
            before = len(problems)
            problems += _wrong(by_name, schema, definition, field, source)
            if len(problems) == before and source in by_name:
                found.add((source, definition.name, field.name))
    return frozenset(found)


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
