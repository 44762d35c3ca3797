"""Fetches that can travel together do, and go apart again before that costs a field."""

import asyncio
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import gateway.prepare
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.executor import Program, run, services
from gateway.executor.joining import Joined
from gateway.transports import SubgraphRequest, SubgraphUnavailable
from tests.gateway.queries import VARIABLES, documents
from tests.gateway.shop import SDL, InProcess, World

STOCK = '{ user(id: "u1") { reviews { product { ... on Book { inStock shipping } } } } }'
TWO_WAYS = """{ me: user(id: "u1") { reviews { product { ... on Book { inStock shipping } } } }
    product(upc: "b1") { ... on Book { shipping reviews { author { id } } } } }"""


@pytest.fixture(autouse=True, scope="module")
def _without_pause() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services, "RETRY_PAUSE_S", 0.0)
        yield


class Wayward(InProcess):
    """A subgraph that may be slow, away for entities, or without knowledge of some of them."""

    delay_s = 0.0
    entity_delay_s = 0.0
    away = False
    unknown: frozenset[str] = frozenset()

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        told = (request.variables or {}).get("representations")
        await asyncio.sleep(self.delay_s if told is None else self.entity_delay_s)
        if told is None:
            return await super().send(request, headers, timeout_s)
        if self.away:
            raise SubgraphUnavailable("away")
        response = await super().send(request, headers, timeout_s)
        listed = response["data"]["_entities"]
        known = [None if self._key(t) in self.unknown else entity for t, entity in zip(told, listed, strict=True)]
        return {**response, "data": {"_entities": known}}

    def _key(self, told: Mapping[str, Any]) -> str:
        return str(told.get("upc") or told.get("model") or told.get("email") or told.get("id"))


def shop(**faults: Mapping[str, Any]) -> tuple[Engine, dict[str, Wayward]]:
    world = World()
    transports = {name: Wayward(name, sdl, world) for name, sdl in SDL.items()}
    for name, fault in faults.items():
        for attribute, value in fault.items():
            setattr(transports[name], attribute, value)
    return Engine.compose(SDL, transports, EngineSettings()), transports


async def ask(engine: Engine, query: str, deadline_s: float = 5) -> dict[str, Any]:
    return await engine.execute(GraphQLRequest(query, VARIABLES if "$" in query else {}), {}, deadline_s)


def asked_of(transports: Mapping[str, Wayward]) -> dict[str, int]:
    return {name: len(transport.asked) for name, transport in transports.items()}


async def test_entities_of_one_subgraph_are_asked_for_in_one_request() -> None:
    engine, transports = shop()
    answer = await ask(engine, TWO_WAYS)
    assert "errors" not in answer
    assert asked_of(transports) == {"users": 2, "products": 2, "inventory": 2, "reviews": 1}


async def test_a_late_subgraph_holds_up_only_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE_S", 0.02)
    engine, _ = shop(users={"delay_s": 5.0})
    answer = await ask(engine, TWO_WAYS, deadline_s=0.5)
    assert answer["data"]["me"] is None
    assert [review["author"]["id"] for review in answer["data"]["product"]["reviews"]] == ["u1", "u3"]
    assert [reason["path"] for reason in answer["errors"]] == [["me"]]


async def test_a_failed_subgraph_costs_no_field_that_can_do_without_it() -> None:
    engine, _ = shop(products={"away": True})
    answer = await ask(engine, STOCK)
    assert [book["inStock"] for book in books_of(answer)] == [3, 6]
    assert [book["shipping"] for book in books_of(answer)] == [None, None]


async def test_an_object_that_one_member_cannot_tell_of_is_still_told_by_the_other() -> None:
    engine, _ = shop(products={"unknown": frozenset({"b0", "b1", "b2", "b3", "b4"})})
    answer = await ask(engine, STOCK)
    assert [book["inStock"] for book in books_of(answer)] == [3, 6]
    assert [book["shipping"] for book in books_of(answer)] == [None, None]


def books_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [review["product"] for review in answer["data"]["user"]["reviews"] if review["product"]]


async def test_what_joining_costs_is_bounded_and_the_rest_travels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in ("MAX_PAIRS", "MAX_TRIALS"):
        with monkeypatch.context() as patched:
            patched.setattr(f"gateway.executor.joining.{bound}", 1)
            engine, transports = shop()
            answer = await ask(engine, TWO_WAYS)
        assert "errors" not in answer
        assert sum(asked_of(transports).values()) > 7


async def test_mutations_are_not_joined() -> None:
    engine, _ = shop()
    query = """mutation { a: userRename(id: "u1", name: "A") { user { name reviews { body } } }
        b: productRename(upc: "b1", name: "B") { product { name } }
        c: userRename(id: "u1", name: "C") { user { name reviews { body } } } }"""
    plan = engine.preparation.plan(engine.preparation.read(GraphQLRequest(query)), (), frozenset()).program.plan
    assert [fetch.service for fetch in plan.fetches].count("reviews") == 2


TOGETHER, ALONE = shop(), shop()
KEYS = ("b0", "b1", "b2", "s1", "m1", "u0", "u1", "u0@shop", "u2@shop", "r1")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(TOGETHER[0].public_schema), st.integers(0, 2**32))
def test_joined_and_alone_give_the_same_data_whatever_fails(query: str, seed: int) -> None:
    assume(not validate(TOGETHER[0].public_schema, parse(query)))
    chance = random.Random(seed)
    for name in SDL:
        away, unknown = chance.random() < 0.2, frozenset(chance.sample(KEYS, chance.randint(0, 4)))
        for _, transports in (TOGETHER, ALONE):
            transports[name].away, transports[name].unknown = away, unknown
    together = asyncio.run(ask(TOGETHER[0], query))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gateway.prepare, "compile_plan", lambda plan, _: Program.of(plan, Joined(plan, {})))
        apart = asyncio.run(ask(ALONE[0], query))
    assert together.get("data", 1) == apart.get("data", 1)
