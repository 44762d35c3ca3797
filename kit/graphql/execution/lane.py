"""What one request carries, and what of it runs later: awaitables, and parents of batch resolvers, a level at a time.

A lane is one root field. Its generated functions run without awaiting; what they cannot finish they leave here, with
the position the value belongs to. `drain` then takes everything that waits, asks every batch resolver once, awaits
all together, completes the values, and begins again until nothing waits. Lanes of a query run side by side, those of
a mutation one after another.
"""

from asyncio import gather
from collections.abc import Awaitable
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.error import located_error
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from kit.graphql.execution.arguments import values_of
from kit.graphql.execution.batch import check_length
from kit.graphql.execution.completion import call_batch, complete
from kit.graphql.execution.info import raw_info
from kit.graphql.execution.place import Node, Place


class Waiting(NamedTuple):
    """An awaitable and what becomes of its value; `place` None: nobody wants it any more."""

    awaitable: Awaitable[Any]
    place: Place | None
    here: Node | None
    then: Any = None
    """A function of (lane, here, value), or the members of a batch."""


class Request:
    """One request: what every resolver may reach, and the errors so far."""

    __slots__ = ("_arguments", "context", "errors", "nulled", "operation", "root", "variables")

    def __init__(self, operation: Any, variables: VariableValues, context: Any, root: Any) -> None:
        self.operation = operation
        self.variables = variables
        self.context = context
        self.root = root
        self.errors: list[GraphQLError] = []
        self.nulled: dict[int, Node | None] = {}
        self._arguments: dict[int, dict[str, Any]] = {}

    def arguments(self, place: Place) -> dict[str, Any]:
        """The field's arguments as its function takes them; raises what graphql-core would."""
        known = self._arguments.get(place.number)
        if known is None:
            known, lasting = values_of(place, self.variables)
            if lasting:
                self._arguments[place.number] = known
        return known

    def add(self, error: GraphQLError, here: Node | None) -> None:
        """Keep an error, unless the position or one above it is null already."""
        if self.nulled and self.is_lost(here):
            return
        self.nulled[id(here)] = here
        self.errors.append(error)

    def is_lost(self, here: Node | None) -> bool:
        """Whether an error has made null of this position, or of one above it."""
        nulled = self.nulled
        node = here
        while node is not None:
            if id(node) in nulled:
                return True
            node = node[0]
        return id(None) in nulled

    @property
    def is_null(self) -> bool:
        """Whether an error has made null of all data."""
        return id(None) in self.nulled


class Lane:
    """What of one root field runs later."""

    __slots__ = ("batches", "context", "pending", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.context = request.context
        self.pending: list[Waiting] = []
        self.batches: dict[Place, list[tuple[Any, Node]]] = {}

    def wait(self, awaitable: Awaitable[Any], place: Place, here: Node, then: Any = None) -> None:
        """The value of `here` comes later; until then it is null."""
        self.pending.append(Waiting(awaitable, place, here, then))

    def drop(self, values: Any) -> None:
        """Awaitables whose answer an error has made null: they run, as graphql-core lets them, and are forgotten."""
        self.pending += [Waiting(value, None, None) for value in values if is_awaitable(value)]

    def batch(self, place: Place, parent: Any, here: Node) -> None:
        """One more parent of a batch resolver."""
        found = self.batches.get(place)
        if found is None:
            self.batches[place] = [(parent, here)]
        else:
            found.append((parent, here))

    def arguments(self, place: Place) -> dict[str, Any]:
        """See `Request.arguments`."""
        return self.request.arguments(place)

    def info(self, place: Place, at: Node | None) -> Any:
        """graphql-core's info, for a field of the object at `at`."""
        return raw_info(self, place, (at, None, place.key, place))

    def fail(self, place: Place, here: Node, error: Exception) -> None:
        """The value at `here` failed: raise on where it may not be null, else keep the error and answer None."""
        located = located_error(error, place.nodes, path_of(here))
        if place.non_null:
            raise located
        self.request.add(located, here)

    async def drain(self) -> None:
        """Run everything that waits, level by level, until nothing does."""
        while self.pending or self.batches:
            pending, self.pending = self.pending, []
            if self.batches:
                batches, self.batches = self.batches, {}
                pending += self._ask(batches)
            results = await _all([waiting.awaitable for waiting in pending])
            for waiting, result in zip(pending, results, strict=True):
                if isinstance(waiting.then, _Members):
                    waiting.then.share(self, result)
                elif waiting.place is not None and waiting.here is not None:
                    self._finish(waiting.place, waiting.here, result, waiting.then)

    def _ask(self, batches: dict[Place, list[tuple[Any, Node]]]) -> list[Waiting]:
        waiting: list[Waiting] = []
        lost = self.request.is_lost if self.request.nulled else None
        for place, asked in batches.items():
            wanted = asked if lost is None else [pair for pair in asked if not lost(pair[1])]
            if not wanted:
                continue
            members = _Members(place, wanted)
            result = members.ask(self)
            if is_awaitable(result):
                waiting.append(Waiting(result, None, None, members))
            else:
                members.share(self, result)
        return waiting

    def _finish(self, place: Place, here: Node, value: Any, then: Any = None) -> None:
        request = self.request
        if request.nulled and request.is_lost(here):
            return
        try:
            if isinstance(value, Exception):
                raise value
            here[1][here[2]] = complete(self, place, here, value) if then is None else then(self, here, value)
        except Exception as error:
            located = located_error(error, place.nodes, path_of(here))
            node: Node | None = here
            while node is not None and node[3].non_null:
                node = node[0]
            request.add(located, node)
            if node is not None:
                node[1][node[2]] = None


class _Members:
    """The parents of one batch call, and their positions."""

    __slots__ = ("asked", "place")

    def __init__(self, place: Place, asked: list[tuple[Any, Node]]) -> None:
        self.place = place
        self.asked = asked

    def ask(self, lane: Lane) -> Any:
        place = self.place
        try:
            return call_batch(lane, place, [parent for parent, _ in self.asked], self.asked[0][1])
        except Exception as error:
            return error

    def share(self, lane: Lane, result: Any) -> None:
        place = self.place
        if not isinstance(result, Exception):
            try:
                result = check_length(len(self.asked), result, f"{place.parent_type.name}.{place.name}")
            except Exception as error:
                result = error
        values = [result] * len(self.asked) if isinstance(result, Exception) else result
        for (_, here), value in zip(self.asked, values, strict=True):
            lane._finish(place, here, value)


def path_of(here: Node | None) -> list[str | int]:
    """The path of a position, from the root."""
    keys: list[str | int] = []
    while here is not None:
        keys.append(here[2])
        here = here[0]
    keys.reverse()
    return keys


async def _all(awaitables: list[Awaitable[Any]]) -> list[Any]:
    if not awaitables:
        return []
    if len(awaitables) == 1:
        try:
            return [await awaitables[0]]
        except Exception as error:
            return [error]
    results = await gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    return list(results)
