"""`noren up` in one process, with an embedded MongoDB: it answers, and leaves nothing behind however it ends."""

import signal
import socket

import pytest

from noren.up import PortTaken, base_url, listen
from tests.noren.conftest import Place, ask, can_listen, get, until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_up_answers_until_a_signal_and_leaves_nothing_behind(place: Place, number: signal.Signals) -> None:
    up = place.start("up", "--no-seed")
    up.await_up()

    assert ask(up.port, "{ products(first: 1) { totalCount } }") == {"data": {"products": {"totalCount": 0}}}
    assert get(up.port) == 200
    for path in ("/", "/graphql", "/health/ready"):
        assert f"http://127.0.0.1:{up.port}{path}" in up.said()
    assert len(place.inhabitants()) == 3, "the command, the keeper and mongod"

    code = up.send(number)

    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    assert up.is_calm(), up.said()
    if number is not signal.SIGKILL:
        assert place.inhabitants() == {}, "gone before the command is"
    until(place.is_empty)
    assert can_listen(up.port)


def test_a_second_up_joins_the_running_mongodb_and_outlives_the_first(place: Place) -> None:
    first = place.start("up", "--no-seed")
    first.await_up()
    second = place.start("up", "--no-seed")
    second.await_up()
    written = ask(
        first.port,
        """mutation { customerCreate(input: { idempotencyKey: "first-of-two", displayName: "Aiko Mori" }) {
             customer { id } userErrors { message } } }""",
    )["data"]["customerCreate"]
    assert written["userErrors"] == []
    assert sum("mongod.keeper" in command for command in place.inhabitants().values()) == 1

    assert first.send(signal.SIGINT) == 0

    answer = ask(second.port, "query ($id: ID!) { customer(id: $id) { displayName } }", id=written["customer"]["id"])
    assert "Mori" in answer["data"]["customer"]["displayName"]
    assert second.send(signal.SIGTERM) == 0
    assert place.inhabitants() == {}
    assert first.is_calm(), first.said()
    assert second.is_calm(), second.said()


def test_up_on_a_taken_port_says_so_before_it_starts_anything(place: Place) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        code, said = place.run("up", "--no-seed", NOREN_PORT=str(port))
    assert code == 1
    assert said.strip().splitlines() == [
        f"127.0.0.1:{port} cannot be used (Address already in use); set NOREN_PORT to another port"
    ]
    assert not (place.data_dir / "mongodb").exists()


def test_ctrl_c_while_mongodb_starts_leaves_nothing_behind(place: Place) -> None:
    up = place.start("up", "--no-seed")
    until(lambda: len(place.inhabitants()) > 1)
    assert up.send(signal.SIGINT) in (0, 130)
    assert up.is_calm(), up.said()
    until(place.is_empty)


def test_a_port_can_be_had_once() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(PortTaken, match="NOREN_PORT"):
        listen("127.0.0.1", first.getsockname()[1])


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(PortTaken, match="NOREN_PORT"):
        listen("127.0.0.1", 65_536)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_is_listened_on_and_written_in_brackets() -> None:
    with listen("::1", 0) as bound:
        assert bound.family is socket.AF_INET6
    assert base_url("::1", 8000) == "http://[::1]:8000"


def test_what_listens_everywhere_is_reached_on_loopback() -> None:
    assert base_url("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert base_url("::", 8000) == "http://[::1]:8000"
