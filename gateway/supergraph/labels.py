"""Labels of `@override`: fields that move from one subgraph to another in steps, and for which requests they have."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.supergraph import Supergraph

PERCENT = re.compile(r"percent\((\d{1,3}(?:\.\d{1,8})?)\)")


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Every label with the names of the fields it moves, and the graph as it is while some of them hold.

    `everywhere` are those whose fields stand in keys or requirements: any operation may need these.
    """

    fields: Mapping[str, frozenset[str]]
    everywhere: frozenset[str]
    under: "Callable[[frozenset[str]], Supergraph]"

    def of(self, names: frozenset[str]) -> tuple[str, ...]:
        """Labels on which an operation with fields of these names may depend."""
        return tuple(sorted(label for label, moved in self.fields.items() if label in self.everywhere or names & moved))


def percent_of(label: str) -> float | None:
    """The share of requests, 0 to 100, for which `percent(n)` holds; None for a label of another kind."""
    found = PERCENT.fullmatch(label)
    return float(found[1]) if found and float(found[1]) <= 100 else None
