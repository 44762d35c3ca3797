"""Random supergraphs against a monolith over the same data.

python -m tests.gateway.random_oracle --cases 10000
python -m tests.gateway.random_oracle --seed 17 --query 3     replays one query and shows its plan

Each query is asked twice: whole, and with `@defer` in places drawn at random, in parts that are put together again.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from random import Random

from graphql import parse, validate

from gateway.engine import GraphQLRequest
from gateway.errors import CompositionError
from tests.gateway.randomgraph import random_graph
from tests.gateway.randomquery import deferring, random_query
from tests.gateway.worlds import World

QUERIES_PER_GRAPH = 10


def world_of(seed: int) -> World | None:
    """The world of a seed; None if its graph does not compose."""
    try:
        return random_graph(seed).world()
    except CompositionError:
        return None


def queries_of(seed: int, world: World) -> Iterator[str]:
    """The queries of a seed, valid ones only."""
    random = Random(f"queries of {seed}")
    for _ in range(QUERIES_PER_GRAPH):
        query = random_query(world.engine.public_schema, random)
        if not validate(world.engine.public_schema, parse(query)):
            yield query


def deferring_queries_of(seed: int, world: World) -> list[str]:
    """The same queries with `@defer`; where that makes one invalid, as it is."""
    random = Random(f"deferrals of {seed}")
    queries = []
    for query in queries_of(seed, world):
        changed = deferring(query, random)
        queries.append(query if validate(world.engine.operation_schema, parse(changed)) else changed)
    return queries


async def run(cases: int, first_seed: int) -> int:
    """Ask until `cases` queries were asked; returns how many differed."""
    asked = differing = graphs = parted = parts = 0
    seed = first_seed
    while asked < cases:
        world = world_of(seed)
        deferring_queries = deferring_queries_of(seed, world) if world else []
        for number, query in enumerate(queries_of(seed, world) if world else ()):
            asked += 1
            try:
                await world.agree(query)  # type: ignore[union-attr]
                came = await world.agree_in_parts(deferring_queries[number], Random(seed))  # type: ignore[union-attr]
                parted, parts = parted + (len(came) > 1), parts + len(came)
            except Exception as reason:
                differing += 1
                print(f"--seed {seed} --query {number}: {type(reason).__name__}: {str(reason)[:300]}")
        graphs += world is not None
        seed += 1
    print(f"{asked} queries over {graphs} graphs (seeds {first_seed} to {seed - 1}), {differing} differ")
    print(f"with @defer, {parted} of them came in parts, {parts} parts in all")
    return differing


async def replay(seed: int, number: int) -> None:
    """Show one graph, query and plan, and ask it."""
    graph = random_graph(seed)
    for name, sdl in graph.subgraphs.items():
        print(f"--- {name}\n{sdl.partition(chr(10) + 'type Query')[1] + sdl.partition(chr(10) + 'type Query')[2]}")
    world = graph.world()
    query = list(queries_of(seed, world))[number]
    print(f"---\n{query}\n---\n{world.engine.explain(GraphQLRequest(query))}")
    print(await world.agree(query))
    query = deferring_queries_of(seed, world)[number]
    print(f"---\n{query}\n---\n{world.engine.explain(GraphQLRequest(query), in_parts=True)}")
    for part in await world.agree_in_parts(query, Random(seed)):
        print(part)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--query", type=int)
    given = parser.parse_args()
    if given.query is not None:
        asyncio.run(replay(given.seed, given.query))
        return 0
    return 1 if asyncio.run(run(given.cases, given.seed)) else 0


if __name__ == "__main__":
    sys.exit(main())
