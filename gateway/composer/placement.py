"""Directives that stand where they mean nothing, or would promise what no subgraph keeps."""

from collections.abc import Iterator, Sequence

from gateway.composer.declared import Definition, SubgraphSchema
from gateway.composer.external import marked_external
from gateway.composer.link import FEDERATION_DIRECTIVES
from gateway.errors import CompositionProblem

ACCESS = ("authenticated", "requiresScopes", "policy")
NOT_ON_EXTERNAL = ("tag", "inaccessible", *ACCESS)
INTERFACE_KEYS_SINCE = (2, 3)
"""The version of Federation in which an interface may be an entity."""


def check_placement(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    """Refuse directives on interfaces and external fields that have no meaning there, and what cannot be composed."""
    if not schema.link.federation_1:
        for definition in schema.types.values():
            if definition.kind == "interface":
                yield from _on_interface(schema, definition)
            if definition.kind == "interface" or definition.interface_object:
                yield from _access_on_interface(schema, definition)
            for name in marked_external(definition):
                for directive in NOT_ON_EXTERNAL:
                    if directive in definition.fields[name].directives:
                        message = (
                            f"@{directive} on {definition.name}.{name}, which is @external: its owner says so or not"
                        )
                        code = "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL"
                        yield CompositionProblem(code, message, (schema.name,), f"remove @{directive}")
    yield from _composed(schema)


def check_bases(schemas: Sequence[SubgraphSchema]) -> Iterator[CompositionProblem]:
    """A Federation 1 extension needs a type to extend, in whatever subgraph."""
    based = {d.name for schema in schemas for d in schema.types.values() if not d.extends}
    for schema in schemas:
        for definition in schema.types.values() if schema.link.federation_1 else ():
            if definition.extends and definition.name not in based | {"Query", "Mutation", "Subscription"}:
                message = f"{definition.name} is extended, but no subgraph defines it"
                yield CompositionProblem("EXTENSION_WITH_NO_BASE", message, (schema.name,))


def _on_interface(schema: SubgraphSchema, definition: Definition) -> Iterator[CompositionProblem]:
    name, own = definition.name, (schema.name,)
    if "key" in definition.directives and schema.link.version < INTERFACE_KEYS_SINCE:
        message = f"@key on interface {name} takes Federation 2.3 or newer"
        yield CompositionProblem("KEY_UNSUPPORTED_ON_INTERFACE", message, own, "link federation/v2.3")
    if "shareable" in definition.directives:
        yield CompositionProblem("INVALID_GRAPHQL", f"@shareable cannot stand on interface {name}", own)
    for field in definition.fields.values():
        for directive in ("requires", "provides"):
            if directive in field.directives:
                message = f"@{directive} on {name}.{field.name}: it can stand on fields of objects only"
                yield CompositionProblem(f"{directive.upper()}_UNSUPPORTED_ON_INTERFACE", message, own)
        if "shareable" in field.directives:
            message = f"@shareable on {name}.{field.name}: it can stand on fields of objects only"
            yield CompositionProblem("INVALID_SHAREABLE_USAGE", message, own)


def _access_on_interface(schema: SubgraphSchema, definition: Definition) -> Iterator[CompositionProblem]:
    places = [(definition.name, definition.directives)]
    places += [(f"{definition.name}.{f.name}", f.directives) for f in definition.fields.values()]
    for place, directives in places:
        for name in ACCESS:
            if name in directives:
                message = f"@{name} on {place}: access to an interface is that to its implementations"
                code = "AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE"
                yield CompositionProblem(code, message, (schema.name,), "put it on the implementations")


def _composed(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    for name in sorted(schema.link.composed):
        wrong = ""
        if name in schema.link.directives or name in FEDERATION_DIRECTIVES:
            wrong = "is Federation's own"
        elif name not in schema.directives:
            wrong = "is not defined"
        elif name not in schema.link.specs:
            wrong = "is not imported by any @link"
        if wrong:
            message = f"@composeDirective names @{name}, which {wrong}"
            yield CompositionProblem("DIRECTIVE_COMPOSITION_ERROR", message, (schema.name,))
