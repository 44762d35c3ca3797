"""Which fields a subgraph declares but cannot resolve by itself."""

from collections.abc import Iterator, Mapping, Sequence

from gateway.composer.declared import Definition, SubgraphSchema
from gateway.composer.fieldset import FieldSet, coordinates


class Externals:
    """Answers whether a field is external in a subgraph.

    A field of a key is not, even if it is marked: whoever holds a reference to the entity knows it.
    """

    def __init__(self, schemas: Sequence[SubgraphSchema], sets: Sequence[FieldSet]) -> None:
        self._marked: set[tuple[str, str, str]] = set()
        by_name: Mapping[str, SubgraphSchema] = {schema.name: schema for schema in schemas}
        keys = {
            (field_set.subgraph, type_name, name)
            for field_set in sets
            if field_set.purpose == "key"
            for type_name, name, _ in coordinates(by_name[field_set.subgraph], field_set)
        }
        for schema in schemas:
            for definition in schema.types.values():
                for name in marked_external(definition):
                    if (schema.name, definition.name, name) not in keys:
                        self._marked.add((schema.name, definition.name, name))

    def is_external(self, subgraph: str, type_name: str, field: str) -> bool:
        """Whether the subgraph needs another to know this field."""
        return (subgraph, type_name, field) in self._marked

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return iter(sorted(self._marked))


def marked_external(definition: Definition) -> list[str]:
    """Fields of a type under `@external`, by themselves or by the type."""
    whole = "external" in definition.directives
    return [name for name, field in definition.fields.items() if whole or "external" in field.directives]
