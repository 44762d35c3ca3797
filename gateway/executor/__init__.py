"""Follows a plan: every fetch starts as soon as the last one it waits for is done, and what it says joins one tree.

A. start     fetches that wait for nothing
B. tell      an entity fetch finds its objects and makes their representations, each once        (targets)
C. send      within what is left of the request's time                                           (services)
D. receive   check the response, merge it, note its errors                                       (targets, failures)
E. release   fetches that waited for this one; a joined fetch that waits too long goes apart     (run)

A subgraph that fails, lies or is late costs its own fields: the failure becomes an error, and the tree lacks them.
Before any of it a plan is compiled once: its fetches joined (`joining`), its paths read (`program`).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.executor.joining import join
from gateway.executor.program import Program
from gateway.executor.run import Call, Run
from gateway.executor.services import Service, ServicePolicy
from gateway.plan import Plan
from gateway.supergraph import Supergraph

__all__ = ["Call", "Outcome", "Program", "Service", "ServicePolicy", "compile_plan", "enrich_event", "execute_plan"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The tree of all answers under their data keys, and every error."""

    data: dict[str, Any]
    errors: list[dict[str, Any]]


def compile_plan(plan: Plan, supergraph: Supergraph) -> Program:
    """Make a plan ready to be followed many times."""
    return Program.of(plan, join(plan, supergraph))


async def execute_plan(program: Program, services: Mapping[str, Service], call: Call) -> Outcome:
    """Follow the plan to its end; raises nothing but cancellation."""
    run = Run(program, services, call)
    # A. start
    first, *others = program.roots
    if not program.parallel:
        await run.follow(first)
    else:
        async with asyncio.TaskGroup() as run.group:
            for task in others:
                run.group.create_task(run.follow(task))
            await run.follow(first)
        run.end()
    return Outcome(run.data, run.failures.errors)


async def enrich_event(program: Program, services: Mapping[str, Service], call: Call, event: Any) -> Outcome:
    """Follow a subscription's plan after one event of its source; raises nothing but cancellation."""
    assert program.source is not None
    run = Run(program, services, call)
    released = run.begin_with(program.source, event)
    if released:
        async with asyncio.TaskGroup() as run.group:
            for task in released:
                run.group.create_task(run.follow(task))
        run.end()
    return Outcome(run.data, run.failures.errors)
