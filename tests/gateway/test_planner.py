"""Plans as snapshots: each file in `plans/` is a query over the shop, and below it the plan that must come of it.

`UPDATE_PLANS=1 pytest tests/gateway/test_planner.py` rewrites them; the diff is to be read.
"""

import os
from pathlib import Path

import pytest
from graphql import parse, print_ast

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.errors import RequestRefused
from gateway.planner import finish, gather
from tests.gateway.refused import graph
from tests.gateway.shop import SDL, InProcess, World

PLANS = sorted((Path(__file__).parent / "plans").glob("*.txt"))
VARIABLES = {"c": "JPY", "no": False, "first": 1, "upc": "b1"}


def engine_of(subgraphs: dict[str, str]) -> Engine:
    transports = {name: InProcess(name, SDL["users"], World()) for name in subgraphs}
    return Engine.compose(subgraphs, transports, EngineSettings())


SHOP = engine_of(SDL)


def plan_of(engine: Engine, query: str) -> str:
    variables = {name: value for name, value in VARIABLES.items() if f"${name}" in query}
    return engine.explain(GraphQLRequest(query, variables))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_plan(path: Path) -> None:
    query, plan = path.read_text().split("\n----\n")
    made = plan_of(SHOP, query) + "\n"
    if os.environ.get("UPDATE_PLANS"):
        path.write_text(f"{print_ast(parse(query))}\n----\n{made}")
    else:
        assert made == plan


def test_a_value_type_in_parts_is_gathered_through_its_entity() -> None:
    engine = engine_of(
        graph(
            a="""type Query { t: T } type T @key(fields: "id") { id: ID! v: V @shareable }
            type V { x: Int @shareable only_a: Int }""",
            b="""type T @key(fields: "id") { id: ID! v: V @shareable } type V { x: Int @shareable only_b: Int }""",
        )
    )
    plan = plan_of(engine, "{ t { v { x only_b only_a } } }")
    assert flat(plan) == (
        "1: a { t { v { x only_a } id } } "
        "2: b after 1 at t: T {id} query ($representations: [_Any!]!) "
        "{ _entities(representations: $representations) { ... on T { v { only_b } } } }"
    )


def test_a_shared_root_goes_to_the_subgraph_that_gives_most() -> None:
    engine = engine_of(
        graph(
            a='type Query { t: T @shareable u: Int } type T @key(fields: "id") { id: ID! x: Int }',
            b='type Query { t: T @shareable } type T @key(fields: "id") { id: ID! y: Int z: Int }',
        )
    )
    assert flat(plan_of(engine, "{ t { y z } }")) == "1: b { t { y z } }"
    assert flat(plan_of(engine, "{ t { x } }")) == "1: a { t { x } }"
    assert flat(plan_of(engine, "{ t { id } u }")) == "1: a { t { id } u }"


def test_types_that_one_subgraph_declares_differently_do_not_share_a_key() -> None:
    """In `a` the two names differ in nullability, so one document must not ask both under `name`."""
    engine = engine_of(
        graph(
            a="""type Query { all: [U] } union U = A | B
            type A @key(fields: "id") { id: ID! name: String! @shareable }
            type B @key(fields: "id") { id: ID! name: String @shareable }""",
            b='type A @key(fields: "id") { id: ID! name: String @shareable }',
        )
    )
    plan = plan_of(engine, "{ all { ... on A { name } ... on B { name } } }")
    assert flat(plan) == "1: a { all { __typename ... on A { name } ... on B { _1_name: name } } }"


def test_keys_of_different_types_do_not_share_a_key_either() -> None:
    engine = engine_of(
        graph(
            a="""type Query { all: [U] } union U = A | B
            type A @key(fields: "id") { id: ID! } type B @key(fields: "id") { id: Int! }""",
            b='type A @key(fields: "id") { id: ID! x: Int } type B @key(fields: "id") { id: Int! x: Int }',
        )
    )
    plan = plan_of(engine, "{ all { ... on A { x } ... on B { x } } }")
    assert "1: a { all { __typename ... on A { id } ... on B { _1_id: id } } }" in flat(plan)
    assert "at all|B: B {id=_1_id}" in flat(plan)


def test_requirements_that_differ_only_in_arguments_travel_apart() -> None:
    engine = engine_of(
        graph(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! p(in: String): Int }',
            b="""type T @key(fields: "id") { id: ID! p(in: String): Int @external
            x: Int @requires(fields: "p(in: \\"X\\")") y: Int @requires(fields: "p(in: \\"Y\\")") }""",
        )
    )
    plan = flat(plan_of(engine, "{ t { x y } }"))
    assert '1: a { t { id p(in: "X") _1_p: p(in: "Y") } }' in plan
    assert "2: b after 1 at t: T {id p}" in plan
    assert "3: b after 1 at t: T {id p=_1_p}" in plan


def test_a_nested_requirement_is_gathered_across_subgraphs() -> None:
    engine = engine_of(
        graph(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! o: O } type O @key(fields: "id") { id: ID! }',
            b='type O @key(fields: "id") { id: ID! name: String }',
            c="""type T @key(fields: "id") { id: ID! o: O @external x: Int @requires(fields: "o { name }") }
            type O @key(fields: "id") { id: ID! name: String @external }""",
        )
    )
    plan = flat(plan_of(engine, "{ t { x } }"))
    assert "2: b after 1 at t.o: O {id}" in plan
    assert "3: c after 2 at t: T {id o {name}}" in plan


def test_an_operation_that_needs_too_many_fetches_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "MAX_FETCHES", 2)
    with pytest.raises(RequestRefused) as refused:
        engine_of(SDL).explain(GraphQLRequest("{ me { reviews { product { name } } } }"))
    assert refused.value.errors[0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"


def test_nested_abstract_types_join_into_few_fetches() -> None:
    query = "{ products { name " + "reviews { product { name " * 6 + "} }" * 6 + " } }"
    plan = plan_of(engine_of(SDL), query)
    assert plan.count("_entities(") == 2


def test_an_operation_that_takes_too_many_decisions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MAX_DECISIONS", 3)
    with pytest.raises(RequestRefused, match="more than 3 decisions"):
        engine_of(SDL).explain(GraphQLRequest("{ me { id name nick email } }"))


def flat(plan: str) -> str:
    return " ".join(plan.split())


BEDS = """type Query { beds: Int } type Subscription { bedChanged(ward: String!, only: Int): Bed }
type Bed { number: Int patient: Patient } type Patient @key(fields: "id") { id: ID! }"""
RECORDS = """type Query { record: Patient } type Patient @key(fields: "id") { id: ID! name: String visits: [Visit] }
type Visit @key(fields: "no") { no: Int! }"""
BILLS = """type Query { bill: Int } type Visit @key(fields: "no") { no: Int! cost(in: String): Int }"""


def test_a_subscription_is_one_source_and_what_follows_each_event() -> None:
    engine = engine_of(graph(beds=BEDS, records=RECORDS, bills=BILLS))
    query = """subscription Change($w: String!, $c: String) {
      change: bedChanged(ward: $w) { n: number patient { name visits { cost(in: $c) } } } }"""
    plan = engine.explain(GraphQLRequest(query, {"w": "a"}))
    assert flat(plan) == (
        "1: beds, each of its events subscription Change__beds__1($w: String!) "
        "{ change: bedChanged(ward: $w) { n: number patient { id } } } "
        "2: records after 1 at change.patient: Patient {id} query Change__records__2($representations: [_Any!]!) "
        "{ _entities(representations: $representations) { ... on Patient { name visits { no } } } } "
        "3: bills after 2 at change.patient.visits: Visit {no} "
        "query Change__bills__3($representations: [_Any!]!, $c: String) "
        "{ _entities(representations: $representations) { ... on Visit { cost(in: $c) } } }"
    )


def test_the_source_is_the_first_subgraph_with_which_all_can_be_had() -> None:
    poor = "type Query { poor: Int } type Subscription { bedChanged(ward: String!): Bed } type Bed { number: Int }"
    engine = engine_of(graph(poor=poor.replace("number", "count"), beds=BEDS, records=RECORDS))
    assert flat(
        engine.explain(GraphQLRequest('subscription { bedChanged(ward: "a") { patient { name } } }'))
    ).startswith("1: beds, each of its events")
    assert flat(engine.explain(GraphQLRequest('subscription { bedChanged(ward: "a") { count } }'))).startswith(
        "1: poor"
    )


def test_a_subscription_has_one_source_and_no_other_is_joined_to_it() -> None:
    engine = engine_of(
        graph(
            a="type Query { a: Int } type Subscription { s: V } type V @shareable { x: Int }",
            b="type Query { b: Int } type Subscription { s: V } type V @shareable { x: Int y: Int }",
        )
    )
    assert flat(engine.explain(GraphQLRequest("subscription { s { x y } }"))).startswith("1: b, each of its events")
