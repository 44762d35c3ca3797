"""GraphQL over HTTP, through the real gateway and a real subgraph."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from structlog.testing import capture_logs

from gateway.access import Access
from gateway.http import GRAPHQL_JSON, JSON, GraphQLEndpoint
from gateway.settings import GatewaySettings
from kit.context import ContextSigner
from tests.gateway.stall import SECRET, Stall, client_of, stall_gateway

ECHO = {"query": 'query Say { echo(text: "暖簾") }'}
MAX_BODY_BYTES = GatewaySettings().max_body_bytes
CSRF = {"x-noren-csrf": "1"}


@pytest.fixture
def stall() -> Stall:
    return Stall()


@pytest.fixture
async def client(stall: Stall, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(stall_gateway(stall, tmp_path)) as client:
        yield client


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


def message_of(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["message"])


async def test_post_answers_with_data_and_a_trace_id(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json=ECHO)
    assert (answer.status_code, answer.json()) == (200, {"data": {"echo": "暖簾"}})
    assert len(answer.headers["x-trace-id"]) == 32
    assert answer.headers["cache-control"] == "no-store"


async def test_get_answers_a_query_with_variables(client: httpx2.AsyncClient) -> None:
    params = {"query": "query A($t: String!) { echo(text: $t) } query B { caller }", "operationName": "A"}
    answer = await client.get("/graphql", params={**params, "variables": '{"t":"hi"}'}, headers=CSRF)
    assert (answer.status_code, answer.json()) == (200, {"data": {"echo": "hi"}})


async def test_a_mutation_is_carried_out_by_post(client: httpx2.AsyncClient, stall: Stall) -> None:
    answer = await client.post("/graphql", json={"query": 'mutation { sell(sku: "MUG") }'})
    assert (answer.json(), stall.sold) == ({"data": {"sell": "MUG"}}, ["MUG"])


@pytest.mark.parametrize(
    "params",
    [
        {"query": 'mutation { sell(sku: "MUG") }'},
        {"query": 'query Q { caller } mutation M { sell(sku: "MUG") }', "operationName": "M"},
    ],
)
async def test_a_mutation_by_get_is_refused(client: httpx2.AsyncClient, stall: Stall, params: dict[str, str]) -> None:
    answer = await client.get("/graphql", params=params, headers=CSRF)
    assert (answer.status_code, answer.headers["allow"], stall.sold) == (405, "POST", [])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_JSON),
        ("application/json;q=0.5, application/graphql-response+json", GRAPHQL_JSON),
        ("text/html, application/*;q=0.1", JSON),
        ("APPLICATION/JSON; charset=UTF-8", JSON),
    ],
)
async def test_the_client_chooses_the_media_type(client: httpx2.AsyncClient, accept: str, media_type: str) -> None:
    answer = await client.post("/graphql", json=ECHO, headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/json;charset=utf-16", ";;,"])
async def test_a_client_that_takes_neither_is_told(client: httpx2.AsyncClient, accept: str) -> None:
    answer = await client.post("/graphql", json=ECHO, headers={"accept": accept})
    assert (answer.status_code, code_of(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("query", ["{ echo(", "{ nothing }", "query A { caller } query B { caller }"])
@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_JSON, 400)])
async def test_a_request_error_has_its_status_where_the_media_type_allows(
    client: httpx2.AsyncClient, query: str, accept: str, status: int
) -> None:
    answer = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert answer.status_code == status
    assert "data" not in answer.json()


async def test_a_failed_field_is_still_200(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ broken }"}, headers={"accept": GRAPHQL_JSON})
    assert (answer.status_code, answer.json()["data"]) == (200, {"broken": None})
    assert "drawer" not in answer.text


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "body: expected JSON"),
        (b"{", "body: expected JSON"),
        (b'{"query":"\xff"}', "body: expected JSON"),
        (b"[" * 5000, "body: expected JSON"),
        (b'"{ caller }"', "body: expected an object"),
        (b'[{"query":"{ caller }"}]', "body: batches are not taken"),
        (b"{}", "query: expected a string"),
        (b'{"query":1}', "query: expected a string"),
        (b'{"query":"  "}', "query: expected an operation"),
        (b'{"query":"{ caller }","variables":[1]}', "variables: expected an object"),
        (b'{"query":"{ caller }","operationName":7}', "operationName: expected a string"),
        (b'{"query":"{ caller }","extensions":"x"}', "extensions: expected an object"),
    ],
)
async def test_a_body_that_is_no_request_is_400_and_says_where(
    client: httpx2.AsyncClient, body: bytes, problem: str
) -> None:
    answer = await client.post("/graphql", content=body, headers={"content-type": JSON})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert message_of(answer).startswith(problem)


@pytest.mark.parametrize(
    ("query_string", "problem"),
    [
        ("", "query: expected a string"),
        ("query={caller}&variables={", "variables: expected JSON"),
        ("query={caller}&variables=[]", "variables: expected an object"),
        ("query={caller}&extensions=1", "extensions: expected an object"),
        ("query=%FF", "the query string cannot be read"),
        ("&".join(f"p{n}=1" for n in range(20)), "the query string cannot be read"),
    ],
)
async def test_a_query_string_that_is_no_request_is_400(
    client: httpx2.AsyncClient, query_string: str, problem: str
) -> None:
    answer = await client.get(f"/graphql?{query_string}", headers=CSRF)
    assert (answer.status_code, message_of(answer)[: len(problem)]) == (400, problem)


async def test_nulls_and_empty_values_count_as_absent(client: httpx2.AsyncClient) -> None:
    envelope = {**ECHO, "variables": None, "operationName": None, "extensions": None}
    assert (await client.post("/graphql", json=envelope)).json() == {"data": {"echo": "暖簾"}}
    params = {**ECHO, "variables": "", "operationName": "", "extensions": ""}
    assert (await client.get("/graphql", params=params, headers=CSRF)).json() == {"data": {"echo": "暖簾"}}


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=shift_jis"},
        {"content-type": ""},
        {"content-type": JSON, "content-encoding": "gzip"},
    ],
)
async def test_what_a_foreign_page_could_post_is_415(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/graphql", content=orjson.dumps(ECHO), headers=headers)
    assert (answer.status_code, answer.headers["accept"]) == (415, JSON)


async def test_a_get_that_a_foreign_page_could_send_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/graphql", params=ECHO)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert "x-noren-csrf" in message_of(answer)


async def test_a_body_past_the_limit_is_413_before_it_is_read(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "#" * MAX_BODY_BYTES})
    assert (answer.status_code, code_of(answer)) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_that_does_not_tell_its_length_is_stopped_at_the_limit(stall: Stall, tmp_path: Path) -> None:
    messages = iter([{"type": "http.request", "body": b" " * 65_536, "more_body": True}] * 1000)
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return next(messages)

    status, _ = await call(stall_gateway(stall, tmp_path), receive)
    assert (status, taken) == (413, MAX_BODY_BYTES // 65_536 + 1)


async def test_a_body_in_pieces_is_put_together(stall: Stall, tmp_path: Path) -> None:
    body = orjson.dumps(ECHO)
    messages = [{"type": "http.request", "body": body[n : n + 7], "more_body": True} for n in range(0, len(body), 7)]
    waiting = iter([*messages, {"type": "http.request"}])

    async def receive() -> dict[str, Any]:
        return next(waiting)

    status, answer = await call(stall_gateway(stall, tmp_path), receive)
    assert (status, orjson.loads(answer)) == (200, {"data": {"echo": "暖簾"}})


@pytest.mark.parametrize("sent", [[b"{"], []], ids=["half", "nothing"])
async def test_a_body_that_never_ends_is_given_up(stall: Stall, tmp_path: Path, sent: list[bytes]) -> None:
    first = iter([{"type": "http.request", "body": piece, "more_body": True} for piece in sent])

    async def receive() -> dict[str, Any]:
        for message in first:
            return message
        await asyncio.sleep(10)
        raise AssertionError

    status, _ = await call(stall_gateway(stall, tmp_path, body_timeout_s=0.02), receive)
    assert status == 408


async def test_a_client_that_leaves_gets_no_answer(stall: Stall, tmp_path: Path) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with capture_logs() as lines:
        assert await call(stall_gateway(stall, tmp_path), receive) == (None, b"")
    assert [line["status"] for line in lines if line["event"] == "request"] == [499]


async def call(app: Any, receive: Any) -> tuple[int | None, bytes]:
    """One POST as an ASGI server would hand it over, message by message."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    await app({**scope, "headers": headers, "server": ("127.0.0.1", 8000), "root_path": ""}, receive, send)
    status = sent[0]["status"] if sent else None
    return status, b"".join(message.get("body", b"") for message in sent)


async def test_the_caller_reaches_the_subgraph_signed_with_the_trace(client: httpx2.AsyncClient, stall: Stall) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {
        "traceparent": f"00-{trace}-b7ad6b7169203331-01",
        "x-noren-channel": "pos",
        "x-noren-customer": "cus_1",
        "x-noren-scopes": "orders:read",
        "x-noren-context": "forged",
    }
    answer = await client.post("/graphql", json={"query": "{ caller }"}, headers=headers)
    assert answer.json()["data"]["caller"] == ["pos", "", "cus_1", "", trace, "orders:read"]
    assert answer.headers["x-trace-id"] == trace
    assert stall.headers[0]["traceparent"] == headers["traceparent"]
    assert set(stall.headers[0]) == {"x-noren-context", "traceparent"}


async def test_keys_guard_the_door(stall: Stall, tmp_path: Path) -> None:
    keys = [{"name": "pos", "sha256": sha256(b"secret").hexdigest(), "channel": "pos"}]
    async with client_of(stall_gateway(stall, tmp_path, api_keys=keys), "http://shop.example") as client:
        stranger = await client.post("/graphql", json=ECHO)
        assert (stranger.status_code, code_of(stranger)) == (401, "UNAUTHENTICATED")
        assert stranger.headers["www-authenticate"].startswith("Bearer")
        headers = {"authorization": "Bearer secret"}
        assert (await client.post("/graphql", json=ECHO, headers=headers)).status_code == 200
        widened = await client.post("/graphql", json=ECHO, headers={**headers, "x-noren-channel": "web"})
        assert (widened.status_code, code_of(widened)) == (403, "FORBIDDEN")
        broken = await client.post("/graphql", json=ECHO, headers={**headers, "x-noren-staff": "a b"})
        assert (broken.status_code, code_of(broken)) == (400, "BAD_USER_INPUT")


async def test_a_request_ends_at_its_deadline(stall: Stall, tmp_path: Path) -> None:
    async with client_of(stall_gateway(stall, tmp_path, gateway_timeout_s=0.05)) as client:
        answer = await client.post("/graphql", json={"query": "{ slow(ms: 2000) }"})
    assert (answer.status_code, answer.json()["data"]) == (200, {"slow": None})
    assert code_of(answer) == "SUBGRAPH_TIMEOUT"


class Surprised:
    """An engine with a fault in it, which no real one shows on demand."""

    async def execute(self, *_: object) -> dict[str, Any]:
        raise RuntimeError("postgres://user:password@host")


async def test_a_surprise_is_masked_and_logged_with_its_trace_id() -> None:
    settings = GatewaySettings()
    endpoint = GraphQLEndpoint(Surprised(), Access(settings), ContextSigner(SECRET.encode()), 1.0)
    with capture_logs() as lines:
        async with client_of(endpoint) as client:
            answer = await client.post("/graphql", json=ECHO)
    assert (answer.status_code, code_of(answer)) == (500, "INTERNAL")
    assert "password" not in answer.text
    surprise = next(line for line in lines if line["event"] == "surprise in the gateway")
    assert surprise["trace_id"] == answer.headers["x-trace-id"]


async def test_one_line_of_log_a_request_without_anything_personal(client: httpx2.AsyncClient) -> None:
    envelope = {"query": "query Say($t: String!) { echo(text: $t) }", "variables": {"t": "hanako@example.jp"}}
    with capture_logs() as lines:
        await client.post("/graphql", json={**envelope, "operationName": "Say"}, headers={"x-noren-customer": "cus_77"})
        await client.post("/graphql", json={**ECHO, "operationName": "hanako@example.jp"})
    first, second = [line for line in lines if line["event"] == "request"]
    told = [first[name] for name in ("operation", "status", "caller", "channel")]
    assert told == ["Say", 200, "development", "web"]
    assert second["operation"] is None
    assert not {"hanako@example.jp", "cus_77"} & {str(value) for line in (first, second) for value in line.values()}


async def test_pages_of_other_origins_may_call_only_where_they_are_listed(stall: Stall, tmp_path: Path) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    app = stall_gateway(stall, tmp_path, cors_origins=["https://shop.example"])
    async with client_of(app) as client:
        for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
            asked = await client.options("/graphql", headers={"origin": origin, **preflight})
            answered = await client.post("/graphql", json=ECHO, headers={"origin": origin})
            assert (asked.status_code == 200) is allowed
            assert (answered.headers.get("access-control-allow-origin") == origin) is allowed
    async with client_of(stall_gateway(stall, tmp_path)) as client:
        asked = await client.options("/graphql", headers={"origin": "https://shop.example", **preflight})
        assert (asked.status_code, "access-control-allow-origin" in asked.headers) == (405, False)
