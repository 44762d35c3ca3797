"""The gateway over four subgraphs must answer as one monolith over the same data does."""

import asyncio

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, assume, given, settings

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from tests.gateway.queries import VARIABLES, documents
from tests.gateway.shop import SDL, InProcess, Monolith, World, executable

SUBGRAPHS = {name: executable(sdl) for name, sdl in SDL.items()}


def shop() -> tuple[Engine, dict[str, InProcess], Monolith]:
    world = World()
    transports = {name: InProcess(name, sdl, world) for name, sdl in SDL.items()}
    engine = Engine.compose(SDL, transports, EngineSettings())
    return engine, transports, Monolith(engine.public_schema, World())


ENGINE, TRANSPORTS, MONOLITH = shop()

QUERIES = {
    "key collisions": "{ things { label ... on Book { upc: name } ... on Sofa { upc: model model: upc inStock } } }",
    "typename alias": "{ products { __typename: name type: __typename } t: __typename }",
    "argument collision": "{ products { price(currency: JPY) ... on Book { shipping yen: price(currency: JPY) } } }",
    "requires chain": '{ review(id: "r3") { product { ... on Book { bargain } } } }',
    "compound key": "{ warehouse { sofas { shipping upc shelf maker { country } } } }",
    "provides": "{ warehouse { best { name size { width } } } reviews { author { name } } }",
    "provides in part": "{ warehouse { best { name size { width height } weight shipping } } }",
    "union": "{ search { __typename ... on User { nick } ... on Book { pages bargain } ... on Sofa { shipping } } }",
    "interface in two subgraphs": "{ products { name reviews { body author { name address { city } } } } }",
    "merged fields": """{ me { address { street } ...A friends { id } } }
        fragment A on User { address { city } friends { name } }""",
    "same field by type": """{ products { ... on Book { b: size { width } } ... on Sofa { size { height } }
        ... on Sofa { s: size { height } } } }""",
    "fragment on interface": "{ search { ... on Product { name price } ... on Thing { label } } }",
    "null entity": '{ user(id: "nobody") { name } review(id: "r5") { author { nick } } product(upc: "zz") { name } }',
    "nested": "{ me { friends { friends { reviews { product { reviews { author { nick } } } } } } } }",
}
MUTATIONS = {
    "serial": """mutation { a: userRename(id: "u1", name: "A") { user { name reviews { author { name } } } }
        b: productRename(upc: "b1", name: "B") { product { name reviews { product { name } } } }
        c: userRename(id: "u1", name: "C") { user { name } } }""",
    "typed user errors": """mutation { productRename(upc: "zz", name: "x") { product { name }
        userErrors { __typename code message ... on NotFound { id } ... on TooLong { limit } } } }""",
    "errors a subgraph does not know": """mutation { reviewAdd(upc: "zz", body: "x") {
        review { body } userErrors { code ... on NotFound { id } ... on TooLong { limit } } } }""",
    "added": """mutation { reviewAdd(upc: "b0", body: "new") {
        review { id body product { name reviews(first: 9) { body } }
        author { name email } } userErrors { message } } }""",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
async def test_query_is_answered_as_by_a_monolith(query: str) -> None:
    await agree(ENGINE, TRANSPORTS, MONOLITH, query)


@pytest.mark.parametrize("query", MUTATIONS.values(), ids=MUTATIONS.keys())
async def test_mutation_is_answered_as_by_a_monolith(query: str) -> None:
    await agree(*shop(), query)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(ENGINE.public_schema))
def test_random_query_is_answered_as_by_a_monolith(query: str) -> None:
    assume(not validate(ENGINE.public_schema, parse(query)))
    asyncio.run(agree(ENGINE, TRANSPORTS, MONOLITH, query))


async def agree(engine: Engine, transports: dict[str, InProcess], monolith: Monolith, query: str) -> None:
    """Both answer alike, in the same order, and no subgraph is sent a document that it must refuse."""
    variables = VARIABLES if "$" in query else {}
    for transport in transports.values():
        transport.asked.clear()
    got = await engine.execute(GraphQLRequest(query, variables), {}, 10)
    want = monolith.execute(query, dict(variables))
    for name, transport in transports.items():
        for request in transport.asked:
            assert not validate(SUBGRAPHS[name], parse(request.query)), request.query
    assert "errors" not in got, got["errors"]
    assert got["data"] == want["data"]
    assert str(got["data"]) == str(want["data"])
