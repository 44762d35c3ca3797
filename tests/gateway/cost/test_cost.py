"""What operations cost: by the graph's own directives, by Relay's arguments, and where nothing is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.composer import compose
from gateway.cost import Cost, Weights
from gateway.errors import RequestRefused
from gateway.request import coerce_variables, read_operation

HEAD = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize", "@key"]) '
SDL = (
    HEAD
    + """
    type Query {
      ward(id: ID): Ward
      wards: [Ward!]!
      known: [Ward!]! @listSize(assumedSize: 3)
      beds(first: Int, last: Int): [Bed!]! @listSize(slicingArguments: ["first", "last"])
      some(first: Int = 7): [Bed!]! @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
      deep(input: Paging): Beds! @listSize(slicingArguments: ["input.page.size"], sizedFields: ["page.items"],
                                           requireOneSlicingArgument: false, assumedSize: 5)
      patients(first: Int! = 20, after: String): PatientConnection!
      dear: Int @cost(weight: 12)
      find(text: String @cost(weight: 4)): Ward
      filtered(by: Filter): Ward
      either: Either
      mood: Mood
    }
    type Mutation { admit(name: String): Ward, leave: Boolean }
    type Ward { id: ID! name: String beds: [Bed!]! patients(first: Int! = 20): PatientConnection! ward: Ward }
    type Bed @cost(weight: 2) { id: ID! ward: Ward }
    type Beds { page: Page total: Int }
    type Page { items: [Bed!]! }
    type PatientConnection { nodes: [Patient!]! edges: [Edge!]! totalCount: Int }
    type Edge { node: Patient! }
    type Patient { name: String ward: Ward friends: [Patient!]! }
    union Either = Ward | Bed
    enum Mood @cost(weight: 3) { GOOD }
    input Paging { page: PageInput }
    input PageInput { size: Int }
    input Filter { name: String @cost(weight: 6), any: [Filter!] }
    """
)
GRAPH = compose({"hospital": SDL})
WEIGHTS = Weights.of(GRAPH)


def cost_of(query: str, page: int = 100) -> tuple[Cost, Any]:
    operation = read_operation(GRAPH.operation_schema, query, None)
    return Cost.of(WEIGHTS, operation.select(GRAPH.public_index, ()), page), operation


def points(query: str, **variables: Any) -> int:
    cost, operation = cost_of(query)
    return cost.requested(coerce_variables(GRAPH.public_schema, operation, variables))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ ward { id name } }", 1),
        ("{ ward { ward { ward { id } } } }", 3),
        ("{ a: ward { id } b: ward { id } }", 2),
        ("{ ward { id } ward { name } }", 1),
        ("{ __typename }", 0),
        ("{ dear }", 12),
        ("{ mood }", 3),
        # Lists of which nothing is said have ten items; a type's own weight counts for each.
        ("{ wards { id } }", 10),
        ("{ wards { beds { id } } }", 10 * (1 + 10 * 2)),
        ("{ known { id } }", 3),
        ("{ beds(first: 4) { id } }", 4 * 2),
        ("{ beds(last: 4) { ward { id } } }", 4 * (2 + 1)),
        ("{ some { id } }", 7 * 2),
        ("{ some(first: null) { id } }", 10 * 2),
        # Sizes told for lists further down.
        ("{ deep { total } }", 1),
        ("{ deep { page { items { id } } } }", 1 + 1 + 5 * 2),
        ("{ deep(input: {page: {size: 9}}) { page { items { id } } } }", 1 + 1 + 9 * 2),
        # Relay's, without any directive; nested lists multiply.
        ("{ patients { nodes { name } } }", 1 + 20),
        ("{ patients(first: 5) { edges { node { name } } } }", 1 + 5 * (1 + 1)),
        ("{ patients(first: 3) { nodes { ward { patients(first: 4) { nodes { name } } } } } }", 1 + 3 * (2 + 1 + 4)),
        # Arguments, and fields of inputs however deep.
        ('{ find(text: "x") { id } }', 5),
        ("{ find { id } }", 1),
        ('{ filtered(by: {name: "a", any: [{name: "b"}, {any: [{name: "c"}]}]}) { id } }', 1 + 3 * 6),
        # Of what may be of several types the dearest counts.
        ("{ either { ... on Ward { beds { id } } ... on Bed { ward { id } } } }", 1 + 20),
        # Fragments cost what is in them; conditions that do not hold, nothing.
        ("{ ward { ...W } } fragment W on Ward { beds { ...B } } fragment B on Bed { id }", 1 + 20),
        ("{ ward { id beds @skip(if: true) { id } } }", 1),
        # A mutation's fields write.
        ('mutation { admit(name: "x") { id } leave }', 2 * 10 + 1),
        ("{ __schema { types { name } } }", 10_000),
    ],
)  # fmt: skip
def test_an_operation_costs(query: str, expected: int) -> None:
    assert points(query) == expected


def test_what_depends_on_variables_is_worked_out_for_each_request() -> None:
    inner = "ward { patients(first: $m) { nodes { name } } }"
    query = f"query ($n: Int!, $m: Int = 2) {{ patients(first: $n) {{ nodes {{ {inner} }} }} }}"
    assert points(query, n=3, m=4) == 1 + 3 * (1 + 1 + 1 + 4)
    assert points(query, n=1) == 1 + (1 + 1 + 1 + 2)
    assert points("query ($f: Filter) { filtered(by: $f) { id } }", f={"name": "a", "any": [{"name": "b"}]}) == 1 + 12
    assert points("query ($n: Int) { some(first: $n) { id } }") == 7 * 2


@pytest.mark.parametrize(
    ("query", "variables", "told"),
    [
        ("{ patients(first: 101) { nodes { name } } }", {}, "patients(first:): expected at most 100, got 101"),
        ("query ($n: Int!) { patients(first: $n) { nodes { name } } }", {"n": 10**6}, "expected at most 100"),
        ("{ deep(input: {page: {size: 999}}) { total } }", {}, "deep(input.page.size:): expected at most 100"),
        ("{ beds { id } }", {}, "exactly one of first, last"),
        ("{ beds(first: 1, last: 1) { id } }", {}, "exactly one of first, last"),
        ("query ($n: Int) { beds(first: $n) { id } }", {}, "exactly one of first, last"),
    ],
)
def test_a_page_too_large_or_of_unknown_size_is_refused_before_anything_is_asked(
    query: str, variables: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        points(query, **variables)
    assert told in str(refused.value)
    assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_a_negative_page_is_none_and_is_left_to_the_service() -> None:
    assert points("{ patients(first: -5) { nodes { name } } }") == 1


@pytest.mark.parametrize(
    ("query", "data", "expected"),
    [
        ("{ ward { id } }", {"ward": None}, 0),
        ("{ ward { id } }", {"ward": {"id": "1"}}, 1),
        ("{ wards { id } }", {"wards": [{"id": "1"}, {"id": "2"}]}, 2),
        ("{ wards { beds { id } } }", {"wards": [{"beds": [{"id": "1"}]}, {"beds": []}]}, 1 + 1 + 2),
        ("{ patients { n: nodes { name } } }", {"patients": {"n": [{"name": "a"}, {"name": "b"}]}}, 3),
        ("{ either { ... on Ward { beds { id } } ... on Bed { ward { id } } } }", {"either": {"ward": {"id": "1"}}}, 2),
        ('{ find(text: "x") { id } }', {"find": None}, 4),
        ('mutation { admit(name: "x") { id } }', {"admit": None}, 10),
        ("{ wards { id } }", {"wards": None}, 0),
    ],
)  # fmt: skip
def test_an_answer_costs_what_is_in_it(query: str, data: dict[str, Any], expected: int) -> None:
    assert cost_of(query)[0].actual(data) == expected


@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=4), data=st.data())
def test_an_answer_never_costs_more_than_was_asked(sizes: list[int], data: st.DataObject) -> None:
    def query(rest: list[int]) -> str:
        below = f"ward {{ {query(rest[1:])} }}" if len(rest) > 1 else "name"
        return f"patients(first: {rest[0]}) {{ nodes {{ name {below} }} }}"

    def answer(rest: list[int]) -> dict[str, Any]:
        nodes = []
        for _ in range(data.draw(st.integers(0, rest[0]))):
            below = {"ward": answer(rest[1:])} if len(rest) > 1 and data.draw(st.booleans()) else {"ward": None}
            nodes.append({"name": "a", **below})
        return {"patients": {"nodes": nodes}}

    cost, _ = cost_of(f"{{ {query(sizes)} }}")
    assert cost.actual(answer(sizes)) <= cost.requested({})
