"""What is not there is null, what is wrong is named, and nobody sees a stack trace."""

import pytest

from tests.journeys.conftest import Graph


async def test_unknown_ids_are_null(graph: Graph) -> None:
    data = await graph.data(
        """{ product(id: "prd_nope") { name } variant(sku: "nope") { price { channel } pointsEarned }
             location(id: "loc_nope") { name } customer(id: "cus_nope") { displayName }
             order(id: "ord_nope") { number } wallet(id: "wal_nope") { balance }
             customerLookup(email: "nobody@example.com") { id } }"""
    )
    assert set(data.values()) == {None}


async def test_a_refusal_names_what_is_unknown(graph: Graph) -> None:
    data = await graph.data(
        """mutation { stockRelease(input: { idempotencyKey: "k-unknown", reservationId: "res_nope" }) {
             reservation { id } userErrors { code path ... on NotFound { kind id } } } }"""
    )
    error = data["stockRelease"]["userErrors"][0]
    assert (error["code"], error["kind"], error["id"]) == ("NOT_FOUND", "Reservation", "res_nope")


@pytest.mark.parametrize(
    ("query", "variables", "named"),
    [
        ("query ($f: Int!) { products(first: $f) { totalCount } }", {"f": "ten"}, "$f"),
        ("query ($f: Int!) { products(first: $f) { totalCount } }", {}, "$f"),
        (
            "query ($n: GeoPointInput!) { locationsNear(point: $n) { totalCount } }",
            {"n": {"latitude": 1}},
            "longitude",
        ),
        ("query ($id: ID) { product(id: $id) { nmae } }", {}, "nmae"),
        ("query ($d: DateTime!) { __typename }", {}, "$d"),
    ],
)
async def test_malformed_variables_name_the_field(
    graph: Graph, query: str, variables: dict[str, object], named: str
) -> None:
    body = await graph.ask(query, **variables)
    assert "data" not in body
    assert any(named in error["message"] for error in body["errors"]), body["errors"]
    assert all(error["extensions"]["code"] for error in body["errors"])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("{ products(first: 1000) { totalCount } }", "first"),
        ("{ products(first: 0) { totalCount } }", "first"),
        ('{ products(after: "garbage") { totalCount } }', "after"),
        ("{ product { name } }", "slug"),
        ('{ customerLookup(email: "a@example.com", card: "X1234567") { id } }', "card"),
    ],
)
async def test_bad_arguments_of_a_query_are_named(graph: Graph, query: str, named: str) -> None:
    body = await graph.ask(query)
    error = body["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT", error
    assert named in error["message"]
    assert "Traceback" not in str(body)


async def test_an_unknown_channel_is_named(graph: Graph) -> None:
    body = await graph.ask(
        "{ products(first: 1) { nodes { variants { nodes { price { channel } } } } } }", {"x-noren-channel": "fax"}
    )
    assert any("fax" in error["message"] for error in body["errors"])


async def test_a_caller_narrowed_to_no_scope_may_change_nothing(graph: Graph) -> None:
    body = await graph.ask(
        """mutation { stockRelease(input: { idempotencyKey: "k-scope", reservationId: "res_nope" }) {
             reservation { id } } }""",
        {"x-noren-scopes": "stock:read"},
    )
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHORIZED_FIELD_OR_TYPE"
