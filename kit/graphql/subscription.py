"""A subscription: the source stream of its one root field, and each of its events executed with a context of its own.

After the GraphQL specification (section 6.2.3): the source by graphql-core, an event compiled as a query is, by
graphql-core where that cannot be. What it adds: contexts. The root field's generator keeps the one it began with; what
is asked of an event gets a fresh one, since loaders live as long as one answer.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    located_error,
    parse,
)
from graphql.execution import Executor, create_source_event_stream
from strawberry.types.execution import PreExecutionError

from kit.graphql.execution import CompiledExecutor

NOT_A_SUBSCRIPTION = "expected a subscription; queries and mutations are not answered as a stream"
Read = Callable[[str], DocumentNode | list[GraphQLError]]
"""A document by its text, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as it was asked."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class Ended(ExecutionResult):
    """The last result, of no event: why there is none, or none any more."""


Result = ExecutionResult | PreExecutionError


def read(
    schema: GraphQLSchema, validate: Callable[[GraphQLSchema, DocumentNode], list[GraphQLError]], query: str
) -> DocumentNode | list[GraphQLError]:
    """The document, or what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return [error]
    return validate(schema, document) or document


async def subscribe(
    schema: GraphQLSchema,
    read_document: Read,
    compiled: CompiledExecutor | None,
    asked: Asked,
    make_context: Callable[[], object],
) -> AsyncGenerator[Result, None]:
    """One result an event; where there are no more for a reason, a `PreExecutionError` or `Ended` says it.

    Raises nothing but what cancels it. Closing it closes the root field's generator.
    """
    document = read_document(asked.query)
    if isinstance(document, list):
        yield PreExecutionError(data=None, errors=document)
        return
    operation = get_operation_ast(document, asked.operation_name)
    if operation is None:
        named = "" if asked.operation_name is None else f" {asked.operation_name!r}"
        yield Ended(None, [GraphQLError(f"operationName: the document does not have an operation{named}")])
        return
    if operation.operation is not OperationType.SUBSCRIPTION:
        yield Ended(None, [GraphQLError(NOT_A_SUBSCRIPTION)])
        return

    def executor(root: Any) -> Any:
        build = Executor.build
        return build(schema, document, root, make_context(), asked.variables, asked.operation_name)

    async def answer(event: Any) -> ExecutionResult:
        result: Any = None
        if compiled is not None:
            result = await compiled.execute(asked.query, asked.variables, asked.operation_name, make_context(), event)
        if result is None:
            result = executor(event).execute_operation(False)
        return cast(ExecutionResult, await result if isawaitable(result) else result)

    async with aclosing(_execute(operation, executor(None), answer)) as results:
        async for result in results:
            yield result


async def _execute(
    operation: OperationDefinitionNode, opened: Any, answer: Callable[[Any], Awaitable[ExecutionResult]]
) -> AsyncGenerator[Result, None]:
    if isinstance(opened, list):
        yield Ended(None, opened)  # what is wrong with the variables
        return
    source: Any = create_source_event_stream(opened)
    if opened.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        yield Ended(None, source.errors)
        return
    async with aclosing(_events(source)) as events:
        try:
            async for event in events:
                yield await answer(event)
        except Exception as error:
            yield Ended(None, [_located(error, operation)])


async def _events(source: AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    """The source's events; closes it also where it is no generator of ours."""
    try:
        async for event in source:
            yield event
    finally:
        if (close := getattr(source, "aclose", None)) is not None:
            await close()


def _located(error: Exception, operation: OperationDefinitionNode) -> GraphQLError:
    """The error of a source that failed, at its root field; a fragment may hide which that is."""
    nodes = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return located_error(error, nodes, [node.alias.value if node.alias else node.name.value for node in nodes[:1]])
