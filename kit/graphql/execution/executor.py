"""The way in: a document is parsed, validated and compiled once, and run from then on.

What cannot be compiled (see `plan`), or is wrong, is left to graphql-core before any resolver has run, so that its
answer is graphql-core's and nothing runs twice.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, parse, validate

from kit.graphql.execution.operation import Operation, coerce_variables
from kit.graphql.execution.plan import Asked, Plan, read_operation
from kit.graphql.execution.refusal import NotCompiled

MAX_OPERATIONS = 512
"""Documents kept: a gateway sends few, and the same again and again."""
MAX_VARIANTS = 8
"""Combinations of @skip and @include compiled of one operation; beyond them graphql-core executes."""
MAX_DOCUMENT = 100_000
"""Characters of a document that is compiled; the largest query plans of gateways have a tenth."""
MAX_SOURCE = 8_000_000
"""Characters of generated code kept in all, some 100 MB of code objects: many times what a service is asked."""

Validate = Callable[[GraphQLSchema, DocumentNode], list[GraphQLError]]
Key = tuple[str, str | None]


class _Known:
    """What is known of a document and an operation name: how to run it, or that graphql-core does."""

    __slots__ = ("asked", "variants")

    def __init__(self, asked: Asked | None) -> None:
        self.asked = asked
        self.variants: dict[tuple[bool, ...], Operation | None] = {}

    @property
    def size(self) -> int:
        """Characters of its generated code."""
        return sum(len(chunk) for variant in self.variants.values() if variant for chunk in variant.chunks)


class CompiledExecutor:
    """Executes operations of one schema; `strawberry_schema` where Strawberry made it.

    With `events`, it executes events of subscriptions and nothing else: an event is the `root` of its operation.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        strawberry_schema: Any = None,
        validate_document: Validate = validate,
        *,
        max_operations: int = MAX_OPERATIONS,
        events: bool = False,
    ) -> None:
        self.schema = schema
        self.strawberry_schema = strawberry_schema
        self.validate_document = validate_document
        self.max_operations = max_operations
        self.events = events
        self._known: OrderedDict[Key, _Known] = OrderedDict()
        self._is_incremental = any(schema.get_directive(name) is not None for name in ("defer", "stream"))

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Any,
        root: Any = None,
    ) -> ExecutionResult | None:
        """The result; None if graphql-core must execute, and then no resolver has run."""
        known = self._known.get((query, operation_name))
        if known is None:
            known = self._read(query, operation_name)
        else:
            self._known.move_to_end((query, operation_name))
        asked = known.asked
        if asked is None:
            return None
        values = coerce_variables(asked, variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        operation = self._operation(known, asked, tuple(values.coerced.get(name) for name in asked.conditions))
        return None if operation is None else await operation.run(values, context, root)

    def compile(
        self, query: str, operation_name: str | None = None, variables: Mapping[str, Any] | None = None
    ) -> Operation:
        """The compiled operation; NotCompiled says why there is none."""
        document = parse(query)
        problems = self.validate_document(self.schema, document)
        if problems:
            raise NotCompiled(problems[0].message)
        asked = read_operation(self.schema, document, operation_name)
        given = {name: (variables or {}).get(name, True) for name in asked.conditions}
        return Operation(Plan(asked, {name: bool(value) for name, value in given.items()}, self.strawberry_schema))

    def _read(self, query: str, operation_name: str | None) -> _Known:
        try:
            if self._is_incremental or len(query) > MAX_DOCUMENT:
                raise NotCompiled("incremental delivery, or a document of enormous size")
            document = parse(query)
            if self.validate_document(self.schema, document):
                raise NotCompiled("the document is not valid")
            asked: Asked | None = read_operation(self.schema, document, operation_name, events=self.events)
        except (GraphQLError, NotCompiled, RecursionError):
            asked = None
        known = _Known(asked)
        self._keep((query, operation_name), known)
        return known

    def _operation(self, known: _Known, asked: Asked, conditions: tuple[Any, ...]) -> Operation | None:
        if conditions in known.variants:
            return known.variants[conditions]
        if len(known.variants) >= MAX_VARIANTS or not all(isinstance(value, bool) for value in conditions):
            return None
        plan = Plan(asked, dict(zip(asked.conditions, conditions, strict=True)), self.strawberry_schema)
        try:
            operation: Operation | None = Operation(plan)
        except (GraphQLError, NotCompiled, RecursionError, SyntaxError, MemoryError):
            operation = None
        known.variants[conditions] = operation
        return operation

    def _keep(self, key: Key, known: _Known) -> None:
        if len(key[0]) > MAX_DOCUMENT:
            return
        self._known[key] = known
        size = sum(entry.size for entry in self._known.values())
        while len(self._known) > self.max_operations or (size > MAX_SOURCE and len(self._known) > 1):
            _, dropped = self._known.popitem(last=False)
            size -= dropped.size


def explain_compiled(
    schema: Any, query: str, operation_name: str | None = None, variables: Mapping[str, Any] | None = None
) -> str:
    """The functions an operation becomes, as text; conditions without a variable are taken as true."""
    strawberry_schema = getattr(schema, "schema_converter", None) and schema
    core = getattr(schema, "_schema", schema)
    operation = CompiledExecutor(core, strawberry_schema).compile(query, operation_name, variables)
    operation.compile_all()
    return operation.source.strip() + "\n"
