"""The planner against `@graphql-hive/router-query-planner`: fetches and depth for the same supergraph and query.

python -m tests.oracles.plan_oracle [--show]
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import parse, validate

from gateway.composer import compose
from gateway.errors import CompositionError, PlanRefused
from gateway.plan import Plan
from gateway.planner import Planner
from gateway.request import coerce_variables, read_operation
from gateway.supergraph import Supergraph
from tests.gateway.random_oracle import queries_of, world_of
from tests.gateway.shop import SDL
from tests.gateway.test_federation import CASES, sdls_of
from tests.gateway.test_planner import PLANS, VARIABLES
from tests.oracles.node_tools import run_node

RANDOM = 150


@dataclass
class Total:
    """Sums over the queries that both plan."""

    queries: int = 0
    fetches: int = 0
    their_fetches: int = 0
    depth: int = 0
    their_depth: int = 0
    more: int = 0
    fewer: int = 0


def groups() -> Iterator[tuple[str, Supergraph, list[str]]]:
    """Supergraphs with the queries to plan over each."""
    yield "shop", compose(SDL), [path.read_text().split("\n----\n")[0] for path in PLANS]
    for name, case in CASES.items():
        try:
            yield f"feature: {name}", compose(sdls_of(case)), list(case.queries)
        except CompositionError:
            continue
    for seed in range(RANDOM):
        world = world_of(seed)
        if world is not None:
            supergraph = compose({name: rules.sdl for name, rules in world.rules.items()})
            yield f"random {seed}", supergraph, list(queries_of(seed, world))


def ask(asked: list[tuple[str, str]]) -> list[Any]:
    """Their measures. Their planner ends the whole process on some queries: those are found by halving."""
    grouped: dict[str, list[str]] = {}
    for sdl, query in asked:
        grouped.setdefault(sdl, []).append(query)
    try:
        answers = run_node("plan.mjs", [{"sdl": sdl, "queries": queries} for sdl, queries in grouped.items()])
        return [answer for told in answers for answer in told]
    except RuntimeError as reason:
        if len(asked) == 1:
            return [{"error": "panic: " + str(reason).strip().splitlines()[0]}]
        half = len(asked) // 2
        return ask(asked[:half]) + ask(asked[half:])


def plan(supergraph: Supergraph, query: str) -> Plan:
    """Our plan, with the switches as their defaults say."""
    operation = read_operation(supergraph.public_schema, query, None)
    given = {name: value for name, value in VARIABLES.items() if f"${name}" in query}
    values = coerce_variables(supergraph.public_schema, operation, given)
    selection = operation.select(supergraph.public_index, operation.positions_of(values))
    return Planner(supergraph).plan(operation.node, selection)


def measure(made: Plan) -> tuple[int, int]:
    """Fetches, and the longest chain of them."""
    depths: dict[int, int] = {}
    for fetch in made.fetches:
        depths[fetch.id] = 1 + max((depths[d] for d in fetch.depends_on), default=0)
    return len(made.fetches), max(depths.values(), default=0)


def main() -> int:
    """Plan everything twice and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print every plan that takes more fetches than theirs")
    show = parser.parse_args().show
    listed = list(groups())
    asked = [(graph.sdl, query) for _, graph, queries in listed for query in queries]
    answers = iter(ask(asked))
    totals: dict[str, Total] = {}
    refused: list[str] = []
    for name, supergraph, queries in listed:
        total = totals.setdefault(name.partition(" ")[0].strip(":"), Total())
        for query in queries:
            theirs = next(answers)
            if "error" in theirs:
                refused.append(f"{name}: they do not plan {query[:80]!r}: {theirs['error'][:120]}")
                continue
            _add(total, name, supergraph, query, theirs, show)
    for line in refused[:20]:
        print(line)
    for name, total in totals.items():
        print(
            f"{name}: {total.queries} queries; fetches {total.fetches}, theirs {total.their_fetches};"
            f" depth {total.depth}, theirs {total.their_depth}; more fetches in {total.more}, fewer in {total.fewer}"
        )
    print(f"they refuse {len(refused)}")
    return 0


def _add(total: Total, name: str, supergraph: Supergraph, query: str, theirs: Mapping[str, Any], show: bool) -> None:
    assert not validate(supergraph.public_schema, parse(query))
    try:
        made = plan(supergraph, query)
    except PlanRefused as reason:
        print(f"{name}: we do not plan {query!r}: {reason}")
        return
    fetches, depth = measure(made)
    total.queries += 1
    total.fetches += fetches
    total.their_fetches += theirs["fetches"]
    total.depth += depth
    total.their_depth += theirs["depth"]
    total.more += fetches > theirs["fetches"]
    total.fewer += fetches < theirs["fetches"]
    if show and fetches > theirs["fetches"]:
        print(f"{name}: {fetches} fetches, theirs {theirs['fetches']}\n{query}\n{made}\n{theirs.get('plan')}\n")


if __name__ == "__main__":
    sys.exit(main())
