"""`@override(label:)`: a field that moves to another subgraph in steps is answered the same, by whose turn it is."""

from collections.abc import Callable

import pytest

from gateway.composer import compose
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.supergraph import Supergraph
from tests.gateway.worlds import HEAD, Obj, World

T1 = Obj("T", {"id": "t1", "name": "N", "x": "X", "y": "Y"})
SDLS = {
    "a": 'type Query { t: T root: T } type T @key(fields: "id") { id: ID! name: String x: String y: String }',
    "b": """type Query { root: T @override(from: "a", label: "percent(25.5)") }
    type T @key(fields: "id") { id: ID! x: String @override(from: "a", label: "new-shop")
      y: String @override(from: "a", label: "percent(25.5)") }""",
    "c": 'type T @key(fields: "id") { id: ID! x: String @external z: String @requires(fields: "x") }',
}


class Turn:
    """What is drawn, and the labels that hold."""

    def __init__(self, *labels: str, drawn: float = 0.9) -> None:
        self.settings = EngineSettings(labels=frozenset(labels), draw=lambda: self.drawn)
        self.drawn = drawn


def world(turn: Turn, load: Callable[[dict[str, str]], Supergraph] = compose) -> World:
    sdls = {name: HEAD + sdl for name, sdl in SDLS.items()}
    made = World(sdls, [T1], {"t": T1, "root": T1})
    made.engine = Engine(load(sdls), made.transports, turn.settings)
    return made


async def asked(made: World, query: str) -> str:
    await made.agree(query)
    return " ".join(made.fetched())


LOADS = {"composed": compose, "loaded": lambda sdls: Supergraph.from_sdl(compose(sdls).sdl)}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS.keys())
@pytest.mark.parametrize(
    ("labels", "drawn", "query", "fetches"),
    [
        ((), 0.9, "{ t { name x } }", "a"),
        (("new-shop",), 0.9, "{ t { name x } }", "a b"),
        (("another",), 0.9, "{ t { name x } }", "a"),
        (("new-shop",), 0.9, "{ t { z } }", "a b c"),
        ((), 0.9, "{ t { z } }", "a c"),
        ((), 0.254, "{ t { name y } }", "a b"),
        ((), 0.256, "{ t { name y } }", "a"),
        ((), 0.254, "{ root { y name } }", "a b"),
        ((), 0.256, "{ root { y name } }", "a"),
        (("new-shop",), 0.1, "{ root { id x y } }", "b"),
        (("percent(25.5)",), 0.9, "{ t { y } }", "a"),
    ],
)
async def test_a_field_comes_from_whose_turn_it_is(
    load: Callable[[dict[str, str]], Supergraph], labels: tuple[str, ...], drawn: float, query: str, fetches: str
) -> None:
    assert await asked(world(Turn(*labels, drawn=drawn), load), query) == fetches


async def test_all_of_one_request_is_answered_by_one_draw() -> None:
    turn = Turn()
    draws = iter([0.1, 0.9])
    object.__setattr__(turn.settings, "draw", lambda: next(draws))
    made = world(turn)
    assert await asked(made, "{ root { y t: y } }") == "b"
    assert await asked(made, "{ root { y t: y } }") == "a"


async def test_an_operation_is_planned_once_for_each_turn_and_others_once_for_all() -> None:
    turn = Turn(drawn=0.1)
    made = world(turn)
    for drawn in (0.1, 0.9, 0.1, 0.9):
        turn.drawn = drawn
        await made.engine.execute(GraphQLRequest("{ t { y } }"), {}, 5)
    assert (made.engine.counts.validated, made.engine.counts.planned) == (1, 2)
    for drawn in (0.1, 0.9):
        turn.drawn = drawn
        await made.engine.execute(GraphQLRequest("{ t { name } }"), {}, 5)
    assert (made.engine.counts.validated, made.engine.counts.planned) == (2, 3)


def test_the_supergraph_says_it_as_other_routers_read_it() -> None:
    sdl = compose({name: HEAD + sdl for name, sdl in SDLS.items()}).sdl
    line = next(line for line in sdl.splitlines() if line.startswith("  x: String"))
    assert '@join__field(graph: A, overrideLabel: "new-shop")' in line
    assert '@join__field(graph: B, override: "a", overrideLabel: "new-shop")' in line


@pytest.mark.parametrize("drawn", [0.0, 0.999999])
@pytest.mark.parametrize(("label", "fetches"), [("percent(0)", "a"), ("percent(100)", "b")])
async def test_none_and_all(drawn: float, label: str, fetches: str) -> None:
    sdls = {
        "a": HEAD + "type Query { v: String }",
        "b": HEAD + f'type Query {{ v: String @override(from: "a", label: "{label}") }}',
    }
    made = World(sdls, [], {"v": "V"})
    made.engine = Engine.compose(sdls, made.transports, EngineSettings(draw=lambda: drawn))
    assert await asked(made, "{ v }") == fetches


async def test_a_move_from_an_absent_subgraph_is_over() -> None:
    sdls = {"b": HEAD + 'type Query { v: String @override(from: "a", label: "percent(0)") }'}
    assert await asked(World(sdls, [], {"v": "V"}), "{ v }") == "b"
