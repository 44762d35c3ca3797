"""A subgraph that can be asked: verifies who asks, executes, and lets no surprise out.

The same object answers over HTTP (`kit.app`) and in process (the gateway's in-process transport).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import PreExecutionError

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.errors import BadUserInput, Fault, Refused, Unauthenticated, Unavailable
from kit.graphql.schema import Schema
from kit.log import logger
from kit.mongo import is_outage

log = logger(__name__)

Response = dict[str, Any]
"""A GraphQL response: data, errors, extensions."""


@dataclass(frozen=True, slots=True)
class Subgraph:
    """`make_context` builds the service's own context (store, loaders, caller) for one request."""

    name: str
    schema: Schema
    signer: ContextSigner
    make_context: Callable[[RequestContext], object]

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
            except MissingQueryError:
                return _refused("query: expected a document, got an empty string", BadUserInput.code)
            except CannotGetOperationTypeError:
                wanted = "an operation" if operation_name is None else f"an operation {operation_name!r}"
                return _refused(f"operationName: the document does not have {wanted}", BadUserInput.code)
            if not result.errors:
                return {"data": result.data}
            before = isinstance(result, PreExecutionError)
            errors = [self._format(error, before) for error in result.errors]
        if result.data is None and all(error.path is None for error in result.errors):
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
