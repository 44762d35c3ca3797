"""`@interfaceObject`: a subgraph that knows an interface of others as one object.

Each implementation the graph has gets a definition of its own in such a subgraph, which `stands_behind` the interface's
name there. Everything that follows then thinks in object types alone; only what is sent to the subgraph uses its name.
"""

from collections.abc import Iterator, Sequence

from gateway.composer.declared import Definition, SubgraphSchema
from gateway.errors import CompositionProblem


def expand_interface_objects(schemas: Sequence[SubgraphSchema], problems: list[CompositionProblem]) -> None:
    """Add the implementations behind every interface object; what cannot be one is told."""
    behind: dict[str, list[str]] = {}
    for schema in schemas:
        for definition in schema.types.values():
            if definition.kind == "object":
                for interface in _above(schemas, definition.interfaces):
                    names = behind.setdefault(interface, [])
                    if definition.name not in names:
                        names.append(definition.name)
    for schema in schemas:
        for definition in [d for d in schema.types.values() if d.interface_object]:
            known = behind.get(definition.name, [])
            told = list(_wrong(schemas, schema, definition, known))
            problems += told
            for name in known if not told else ():
                directives = {k: v for k, v in definition.directives.items() if k in ("key", "shareable", "external")}
                schema.types[name] = Definition(
                    name, "object", None, True, directives, [], [], definition.fields, {}, definition.name
                )


def _above(schemas: Sequence[SubgraphSchema], interfaces: Sequence[str]) -> list[str]:
    """Interfaces with those they implement in turn."""
    found = list(interfaces)
    for name in found:
        for schema in schemas:
            if name in schema.types:
                found += [i for i in schema.types[name].interfaces if i not in found]
    return found


def _wrong(
    schemas: Sequence[SubgraphSchema], schema: SubgraphSchema, definition: Definition, known: Sequence[str]
) -> Iterator[CompositionProblem]:
    name, code = definition.name, "INTERFACE_OBJECT_USAGE_ERROR"
    if "key" not in definition.directives:
        message = f"{name} is an @interfaceObject without a @key"
        yield CompositionProblem(code, message, (schema.name,), "add the interface's @key")
    if not any(s.types[name].kind == "interface" for s in schemas if name in s.types):
        message = f"{name} is an @interfaceObject, but no subgraph has an interface {name}"
        yield CompositionProblem(code, message, (schema.name,))
    for implementation in known:
        if implementation in schema.types:
            other = schema.types[implementation].stands_behind
            if other:
                message = f"{implementation} is behind two interface objects, {other} and {name}"
                yield CompositionProblem("UNSUPPORTED_FEATURE", message, (schema.name,))
            else:
                message = f"{name} is an @interfaceObject, so its type {implementation} cannot be declared beside it"
                yield CompositionProblem(code, message, (schema.name,), f"remove {implementation}")
