"""`graphql-transport-ws` to the letter: every message, every close code, who may connect and as whom."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.routing import WebSocketRoute
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway import websocket
from gateway.subscription import running
from gateway.websocket import connection
from tests.gateway.subscription.clinic import CHANGES, until
from tests.gateway.subscription.house import Client, House, house

KEY = "key-of-the-desk"
DESK = {"name": "desk", "sha256": sha256(KEY.encode()).hexdigest(), "scopes": ["secrets:read"], "channel": "desk"}
SECRETS = {"query": CHANGES, "variables": {"ward": "secret"}}


@pytest.fixture
def given() -> dict[str, Any]:
    """Settings of the gateway."""
    return {}


@pytest.fixture
async def home(tmp_path: Path, given: dict[str, Any]) -> AsyncIterator[House]:
    with capture_logs():
        async with house("in process", tmp_path, **given) as opened:
            yield opened


async def closed(client: Client) -> tuple[int | None, str | None]:
    """Code and reason, once the gateway has closed it."""
    async with asyncio.timeout(30):
        await client.socket.wait_closed()
    return client.socket.close_code, client.socket.close_reason


def sockets_of(home: House) -> Any:
    """The endpoint of its sockets."""
    (endpoint,) = [route.app for route in home.app.routes if isinstance(route, WebSocketRoute)]
    return endpoint


class TestClosing:
    @pytest.mark.parametrize(
        ("sent", "reason"),
        [
            ("{", "expected JSON"),
            ("[]", "expected an object"),
            ("null", "expected an object"),
            ("{}", "type is none that a client sends"),
            ('{"type":"start"}', "type is none that a client sends"),
            ('{"type":"next","id":"1","payload":{}}', "type is none that a client sends"),
            ('{"type":"subscribe","payload":{"query":"{ beds }"}}', "id is a string of 1 to 128 characters"),
            ('{"type":"subscribe","id":7,"payload":{"query":"{ beds }"}}', "id is a string"),
            ('{"type":"subscribe","id":"","payload":{"query":"{ beds }"}}', "id is a string"),
            ('{"type":"subscribe","id":"1"}', "expected an object with query"),
            ('{"type":"subscribe","id":"1","payload":{}}', "query: expected a string"),
            ('{"type":"subscribe","id":"1","payload":{"query":"{ beds }","variables":[]}}', "variables: expected"),
            ('{"type":"complete"}', "id is a string"),
            (b"\x00", "expected text, not bytes"),
        ],
    )
    async def test_an_invalid_message_is_4400_and_says_what_is_wrong(
        self, home: House, sent: str | bytes, reason: str
    ) -> None:
        async with home.socket() as client:
            await client.socket.send(sent)
            code, told = await closed(client)
        assert code == 4400
        assert told is not None
        assert reason in told

    async def test_a_payload_of_init_that_is_no_object_is_4400(self, home: House) -> None:
        async with home.raw() as socket:
            client = Client(socket)
            await client.send(type="connection_init", payload="key")
            assert (await closed(client))[0] == 4400

    @pytest.mark.parametrize("given", [{"socket_init_timeout_s": 0.02}])
    async def test_without_connection_init_it_is_4408(self, home: House) -> None:
        async with home.raw() as socket:
            assert await closed(Client(socket)) == (4408, "Connection initialisation timeout")

    async def test_subscribing_before_the_ack_is_4401(self, home: House) -> None:
        async with home.raw() as socket:
            client = Client(socket)
            await client.subscribe("1", CHANGES, ward="a")
            assert await closed(client) == (4401, "Unauthorized")
        assert home.clinic.listeners == {}

    async def test_an_id_that_is_in_use_is_4409_and_everything_on_the_connection_ends(self, home: House) -> None:
        async with home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await home.clinic.until_listening()
            await client.subscribe("1", CHANGES, ward="b")
            assert await closed(client) == (4409, "Subscriber for 1 already exists")
            await until(lambda: home.clinic.closed == ["a"])

    async def test_a_second_connection_init_is_4429(self, home: House) -> None:
        async with home.socket() as client:
            await client.send(type="connection_init")
            assert await closed(client) == (4429, "Too many initialisation requests")

    @pytest.mark.parametrize("protocols", [("graphql-ws",), (), ("mqtt", "graphql-ws")])
    async def test_another_sub_protocol_is_4406_the_legacy_one_too(
        self, home: House, protocols: tuple[str, ...]
    ) -> None:
        async with home.raw(protocols) as socket:
            assert socket.subprotocol is None
            assert await closed(Client(socket)) == (4406, "Subprotocol not acceptable")

    async def test_ours_is_chosen_beside_others(self, home: House) -> None:
        async with home.raw(("graphql-ws", "graphql-transport-ws")) as socket:
            assert socket.subprotocol == "graphql-transport-ws"

    async def test_a_message_beyond_the_limit_is_1009(self, home: House) -> None:
        async with home.socket() as client:
            await client.socket.send("x" * (connection.SocketLimits().message_bytes + 1))
            assert (await closed(client))[0] == 1009

    async def test_an_idle_connection_is_closed_normally_and_one_that_runs_something_is_not(
        self, home: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "IDLE_S", 0.1)
        async with home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await home.clinic.until_listening()
            await asyncio.sleep(0.2)
            home.clinic.tell("a", 1, None)
            assert (await client.receive())["type"] == "next"
            await client.send(type="complete", id="1")
            assert (await closed(client))[0] == 1000

    async def test_a_client_that_takes_nothing_is_given_up(self, home: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "SEND_TIMEOUT_S", 0.1)
        monkeypatch.setattr(connection, "CLOSE_TIMEOUT_S", 0.1)
        monkeypatch.setattr(running, "MAX_WAITING", 10_000)
        monkeypatch.setattr(running, "MAX_WAITING_BYTES", 10**9)
        async with home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await home.clinic.until_listening()
            client.socket.transport.pause_reading()
            await tell_until_closed(home)
            await until(lambda: dict(sockets_of(home).counts.closed) == {1013: 1})
            client.socket.transport.abort()


async def tell_until_closed(home: House) -> None:
    """More than the buffers between us and a client hold."""
    for number in range(1000):
        home.clinic.tell("a", number, "p" * 100_000)
        await asyncio.sleep(0.001)
        if home.clinic.closed:
            return
    raise AssertionError("the source was never closed")


async def test_a_slow_reader_is_told_why_it_is_dropped_and_may_go_on_with_its_connection(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_WAITING", 4)
    async with home.socket() as client:
        await client.subscribe("1", CHANGES, ward="a")
        await home.clinic.until_listening()
        client.socket.transport.pause_reading()
        await tell_until_closed(home)
        client.socket.transport.resume_reading()
        while (told := await client.receive())["type"] == "next":
            pass
        assert (told["id"], told["type"]) == ("1", "error")
        assert told["payload"][0]["extensions"]["code"] == "SLOW_CONSUMER"
        await client.subscribe("1", "{ beds }")
        assert (await client.receive())["payload"] == {"data": {"beds": 3}}


class TestMessages:
    async def test_a_ping_is_answered_with_its_payload_also_before_the_ack(self, home: House) -> None:
        async with home.raw() as socket:
            client = Client(socket)
            await client.send(type="ping")
            assert await client.receive() == {"type": "pong"}
            await client.send(type="ping", payload={"at": 1})
            assert await client.receive() == {"type": "pong", "payload": {"at": 1}}
            await client.send(type="pong")
            await client.send(type="connection_init")
            assert await client.receive() == {"type": "connection_ack"}

    async def test_queries_and_mutations_are_one_next_and_complete(self, home: House) -> None:
        async with home.socket() as client:
            await client.subscribe("q", '{ record(id: "p1") { name } }')
            response = {"data": {"record": {"name": "patient p1"}}}
            assert await client.receive() == {"id": "q", "type": "next", "payload": response}
            assert await client.receive() == {"id": "q", "type": "complete"}
            await client.subscribe("q", "mutation($n: Int!) { bedTake(number: $n) }", n=4)
            assert (await client.receive())["payload"] == {"data": {"bedTake": 4}}
            assert await client.receive() == {"id": "q", "type": "complete"}

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
            (CHANGES, "BAD_USER_INPUT"),
            ("query A { beds } query B { beds }", "OPERATION_NOT_FOUND"),
        ],
    )
    async def test_what_cannot_run_is_an_error_without_complete_and_the_connection_goes_on(
        self, home: House, query: str, code: str
    ) -> None:
        async with home.socket() as client:
            await client.subscribe("1", query)
            told = await client.receive()
            assert (told["id"], told["type"]) == ("1", "error")
            assert [error["extensions"]["code"] for error in told["payload"]] == [code]
            await client.subscribe("1", "{ beds }")
            assert (await client.receive())["payload"] == {"data": {"beds": 3}}

    async def test_complete_for_what_is_not_running_is_no_violation(self, home: House) -> None:
        async with home.socket() as client:
            await client.send(type="complete", id="none")
            await client.subscribe("1", "{ beds }")
            assert (await client.receive())["type"] == "next"

    async def test_after_its_complete_a_client_hears_nothing_of_that_id(self, home: House) -> None:
        async with home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await home.clinic.until_listening()
            await client.send(type="complete", id="1")
            home.clinic.tell("a", 1, "p1")
            await until(lambda: home.clinic.closed == ["a"])
            await client.send(type="ping")
            assert await client.receive() == {"type": "pong"}

    @pytest.mark.parametrize("given", [{"socket_operations": 1}])
    async def test_operations_of_one_connection_are_bounded(self, home: House) -> None:
        async with home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await client.subscribe("2", CHANGES, ward="b")
            told = await client.receive()
            assert (told["id"], told["type"]) == ("2", "error")
            assert told["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
            await home.clinic.until_listening()
            home.clinic.tell("a", 1, None)
            assert (await client.receive())["id"] == "1"

    @pytest.mark.parametrize("given", [{"socket_operations": 2}])
    async def test_who_sends_and_takes_nothing_is_not_read_any_further(
        self, home: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "SEND_TIMEOUT_S", 0.5)
        async with home.socket() as client:
            (served,) = sockets_of(home)._open
            client.socket.transport.pause_reading()
            identity = "x" * connection.MAX_ID_CHARACTERS
            message = orjson.dumps({"type": "ping", "payload": identity * 5_000}).decode()
            query = orjson.dumps({"type": "subscribe", "id": "%", "payload": {"query": "{ beds }"}}).decode()
            most = 0
            for number in range(100):
                with contextlib.suppress(TimeoutError, ConnectionClosed):
                    async with asyncio.timeout(0.02):
                        await client.socket.send(message)
                        await client.socket.send(query.replace("%", f"{number}"))
                most = max(most, len(served._tasks))
            await until(lambda: dict(sockets_of(home).counts.closed) == {1013: 1})
            client.socket.transport.abort()
        assert most <= 2


class TestWhoMayConnect:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://"])
    async def test_a_page_of_another_origin_is_refused_at_the_door(self, home: House, origin: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with home.raw(origin=origin):
                pass
        assert refused.value.response.status_code == 403

    async def test_a_page_of_our_own_and_who_is_no_browser_may(self, home: House) -> None:
        for options in ({"origin": f"http://{home.base}"}, {}):
            async with home.raw(**options) as socket:
                assert socket.subprotocol == "graphql-transport-ws"

    @pytest.mark.parametrize("given", [{"cors_origins": ["https://shop.example"]}])
    async def test_a_page_that_may_call_may_connect(self, home: House) -> None:
        async with home.raw(origin="https://shop.example") as socket:
            assert socket.subprotocol == "graphql-transport-ws"

    async def test_connections_are_bounded(self, home: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(websocket, "MAX_CONNECTIONS", 1)
        async with home.socket():
            with pytest.raises(InvalidStatus):
                async with home.raw():
                    pass

    async def test_a_gateway_that_stops_takes_no_more(self, home: House) -> None:
        await home.app.state.begin_stop()
        with pytest.raises(InvalidStatus):
            async with home.raw():
                pass


@pytest.mark.parametrize("given", [{"api_keys": [DESK]}])
class TestWhoIsCalling:
    @pytest.mark.parametrize(
        "init", [{"Authorization": f"Bearer {KEY}"}, {"x-noren-key": KEY, "locale": "de"}, {"X-Noren-Key": KEY}]
    )
    async def test_the_key_of_connection_init_counts(self, home: House, init: dict[str, Any]) -> None:
        async with home.socket(**init) as client:
            await client.send(type="subscribe", id="1", payload=SECRETS)
            await home.clinic.until_listening(ward="secret")
            home.clinic.tell("secret", 1, "p1")
            assert (await client.receive())["type"] == "next"
        assert home.clinic.asked[0].channel == "desk"

    async def test_the_key_of_the_upgrade_counts(self, home: House) -> None:
        async with home.raw(additional_headers={"x-noren-key": KEY}) as socket:
            client = Client(socket)
            await client.send(type="connection_init", payload={"x-noren-location": "loc_1"})
            assert await client.receive() == {"type": "connection_ack"}
            await client.send(type="subscribe", id="1", payload=SECRETS)
            await home.clinic.until_listening(ward="secret")
            home.clinic.tell("secret", 1, "p1")
            await client.receive()
        assert home.clinic.asked[0].location == "loc_1"

    async def test_dropped_scopes_are_dropped(self, home: House) -> None:
        async with home.socket(**{"x-noren-key": KEY, "x-noren-scopes": ""}) as client:
            await client.send(type="subscribe", id="1", payload=SECRETS)
            told = await client.receive()
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")

    @pytest.mark.parametrize(
        ("init", "code", "reason"),
        [
            (None, 4401, "an API key is needed"),
            ({"x-noren-key": "guess"}, 4401, "not known here"),
            ({"authorization": f"Basic {KEY}"}, 4401, "must read 'Bearer <key>'"),
            ({"x-noren-key": KEY, "authorization": f"Bearer {KEY}"}, 4401, "one of them, please"),
            ({"x-noren-key": KEY, "x-noren-channel": "web"}, 4403, "x-noren-channel"),
            ({"x-noren-key": KEY, "x-noren-scopes": "stock:read"}, 4403, "does not hold stock:read"),
            ({"x-noren-key": 7}, 4400, "x-noren-key: expected a string"),
            ({"x-noren-key": KEY, "x-noren-staff": "a b"}, 4400, "x-noren-staff"),
        ],
    )
    async def test_who_may_not_is_told_by_the_code_why(
        self, home: House, init: dict[str, Any] | None, code: int, reason: str
    ) -> None:
        async with home.raw() as socket:
            await socket.send(orjson.dumps({"type": "connection_init", "payload": init}).decode())
            got, told = await closed(Client(socket))
        assert got == code
        assert told is not None
        assert reason in told

    async def test_connection_init_cannot_change_what_came_with_the_upgrade(self, home: House) -> None:
        headers = {"x-noren-key": KEY, "x-noren-location": "loc_1"}
        async with home.raw(additional_headers=headers) as socket:
            client = Client(socket)
            await client.send(type="connection_init", payload={"x-noren-location": "loc_2"})
            code, reason = await closed(client)
        assert (code, reason) == (4403, "Forbidden: x-noren-location: another value came with the upgrade")


async def test_every_operation_is_one_line_of_log_without_anything_personal(tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with house("in process", tmp_path) as home, home.socket(**{"x-noren-customer": "cus_1"}) as client:
            query = 'query Say($name: String) { beds named: record(id: "p1") { name } }'.replace("($name: String)", "")
            await client.send(type="subscribe", id="1", payload={"query": query, "operationName": "Say"})
            await client.receive()
            await client.receive()
    (line,) = [line for line in lines if line["event"] == "request"]
    assert {name: line[name] for name in ("method", "caller", "channel", "operation", "answers")} == {
        "method": "WS",
        "caller": "development",
        "channel": "web",
        "operation": "Say",
        "answers": 1,
    }
    assert len(line["trace_id"]) == 32
    assert "cus_1" not in str(line)
