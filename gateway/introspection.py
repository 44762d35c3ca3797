"""Answers what is asked about the schema itself, as far as its caller may see it.

For the whole of it that is a third of a second's work, so it is done in a thread, one question after another.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLSchema
from graphql.execution import experimental_execute_incrementally

from gateway.cache import BoundedCache
from gateway.errors import INTERNAL, RequestRefused
from gateway.request import Operation, shape_error
from gateway.supergraph import Supergraph, with_defer
from gateway.supergraph.access import Authority, refused
from gateway.supergraph.narrowed import narrowed

MAX_ANSWERS = 4
"""Kept: tools ask the same few questions, and each answer may be a megabyte."""
MAX_NARROWED = 32
"""Schemas kept, one for each set of what callers hold: a system has some kinds of keys."""


Answer = tuple[dict[str, Any], list[dict[str, Any]]]
"""As JSON, it is no hundred thousand objects that somebody has to look after."""


class Introspection:
    """Of one graph. Lives on one event loop."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._everything = supergraph.rules.everything()
        self._narrowed = BoundedCache[GraphQLSchema](MAX_NARROWED, MAX_NARROWED)
        self._answers = BoundedCache[Answer](MAX_ANSWERS, MAX_ANSWERS)
        self._one_at_a_time = asyncio.Lock()

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

    async def answer(
        self, operation: Operation, variables: Mapping[str, Any], authority: Authority
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Data, each root field of it as JSON already, and errors. Raises `RequestRefused`."""
        held = authority.of_these(self._everything)
        key = (operation, held, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS))
        result = self._answers.get(key)
        if result is None:
            async with self._one_at_a_time:
                result = self._answers.peek(key)
                if result is None:
                    result = await asyncio.to_thread(self._execute, operation, dict(variables), authority)
                    self._answers.put(key, result, 1)
        return dict(result[0]), list(result[1])

    def _execute(self, operation: Operation, variables: dict[str, Any], authority: Authority) -> "Answer":
        assert operation.introspection is not None
        # graphql-core executes a schema with `@defer` under this name alone; nothing is deferred here.
        schema = self.schema_for(authority)
        result = experimental_execute_incrementally(schema, operation.introspection, variable_values=variables)
        assert isinstance(result, ExecutionResult)
        data = {key: orjson.Fragment(orjson.dumps(value)) for key, value in (result.data or {}).items()}
        return data, [shape_error(reason, INTERNAL) for reason in result.errors or ()]
