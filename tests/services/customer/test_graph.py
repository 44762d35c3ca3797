"""Through the subgraph, as the gateway asks it: who sees what, and what malformed input gets."""

from pathlib import Path
from typing import Any

import pytest

from services.customer.schema import schema
from tests.services.customer.conftest import Ask

CREATE = """
mutation ($input: CustomerCreateInput!) {
  customerCreate(input: $input) {
    customer { id displayName name { family familyKana } emails birthday memberSince version
               identities { type value } externalIds { source value } }
    userErrors { __typename code message path
      ... on IdentityTaken { type customerId } ... on InvalidInput { expected } ... on TooManyIdentities { limit } }
  }
}
"""
UPDATE = """
mutation ($input: CustomerUpdateInput!) {
  customerUpdate(input: $input) {
    customer { displayName emails tags version }
    userErrors { __typename path ... on VersionConflict { expectedVersion actualVersion } ... on NotFound { kind id } }
  }
}
"""
EDIT_IDENTITY = """
mutation ($id: ID!, $type: IdentityType!, $value: String!) {
  %s(input: {customerId: $id, type: $type, value: $value}) {
    customer { version identities { type value } } userErrors { __typename code path }
  }
}
"""
ENTITIES = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { id displayName } } }"
HANAKO: dict[str, Any] = {
    "idempotencyKey": "k1",
    "name": {"given": "花子", "family": "髙橋", "familyKana": "たかはし"},
    "emails": ["Hanako@Example.jp"],
    "birthday": "1980-05-01",
    "externalIds": [{"source": "pos", "value": "M-1"}],
    "identities": [
        {"type": "EMAIL", "value": "Hanako@Example.jp"},
        {"type": "PHONE", "value": "０９０－１２３４－５６７８"},
    ],
}
WRITE = "customers:write"
READ = "customers:read"


def code(answer: dict[str, Any]) -> str:
    [error] = answer["errors"]
    return str(error["extensions"]["code"])


async def make(ask: Ask, **changes: Any) -> str:
    answer = await ask(CREATE, {"input": HANAKO | changes}, scopes=WRITE)
    assert answer["data"]["customerCreate"]["userErrors"] == []
    return str(answer["data"]["customerCreate"]["customer"]["id"])


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(__file__).parents[3] / "services" / "customer" / "schema.graphql"
    assert committed.read_text() == schema.sdl


async def test_a_customer_is_created_and_shown(ask: Ask) -> None:
    answer = await ask(CREATE, {"input": HANAKO}, scopes=WRITE)
    made = answer["data"]["customerCreate"]["customer"]
    assert made | {"id": "", "memberSince": ""} == {
        "id": "",
        "memberSince": "",
        "displayName": "髙橋 花子",
        "name": {"family": "髙橋", "familyKana": "タカハシ"},
        "emails": ["Hanako@Example.jp"],
        "birthday": "1980-05-01",
        "version": 1,
        "identities": [
            {"type": "EMAIL", "value": "hanako@example.jp"},
            {"type": "PHONE", "value": "+819012345678"},
        ],
        "externalIds": [{"source": "pos", "value": "M-1"}],
    }
    assert await ask(CREATE, {"input": HANAKO}, scopes=WRITE) == answer


@pytest.mark.parametrize(("scopes", "named"), [(WRITE, False), (f"{WRITE} {READ}", True)])
async def test_a_taken_identity_names_its_customer_only_to_readers(ask: Ask, scopes: str, named: bool) -> None:
    id = await make(ask)
    other = {"idempotencyKey": "k2", "identities": [{"type": "PHONE", "value": "+81 90 1234 5678"}]}
    answer = await ask(CREATE, {"input": other}, scopes=scopes)
    payload = answer["data"]["customerCreate"]
    assert payload["customer"] is None
    [error] = payload["userErrors"]
    assert (error["__typename"], error["code"], error["type"]) == ("IdentityTaken", "IDENTITY_TAKEN", "PHONE")
    assert error["path"] == ["input", "identities", "0", "value"]
    assert error["customerId"] == (id if named else None)
    assert (id in str(answer)) is named


async def test_malformed_values_are_named_by_path_and_not_repeated(ask: Ask) -> None:
    bad = HANAKO | {
        "identities": [{"type": "EMAIL", "value": "hanako at example"}, {"type": "LINE", "value": "U12"}],
        "language": "日本語",
    }
    answer = await ask(CREATE, {"input": bad}, scopes=WRITE)
    errors = answer["data"]["customerCreate"]["userErrors"]
    assert {".".join(error["path"]): error["expected"] for error in errors} == {
        "input.identities.0.value": "an e-mail address such as hanako@example.jp",
        "input.identities.1.value": "a LINE user id: U and 32 hexadecimal digits",
        "input.language": "a BCP 47 language such as ja or pt-BR",
    }
    assert "hanako at" not in str(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"idempotencyKey": None},
        {"birthday": "1980-13-01"},
        {"memberSince": "yesterday"},
        {"identities": [{"type": "PASSPORT", "value": "1"}]},
        {"identities": "a"},
        {"externalIds": [{"source": "pos"}]},
        {"vip": True},
    ],
)
async def test_input_of_another_shape_is_a_clean_error(ask: Ask, wrong: dict[str, Any]) -> None:
    assert code(await ask(CREATE, {"input": HANAKO | wrong}, scopes=WRITE)) == "BAD_USER_INPUT"


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb"])
async def test_a_key_that_is_none_is_refused(ask: Ask, key: str) -> None:
    answer = await ask(CREATE, {"input": HANAKO | {"idempotencyKey": key}}, scopes=WRITE)
    [error] = answer["data"]["customerCreate"]["userErrors"]
    assert error["path"] == ["input", "idempotencyKey"]


async def test_an_edit_clears_sets_and_leaves_alone(ask: Ask) -> None:
    id = await make(ask, tags=["vip"])
    edit = {"id": id, "expectedVersion": 1, "displayName": "Hana", "emails": None}
    answer = await ask(UPDATE, {"input": edit}, scopes=WRITE)
    kept = {"displayName": "Hana", "emails": [], "tags": ["vip"], "version": 2}
    assert answer["data"]["customerUpdate"] == {"customer": kept, "userErrors": []}
    answer = await ask(UPDATE, {"input": edit}, scopes=WRITE)
    conflict = {"__typename": "VersionConflict", "path": ["input", "expectedVersion"]}
    assert answer["data"]["customerUpdate"]["userErrors"] == [conflict | {"expectedVersion": 1, "actualVersion": 2}]
    answer = await ask(UPDATE, {"input": edit | {"id": "cus_none"}}, scopes=WRITE)
    missing = {"__typename": "NotFound", "path": ["input", "id"], "kind": "Customer", "id": "cus_none"}
    assert answer["data"]["customerUpdate"]["userErrors"] == [missing]


async def test_identities_are_added_and_removed(ask: Ask) -> None:
    id = await make(ask, identities=[])
    values = {"id": id, "type": "CARD", "value": "4901-2345"}
    added = await ask(EDIT_IDENTITY % "customerIdentityAdd", values, scopes=WRITE)
    identities = [{"type": "CARD", "value": "49012345"}]
    assert added["data"]["customerIdentityAdd"] == {
        "customer": {"version": 2, "identities": identities},
        "userErrors": [],
    }
    removed = await ask(EDIT_IDENTITY % "customerIdentityRemove", values, scopes=WRITE)
    assert removed["data"]["customerIdentityRemove"]["customer"] == {"version": 3, "identities": []}
    refused = await ask(EDIT_IDENTITY % "customerIdentityAdd", values | {"value": "0000"}, scopes=WRITE)
    [error] = refused["data"]["customerIdentityAdd"]["userErrors"]
    assert error == {"__typename": "InvalidInput", "code": "INVALID_INPUT", "path": ["input", "value"]}


@pytest.mark.parametrize(
    "argument",
    [
        'email: "HANAKO@example.jp"',
        'phone: "+81-90-1234-5678"',
        'card: "490-123"',
        f'lineId: "u{"0123456789ABCDEF" * 2}"',
    ],
)
async def test_a_reader_finds_by_any_identity_in_any_spelling(ask: Ask, argument: str) -> None:
    more = [{"type": "CARD", "value": "490123"}, {"type": "LINE", "value": "U" + "0123456789abcdef" * 2}]
    id = await make(ask, identities=[*HANAKO["identities"], *more])
    answer = await ask(f"{{ customerLookup({argument}) {{ id }} }}", scopes=READ)
    assert answer == {"data": {"customerLookup": {"id": id}}}


async def test_without_the_scope_a_lookup_finds_the_caller_and_tells_nothing_of_others(ask: Ask) -> None:
    me = await make(ask)
    other = await make(ask, idempotencyKey="k2", externalIds=[], identities=[{"type": "CARD", "value": "490123"}])
    mine = await ask('{ customerLookup(email: "hanako@example.jp") { id } }', customer=me)
    assert mine["data"]["customerLookup"]["id"] == me
    theirs = await ask('{ customerLookup(card: "490123") { id } }', customer=me)
    nobodys = await ask('{ customerLookup(card: "490124") { id } }', customer=me)
    assert theirs == nobodys
    assert code(theirs) == "FORBIDDEN"
    assert other not in str(theirs)
    assert code(await ask('{ customerLookup(card: "490123") { id } }')) == "FORBIDDEN"


@pytest.mark.parametrize("arguments", ["", '(email: "a@example.jp", card: "490123")'])
async def test_a_lookup_takes_exactly_one_argument(ask: Ask, arguments: str) -> None:
    answer = await ask(f"{{ customerLookup{arguments} {{ id }} }}", scopes=READ)
    assert code(answer) == "BAD_USER_INPUT"
    assert "email, phone, card, lineId" in answer["errors"][0]["message"]


async def test_a_lookup_by_a_malformed_value_names_the_argument_and_not_the_value(ask: Ask) -> None:
    answer = await ask('{ customerLookup(lineId: "hanako") { id } }', scopes=READ)
    assert code(answer) == "BAD_USER_INPUT"
    assert answer["errors"][0]["message"].startswith("lineId: expected a LINE user id")
    assert "hanako" not in answer["errors"][0]["message"]


async def test_a_customer_sees_themselves_and_nobody_else(ask: Ask) -> None:
    me = await make(ask)
    other = await make(ask, idempotencyKey="k2", externalIds=[], identities=[])
    query = "query ($id: ID!) { customer(id: $id) { id } me { id } }"
    assert await ask(query, {"id": me}, customer=me) == {"data": {"customer": {"id": me}, "me": {"id": me}}}
    refused = await ask(query, {"id": other}, customer=me)
    assert refused["data"] == {"customer": None, "me": {"id": me}}
    assert code(refused) == "FORBIDDEN"
    assert code(await ask(query, {"id": "cus_none"}, customer=me)) == "FORBIDDEN"
    assert await ask(query, {"id": other}, scopes=READ) == {"data": {"customer": {"id": other}, "me": None}}
    assert await ask(query, {"id": "cus_none"}, scopes=READ) == {"data": {"customer": None, "me": None}}
    assert (await ask("{ me { id } }", customer="cus_none"))["data"] == {"me": None}


async def test_references_are_resolved_one_by_one_and_forbidden_one_by_one(ask: Ask) -> None:
    me = await make(ask)
    other = await make(ask, idempotencyKey="k2", externalIds=[], identities=[])
    of = [{"__typename": "Customer", "id": id} for id in (other, me, "cus_none", me)]
    shown = {"id": me, "displayName": "髙橋 花子"}
    answer = await ask(ENTITIES, {"of": of}, customer=me)
    assert answer["data"]["_entities"] == [None, shown, None, shown]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["_entities", 0], "FORBIDDEN"),
        (["_entities", 2], "FORBIDDEN"),
    ]
    of = [{"__typename": "Customer", "id": id} for id in (other, "cus_none")]
    answer = await ask(ENTITIES, {"of": of}, scopes=READ)
    assert answer == {"data": {"_entities": [shown | {"id": other}, None]}}
    assert (await ask(ENTITIES, {"of": [{"__typename": "Customer"}]}, scopes=READ))["data"] == {"_entities": [None]}


async def test_staff_page_through_all_customers_the_longest_known_first(ask: Ask) -> None:
    ids = [await make(ask, idempotencyKey=f"k{n}", externalIds=[], identities=[]) for n in range(5)]
    query = """query ($after: String) { customers(first: 2, after: $after) {
        nodes { id } totalCount pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = (await ask(query, {"after": after}, scopes=READ))["data"]["customers"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (seen, page["totalCount"]) == (sorted(ids), 5)
    assert code(await ask(query, customer=ids[0])) == "FORBIDDEN"
    assert code(await ask("{ customers(first: 101) { totalCount } }", scopes=READ)) == "BAD_USER_INPUT"


async def test_nothing_is_changed_without_the_scope(ask: Ask) -> None:
    id = await make(ask)
    edit = {"id": id, "expectedVersion": 1, "displayName": "x"}
    identity = {"id": id, "type": "CARD", "value": "490123"}
    answers = [
        await ask(CREATE, {"input": HANAKO}, scopes=READ, customer=id),
        await ask(UPDATE, {"input": edit}, scopes=READ, customer=id),
        await ask(EDIT_IDENTITY % "customerIdentityAdd", identity, scopes=READ, customer=id),
        await ask(EDIT_IDENTITY % "customerIdentityRemove", identity, scopes=READ, customer=id),
    ]
    assert [code(answer) for answer in answers] == ["FORBIDDEN"] * 4
    assert all(answer["data"] is None for answer in answers)
