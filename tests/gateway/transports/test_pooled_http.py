"""Against servers on loopback: uvicorn for the ordinary, bare sockets for what no decent server does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import orjson
import pytest
import uvicorn

from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable, pooled_http
from gateway.transports.pooled_http import PooledHttpTransport
from kit.seal import Sealer, SealGuard

QUERY = SubgraphRequest("{ shelf }", None, None, "query")
MUTATION = SubgraphRequest("mutation { sell }", None, None, "mutation")
OK_BODY = b'{"data":{"shelf":1}}'
OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(OK_BODY), OK_BODY)


class Peer:
    """A server that counts connections and requests, and answers each request as its script says."""

    def __init__(self, script: "Script") -> None:
        self.script = script
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""
        self.tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                await self.script(self, writer)
        writer.close()


Script = Callable[[Peer, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def peer_with(script: Script) -> AsyncIterator[Peer]:
    peer = Peer(script)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    try:
        yield peer
    finally:
        server.close()
        for task in peer.tasks:
            task.cancel()
        await asyncio.gather(*peer.tasks)


@contextlib.asynccontextmanager
async def transport_to(url: str, **options: Any) -> AsyncIterator[PooledHttpTransport]:
    transport = PooledHttpTransport(url, **options)
    try:
        yield transport
    finally:
        await transport.close()


def says(*pieces: bytes, then_close: bool = False) -> Script:
    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        if then_close:
            writer.close()
            raise ConnectionError

    return script


async def silent(_: Peer, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.3)


async def test_sends_one_graphql_post_and_returns_the_response() -> None:
    request = SubgraphRequest("query Q($sku: ID!) { shelf }", {"sku": "マグ"}, "Q", "query")
    async with peer_with(says(OK)) as peer, transport_to(peer.url) as transport:
        assert await transport.send(request, {"x-noren-context": "token"}, 1.0) == {"data": {"shelf": 1}}
    head, body = peer.requests[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nx-noren-context: token\r\n" in head
    assert orjson.loads(body) == {"query": request.query, "variables": {"sku": "マグ"}, "operationName": "Q"}


async def test_one_connection_serves_one_call_after_another() -> None:
    async with peer_with(says(OK)) as peer, transport_to(peer.url) as transport:
        for _ in range(5):
            await transport.send(QUERY, {}, 30.0)
    assert (peer.connections, len(peer.requests)) == (1, 5)


async def test_calls_at_once_share_no_connection_and_keep_below_the_limit() -> None:
    async def thinks(_: Peer, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        writer.write(OK)

    async with peer_with(thinks) as peer, transport_to(peer.url, max_connections=3) as transport:
        await asyncio.gather(*[transport.send(QUERY, {}, 2.0) for _ in range(9)])
    assert (peer.connections, len(peer.requests)) == (3, 9)


async def test_waiting_for_a_place_in_the_pool_counts_against_the_time_limit() -> None:
    async with peer_with(silent) as peer, transport_to(peer.url, max_connections=1) as transport:
        first = asyncio.create_task(transport.send(QUERY, {}, 0.2))
        await asyncio.sleep(0.01)
        with pytest.raises(SubgraphTimeout):
            await transport.send(QUERY, {}, 0.02)
        with pytest.raises(SubgraphTimeout):
            await first
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([OK[:9], OK[9:30], OK[30:50], OK[50:]], id="split anywhere"),
        pytest.param(
            [
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                b'8\r\n{"data":\r\n',
                b"2\r\n{}\r\n1\r\n}\r\n",
                b"0\r\n\r\n",
            ],
            id="chunked",
        ),
        pytest.param([b"HTTP/1.1 103 Early Hints\r\n\r\n", OK], id="after an interim answer"),
    ],
)
async def test_reads_an_answer_however_it_is_cut(pieces: list[bytes]) -> None:
    async with peer_with(says(*pieces)) as peer, transport_to(peer.url) as transport:
        for _ in range(2):
            assert "data" in await transport.send(QUERY, {}, 30.0)
    assert peer.connections == 1


@pytest.mark.parametrize("status", [400, 403, 500, 503])
async def test_a_graphql_error_is_a_response_whatever_its_status(status: int) -> None:
    body = b'{"errors":[{"message":"no"}]}'
    answer = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)
    async with peer_with(says(answer)) as peer, transport_to(peer.url) as transport:
        assert await transport.send(QUERY, {}, 30.0) == {"errors": [{"message": "no"}]}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (502, b"<html>Bad Gateway</html>", "HTTP 502 with a body that is not JSON"),
        (500, b'{"error":"boom"}', "HTTP 500 with a body that is not a GraphQL response"),
        (200, b"[1]", "HTTP 200 with a body that is not a GraphQL response"),
        (200, b'"data"', "HTTP 200 with a body that is not a GraphQL response"),
        (200, b'{"errors":"all"}', "HTTP 200 with a body that is not a GraphQL response"),
        (200, b'{"data":{"shelf":"\xff"}}', "HTTP 200 with a body that is not JSON"),
        (204, b"", "HTTP 204 with a body that is not JSON"),
        (302, b"", "HTTP 302 with a body that is not JSON"),
    ],
)
async def test_anything_else_is_unavailable_and_says_what_came(status: int, body: bytes, reason: str) -> None:
    length = b"content-length: %d\r\n" % len(body) if status != 204 else b""
    answer = b"HTTP/1.1 %d X\r\n%s\r\n%s" % (status, length, body)
    async with peer_with(says(answer)) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphUnavailable) as caught:
            await transport.send(QUERY, {}, 30.0)
    assert caught.value.reason == reason


async def test_nobody_listening_is_unavailable() -> None:
    async with peer_with(says(OK)) as peer:
        url = peer.url
    async with transport_to(url) as transport:
        with pytest.raises(SubgraphUnavailable, match="cannot connect"):
            await transport.send(QUERY, {}, 30.0)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="before the answer"),
        pytest.param([OK[:20]], id="in the head"),
        pytest.param([OK[:-3]], id="in the body"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n" + OK_BODY], id="an answer without a length"),
    ],
)
async def test_a_close_before_the_end_of_an_answer_is_unavailable_and_not_repeated(pieces: list[bytes]) -> None:
    async with peer_with(says(*pieces, then_close=True)) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphUnavailable, match="connection broke: closed by the peer"):
            await transport.send(QUERY, {}, 30.0)
    assert len(peer.requests) == 1


async def test_what_is_not_http_is_unavailable() -> None:
    async with peer_with(says(b"SSH-2.0-OpenSSH_9.2\r\n")) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphUnavailable, match="not an HTTP answer"):
            await transport.send(QUERY, {}, 30.0)


async def drops_the_second(peer: Peer, writer: asyncio.StreamWriter) -> None:
    """As a server does whose keep-alive ran out: reads the request on the old connection, and closes."""
    if len(peer.requests) == 2:
        writer.close()
        raise ConnectionError
    writer.write(OK)


async def test_a_query_on_a_stale_connection_goes_out_once_more_on_a_fresh_one() -> None:
    async with peer_with(drops_the_second) as peer, transport_to(peer.url) as transport:
        await transport.send(QUERY, {}, 30.0)
        assert await transport.send(QUERY, {}, 30.0) == {"data": {"shelf": 1}}
    assert (peer.connections, len(peer.requests)) == (2, 3)


async def test_each_sending_has_a_seal_of_its_own() -> None:
    async with peer_with(drops_the_second) as peer, transport_to(peer.url, seal=Sealer(b"s" * 32, "shop")) as transport:
        await transport.send(QUERY, {"x-noren-context": "token"}, 1.0)
        await transport.send(QUERY, {"x-noren-context": "token"}, 1.0)
    door = SealGuard(b"s" * 32, "shop")
    for request in peer.requests:
        head, body = request.split(b"\r\n\r\n")
        (seal,) = [line.split(b": ")[1].decode() for line in head.split(b"\r\n") if line.startswith(b"x-noren-seal")]
        door.check(door.read(seal), "token", body)
    assert len(peer.requests) == 3


async def test_a_mutation_is_never_sent_twice() -> None:
    async with peer_with(drops_the_second) as peer, transport_to(peer.url) as transport:
        await transport.send(MUTATION, {}, 30.0)
        with pytest.raises(SubgraphUnavailable, match="connection broke"):
            await transport.send(MUTATION, {}, 30.0)
        assert len(peer.requests) == 2
        assert await transport.send(MUTATION, {}, 30.0) == {"data": {"shelf": 1}}


async def test_a_mutation_does_not_meet_a_connection_that_was_seen_to_close() -> None:
    async with peer_with(says(OK, then_close=True)) as peer, transport_to(peer.url) as transport:
        for _ in range(3):
            await transport.send(MUTATION, {}, 30.0)
            await asyncio.sleep(0.01)
    assert (peer.connections, len(peer.requests)) == (3, 3)


async def test_a_query_is_not_repeated_once_part_of_its_answer_came() -> None:
    async def half_the_second(peer: Peer, writer: asyncio.StreamWriter) -> None:
        await says(OK if len(peer.requests) == 1 else OK[:-3], then_close=len(peer.requests) > 1)(peer, writer)

    async with peer_with(half_the_second) as peer, transport_to(peer.url) as transport:
        await transport.send(QUERY, {}, 30.0)
        with pytest.raises(SubgraphUnavailable):
            await transport.send(QUERY, {}, 30.0)
    assert len(peer.requests) == 2


async def test_an_idle_connection_is_not_used_past_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled_http, "MAX_IDLE_S", 0.01)
    async with peer_with(says(OK)) as peer, transport_to(peer.url) as transport:
        await transport.send(QUERY, {}, 30.0)
        await asyncio.sleep(0.02)
        await transport.send(QUERY, {}, 30.0)
    assert peer.connections == 2


async def test_connection_close_is_obeyed() -> None:
    answer = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    async with peer_with(says(answer)) as peer, transport_to(peer.url) as transport:
        await transport.send(QUERY, {}, 30.0)
        await transport.send(QUERY, {}, 30.0)
    assert peer.connections == 2


@pytest.mark.parametrize("framing", ["counted", "chunked"])
async def test_an_answer_past_the_limit_is_refused(framing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled_http, "MAX_RESPONSE_BYTES", 10_000)
    piece = b"x" * 4_000
    head = {"counted": b"content-length: 40000", "chunked": b"transfer-encoding: chunked"}[framing]
    body = piece if framing == "counted" else b"fa0\r\n" + piece + b"\r\n"
    script = says(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", *[body] * 10)
    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphUnavailable, match="larger than 10000 bytes"):
            await transport.send(QUERY, {}, 30.0)


async def test_a_late_answer_never_reaches_the_next_call() -> None:
    async def late(peer: Peer, writer: asyncio.StreamWriter) -> None:
        number = len(peer.requests)
        await asyncio.sleep(0.05 if number == 1 else 0)
        body = b'{"data":{"shelf":%d}}' % number
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    async with peer_with(late) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphTimeout, match=r"within 0\.02 s"):
            await transport.send(QUERY, {}, 0.02)
        assert await transport.send(QUERY, {}, 30.0) == {"data": {"shelf": 2}}
    assert peer.connections == 2


async def test_a_cancelled_call_gives_its_place_back_and_its_connection_up() -> None:
    async with peer_with(silent) as peer, transport_to(peer.url, max_connections=1) as transport:
        call = asyncio.create_task(transport.send(QUERY, {}, 5.0))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        peer.script = says(OK)
        await transport.send(QUERY, {}, 30.0)
    assert peer.connections == 2


async def test_bytes_nobody_asked_for_spoil_the_connection() -> None:
    async with peer_with(says(OK, b"HTTP/1.1 200 OK\r\n")) as peer, transport_to(peer.url) as transport:
        await transport.send(QUERY, {}, 30.0)
        await asyncio.sleep(0.02)
        assert await transport.send(QUERY, {}, 30.0) == {"data": {"shelf": 1}}
    assert peer.connections == 2


async def test_two_answers_in_one_packet_are_one_answer_and_a_closed_connection() -> None:
    other = OK.replace(b"1}}", b"2}}")
    async with peer_with(says(OK + other)) as peer, transport_to(peer.url) as transport:
        for _ in range(2):
            assert await transport.send(QUERY, {}, 30.0) == {"data": {"shelf": 1}}
    assert peer.connections == 2


async def test_closing_ends_calls_under_way() -> None:
    async with peer_with(silent) as peer:
        transport = PooledHttpTransport(peer.url)
        call = asyncio.create_task(transport.send(QUERY, {}, 5.0))
        await asyncio.sleep(0.02)
        await transport.close()
        with pytest.raises(SubgraphUnavailable):
            await call
        with pytest.raises(SubgraphUnavailable, match="shutting down"):
            await transport.send(QUERY, {}, 30.0)


@pytest.mark.parametrize("value", ["a\r\nx-noren-context: forged", "a\nb", "a\rb"])
async def test_a_header_with_a_line_break_is_never_sent(value: str) -> None:
    async with peer_with(says(OK)) as peer, transport_to(peer.url) as transport:
        with pytest.raises(ValueError, match="line break"):
            await transport.send(QUERY, {"traceparent": value}, 1.0)
    assert peer.connections == 0


@pytest.mark.parametrize("url", ["https://127.0.0.1/graphql", "127.0.0.1:8001", "http://", "http://u:p@127.0.0.1/"])
def test_only_plain_http_urls_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="a subgraph URL reads"):
        PooledHttpTransport(url)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_uvicorn_answers_many_calls_over_few_connections(loop: Literal["asyncio", "uvloop"]) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        message = await receive()
        body = orjson.dumps({"data": orjson.loads(message["body"])["variables"]})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    async def run() -> None:
        config = uvicorn.Config(app, port=0, lifespan="off", log_level="error", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
        async with transport_to(url, max_connections=4) as transport:
            requests = [SubgraphRequest("{ x }", {"n": number}, None, "query") for number in range(200)]
            answers = await asyncio.gather(*[transport.send(request, {}, 5.0) for request in requests])
        assert [answer["data"]["n"] for answer in answers] == list(range(200))
        server.should_exit = True
        await running

    with asyncio.Runner(loop_factory=_loop_factory(loop)) as runner:
        runner.run(run())


def _loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name == "asyncio":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
