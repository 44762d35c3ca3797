"""`noren up --processes`: a server a service, each of which may die alone; none outlives the command."""

import os
import signal
from collections.abc import Mapping

import pytest

from noren.system import SERVICES, port_of
from noren.up import listen
from tests.noren.conftest import Place, Running, ask, can_listen, free_block, get, until

CREATE = """mutation { customerCreate(input: { idempotencyKey: "one-of-all", displayName: "Aiko Mori" }) {
  customer { id } userErrors { message } } }"""
ACROSS = "query ($id: ID!) { customer(id: $id) { displayName wallet { balance } orders { totalCount } } }"


def pid_of(place: Place, part: str) -> int | None:
    """The process that serves a part."""
    pids = [pid for pid, command in place.inhabitants().items() if f"noren serve {part} " in command]
    return pids[0] if pids else None


def customer_of(up: Running) -> dict[str, object]:
    """A new customer, once loyalty has heard of it, asked of three services in one query."""
    id = ask(up.port, CREATE)["data"]["customerCreate"]["customer"]["id"]
    until(lambda: ask(up.port, ACROSS, id=id)["data"]["customer"]["wallet"] is not None)
    answer = ask(up.port, ACROSS, id=id)
    assert "errors" not in answer
    return {"id": id, **answer["data"]["customer"]}


def kill(place: Place, part: str) -> int:
    pid = pid_of(place, part)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def test_parts_live_alone_and_die_together(place: Place) -> None:
    up = place.start("up", "--processes", "--no-seed")
    up.await_up()
    for name in SERVICES:
        assert get(port_of(name, up.port)) == 200
    whole = customer_of(up)
    assert whole["wallet"] == {"balance": 0}
    assert whole["orders"] == {"totalCount": 0}

    killed = kill(place, "loyalty")
    partial = ask(up.port, ACROSS, id=whole["id"])
    assert {error["extensions"]["service"] for error in partial["errors"]} == {"loyalty"}
    assert partial["data"]["customer"] == {**{k: v for k, v in whole.items() if k != "id"}, "wallet": None}

    until(lambda: "errors" not in ask(up.port, ACROSS, id=whole["id"]))
    assert pid_of(place, "loyalty") not in (None, killed)
    assert f"loyalty ended with code {-signal.SIGKILL}: starting it again" in up.said()

    up.send(signal.SIGKILL)
    until(place.is_empty)
    assert up.is_calm(), up.said()
    assert all(can_listen(port) for port in range(up.port, up.port + 1 + len(SERVICES)))


def test_ctrl_c_ends_every_part(place: Place, named_mongo: Mapping[str, str]) -> None:
    up = place.start("up", "--processes", "--no-seed", **named_mongo)
    up.await_up()
    assert len(place.inhabitants()) == 2 + len(SERVICES)
    assert up.send(signal.SIGINT) == 0
    assert place.inhabitants() == {}
    assert up.is_calm(), up.said()


@pytest.mark.parametrize("part", ["gateway", "loyalty"])
def test_a_taken_port_is_told_before_anything_starts(place: Place, part: str) -> None:
    first = free_block()
    taken = port_of(part, first)
    with listen("127.0.0.1", taken):
        code, said = place.run("up", "--processes", "--no-seed", NOREN_PORT=str(first))
    assert code == 1
    assert said.strip().splitlines() == [
        f"127.0.0.1:{taken} cannot be used (Address already in use); set NOREN_PORT to another port"
    ]
    assert place.is_empty()
    assert not (place.data_dir / "mongodb").exists()


def test_any_free_port_is_no_base_for_six(place: Place) -> None:
    code, said = place.run("up", "--processes", "--no-seed", NOREN_PORT="0")
    assert code == 1
    assert "NOREN_PORT is 0" in said


def test_a_part_that_cannot_start_ends_all(place: Place, named_mongo: Mapping[str, str]) -> None:
    code, said = place.run("up", "--processes", "--no-seed", **named_mongo, NOREN_EXPIRY_SWEEP_S="never")
    assert code == 1
    assert "NOREN_EXPIRY_SWEEP_S" in said
    assert "loyalty ended while it started; its log above says why" in said
    assert "Traceback" not in said
    assert "Fatal" not in said
    assert place.is_empty()
