"""Reads a Federation 1 schema as the Federation 2 schema it means.

There, object types may be declared by several subgraphs without a word, an extension repeats keys as `@external`, and
what is marked external without need is ignored.
"""

from collections.abc import Sequence

from gateway.composer.declared import SubgraphSchema
from gateway.composer.external import marked_external
from gateway.composer.fieldset import FieldSet, coordinates, field_sets


def upgrade(schema: SubgraphSchema) -> None:
    """Change a Federation 1 schema in place; one of Federation 2 stays as it is."""
    if not schema.link.federation_1:
        return
    for definition in schema.types.values():
        if definition.kind == "interface":
            definition.directives.pop("key", None)
            for field in definition.fields.values():
                field.directives.pop("external", None)
        elif definition.kind == "object" and definition.name != "Subscription":
            definition.directives.setdefault("shareable", [{}])
    _drop_needless(schema, field_sets(schema, []))


def _drop_needless(schema: SubgraphSchema, sets: Sequence[FieldSet]) -> None:
    """Forget externals that serve nothing, and `@provides` and `@requires` of what is not external."""
    named = {(t, f) for field_set in sets for t, f, _ in coordinates(schema, field_set)}
    for definition in schema.types.values():
        for name in marked_external(definition):
            by_interface = any(name in schema.types[i].fields for i in definition.interfaces if i in schema.types)
            if (definition.name, name) not in named and not by_interface:
                del definition.fields[name]
    external = {(d.name, name) for d in schema.types.values() for name in marked_external(d)}
    for field_set in sets:
        if field_set.field is None:
            continue
        named_here = {(t, f) for t, f, _ in coordinates(schema, field_set)}
        carrier = schema.types[field_set.on].fields.get(field_set.field)
        if carrier is not None and named_here.isdisjoint(external):
            carrier.directives.pop(field_set.purpose, None)
