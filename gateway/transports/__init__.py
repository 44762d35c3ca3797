"""The one door to a subgraph: what is sent, what comes back, and how it may fail.

Owns the `Transport` protocol, the request it carries, its two failures, and what counts as a response.
Refuses to know of HTTP, of processes or of plans: each way of reaching a subgraph is a module beside this one.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class SubgraphRequest:
    """An operation for a subgraph. After a broken connection a `query` may be sent again, a `mutation` never.

    A `subscription` is for `subscribe`, the others are for `send`.
    """

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    kind: Literal["query", "mutation", "subscription"]


class SubgraphFailure(Exception):
    """A subgraph gave no GraphQL response; `reason` is for the log, never for the client."""

    code = "SUBGRAPH_UNAVAILABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SubgraphUnavailable(SubgraphFailure):
    """The subgraph refused, broke off, or answered with something that is not a GraphQL response."""


class SubgraphTimeout(SubgraphFailure):
    """The subgraph did not answer within the time it was given."""

    code = "SUBGRAPH_TIMEOUT"


def is_response(answer: Any) -> bool:
    """Whether decoded JSON has the outline of a GraphQL response."""
    return isinstance(answer, dict) and ("data" in answer or isinstance(answer.get("errors"), list))


class Transport(Protocol):
    """A way to one subgraph."""

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        """Return the GraphQL response object; raise `SubgraphUnavailable` or `SubgraphTimeout` if there is none.

        The response becomes the engine's own: it writes into the objects, so nobody else may hold them.
        """
        ...

    def subscribe(
        self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield one GraphQL response an event; raise what `send` raises. A response without `data` is the last.

        The subgraph has `timeout_s` to take the subscription, and then all the time it wants between its events.
        Nothing is read ahead of the caller but what a few buffers hold. Closing it ends the subscription there.
        """
        ...

    async def close(self) -> None:
        """Give back connections, end subscriptions. Nothing is sent after it."""
        ...
