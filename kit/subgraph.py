"""A subgraph that can be asked: verifies who asks, executes, and lets no surprise out.

The same object answers over HTTP (`kit.app`) and in process (the gateway's in-process transport).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types.execution import PreExecutionError

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.errors import BadUserInput, Fault, Refused, Unauthenticated, Unavailable
from kit.graphql.schema import Schema
from kit.graphql.subscription import Asked, Ended
from kit.log import logger
from kit.mongo import is_outage
from kit.times import utc_now

MAX_SUBSCRIPTIONS = 2_000
"""Running at one time in one process: each holds a generator, and often a cursor of the database."""
SUBSCRIPTION_LIFETIME_S = 3600.0
"""A context is verified once, when a subscription begins, and is as good as revoked an hour later: it has to be
brought anew. The gateway looks at its caller again with every event, and ends a subscription before this does."""

log = logger(__name__)

TOO_MANY = "TOO_MANY_SUBSCRIPTIONS"
EXPIRED = "SUBSCRIPTION_EXPIRED"
Response = dict[str, Any]
"""A GraphQL response: data, errors, extensions."""


@dataclass(slots=True)
class Running:
    """What runs at this moment."""

    subscriptions: int = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a subscription for as long as the block lasts."""
        self.subscriptions += 1
        try:
            yield
        finally:
            self.subscriptions -= 1


@dataclass(frozen=True, slots=True)
class Subgraph:
    """`make_context` builds the service's own context (store, loaders, caller) for one request."""

    name: str
    schema: Schema
    signer: ContextSigner
    make_context: Callable[[RequestContext], object]
    running: Running = field(default_factory=Running)

    @property
    def sdl(self) -> str:
        """The SDL the gateway composes."""
        return self.schema.sdl

    async def execute(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        headers: Mapping[str, str],
    ) -> Response:
        """Run one operation; always a GraphQL response, never an exception."""
        try:
            caller = self.signer.verify(headers.get(CONTEXT_HEADER))
        except Unauthenticated as error:
            return _refused(str(error), error.code)
        with structlog.contextvars.bound_contextvars(trace_id=caller.trace_id, service=self.name):
            try:
                result = await self.schema.run(query, variables, operation_name, self.make_context(caller))
            except InvalidOperationTypeError:
                return _refused("a subscription is answered as a stream: Accept: text/event-stream", BadUserInput.code)
            except MissingQueryError:
                return _refused("query: expected a document, got an empty string", BadUserInput.code)
            except CannotGetOperationTypeError:
                wanted = "an operation" if operation_name is None else f"an operation {operation_name!r}"
                return _refused(f"operationName: the document does not have {wanted}", BadUserInput.code)
            return self._response(result)

    async def subscribe(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        headers: Mapping[str, str],
    ) -> AsyncGenerator[Response, None]:
        """Run a subscription; one GraphQL response an event, never an exception.

        A response without `data` is the last: it was refused, its source failed, or its lifetime is over. Closing this
        (`contextlib.aclosing`), or cancelling who waits for the next, closes the root field's generator at once.
        """
        try:
            caller = self.signer.verify(headers.get(CONTEXT_HEADER))
        except Unauthenticated as error:
            yield _refused(str(error), error.code)
            return
        if self.running.subscriptions >= MAX_SUBSCRIPTIONS:
            yield _refused(f"{self.name} has {MAX_SUBSCRIPTIONS} subscriptions, and takes no more", TOO_MANY)
            return

        def fresh_context() -> object:
            return self.make_context(replace(caller, at=utc_now()))

        ends_at = asyncio.get_running_loop().time() + SUBSCRIPTION_LIFETIME_S
        with self.running.one_more():
            async with aclosing(self.schema.events(Asked(query, variables, operation_name), fresh_context)) as events:
                while (response := await self._next(events, caller.trace_id, ends_at)) is not None:
                    yield response
                    if "data" not in response:
                        return

    async def _next(
        self, events: AsyncGenerator[ExecutionResult | PreExecutionError, None], trace_id: str, ends_at: float
    ) -> Response | None:
        """The response to the next event; None when there is none any more."""
        # Bound for one step only: the variables belong to whoever takes that step, maybe another task than the last.
        with structlog.contextvars.bound_contextvars(trace_id=trace_id, service=self.name):
            try:
                async with asyncio.timeout_at(ends_at):
                    result = await anext(events, None)
            except TimeoutError:
                return _refused(f"after {SUBSCRIPTION_LIFETIME_S:g} s a subscription is begun anew", EXPIRED)
            return None if result is None else self._response(result)

    def _response(self, result: ExecutionResult | StrawberryResult) -> Response:
        if not result.errors:
            return {"data": result.data}
        before = isinstance(result, PreExecutionError)
        errors = [self._format(error, before) for error in result.errors]
        if isinstance(result, Ended) or (result.data is None and all(error.path is None for error in result.errors)):
            return {"errors": errors}  # refused before execution: the specification leaves `data` out
        return {"data": result.data, "errors": errors}

    def _format(self, error: GraphQLError, before: bool) -> Response:
        formatted = dict(error.formatted)
        cause = error.original_error
        while isinstance(cause, GraphQLError) and cause.original_error is not None:
            cause = cause.original_error
        if cause is None or isinstance(cause, GraphQLError) or _is_scalar_error(error, cause):
            code = _client_code(error, before)
        elif isinstance(cause, Fault):
            code = cause.code
        elif isinstance(cause, Refused):
            code, formatted["message"] = cause.refusals[0].code, str(cause)
        elif is_outage(cause):
            code = Unavailable.code
            formatted["message"] = f"the database of {self.name} does not answer; try again"
            log.warning("database away", error=type(cause).__name__, path=error.path)
        else:
            code, formatted["message"] = "INTERNAL", "internal error; the log has it under the trace id"
            log.error("surprise in a resolver", path=error.path, exc_info=cause)
        formatted["extensions"] = {"code": code, **dict(error.extensions or {})}
        return formatted


def _is_scalar_error(error: GraphQLError, cause: Exception) -> bool:
    """Whether a scalar refused a literal or a variable: a ValueError at a place of the document, before resolvers."""
    return isinstance(cause, ValueError) and error.path is None and bool(error.nodes)


def _client_code(error: GraphQLError, before: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if before else BadUserInput.code


def _refused(message: str, code: str) -> Response:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}
