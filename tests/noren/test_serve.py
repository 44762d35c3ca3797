"""`noren serve`: one part alone."""

import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from gateway.startup import StartFailed
from noren.system import port_of
from noren.up import listen, serve
from tests.noren.conftest import Place, Running, ask, get, until


def await_ready(running: Running, part: str) -> None:
    port = port_of(part, running.port)
    until(lambda: running.process.poll() is not None or get(port) == 200, 60)
    assert running.process.poll() is None, running.said()


def test_a_service_alone_brings_its_mongodb_along(place: Place) -> None:
    inventory = place.start("serve", "inventory")
    await_ready(inventory, "inventory")
    assert f"http://127.0.0.1:{inventory.port + 2}/graphql" in inventory.said()
    assert inventory.send(signal.SIGTERM) == 0
    assert inventory.is_calm(), inventory.said()
    assert place.is_empty()


def test_the_gateway_is_served_over_services_that_are(place: Place, named_mongo: Mapping[str, str]) -> None:
    catalog = place.start("serve", "catalog", **named_mongo)
    inventory = place.start("serve", "inventory", port=catalog.port, **named_mongo)
    urls = {part: f"http://127.0.0.1:{port_of(part, catalog.port)}/graphql" for part in ("catalog", "inventory")}
    gateway = place.start("serve", "gateway", port=catalog.port, NOREN_SUBGRAPH_URLS=json.dumps(urls))
    await_ready(gateway, "gateway")
    answer = ask(gateway.port, "{ products { totalCount } locations { totalCount } }")
    assert answer == {"data": {"products": {"totalCount": 0}, "locations": {"totalCount": 0}}}
    assert [one.send(signal.SIGINT) for one in (gateway, inventory, catalog)] == [0, 0, 0]


def test_services_that_are_no_graph_are_told_in_words(place: Place, named_mongo: Mapping[str, str]) -> None:
    loyalty = place.start("serve", "loyalty", **named_mongo)
    urls = {"loyalty": f"http://127.0.0.1:{port_of('loyalty', loyalty.port)}/graphql"}
    gateway = place.start("serve", "gateway", port=loyalty.port, NOREN_SUBGRAPH_URLS=json.dumps(urls))
    assert gateway.process.wait(60) == 1
    assert "[loyalty]" in gateway.said()
    assert gateway.is_calm(), gateway.said()


def test_an_unknown_part_is_answered_with_those_there_are(place: Place) -> None:
    code, said = place.run("serve", "stock")
    assert code == 2
    for name in ("stock", "gateway", "catalog", "inventory", "loyalty", "customer", "order"):
        assert f"'{name}'" in said


async def test_what_a_start_fails_of_is_raised_and_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        raise StartFailed("order at http://127.0.0.1:1/graphql was not ready within 60 s")
        yield

    with listen("127.0.0.1", 0) as bound, pytest.raises(StartFailed, match="order at"):
        await serve(Starlette(lifespan=lifespan), bound)
    assert "Traceback" not in capfd.readouterr().err
