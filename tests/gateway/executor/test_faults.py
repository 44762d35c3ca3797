"""Subgraphs that are down, slow or lying cost their own fields and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.executor import failures
from gateway.transports import SubgraphRequest, SubgraphUnavailable
from tests.gateway.shop import SDL, InProcess, World

Change = Callable[[Any], Any]


class Faulty(InProcess):
    """A subgraph of the shop whose responses to entity fetches are changed on their way."""

    change: Change | None = None
    delay_s = 0.0
    fails: BaseException | None = None

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.fails:
            raise self.fails
        response = await super().send(request, headers, timeout_s)
        return self.change(response) if self.change else response


def shop(**faults: Any) -> tuple[Engine, dict[str, Faulty]]:
    world = World()
    transports = {name: Faulty(name, sdl, world) for name, sdl in SDL.items()}
    for name, fault in faults.items():
        for attribute, value in fault.items():
            setattr(transports[name], attribute, value)
    return Engine.compose(SDL, transports, EngineSettings()), transports


async def ask(engine: Engine, query: str, deadline_s: float = 5) -> dict[str, Any]:
    return await engine.execute(GraphQLRequest(query), {"x": "1"}, deadline_s)


async def test_a_subgraph_that_is_down_costs_its_own_fields() -> None:
    engine, _ = shop(inventory={"fails": SubgraphUnavailable("connection refused at 10.0.0.7")})
    answer = await ask(engine, '{ p: product(upc: "b1") { name ... on Book { left: shipping } } me { name } }')
    assert answer["data"] == {"p": {"name": "Book 1", "left": None}, "me": {"name": "User 0"}}
    assert answer["errors"] == [
        {
            "message": "inventory is unavailable.",
            "path": ["p"],
            "extensions": {"code": "SUBGRAPH_UNAVAILABLE", "service": "inventory"},
        }
    ]


async def test_a_root_fetch_that_fails_has_an_error_for_each_of_its_fields() -> None:
    engine, _ = shop(users={"fails": SubgraphUnavailable("down")})
    answer = await ask(engine, '{ i: me { name } user(id: "u1") { name } product(upc: "b1") { name } }')
    assert answer["data"] == {"i": None, "user": None, "product": {"name": "Book 1"}}
    assert [reason["path"] for reason in answer["errors"]] == [["i"], ["user"]]


async def test_objects_that_need_what_failed_become_null_as_the_schema_says() -> None:
    engine, _ = shop(reviews={"fails": SubgraphUnavailable("down")})
    answer = await ask(engine, "{ products(first: 2) { name reviews { body } } }")
    assert answer["data"] is None
    assert [reason["path"] for reason in answer["errors"]] == [["products"]]


async def test_a_slow_subgraph_is_given_up_at_the_deadline() -> None:
    engine, _ = shop(reviews={"delay_s": 5.0})
    answer = await ask(engine, '{ user(id: "u1") { name friend { reviews { body } } } }', deadline_s=0.5)
    assert answer["data"] == {"user": {"name": "User 1", "friend": None}}
    [reason] = answer["errors"]
    assert reason["path"] == ["user", "friend"]
    assert reason["extensions"] == {"code": "SUBGRAPH_TIMEOUT", "service": "reviews"}


async def test_nothing_is_asked_when_no_time_is_left() -> None:
    engine, transports = shop()
    answer = await ask(engine, "{ me { name } }", deadline_s=0)
    assert answer["errors"][0]["extensions"]["code"] == "SUBGRAPH_TIMEOUT"
    assert transports["users"].asked == []


def entities(change: Change) -> Change:
    """Change the entities of a response, and no other response."""

    def changed(response: Any) -> Any:
        data = response.get("data") or {}
        return {"data": {"_entities": change(data["_entities"])}} if "_entities" in data else response

    return changed


LIES: dict[str, Change] = {
    "no object": lambda response: "yes",
    "data is a list": lambda response: {"data": [1]},
    "nothing in it": lambda response: {},
    "too few": entities(lambda listed: listed[1:]),
    "too many": entities(lambda listed: [*listed, {}]),
    "no list": entities(lambda listed: {"0": 1}),
}


@pytest.mark.parametrize("change", LIES.values(), ids=LIES.keys())
async def test_a_response_that_is_no_answer_costs_the_fields_of_its_fetch(change: Change) -> None:
    engine, _ = shop(inventory={"change": change})
    answer = await ask(engine, "{ products(first: 3) { name ... on Book { shipping } } }")
    assert [product["name"] for product in answer["data"]["products"]] == ["Book 0", "Book 1", "Book 2"]
    assert [product["shipping"] for product in answer["data"]["products"]] == [None, None, None]
    assert answer["errors"] == [
        {
            "message": "inventory gave a response that cannot be used.",
            "path": ["products"],
            "extensions": {"code": "SUBGRAPH_INVALID_RESPONSE", "service": "inventory"},
        }
    ]


WRONG: dict[str, Any] = {
    "a string for an Int": [{"s": "ten"}, {"s": 20}],
    "an object for an Int": [{"s": {"x": 1}}, {"s": 20}],
    "a list for an Int": [{"s": [1]}, {"s": 20}],
}


@pytest.mark.parametrize("listed", WRONG.values(), ids=WRONG.keys())
async def test_a_value_of_the_wrong_type_costs_its_own_field(listed: list[Any]) -> None:
    engine, _ = shop(inventory={"change": entities(lambda _: listed)})
    answer = await ask(engine, "{ products(first: 2) { ... on Book { s: shipping } } }")
    assert answer["data"] == {"products": [{"s": None}, {"s": 20}]}
    assert answer["errors"][0]["path"] == ["products", 0, "s"]
    assert answer["errors"][0]["extensions"] == {"code": "SUBGRAPH_INVALID_RESPONSE"}


async def test_null_entities_keep_the_order_of_the_others() -> None:
    engine, _ = shop(inventory={"change": entities(lambda listed: [None, listed[1], "no object"])})
    answer = await ask(engine, "{ products(first: 3) { ... on Book { shipping } } }")
    assert answer["data"] == {"products": [{"shipping": None}, {"shipping": 20}, {"shipping": None}]}


async def test_null_where_the_schema_forbids_it_is_explained_once() -> None:
    engine, _ = shop(inventory={"change": entities(lambda listed: [{"inStock": None} for _ in listed])})
    answer = await ask(engine, '{ product(upc: "b1") { name ... on Book { n: inStock m: inStock } } }')
    assert answer["data"] == {"product": None}
    assert answer["errors"] == [
        {
            "message": "Cannot return null for non-nullable field Book.inStock.",
            "path": ["product", "n"],
            "extensions": {"code": "INTERNAL"},
        }
    ]


async def test_an_error_of_a_subgraph_is_told_at_every_place_of_its_object_in_the_clients_keys() -> None:
    def refuse(response: Any) -> Any:
        told = {
            "message": "Not for you.",
            "path": ["_entities", 0, "n"],
            "extensions": {"code": "FORBIDDEN", "scope": "customers:read", "stacktrace": ["secret"]},
            "locations": [{"line": 1, "column": 1}],
        }
        return {"data": {"_entities": [{"n": None} for _ in response["data"]["_entities"]]}, "errors": [told]}

    engine, _ = shop(users={"change": refuse})
    answer = await ask(engine, "{ r: reviews(first: 8) { a: author { n: nick } } }")
    paths = [reason["path"] for reason in answer["errors"]]
    assert paths == [["r", 0, "a", "n"], ["r", 4, "a", "n"]]
    assert answer["errors"][0]["message"] == "Not for you."
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN", "scope": "customers:read", "service": "users"}


async def test_an_error_at_a_field_that_the_client_did_not_ask_for_is_told_above_it() -> None:
    def refuse(response: Any) -> Any:
        return {"data": response["data"], "errors": [{"message": "no", "path": ["product", "_1_upc"]}]}

    engine, _ = shop(products={"change": refuse})
    answer = await ask(engine, '{ product(upc: "b0") { ... on Book { upc: name inStock } } }')
    assert answer["errors"][0]["path"] == ["product"]
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL", "service": "products"}


@pytest.mark.parametrize("told", [["x"], "x", [{"message": 7, "path": [{}]}], {"path": ["_entities"]}])
async def test_errors_that_are_no_errors_are_told_all_the_same(told: Any) -> None:
    engine, _ = shop(inventory={"change": lambda response: {"data": None, "errors": told}})
    answer = await ask(engine, '{ product(upc: "b1") { ... on Book { shipping } } }')
    assert answer["data"] == {"product": {"shipping": None}}
    assert answer["errors"][0]["message"] == "inventory reported an error."
    assert answer["errors"][0]["path"] == ["product"]


async def test_errors_are_counted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MAX_ERRORS", 2)
    told = [{"message": str(n), "path": ["me"]} for n in range(5)]
    engine, _ = shop(users={"change": lambda response: {"data": {"me": None}, "errors": told}})
    answer = await ask(engine, "{ me { name } }")
    assert [reason["message"] for reason in answer["errors"]] == ["0", "1"]


async def test_an_unexpected_exception_is_masked_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    engine, _ = shop(users={"fails": ZeroDivisionError("password=hunter2")})
    answer = await ask(engine, "{ me { name } }")
    assert answer == {
        "errors": [
            {"message": "Internal error.", "path": ["me"], "extensions": {"code": "INTERNAL", "service": "users"}}
        ],
        "data": {"me": None},
    }
    assert "ZeroDivisionError" in caplog.text


async def test_each_object_is_told_to_a_subgraph_once() -> None:
    engine, transports = shop()
    await ask(engine, "{ reviews(first: 8) { author { nick } } }")
    told = transports["users"].asked[0].variables
    assert told is not None
    assert [r["email"] for r in told["representations"]] == ["u0@shop", "u1@shop", "u2@shop", "u3@shop"]


async def test_headers_go_to_every_subgraph_as_they_are() -> None:
    engine, transports = shop()
    await ask(engine, "{ me { reviews { product { name } } } }")
    assert {name: transport.headers for name, transport in transports.items()} == {
        "users": [{"x": "1"}],
        "reviews": [{"x": "1"}],
        "products": [{"x": "1"}],
        "inventory": [],
    }


async def test_fetches_that_do_not_wait_for_one_another_overlap() -> None:
    engine, transports = shop(**{name: {"delay_s": 0.05} for name in SDL})
    loop = asyncio.get_running_loop()
    started = loop.time()
    answer = await ask(
        engine, '{ me { reviews { body } } product(upc: "b0") { ... on Book { shipping author { name } } } }'
    )
    assert "errors" not in answer
    assert sum(len(transport.asked) for transport in transports.values()) == 5
    assert loop.time() - started < 0.05 * 3


async def test_a_failing_mutation_does_not_stop_the_next() -> None:
    engine, _ = shop(reviews={"fails": SubgraphUnavailable("down")})
    answer = await ask(
        engine,
        """mutation { a: userRename(id: "u1", name: "X") { user { name } }
        b: userRename(id: "u1", name: "Y") { user { name friend { reviews { body } } } } }""",
    )
    assert answer["data"]["a"] == {"user": {"name": "X"}}
    assert answer["data"]["b"] == {"user": {"name": "Y", "friend": None}}


async def test_cancelling_a_request_cancels_its_fetches() -> None:
    engine, transports = shop(users={"delay_s": 5.0}, products={"delay_s": 5.0})
    task = asyncio.create_task(ask(engine, '{ me { name } product(upc: "b0") { name } }'))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transports["users"].asked == []
