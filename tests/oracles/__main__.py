"""Every oracle, one after another: python -m tests.oracles [--only compose plan answers execution]

compose     the composer against @theguild/federation-composition: tests.oracles.compose_oracle
plan        the planner against @graphql-hive/router-query-planner: tests.oracles.plan_oracle
answers     random supergraphs and queries, whole and with @defer, against a monolith: tests.gateway.random_oracle
execution   a subgraph's compiled operations against graphql-core: tests.kit.graphql.execution.oracle

Each prints what it found; at the end its last line stands again beside its name. Exit code 1 if one failed.
"""

import argparse
import subprocess
import sys
import time

NAMES = ("compose", "plan", "answers", "execution")


def commands(cases: int, seed: int) -> dict[str, list[str]]:
    """What each oracle is run by."""
    return {
        "compose": ["-m", "tests.oracles.compose_oracle"],
        "plan": ["-m", "tests.oracles.plan_oracle"],
        "answers": ["-m", "tests.gateway.random_oracle", "--cases", str(cases), "--seed", str(seed)],
        "execution": [
            "-W", "ignore", "-m", "tests.kit.graphql.execution.oracle", "--cases", str(2 * cases), "--seed", str(seed),
        ],
    }  # fmt: skip


def run(name: str, command: list[str]) -> tuple[bool, str]:
    """Whether one oracle is content, and its last line."""
    print(f"--- {name}", flush=True)
    last, began = "", time.monotonic()
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return running.returncode == 0, f"{last} ({time.monotonic() - began:.0f} s)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--cases", type=int, default=10_000, help="queries of `answers`, and half of `execution`'s")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    listed = commands(given.cases, given.seed)
    found = {name: run(name, listed[name]) for name in given.only}
    print("---")
    for name, (content, last) in found.items():
        print(f"{'ok    ' if content else 'FAILED'} {name}: {last}")
    return 0 if all(content for content, _ in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
