"""Every way the gateway refuses: at composition, at a request, at planning. Owns the codes a client may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = "BAD_USER_INPUT"
OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND"
OPERATION_TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
COST_TOO_HIGH = "COST_TOO_HIGH"
RATE_LIMITED = "RATE_LIMITED"
SUBSCRIPTION_NOT_SUPPORTED = "SUBSCRIPTION_NOT_SUPPORTED"
SUBGRAPH_INVALID_RESPONSE = "SUBGRAPH_INVALID_RESPONSE"
INTERNAL = "INTERNAL"
UNAUTHORIZED = "UNAUTHORIZED_FIELD_OR_TYPE"
"""The code that clients know from other routers."""
SLOW_CONSUMER = "SLOW_CONSUMER"
SUBSCRIPTION_EXPIRED = "SUBSCRIPTION_EXPIRED"
TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
GRAPH_CHANGED = "GRAPH_CHANGED"
GOING_AWAY = "GOING_AWAY"


@dataclass(frozen=True, slots=True)
class CompositionProblem:
    """One reason why subgraphs do not compose. `code` is Federation's own where it names the case."""

    code: str
    message: str
    subgraphs: tuple[str, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        where = f" [{', '.join(self.subgraphs)}]" if self.subgraphs else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code}{where}: {self.message}{hint}"


class CompositionError(Exception):
    """The subgraphs do not make one graph; carries every problem found, the first one at hand."""

    def __init__(self, problems: Sequence[CompositionProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    @property
    def code(self) -> str:
        """Code of the first problem."""
        return self.problems[0].code

    @property
    def subgraphs(self) -> tuple[str, ...]:
        """Subgraphs of the first problem."""
        return self.problems[0].subgraphs

    @property
    def hint(self) -> str:
        """What to do about the first problem."""
        return self.problems[0].hint


class RequestRefused(Exception):
    """A request that is not executed at all: its response carries `errors` and no `data`."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)

    @classmethod
    def because(cls, code: str, message: str) -> "RequestRefused":
        """Refuse with one error."""
        return cls([error(message, code)])


class PlanRefused(Exception):
    """An operation for which no plan is made: `reason` says which bound it passed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def error(
    message: str, code: str, path: Sequence[str | int] | None = None, service: str | None = None
) -> dict[str, Any]:
    """Shape one GraphQL error."""
    shaped: dict[str, Any] = {"message": message}
    if path is not None:
        shaped["path"] = list(path)
    shaped["extensions"] = {"code": code} if service is None else {"code": code, "service": service}
    return shaped
