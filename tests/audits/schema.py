"""Schemathesis (PyPI) in GraphQL mode against a whole Noren: `python -m tests.audits.schema --cases 10000 --seed 1`.

It draws operations for every root field of the graph, mutations included, and sends them to a system with the sample
data that is thrown away afterwards. A case fails whose answer is no GraphQL response, has a status of 5xx, says
`INTERNAL`, or takes longer than the gateway gives a request. Schemathesis' own check of server errors is not used: it
takes every refusal of an argument for one.
"""

import argparse
import http.client
import string
import sys
import tempfile
import time
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import schemathesis
from graphql import GraphQLScalarType, build_schema, is_specified_scalar_type
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from benchmarks.system import running
from noren.schema import public_sdl

MOST_S = 11.0
"""The gateway gives a request ten seconds."""
SHOWN = 20
KNOWN = {
    "Date": ("2026-02-28", "2024-02-29", "0001-01-01"),
    "DateTime": ("2026-11-25T00:00:00Z", "1970-01-01T00:00:00.000001+09:00", "9999-12-31T23:59:59Z"),
    "Decimal": ("0", "-1", "19.99", "1e9", "0.000000001"),
    "CurrencyCode": ("JPY", "EUR", "XXX"),
}
QUIET = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
TEXTS = st.text(string.printable, max_size=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8390)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noren-audit-") as folder, running(Path(folder), arguments.port):
        audit = Audit(arguments.port)
        audit.run(arguments.cases, arguments.seed)
    print(f"{audit.cases} cases, longest {audit.longest_s:.2f} s; answers: {dict(audit.codes.most_common())}")
    for found in audit.found[:SHOWN]:
        print(found)
    sys.exit(bool(audit.found))


class Audit:
    """What was sent and what was wrong with the answers."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=60)
        self.cases = 0
        self.longest_s = 0.0
        self.codes: Counter[str] = Counter()
        self.found: list[str] = []

    def run(self, cases: int, first: int) -> None:
        """Draw this many cases, shared out among the root fields."""
        sdl = public_sdl()
        teach_scalars(sdl)
        operations = [result.ok() for result in schemathesis.graphql.from_file(StringIO(sdl)).get_all_operations()]
        each = -(-cases // len(operations))
        for number, operation in enumerate(operations):

            @seed(first + number)
            @settings(QUIET, max_examples=each)
            @given(operation.as_strategy())
            def ask(case: Any) -> None:
                self.send(case.body)

            ask()

    def send(self, query: str) -> None:
        """One case."""
        began = time.monotonic()
        headers = {"content-type": "application/json", "accept": "application/graphql-response+json"}
        self._connection.request("POST", "/graphql", orjson.dumps({"query": query}), headers)
        answer = self._connection.getresponse()
        body, took_s = answer.read(), time.monotonic() - began
        self.cases, self.longest_s = self.cases + 1, max(self.longest_s, took_s)
        problem = problem_of(answer.status, body, self.codes) or (took_s > MOST_S and f"took {took_s:.1f} s")
        if problem:
            self.found.append(f"{problem}\n  {query}\n  {body[:300]!r}")


def problem_of(status: int, body: bytes, codes: Counter[str]) -> str | None:
    """What is wrong with an answer."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"{status}, no JSON"
    if not isinstance(told, dict) or not ("data" in told or told.get("errors")):
        return f"{status}, no GraphQL response"
    found = {error.get("extensions", {}).get("code", "none") for error in told.get("errors", ())}
    codes.update(found or {"data"})
    if status >= 500 or "INTERNAL" in found or "none" in found:
        return f"{status}, {sorted(found)}"
    return None


def teach_scalars(sdl: str) -> None:
    """Tell Schemathesis what the graph's own scalars look like: now and then right, else any text."""
    for kind in build_schema(sdl).type_map.values():
        if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind):
            right = st.sampled_from(KNOWN.get(kind.name, ("a",)))
            schemathesis.graphql.scalar(kind.name, st.one_of(right, right, TEXTS).map(nodes.String))


if __name__ == "__main__":
    main()
