"""What an operation costs, in points: told before it is carried out, and counted afterwards.

    cost(field) = items × (weight + cost of what is asked of each) + weights of its arguments

The weight of an item is the `@cost` of its field, else of its type, else 1 for an object and 0 for a scalar or enum;
each root field of a mutation costs `MUTATION_POINTS` more,
each question about the schema `INTROSPECTION_POINTS`. How many items a list has is told by `@listSize` as the IBM
cost specification has it (https://ibm.github.io/graphql-specs/cost-spec.html), else by Relay's `first` and `last`, else
it is taken for `LIST_ITEMS`. Lists in lists multiply. Fields asked twice at one place cost once; of an object that may
be of several types the dearest counts.

`weights` what the graph says, `estimate` before, `count` after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.cost.count import Count, counter_of
from gateway.cost.estimate import Estimator
from gateway.cost.value import Value
from gateway.cost.weights import Weights
from gateway.supergraph.selection import Selection

__all__ = ["Cost", "Weights"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation costs."""

    value: Value
    count: Count

    @classmethod
    def of(cls, weights: Weights, selection: Selection, page: int) -> "Cost":
        """Of an operation whose fragments are dissolved; `page` is how many items of one list may be asked for.

        Raises `RequestRefused` for a page that is larger whatever the variables are.
        """
        return cls(Estimator(weights, page).operation(selection), counter_of(weights, selection))

    def requested(self, variables: Mapping[str, Any]) -> int:
        """At most so much, with these coerced variables. Raises `RequestRefused` for a page that is too large."""
        return self.value if isinstance(self.value, int) else self.value(variables)

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What was in the answer, by the client's own keys."""
        return 0 if data is None else self.count(data)
