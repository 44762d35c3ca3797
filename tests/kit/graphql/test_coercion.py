"""Coercers make of a value what graphql-core makes of it, and say `Undefined` where it refuses."""

from typing import Any

import pytest
from graphql import GraphQLInputType, Undefined, build_schema, coerce_input_value, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.graphql.coercion import MAX_PLAIN_DEPTH, coerced, coercer_of, coercers_of, is_deep

SCHEMA = build_schema("""
  enum Size { S M }
  input Line { sku: ID! quantity: Int! = 1 size: Size tags: [String!] = ["new"] next: Line price: Float }
  input Basket { lines: [Line!]! codes: [String] open: Boolean = null }
  input One @oneOf { a: Int b: String }
  type Query { q(basket: Basket, one: One, id: ID!, ids: [ID!]): Int }
""")
NAMES = ("sku", "quantity", "size", "tags", "next", "price", "lines", "codes", "open", "a", "b", "else")
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**33), st.floats(), st.sampled_from(["S", "M", "L", "", "7"])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
)
LINE = st.fixed_dictionaries({"sku": st.just("A")}, optional=dict.fromkeys(NAMES[1:6], VALUES))
BASKETS = VALUES | st.fixed_dictionaries(
    {"lines": st.lists(LINE, max_size=2)}, optional={"codes": VALUES, "open": LEAVES}
)


def type_of(argument: str) -> GraphQLInputType:
    assert SCHEMA.query_type is not None
    return SCHEMA.query_type.fields["q"].args[argument].type


def expected(value: Any, argument: str) -> Any:
    return coerce_input_value(value, type_of(argument))


@given(BASKETS, st.sampled_from(["basket", "one", "id", "ids"]))
@settings(max_examples=200, deadline=None)
def test_a_value_becomes_what_graphql_core_makes_of_it(value: Any, argument: str) -> None:
    assert repr(coercer_of(type_of(argument))(value)) == repr(expected(value, argument))


def test_a_missing_field_takes_its_default_and_a_field_nobody_knows_is_wrong() -> None:
    coerce = coercer_of(type_of("basket"))
    assert coerce({"lines": [{"sku": "A"}]}) == {
        "lines": [{"sku": "A", "quantity": 1, "tags": ["new"]}],
        "open": None,
    }
    for wrong in ({}, {"lines": [{}]}, {"lines": [{"sku": "A", "quantity": None}]}, {"lines": [], "other": 1}):
        assert coerce(wrong) is Undefined


VARIABLES = "query($id: ID!, $ids: [ID!], $basket: Basket = {lines: []}) { q(id: $id, ids: $ids, basket: $basket) }"


@pytest.mark.parametrize(
    ("given_", "made"),
    [
        ({"id": "a", "ids": ["b"], "basket": None}, {"id": "a", "ids": ["b"], "basket": None}),
        ({"id": 7, "basket": {"lines": []}}, {"id": "7", "basket": {"lines": [], "open": None}}),
        ({"id": "a"}, None),  # the default of $basket is graphql-core's
        ({"ids": [], "basket": None}, None),  # $id may not be left out
        ({"id": None, "basket": None}, None),
        ({"id": "a", "basket": {"lines": [{}]}}, None),
    ],
)
def test_variables_are_coerced_if_all_are_right(given_: dict[str, Any], made: dict[str, Any] | None) -> None:
    (operation,) = parse(VARIABLES).definitions
    assert coerced(coercers_of(SCHEMA, operation), given_) == made  # type: ignore[arg-type]


def test_what_is_nested_too_deep_and_types_nobody_has_are_left_to_graphql_core() -> None:
    deep: Any = None
    for _ in range(MAX_PLAIN_DEPTH + 1):
        deep = {"next": deep}
    assert is_deep(deep)
    assert not is_deep(deep["next"])
    (operation,) = parse("query($none: Nothing) { q }").definitions
    assert coerced(coercers_of(SCHEMA, operation), {"none": 1}) is None  # type: ignore[arg-type]
