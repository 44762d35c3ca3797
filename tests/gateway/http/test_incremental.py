"""Answers in parts over HTTP: which client gets them in which form, as soon as they are there, until it leaves."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from tests.gateway.delivery.test_delivery import ME, Gated, shop
from tests.gateway.parts import merged
from tests.gateway.shop import SDL
from tests.gateway.stall import SECRET, client_of

MULTIPART = 'multipart/mixed; boundary="-"'
WHOLE = {"me": {"name": "User 0", "reviews": [{"body": "Body 0"}, {"body": "Body 4"}]}}
BY_PATH = "multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9"
"""What Apollo Client sends with its Defer20220824Handler."""
CURRENT = "multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9"
"""What it sends with its GraphQL17Alpha9Handler."""
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


class Client:
    """One request, driven by hand: what has been answered so far can be read while more is to come."""

    def __init__(self, accept: str, query: str = ME) -> None:
        headers = {"accept": accept, "content-type": "application/json", "host": "localhost"}
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 5000),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self._request: dict[str, Any] | None = {"type": "http.request", "body": orjson.dumps({"query": query})}
        self.leaves = asyncio.Event()
        self.status, self.headers, self.pieces = 0, dict[str, str](), list[bytes]()

    async def receive(self) -> dict[str, Any]:
        request, self._request = self._request, None
        if request is not None:
            return request
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.pieces.append(message["body"])


def gateway(tmp_path: Path, *closed: str) -> tuple[Any, dict[str, Gated]]:
    _, subgraphs = shop(*closed)
    settings = GatewaySettings(context_secret=SECRET, data_dir=tmp_path)
    return build_gateway(settings, SDL, subgraphs), subgraphs


async def ask(tmp_path: Path, accept: str, query: str = ME) -> Client:
    app, _ = gateway(tmp_path)
    client = Client(accept, query)
    await app(client.scope, client.receive, client.send)
    return client


def parts_of(body: bytes) -> list[dict[str, Any]]:
    """What a client of `multipart/mixed` with the boundary "-" reads."""
    assert body.startswith(b"\r\n---\r\n")
    assert body.endswith(b"\r\n-----\r\n")
    parts = body.removesuffix(b"\r\n-----\r\n").split(b"\r\n---\r\n")[1:]
    assert all(part.startswith(b"content-type: application/json; charset=utf-8\r\n\r\n") for part in parts)
    return [orjson.loads(part.partition(b"\r\n\r\n")[2]) for part in parts]


def events_of(body: bytes) -> list[dict[str, Any]]:
    *events, complete, rest = body.decode().removeprefix(":\n\n").split("\n\n")
    assert (complete, rest) == ("event: complete\ndata:", "")
    assert all(event.startswith("event: next\ndata: ") for event in events)
    return [orjson.loads(event.removeprefix("event: next\ndata: ")) for event in events]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("multipart/mixed, application/json", MULTIPART),
        (CURRENT, f"{MULTIPART}; incrementalSpec=v0.2"),
        ('multipart/mixed; boundary="-"', MULTIPART),
    ],
)
async def test_parts_as_multipart(tmp_path: Path, accept: str, content_type: str) -> None:
    client = await ask(tmp_path, accept)
    assert (client.status, client.headers["content-type"]) == (200, content_type)
    assert "content-length" not in client.headers
    parts = parts_of(b"".join(client.pieces))
    assert parts[0]["pending"] == [{"id": "0", "path": ["me"], "label": "reviews"}]
    assert merged(parts) == {"data": WHOLE}


@pytest.mark.parametrize("accept", ["text/event-stream", URQL])
async def test_parts_as_events(tmp_path: Path, accept: str) -> None:
    client = await ask(tmp_path, accept)
    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert merged(events_of(b"".join(client.pieces))) == {"data": WHOLE}


async def test_parts_by_path_and_label(tmp_path: Path) -> None:
    client = await ask(tmp_path, BY_PATH)
    assert client.headers["content-type"] == f"{MULTIPART}; deferSpec=20220824"
    reviews = WHOLE["me"]["reviews"]
    assert parts_of(b"".join(client.pieces)) == [
        {"data": {"me": {"name": "User 0"}}, "hasNext": True},
        {"incremental": [{"data": {"reviews": reviews}, "path": ["me"], "label": "reviews"}], "hasNext": False},
    ]


async def test_a_failed_deferral_by_path_is_null_with_its_errors(tmp_path: Path) -> None:
    app, subgraphs = gateway(tmp_path)
    subgraphs["reviews"].told = {"errors": [{"message": "no", "path": ["_entities", 0, "reviews"]}], "data": None}
    client = Client(BY_PATH)
    await app(client.scope, client.receive, client.send)
    [entry] = parts_of(b"".join(client.pieces))[1]["incremental"]
    assert (entry["data"], entry["path"], entry["label"]) == (None, ["me"], "reviews")
    assert [(e["message"], e["path"]) for e in entry["errors"]] == [("no", ["me", "reviews"])]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "multipart/mixed;q=0, application/json"])
async def test_other_clients_get_the_whole_answer(tmp_path: Path, accept: str) -> None:
    app, _ = gateway(tmp_path)
    async with client_of(app) as client:
        answer = await client.post("/graphql", json={"query": ME}, headers={"accept": accept})
    assert (answer.status_code, answer.json()) == (200, {"data": WHOLE})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_what_defers_nothing_is_one_answer_to_a_client_that_takes_parts(tmp_path: Path) -> None:
    client = await ask(tmp_path, BY_PATH, "{ me { name } }")
    assert client.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert orjson.loads(b"".join(client.pieces)) == {"data": {"me": {"name": "User 0"}}}


@pytest.mark.parametrize(("accept", "read"), [("multipart/mixed", parts_of), ("text/event-stream", events_of)])
async def test_a_client_that_takes_nothing_but_parts_gets_one(tmp_path: Path, accept: str, read: Any) -> None:
    client = await ask(tmp_path, accept, "{ me { name } }")
    assert read(b"".join(client.pieces)) == [{"data": {"me": {"name": "User 0"}}, "hasNext": False}]


@pytest.mark.parametrize(
    "accept", ["multipart/mixed;deferSpec=20991231", "multipart/mixed;incrementalSpec=v9", "multipart/mixed;q=0"]
)
async def test_a_form_that_is_not_known_is_not_acceptable(tmp_path: Path, accept: str) -> None:
    client = await ask(tmp_path, accept)
    assert client.status == 406


async def test_a_request_that_is_refused_is_one_answer_with_its_status(tmp_path: Path) -> None:
    client = await ask(tmp_path, CURRENT, "{ nothing }")
    assert (client.status, client.headers["content-type"]) == (400, "application/graphql-response+json; charset=utf-8")


async def test_a_part_is_sent_whole_before_the_next_is_there(tmp_path: Path) -> None:
    app, subgraphs = gateway(tmp_path, "reviews")
    client = Client(CURRENT)
    answering = asyncio.create_task(app(client.scope, client.receive, client.send))
    async with asyncio.timeout(30):
        while not client.pieces:
            await asyncio.sleep(0.001)
        [first] = parts_of(client.pieces[0].removesuffix(b"---\r\n") + b"-----\r\n")
        assert first["data"] == {"me": {"name": "User 0"}}
        subgraphs["reviews"].open.set()
        await answering
    assert len(parts_of(b"".join(client.pieces))) == 2


@pytest.mark.parametrize("accept", [CURRENT, "text/event-stream"])
async def test_a_client_that_leaves_ends_what_is_under_way(tmp_path: Path, accept: str) -> None:
    app, subgraphs = gateway(tmp_path, "reviews")
    client = Client(accept)
    with capture_logs() as lines:
        answering = asyncio.create_task(app(client.scope, client.receive, client.send))
        async with asyncio.timeout(30):
            while b"pending" not in b"".join(client.pieces):
                await asyncio.sleep(0.001)
            client.leaves.set()
            await answering
    assert subgraphs["reviews"].given_up == 1
    assert [line["status"] for line in lines if line["event"] == "request"] == [499]
