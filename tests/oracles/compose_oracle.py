"""The composer against `@theguild/federation-composition`: equal supergraphs, and equal codes where both refuse.

python -m tests.oracles.compose_oracle
"""

import sys
from collections.abc import Mapping
from typing import Any

from gateway.composer import compose
from gateway.errors import CompositionError
from gateway.supergraph import Supergraph
from tests.gateway.randomgraph import random_graphs
from tests.gateway.refused import REFUSED
from tests.gateway.shop import SDL
from tests.gateway.test_federation import CASES, sdls_of
from tests.gateway.test_override_labels import SDLS as STEPS
from tests.gateway.worlds import HEAD
from tests.oracles.canonical import canonical
from tests.oracles.node_tools import run_node

RANDOM = 200


KNOWN = {
    "refused: required other spec": "they ignore `for: EXECUTION`",
    "refused: subscription shared with nobody": "they let it pass; the specification names a code for it",
    "refused: connectors": "the gateway asks subgraphs alone",
    "refused: arguments from context": "the planner does not set arguments from context",
    "refused: size of what is no list": "they use the code of a sized field for it",
    "refused: override of what overrides": "they let it pass; the specification names a code for it",
    "refused: override of what requires": "they let it pass; the specification names a code for it",
    "refused: interface object beside its implementation": "they let it pass; the specification names a code for it",
    "refused: interface key without all its types": "they let it pass; the specification names a code for it",
    "refused: way back to the root": "the planner enters roots at the start only",
    "refused: inaccessible argument of an implementation": "they look at fields only",
    "refused: inaccessible value as a default": "they do not look into lists",
    "refused: inaccessible field in a default": "they do not look into objects",
    "refused: requires in a circle": "they run out of stack",
    "feature: interface object with requires": "their supergraph forgets @external on an interface object",
    "feature: provides nested on an interface": "they look for @external on the interface, where it is forbidden",
    "feature: roots by other names, directives by other names": "they forget directives by the name of their link",
}
"""Differences that are meant, and why."""


def cases() -> dict[str, Mapping[str, str]]:
    """Every graph of the tests, and random ones."""
    found: dict[str, Mapping[str, str]] = {f"refused: {name}": subgraphs for name, (_, subgraphs) in REFUSED.items()}
    found |= {f"feature: {name}": sdls_of(case) for name, case in CASES.items()}
    found["shop"] = SDL
    found["feature: moved in steps"] = {name: HEAD + STEPS[name] for name in "ab"}
    found |= {f"random {seed}": graph.subgraphs for seed, graph in random_graphs(range(RANDOM))}
    return found


def compare(subgraphs: Mapping[str, str], theirs: Mapping[str, Any]) -> str:
    """What differs, or nothing."""
    try:
        ours = compose(subgraphs)
    except CompositionError as refused:
        codes = {problem.code for problem in refused.problems}
        if "errors" not in theirs:
            return f"only we refuse: {refused}"
        other = {told["code"] for told in theirs["errors"]}
        return "" if codes & other else f"codes differ: {sorted(codes)}, theirs {sorted(other)}"
    if "errors" in theirs:
        return f"only they refuse: {theirs['errors'][:3]}"
    mine, other_lines = (
        set(canonical(Supergraph.from_sdl(ours.sdl))),
        set(canonical(Supergraph.from_sdl(theirs["sdl"]))),
    )
    direct = set(canonical(ours))
    different = [f"+ {line}" for line in sorted(mine - other_lines)] + [
        f"- {line}" for line in sorted(other_lines - mine)
    ]
    different += [f"lost in our SDL: {line}" for line in sorted(direct - mine)]
    different += [f"made by our SDL: {line}" for line in sorted(mine - direct)]
    return "\n  ".join(different)


def main() -> int:
    listed = cases()
    answers = run_node("compose.mjs", list(listed.values()))
    differing = 0
    for (name, subgraphs), theirs in zip(listed.items(), answers, strict=True):
        told = compare(subgraphs, theirs)
        if told and name in KNOWN:
            print(f"{name}: known, {KNOWN[name]}")
        elif told:
            differing += 1
            print(f"{name}:\n  {told}")
    print(f"{len(listed)} graphs, {differing} differ besides what is known")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
