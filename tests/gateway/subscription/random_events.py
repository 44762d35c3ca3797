"""Random supergraphs whose root fields are subscriptions too: an enriched event against a monolith's answer.

python -m tests.gateway.subscription.random_events --cases 10000
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    execute,
    parse,
    print_ast,
    validate,
)

from gateway.engine import GraphQLRequest
from gateway.errors import CompositionError, RequestRefused
from gateway.executor import Call
from gateway.plan import Fetch
from tests.gateway.randomgraph import random_graph
from tests.gateway.randomquery import random_query
from tests.gateway.worlds import World

QUERIES_PER_GRAPH = 10


def world_of(seed: int) -> World | None:
    """The world of a seed, each of its root fields also a subscription's; None if it does not compose."""
    graph = random_graph(seed)
    subgraphs = {name: sdl + _subscriptions(sdl) for name, sdl in graph.subgraphs.items()}
    try:
        return World(subgraphs, graph.objects, graph.roots)
    except CompositionError:
        return None


def _subscriptions(sdl: str) -> str:
    fields = re.search(r"\ntype Query \{\n(.*?)\n\}", sdl, re.DOTALL)
    if fields is None or not fields[1].strip():
        return ""
    own = re.sub(r" @shareable| @override\([^)]*\)", "", fields[1])
    return f"\ntype Subscription {{\n{own}\n}}"


def subscriptions_of(seed: int, world: World) -> Iterator[tuple[str, str]]:
    """Subscriptions of a seed, each with the query that asks the same."""
    random = Random(f"events of {seed}")
    for _ in range(QUERIES_PER_GRAPH):
        document = parse(random_query(world.engine.public_schema, random))
        fragments = [d for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
        (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        for node in operation.selection_set.selections:
            if isinstance(node, FieldNode) and node.name.value != "__typename" and not node.directives:
                texts = [_operation(kind, node, fragments) for kind in ("subscription", "query")]
                if not any(validate(world.engine.public_schema, parse(text)) for text in texts):
                    yield texts[0], texts[1]


def _operation(kind: str, node: FieldNode, fragments: list[FragmentDefinitionNode]) -> str:
    body, used, waiting = print_ast(node), [], [print_ast(node)]
    known = {fragment.name.value: fragment for fragment in fragments}
    while waiting:
        for name in re.findall(r"\.\.\.(F\d+)", waiting.pop()):
            if name in known:
                used.append(print_ast(known.pop(name)))
                waiting.append(used[-1])
    declared = [f"${name}: Boolean = {value}" for name, value in (("yes", "true"), ("no", "false"))
                if f"${name}" in body + "".join(used)]  # fmt: skip
    return "\n".join([f"{kind} S{'(' + ', '.join(declared) + ')' if declared else ''} {{ {body} }}", *used])


async def agree(world: World, subscription: str, query: str) -> bool:
    """Answer one event; its data must be the monolith's for the query. False if no subgraph can be the source."""
    request = GraphQLRequest(subscription)
    try:
        prepared = world.engine.subscription(request)
    except RequestRefused as refused:
        if "cannot be resolved" in str(refused):
            return False
        raise
    assert prepared is not None
    assert prepared.program.source is not None
    ends_at = asyncio.get_running_loop().time() + 10
    event = _event(world, prepared.program.source.fetch)
    got = await world.engine.enrich(prepared, event, Call({}, {}, ends_at))
    want = world._want(query, None)
    assert "errors" not in got, got["errors"]
    assert got["data"] == want, f"{got['data']} is not {want}"
    return True


def _event(world: World, fetch: Fetch) -> Any:
    rules, transport = world.rules[fetch.service], world.transports[fetch.service]
    document = parse(fetch.document)
    wrong = validate(rules.schema, document)
    assert not wrong, wrong
    result: Any = execute(
        rules.schema,
        document,
        operation_name=fetch.operation_name,
        field_resolver=transport._resolve,
        type_resolver=transport._type,
    )
    return result.formatted


async def run(cases: int, first_seed: int) -> tuple[int, int]:
    """Answer `cases` events; returns how many differed, and how many operations had no source."""
    asked = differing = sourceless = 0
    seed = first_seed
    while asked < cases:
        world = world_of(seed)
        for subscription, query in subscriptions_of(seed, world) if world else ():
            try:
                if await agree(world, subscription, query):  # type: ignore[arg-type]
                    asked += 1
                else:
                    sourceless += 1
            except Exception as reason:
                asked, differing = asked + 1, differing + 1
                print(f"seed {seed}: {subscription}\n{type(reason).__name__}: {str(reason)[:300]}")
        seed += 1
    print(f"{asked} events (seeds {first_seed} to {seed - 1}), {differing} differ; {sourceless} had no source")
    return differing, sourceless


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    return 1 if asyncio.run(run(given.cases, given.seed))[0] else 0


if __name__ == "__main__":
    sys.exit(main())
