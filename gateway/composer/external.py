"""Which fields a subgraph declares but cannot resolve by itself."""

from collections.abc import Iterator, Mapping, Sequence

from gateway.composer.declared import Definition, SubgraphSchema
from gateway.composer.fieldset import FieldSet, coordinates


class Externals:
    """Answers whether a field is external in a subgraph.

    A field of a key is not, even if it is marked: whoever holds a reference to the entity knows it. What another
    subgraph took over by `@override` is.
    """

    def __init__(
        self,
        schemas: Sequence[SubgraphSchema],
        sets: Sequence[FieldSet],
        overridden: frozenset[tuple[str, str, str]] = frozenset(),
    ) -> None:
        self.overridden = overridden
        self._origin = (schemas, sets)
        self._marked: set[tuple[str, str, str]] = set()
        by_name: Mapping[str, SubgraphSchema] = {schema.name: schema for schema in schemas}
        self._named = {
            (field_set.subgraph, type_name, name)
            for field_set in sets
            for type_name, name, _ in coordinates(by_name[field_set.subgraph], field_set)
        }
        keys = {
            (field_set.subgraph, type_name, name)
            for field_set in sets
            if field_set.purpose == "key"
            for type_name, name, _ in coordinates(by_name[field_set.subgraph], field_set)
        }
        self._marked |= overridden - keys
        for schema in schemas:
            for definition in schema.types.values():
                for name in marked_external(definition):
                    if (schema.name, definition.name, name) not in keys:
                        self._marked.add((schema.name, definition.name, name))

    def with_overridden(self, more: frozenset[tuple[str, str, str]]) -> "Externals":
        """The same, with more fields taken over."""
        return Externals(*self._origin, self.overridden | more)

    def is_external(self, subgraph: str, type_name: str, field: str) -> bool:
        """Whether the subgraph needs another to know this field."""
        return (subgraph, type_name, field) in self._marked

    def is_named(self, subgraph: str, type_name: str, field: str) -> bool:
        """Whether a field set of the subgraph names the field."""
        return (subgraph, type_name, field) in self._named

    def is_moved(self, subgraph: str, type_name: str, field: str) -> bool:
        """Whether another subgraph took the field over."""
        return (subgraph, type_name, field) in self.overridden

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return iter(sorted(self._marked))


def marked_external(definition: Definition) -> list[str]:
    """Fields of a type under `@external`, by themselves or by the type."""
    whole = "external" in definition.directives
    return [name for name, field in definition.fields.items() if whole or "external" in field.directives]
