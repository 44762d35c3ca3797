"""The compiler against graphql-core: random schemas, data and operations, executed both ways.

    python -m tests.kit.graphql.execution.oracle --cases 20000 --seed 1
    python -m tests.kit.graphql.execution.oracle --replay "Case(schema=1, data=2, operation=3)"

Where nothing is awaited all must be equal: data with its order, errors with theirs, and the effects of resolvers one
by one. Where something is, the specification leaves the order of concurrent resolvers open, and which of several
errors below one nulled position is reported: data must be equal with its order, the errors that null only their own
field one by one, the nulled positions, each with at least one error, and every effect outside of nulled positions; the
root fields of a mutation must have run in the same order.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from inspect import isawaitable
from random import Random
from typing import Any

import hypothesis
from graphql import ExecutionResult, execute, parse, validate
from hypothesis import strategies as st

from kit.graphql.execution import CompiledExecutor
from tests.kit.graphql.execution.operations import Operations
from tests.kit.graphql.execution.world import Case, World

CASES = st.builds(
    Case,
    schema=st.integers(0, 2**40),
    data=st.integers(0, 2**40),
    operation=st.integers(0, 2**40),
    types=st.integers(2, 5),
    faults=st.sampled_from((0, 3, 8, 20)),
    later=st.sampled_from((0, 0, 30, 50)),
    batches=st.sampled_from((0, 0, 15)),
    mutation=st.booleans(),
)
SETTLING = 30
"""Turns of the loop in which graphql-core's work below a nulled position comes to its end."""
TALLY: Counter[str] = Counter()


def check(case: Case) -> bool:
    """Run one case both ways, or say that its operation is not valid; AssertionError says what differs."""
    world = World(case)
    query, variables = Operations(world.schema, Random(case.operation)).write(case.mutation)
    if validate(world.schema, parse(query)):
        return False
    asyncio.run(_compare(world, query, variables))
    return True


def check_valid(case: Case) -> None:
    """The same; a case that is not valid does not count."""
    hypothesis.assume(check(case))


async def _compare(world: World, query: str, variables: dict[str, Any]) -> None:
    context = object()
    result = execute(world.schema, parse(query), world.root(), context, variables)
    waited = isawaitable(result)
    expected: ExecutionResult = await result if waited else result  # type: ignore[misc, assignment]
    for _ in range(SETTLING):
        await asyncio.sleep(0)
    effects, world.effects = world.effects, []
    executor = CompiledExecutor(world.schema)
    ours = await executor.execute(query, variables, None, context, world.root())
    if ours is None:
        TALLY["left to graphql-core"] += 1
        assert not world.effects, "resolvers ran before graphql-core was asked"
        return
    kind = "mutation" if world.case.mutation else "query"
    about = f"{kind} of {world.case!r}\n{query}\n{variables}\n expected {expected}\n got      {ours}"
    assert repr(ours.data) == repr(expected.data), about
    TALLY["compared"] += 1
    if waited:
        TALLY["with awaiting"] += 1
        _compare_concurrent(expected, ours, effects, world.effects, about)
        return
    assert shown(ours) == shown(expected), about
    if world.case.later or world.case.batches:  # what was dropped below a null may go on, or not
        regions = by_reach(expected)[1]
        effects, world.effects = (_seen(each, regions) for each in (effects, world.effects))
    assert world.effects == effects, f"{about}\n{effects}\n{world.effects}"


def shown(result: ExecutionResult) -> list[Any]:
    """Errors as a client sees them, with their locations."""
    return [error.formatted for error in result.errors or ()]


def _compare_concurrent(
    expected: ExecutionResult, ours: ExecutionResult, effects: list[Any], our_effects: list[Any], about: str
) -> None:
    own, regions = by_reach(expected)
    our_own, our_regions = by_reach(ours)
    assert our_own == own, about
    assert our_regions == regions, about
    seen, our_seen = Counter(_seen(effects, regions)), Counter(_seen(our_effects, regions))
    assert our_seen == seen, f"{about}\n missing {seen - our_seen}\n more {our_seen - seen}"
    if about.startswith("mutation") and not regions:
        assert _turns(our_effects) == _turns(effects), about


def by_reach(result: ExecutionResult) -> tuple[Counter[str], set[tuple[Any, ...]]]:
    """Errors that made null of their own field only; and the positions above others that are null."""
    own: Counter[str] = Counter()
    regions: set[tuple[Any, ...]] = set()
    for error in result.errors or ():
        if error.path is None:
            own[repr(error.formatted)] += 1
            continue
        value, reached = result.data, 0
        while value is not None and reached < len(error.path):
            value = value[error.path[reached]]  # type: ignore[index]
            reached += 1
        if reached == len(error.path):
            own[repr(error.formatted)] += 1
        else:
            regions.add(tuple(error.path[:reached]))
    return own, regions


def _seen(effects: list[Any], regions: set[tuple[Any, ...]]) -> list[Any]:
    """Effects that must be there; what runs below a position that becomes null depends on time.

    Where there is such a position, batches are left out: they do not say where they ran.
    """
    if not regions:
        return effects
    return [e for e in effects if e[0] and not any(e[0][: len(region)] == region for region in regions)]


def _turns(effects: list[Any]) -> list[Any]:
    turns: list[Any] = []
    for path, *_ in effects:
        if path and (not turns or turns[-1] != path[0]):
            turns.append(path[0])
    return turns


def main() -> None:
    """Run as many cases as are asked for, and say how many were compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", help="a Case as a failure printed it")
    options = parser.parse_args()
    if options.replay:
        check(eval(options.replay, {"Case": Case}))
        return
    run(options.cases, options.seed)
    print(f"seed {options.seed}: {dict(TALLY)} in {time.process_time():.0f} s of CPU")


def run(cases: int, seed: int) -> None:
    """That many cases of this seed."""
    settings = hypothesis.settings(
        max_examples=cases, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    hypothesis.seed(seed)(settings(hypothesis.given(CASES)(check_valid)))()


if __name__ == "__main__":
    sys.exit(main())
