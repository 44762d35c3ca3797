"""Answers what is asked about the schema itself, as far as its caller may see it."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema
from graphql.execution import experimental_execute_incrementally

from gateway.cache import BoundedCache
from gateway.errors import INTERNAL, RequestRefused
from gateway.request import Operation, shape_error
from gateway.supergraph import Supergraph, with_defer
from gateway.supergraph.access import Authority, refused
from gateway.supergraph.narrowed import narrowed

MAX_NARROWED = 32
"""Schemas kept, one for each set of what callers hold: a system has some kinds of keys."""


class Introspection:
    """Of one graph."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._everything = supergraph.rules.everything()
        self._narrowed = BoundedCache[GraphQLSchema](MAX_NARROWED, MAX_NARROWED)

    def hides_nothing(self, authority: Authority) -> bool:
        """Whether a caller may see all there is."""
        return authority.of_these(self._everything) == self._everything

    def schema_for(self, authority: Authority) -> GraphQLSchema:
        """The schema as a caller may see it; RequestRefused where that is none at all."""
        held = authority.of_these(self._everything)
        if held == self._everything:
            return self._supergraph.operation_schema
        schema = self._narrowed.get(held)
        if schema is None:
            public = narrowed(self._supergraph.public_sdl, self._supergraph.rules, held)
            if public is None:
                raise RequestRefused([refused(())])
            schema = with_defer(public)
            self._narrowed.put(held, schema, 1)
        return schema

    def answer(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        authority: Authority,
        data: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> None:
        """Add it to the answer. Raises `RequestRefused`."""
        assert operation.introspection is not None
        # graphql-core executes a schema with `@defer` under this name alone; nothing is deferred here.
        schema = self.schema_for(authority)
        result = experimental_execute_incrementally(schema, operation.introspection, variable_values=dict(variables))
        assert isinstance(result, ExecutionResult)
        data.update(result.data or {})
        errors += [shape_error(reason, INTERNAL) for reason in result.errors or ()]
