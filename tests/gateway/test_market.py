"""The public gateways benchmark's case: its fetches, its answer, its cost in plans and in memory."""

import gc

from graphql import build_schema, execute_sync, parse

from benchmarks.gateway.market import PRODUCTS, QUERY, REVIEWS, USERS, entity, resolve, root
from benchmarks.gateway.memory import ask_all, market_engine, operations
from gateway.engine import Engine, GraphQLRequest

MAX_FETCHES = 7


async def ask(engine: Engine, query: str = QUERY) -> dict[str, object]:
    return await engine.execute(GraphQLRequest(query), {}, 30.0)


def monolith() -> dict[str, object]:
    """The same question to one schema over all the data."""
    schema = build_schema("""
        type Query { users: [User] topProducts(first: Int = 5): [Product] }
        type User { id: ID! name: String username: String reviews: [Review] }
        type Review { id: ID! body: String product: Product author: User }
        type Product { upc: String! name: String price: Int weight: Int inStock: Boolean shippingEstimate: Int
          reviews: [Review] }
    """)

    def everything(source: object, info: object, **arguments: object) -> object:
        if isinstance(source, dict) and source.get("__typename") == "Product":
            known = PRODUCTS[source["upc"]]
            source = {**known, **entity("inventory", known), **entity("reviews", known)}
        elif isinstance(source, dict) and source.get("__typename") == "User":
            source = {**USERS[source["id"]], **entity("reviews", USERS[source["id"]])}
        return resolve(source, info, **arguments)  # type: ignore[arg-type]

    whole = {**root("accounts"), **root("products")}
    result = execute_sync(schema, parse(QUERY), root_value=whole, field_resolver=everything)
    assert not result.errors
    return dict(result.formatted)


async def test_the_answer_is_a_monoliths_and_weighs_what_the_benchmarks_does() -> None:
    answer = await ask(market_engine())
    assert answer == monolith()
    assert len(REVIEWS) == 11
    assert 80_000 < len(str(answer)) < 100_000


async def test_it_takes_seven_fetches_or_fewer() -> None:
    engine = market_engine()
    await ask(engine)
    assert sum(counts.asked for counts in engine.services().values()) <= MAX_FETCHES


async def test_asked_again_it_is_neither_parsed_nor_planned() -> None:
    engine = market_engine()
    for _ in range(3):
        await ask(engine)
    assert (engine.counts.validated, engine.counts.planned) == (1, 1)


async def test_memory_stands_while_distinct_operations_pass_through() -> None:
    engine, asked = market_engine(cached_operations=100), operations(seed=7)
    await ask_all(engine, asked, 150)
    gc.collect()
    before = len(gc.get_objects())
    await ask_all(engine, asked, 300)
    gc.collect()
    assert len(gc.get_objects()) < before * 1.03
    assert engine.cached()["plans"] == 100
