"""What composes but deserves a word: nothing is wrong with the graph, yet its author may expect something else."""

from collections.abc import Iterator, Sequence

from gateway.composer.contexts import contextual_elsewhere
from gateway.composer.declared import SubgraphSchema
from gateway.composer.override import overrides


def hints(schemas: Sequence[SubgraphSchema]) -> Iterator[str]:
    """One sentence each."""
    names = {schema.name for schema in schemas}
    for name, hidden, argument, subgraph, _ in contextual_elsewhere(schemas):
        yield f"{name}.{hidden}({argument}:) is hidden, since it is set from context; {subgraph} gets no value for it"
    for schema in schemas:
        for definition, field, source in overrides(schema):
            theirs = next((s.types.get(definition.name) for s in schemas if s.name == source), None)
            if source not in names:
                yield f"{definition.name}.{field.name} is moved from {source}, which is no subgraph: @override can go"
            elif theirs is None or field.name not in theirs.fields:
                yield f"{definition.name}.{field.name} is moved from {source}, which lacks it: @override can go"
