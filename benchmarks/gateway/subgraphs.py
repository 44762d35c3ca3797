"""The four subgraphs in one process of their own, a port each: `python -m benchmarks.gateway.subgraphs --port 8311`.

A request body seen before is answered from memory, so that they cost next to nothing; one that is new is executed by
graphql-core. `GET /count` tells how many operations all of them have answered, `GET /bodies` how many were new.
"""

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any, cast

import httptools
import orjson
import uvloop
from graphql import GraphQLSchema, build_schema, execute_sync, parse

from benchmarks.gateway.market import SDL, entity, resolve, root

FEDERATION = """
scalar _Any
type _Service { sdl: String }
directive @link(url: String!, import: [String]) on SCHEMA
directive @key(fields: String!) repeatable on OBJECT
directive @external on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
directive @provides(fields: String!) on FIELD_DEFINITION
directive @shareable on FIELD_DEFINITION
"""
MEMOIZED = 10_000
"""Answers kept; a benchmark asks a few dozen different bodies."""


class Subgraph:
    """One subgraph of the market."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._schema = schema_of(name)
        self._answers: dict[bytes, bytes] = {}
        self.count = 0

    def answer(self, body: bytes) -> bytes:
        """The answer to one request body."""
        self.count += 1
        known = self._answers.get(body)
        if known is None:
            known = orjson.dumps(self.execute(orjson.loads(body)))
            if len(self._answers) < MEMOIZED:
                self._answers[body] = known
        return known

    @property
    def bodies(self) -> int:
        """Different bodies seen."""
        return len(self._answers)

    def execute(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Execute one operation, whether it is new or not."""
        known = {
            **root(self._name),
            "_service": {"sdl": SDL[self._name]},
            "_entities": lambda _, representations: [entity(self._name, told) for told in representations],
        }
        result = execute_sync(
            self._schema,
            parse(request["query"]),
            root_value=known,
            variable_values=request.get("variables"),
            operation_name=request.get("operationName"),
            field_resolver=resolve,
        )
        return cast(dict[str, Any], result.formatted)


def schema_of(name: str) -> GraphQLSchema:
    """The subgraph's schema with Federation's own fields."""
    sdl = SDL[name][SDL[name].index("\ntype") :]
    entities = [kind for kind in ("Product", "Review", "User") if f"type {kind} " in sdl]
    extra = f"""
    union _Entity = {" | ".join(entities)}
    {"extend " if "type Query" in sdl else ""}type Query {{
      _service: _Service! _entities(representations: [_Any!]!): [_Entity]! }}
    """
    return build_schema(FEDERATION + sdl + extra)


class Server(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, no more than a client of a benchmark needs."""

    def __init__(self, subgraph: Subgraph, all_of_them: list[Subgraph]) -> None:
        self._subgraph = subgraph
        self._all = all_of_them
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self._url == b"/count":
            answer = b"%d" % sum(subgraph.count for subgraph in self._all)
        elif self._url == b"/bodies":
            answer = b"%d" % sum(subgraph.bodies for subgraph in self._all)
        else:
            answer = self._subgraph.answer(b"".join(self._body))
        self._body = []
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
        self._transport.write(head + answer)


async def serve(port: int) -> None:
    """Listen on `port` and those after it, in the order of `SDL`, until cancelled."""
    loop = asyncio.get_running_loop()
    subgraphs = [Subgraph(name) for name in SDL]
    for offset, subgraph in enumerate(subgraphs):
        await loop.create_server(lambda one=subgraph: Server(one, subgraphs), "127.0.0.1", port + offset)  # type: ignore[misc]
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8311)
    uvloop.run(serve(parser.parse_args().port))
