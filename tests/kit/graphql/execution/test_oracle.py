"""A share of the oracle's cases in every run; `make oracle-execution` runs them all."""

import pytest

from tests.kit.graphql.execution import oracle
from tests.kit.graphql.execution.world import Case

CASES = 80
SEED = 20261122
pytestmark = [  # graphql-core leaves coroutines unawaited when an error nulls what they belong to
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_random_operations_over_random_schemas_are_answered_as_graphql_core_answers() -> None:
    before = oracle.TALLY["compared"]

    oracle.run(CASES, SEED)

    assert oracle.TALLY["compared"] - before > CASES // 2


@pytest.mark.parametrize(
    "case",
    [
        Case(schema=788976, data=227077, operation=716491, types=2, faults=20, later=50, batches=0),
        Case(schema=764937, data=702974, operation=638280, types=3, faults=8, later=30, batches=15, mutation=True),
    ],
)
def test_cases_that_once_differed_do_so_no_more(case: Case) -> None:
    oracle.check(case)
