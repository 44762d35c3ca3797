"""The subgraph, asked as the gateway asks it: permissions, references, refusals that name the field."""

from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import services.order
from services.order.actions import record_order
from services.order.line.model import Line, LineKind, line_of_gross
from services.order.model import Order, Piece, Shipping
from services.order.returns.actions import record_return
from services.order.schema import schema
from services.order.store import OrderStore
from tests.services.order.conftest import Ask, NewDraft, NewReturn

READ, WRITE = ["orders:read"], ["orders:write"]
ENTITIES = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Order { number } %s } }"
RECORD = """
mutation ($input: OrderRecordInput!) {
  orderRecord(input: $input) {
    order { id number channel location { id } staff total { amount currency minorUnits } }
    userErrors {
      __typename code message path
      ... on InvalidInput { expected }
      ... on AlreadyRecorded { source value recordedId }
      ... on IdempotencyKeyReused { key }
    }
  }
}
"""
RETURN = """
mutation ($input: OrderReturnRecordInput!) {
  orderReturnRecord(input: $input) {
    orderReturn { id order { number } customer { id } currency total { amount } lines { orderLine gross { amount } } }
    userErrors {
      __typename code path
      ... on ReturnExceedsSold { line sold returned requested }
      ... on NotFound { kind id }
      ... on InvalidInput { expected }
    }
  }
}
"""
SALE: dict[str, Any] = {
    "idempotencyKey": "till-1-0001",
    "externalIds": [{"source": "till-1", "value": "0001"}],
    "placedAt": "2026-11-22T13:59:00+09:00",
    "currency": "JPY",
    "lines": [
        {
            "sku": "MUG",
            "description": "マグカップ",
            "quantity": 3,
            "unitPrice": "1100",
            "gross": "3300",
            "net": "3000",
            "tax": "300",
            "taxRate": "0.1",
        }
    ],
    "totals": {"goodsGross": "3300", "net": "3000", "tax": "300", "total": "3300"},
}
TAKEN_BACK: dict[str, Any] = {
    "idempotencyKey": "till-1-r1",
    "externalIds": [{"source": "till-1", "value": "r1"}],
    "returnedAt": "2026-11-22T04:59:00Z",
}


def changed(value: Any, *path: str | int, of: dict[str, Any] = SALE) -> dict[str, Any]:
    """`of` with one value in it changed."""
    copy = deepcopy(of)
    target: Any = copy
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return copy


@pytest.fixture
async def order(store: OrderStore, new_draft: NewDraft, now: datetime, mug: Line) -> Order:
    """Five mugs and postage for cus_1, with shipping."""
    postage = line_of_gross("POST", None, 1, 300, kind=LineKind.NON_GOODS)
    shipping = Shipping(550, 500, 50, 1_000)
    draft = new_draft(lines=(mug, postage), shipping=shipping, customer="cus_1", location="loc_1", staff="stf_1")
    return await record_order(store, draft, "key", now=now)


@pytest.fixture
async def guest_order(store: OrderStore, new_draft: NewDraft, now: datetime) -> Order:
    return await record_order(store, new_draft("G-1"), "guest", now=now)


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    committed = Path(services.order.__file__).with_name("schema.graphql")
    assert committed.read_text() == schema.sdl


async def test_an_order_shows_everything_that_was_sold(
    ask: Ask, store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    await record_return(store, new_return(order=order.id, pieces=(Piece(1, 2),)), "key", now=now)
    query = """
    query ($id: ID!) {
      order(id: $id) {
        id number channel staff placedAt currency location { id } customer { id }
        externalIds { source value }
        lines { number sku kind quantity returned description variant { sku } unitPrice { amount } discount { amount }
                gross { amount } net { amount } tax { amount } taxRate }
        shipping { gross { amount } net { amount } tax { amount } taxRate }
        goodsGross { amount } nonGoodsGross { amount } net { amount } tax { amount }
        total { amount currency minorUnits }
        returns { total { amount } order { id } lines { orderLine quantity variant { sku } gross { amount } } }
      }
    }
    """
    shown = (await ask(query, {"id": order.id}, scopes=READ))["data"]["order"]
    assert shown == {
        "id": order.id,
        "number": "A-1",
        "channel": "pos",
        "staff": "stf_1",
        "placedAt": "2026-11-22T05:00:00.000Z",
        "currency": "EUR",
        "location": {"id": "loc_1"},
        "customer": {"id": "cus_1"},
        "externalIds": [{"source": "till", "value": "A-1"}],
        "lines": [
            {
                "number": 1,
                "sku": "MUG",
                "kind": "GOODS",
                "quantity": 5,
                "returned": 2,
                "description": "Mug, blue",
                "variant": {"sku": "MUG"},
                "unitPrice": {"amount": "10.01"},
                "discount": {"amount": "0.04"},
                "gross": {"amount": "50.01"},
                "net": {"amount": "45.46"},
                "tax": {"amount": "4.55"},
                "taxRate": "0.1",
            },
            {
                "number": 2,
                "sku": "POST",
                "kind": "NON_GOODS",
                "quantity": 1,
                "returned": 0,
                "description": None,
                "variant": None,
                "unitPrice": {"amount": "3.00"},
                "discount": {"amount": "0.00"},
                "gross": {"amount": "3.00"},
                "net": {"amount": "3.00"},
                "tax": {"amount": "0.00"},
                "taxRate": "0",
            },
        ],
        "shipping": {
            "gross": {"amount": "5.50"},
            "net": {"amount": "5.00"},
            "tax": {"amount": "0.50"},
            "taxRate": "0.1",
        },
        "goodsGross": {"amount": "50.01"},
        "nonGoodsGross": {"amount": "3.00"},
        "net": {"amount": "53.46"},
        "tax": {"amount": "5.05"},
        "total": {"amount": "58.51", "currency": "EUR", "minorUnits": 5_851},
        "returns": [
            {
                "total": {"amount": "20.00"},
                "order": {"id": order.id},
                "lines": [{"orderLine": 1, "quantity": 2, "variant": {"sku": "MUG"}, "gross": {"amount": "20.00"}}],
            }
        ],
    }


async def test_an_order_is_found_by_what_it_is_called_elsewhere(ask: Ask, order: Order) -> None:
    query = "query ($named: ExternalIdInput!) { order(externalId: $named) { id } }"
    found = await ask(query, {"named": {"source": "till", "value": "A-1"}}, scopes=READ)
    assert found == {"data": {"order": {"id": order.id}}}
    missed = await ask(query, {"named": {"source": "till", "value": "A-2"}}, scopes=READ)
    assert missed == {"data": {"order": None}}


@pytest.mark.parametrize("arguments", ["", '(id: "ord_1", externalId: {source: "till", value: "A-1"})'])
async def test_an_order_is_asked_for_in_exactly_one_way(ask: Ask, arguments: str) -> None:
    answer = await ask(f"{{ order{arguments} {{ id }} }}", scopes=READ)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "exactly one of the arguments id, externalId" in error["message"]


async def test_customers_see_their_own_orders_and_nobody_elses(ask: Ask, order: Order, guest_order: Order) -> None:
    query = "query ($id: ID!) { order(id: $id) { number staff } }"
    assert await ask(query, {"id": order.id}, customer="cus_1") == {"data": {"order": {"number": "A-1", "staff": None}}}
    for id, customer in ((order.id, "cus_2"), (guest_order.id, "cus_1"), ("ord_nothing", "cus_1")):
        assert await ask(query, {"id": id}, customer=customer) == {"data": {"order": None}}
    refused = await ask(query, {"id": order.id})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_references_are_resolved_in_one_batch_and_hidden_from_those_who_may_not_look(
    ask: Ask, order: Order, guest_order: Order
) -> None:
    of = [{"__typename": "Order", "id": id} for id in (guest_order.id, "ord_nothing", order.id)]
    for who, numbers in (
        ({"scopes": READ}, ["G-1", None, "A-1"]),
        ({"customer": "cus_1"}, [None, None, "A-1"]),
        ({}, [None, None, None]),
    ):
        answer = await ask(ENTITIES % "", {"of": of}, **who)
        assert [one and one["number"] for one in answer["data"]["_entities"]] == numbers


async def test_references_of_returns_are_hidden_alike(
    ask: Ask, store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    made = await record_return(store, new_return(order=order.id, pieces=(Piece(1, 1),)), "key", now=now)
    of = [{"__typename": "OrderReturn", "id": id} for id in (made.id, "ret_nothing")]
    query = ENTITIES % "... on OrderReturn { reason currency customer { id } }"
    shown = {"__typename": "OrderReturn", "reason": None, "currency": "EUR", "customer": {"id": "cus_1"}}
    assert (await ask(query, {"of": of}, customer="cus_1"))["data"]["_entities"] == [shown, None]
    assert (await ask(query, {"of": of}, customer="cus_2"))["data"]["_entities"] == [None, None]


CUSTOMER_ORDERS = ENTITIES % (
    "... on Customer { id orders(first: $first, after: $after)"
    " { totalCount nodes { number } edges { cursor } pageInfo { hasNextPage endCursor } } }"
)
CUSTOMER_ORDERS = CUSTOMER_ORDERS.replace("$of: [_Any!]!", "$of: [_Any!]!, $first: Int! = 20, $after: String")


async def test_customers_page_through_their_orders_newest_first(
    ask: Ask, store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    for n in range(5):
        draft = new_draft(f"A-{n}", customer="cus_1", placed_at=now - timedelta(days=n))
        await record_order(store, draft, f"key-{n}", now=now)
    of = [{"__typename": "Customer", "id": "cus_1"}]
    numbers: list[str] = []
    after = None
    for _ in range(3):
        answer = await ask(CUSTOMER_ORDERS, {"of": of, "first": 2, "after": after}, customer="cus_1")
        page = answer["data"]["_entities"][0]["orders"]
        numbers += [node["number"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 5
    assert numbers == ["A-0", "A-1", "A-2", "A-3", "A-4"]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_staff_see_the_orders_of_many_customers_at_once(
    ask: Ask, store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    for n in range(9):
        draft = new_draft(f"A-{n}", customer=f"cus_{n % 3}", placed_at=now - timedelta(days=n))
        await record_order(store, draft, f"key-{n}", now=now)
    of = [{"__typename": "Customer", "id": id} for id in ("cus_2", "cus_0", "cus_nobody")]
    answer = await ask(CUSTOMER_ORDERS, {"of": of, "first": 2}, scopes=READ)
    pages = [one["orders"] for one in answer["data"]["_entities"]]
    assert [[node["number"] for node in page["nodes"]] for page in pages] == [["A-2", "A-5"], ["A-0", "A-3"], []]
    assert [page["totalCount"] for page in pages] == [3, 3, 0]


async def test_a_customers_orders_are_refused_to_others(ask: Ask, order: Order) -> None:
    of = [{"__typename": "Customer", "id": "cus_1"}]
    for who in ({"customer": "cus_2"}, {}, {"scopes": WRITE}):
        answer = await ask(CUSTOMER_ORDERS, {"of": of}, **who)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    for first, after in ((0, None), (101, None), (5, "nonsense")):
        answer = await ask(CUSTOMER_ORDERS, {"of": of, "first": first, "after": after}, scopes=READ)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_customers_see_what_they_brought_back(
    ask: Ask, store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    await record_return(store, new_return(order=order.id, pieces=(Piece(1, 1),)), "key", now=now)
    query = ENTITIES % "... on Customer { returns { nodes { order { number } } } }"
    of = [{"__typename": "Customer", "id": "cus_1"}]
    answer = await ask(query, {"of": of}, customer="cus_1")
    assert answer["data"]["_entities"][0]["returns"]["nodes"] == [{"order": {"number": "A-1"}}]
    refused = await ask(query, {"of": of}, customer="cus_2")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_sale_is_recorded_where_and_by_whom_the_caller_is(ask: Ask) -> None:
    who: dict[str, Any] = {"scopes": [*WRITE, *READ], "channel": "pos", "location": "loc_7", "staff": "stf_3"}
    answer = await ask(RECORD, {"input": SALE}, **who)
    payload = answer["data"]["orderRecord"]
    assert payload["userErrors"] == []
    order = payload["order"]
    assert (order["channel"], order["location"], order["staff"]) == ("pos", {"id": "loc_7"}, "stf_3")
    assert order["total"] == {"amount": "3300", "currency": "JPY", "minorUnits": 3_300}
    assert order["number"] == "0001"
    assert (await ask(RECORD, {"input": SALE}, **who))["data"]["orderRecord"] == payload


async def test_recording_needs_its_scope(ask: Ask, store: OrderStore) -> None:
    for query, value in ((RECORD, SALE), (RETURN, TAKEN_BACK)):
        answer = await ask(query, {"input": value}, scopes=READ, customer="cus_1")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert await store.orders.count_documents({}) == 0


@pytest.mark.parametrize(
    ("sale", "path", "expected"),
    [
        (changed("3301", "totals", "total"), "input.totals.total", "3300 minor units (goods + others + shipping)"),
        (changed("299", "lines", 0, "tax"), "input.lines.0.net", "3001 minor units (gross - tax)"),
        (changed("10.5", "lines", 0, "unitPrice"), "input.lines.0.unitPrice", None),
        (changed("2147483648", "lines", 0, "gross"), "input.lines.0.gross", None),
        (changed("3000.001", "totals", "net"), "input.totals.net", None),
        (changed("0.10001", "lines", 0, "taxRate"), "input.lines.0.taxRate", "0 to 1 with at most 4 decimals"),
        (changed("10", "lines", 0, "taxRate"), "input.lines.0.taxRate", "0 to 1 with at most 4 decimals"),
        (changed(0, "lines", 0, "quantity"), "input.lines.0.quantity", "1 to 1000000"),
        (changed("", "lines", 0, "sku"), "input.lines.0.sku", "1 to 64 printable characters"),
        (changed([], "lines"), "input.lines", "1 to 1000 lines"),
        (changed([], "externalIds"), "input.externalIds", "1 to 8 external ids"),
        (changed("", "idempotencyKey"), "input.idempotencyKey", "1 to 128 printable characters"),
        (changed("2030-01-01T00:00:00Z", "placedAt"), "input.placedAt", "1970-01-01 to 2026-11-23T05:00:00+00:00"),
        (changed("", "channel"), "input.channel", "1 to 64 printable characters"),
    ],
)
async def test_a_malformed_sale_is_refused_by_its_field(
    ask: Ask, store: OrderStore, sale: dict[str, Any], path: str, expected: str | None
) -> None:
    payload = (await ask(RECORD, {"input": sale}, scopes=WRITE))["data"]["orderRecord"]
    assert payload["order"] is None
    found = {".".join(error["path"]): error for error in payload["userErrors"]}
    assert found[path]["__typename"] == "InvalidInput"
    assert found[path]["code"] == "INVALID_INPUT"
    assert expected is None or found[path]["expected"] == expected
    assert await store.orders.count_documents({}) == 0


@pytest.mark.parametrize(
    ("sale", "path"),
    [
        (changed("ten", "lines", 0, "gross"), ".lines[0].gross"),
        (changed("1E+999999", "totals", "total"), ".totals.total"),
        (changed("BTC", "currency"), ".currency"),
        (changed("yesterday", "placedAt"), ".placedAt"),
    ],
)
async def test_what_no_scalar_takes_is_refused_before_execution_by_its_field(
    ask: Ask, sale: dict[str, Any], path: str
) -> None:
    answer = await ask(RECORD, {"input": sale}, scopes=WRITE)
    assert "data" not in answer
    (error,) = answer["errors"]
    assert path in error["message"]


async def test_a_sale_that_is_there_with_other_content_is_refused_with_what_holds_it(ask: Ask) -> None:
    first = (await ask(RECORD, {"input": SALE}, scopes=WRITE))["data"]["orderRecord"]["order"]
    other = changed("web", "channel")
    by_key = (await ask(RECORD, {"input": other}, scopes=WRITE))["data"]["orderRecord"]
    assert [(error["code"], error["key"]) for error in by_key["userErrors"]] == [
        ("IDEMPOTENCY_KEY_REUSED", "till-1-0001")
    ]
    by_id = (await ask(RECORD, {"input": other | {"idempotencyKey": "new"}}, scopes=WRITE))["data"]["orderRecord"]
    (error,) = by_id["userErrors"]
    assert (error["code"], error["path"]) == ("ALREADY_RECORDED", ["input", "externalIds"])
    assert (error["source"], error["value"], error["recordedId"]) == ("till-1", "0001", first["id"])


async def test_a_return_gives_back_its_part_and_refuses_more_than_was_sold(ask: Ask) -> None:
    await ask(RECORD, {"input": SALE | {"customerId": "cus_1"}}, scopes=WRITE)
    order = {"externalId": {"source": "till-1", "value": "0001"}}
    value = TAKEN_BACK | {"order": order, "lines": [{"line": 1, "quantity": 2}]}
    payload = (await ask(RETURN, {"input": value}, scopes=WRITE))["data"]["orderReturnRecord"]
    assert payload["userErrors"] == []
    made = payload["orderReturn"]
    assert (made["order"], made["customer"], made["currency"]) == ({"number": "0001"}, {"id": "cus_1"}, "JPY")
    assert (made["total"], made["lines"]) == ({"amount": "2200"}, [{"orderLine": 1, "gross": {"amount": "2200"}}])
    more = value | {"idempotencyKey": "r2", "externalIds": [{"source": "till-1", "value": "r2"}]}
    refused = (await ask(RETURN, {"input": more}, scopes=WRITE))["data"]["orderReturnRecord"]
    (error,) = refused["userErrors"]
    assert (error["__typename"], error["path"]) == ("ReturnExceedsSold", ["input", "lines", "0", "quantity"])
    assert [error[fact] for fact in ("line", "sold", "returned", "requested")] == [1, 3, 2, 2]


async def test_a_return_without_its_order_brings_its_own_lines(ask: Ask) -> None:
    value = TAKEN_BACK | {"currency": "JPY", "linesWithoutOrder": SALE["lines"], "customerId": "cus_1"}
    payload = (await ask(RETURN, {"input": value}, scopes=WRITE))["data"]["orderReturnRecord"]
    assert payload["userErrors"] == []
    assert payload["orderReturn"]["order"] is None
    assert payload["orderReturn"]["total"] == {"amount": "3300"}


@pytest.mark.parametrize(
    ("more", "path", "kind"),
    [
        ({"order": {}}, "input.order", "InvalidInput"),
        ({"order": {"id": "ord_1", "externalId": {"source": "a", "value": "b"}}}, "input.order", "InvalidInput"),
        ({"order": {"id": "ord_1"}, "lines": [{"line": 1, "quantity": 1}]}, "input.order", "NotFound"),
        ({"order": {"id": "ord_1"}}, "input.lines", "InvalidInput"),
        ({"linesWithoutOrder": SALE["lines"]}, "input.currency", "InvalidInput"),
        ({"currency": "JPY"}, "input.linesWithoutOrder", "InvalidInput"),
    ],
)
async def test_a_malformed_return_is_refused_by_its_field(ask: Ask, more: dict[str, Any], path: str, kind: str) -> None:
    payload = (await ask(RETURN, {"input": TAKEN_BACK | more}, scopes=WRITE))["data"]["orderReturnRecord"]
    assert (path, kind) in {(".".join(error["path"]), error["__typename"]) for error in payload["userErrors"]}
    assert payload["orderReturn"] is None
