"""Lists: made at a kiosk, mailed as a link, taken over by the member, and nobody else's."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, VersionConflict
from services.customer.behaviour.actions import erase
from services.customer.consent.actions import ConsentRequest, record
from services.customer.consent.model import Purpose
from services.customer.device.model import device_subject
from services.customer.kin.model import Person
from services.customer.shopping.actions import (
    ListRequest,
    create,
    delete,
    make_link,
    put_item,
    rename,
    revoke_link,
    take_over,
)
from services.customer.shopping.model import (
    MAX_LISTS,
    Item,
    ItemDraft,
    ListFull,
    ListKind,
    ListOwned,
    ShoppingList,
    check_items,
    check_name,
    token_digest,
    token_of,
    with_item,
)
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW, Ask
from tests.services.customer.family import merge
from tests.services.customer.test_graph import code, make

LATER = NOW + timedelta(hours=1)


def request(key: str = "k1", owner: str = "cus_a", *items: ItemDraft, name: str = "誕生日") -> ListRequest:
    return ListRequest(owner, ListKind.WISH, name, items, key)


async def refusal(asked: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        await asked
    (only,) = refused.value.refusals
    return only


async def at_kiosk(store: CustomerStore, key: str = "k1") -> ShoppingList:
    return await create(store, request(key, device_subject(store.secret, "kiosk"), ItemDraft("MUG")), now=NOW)


def test_an_item_is_itself_by_sku_and_design_and_keeps_its_place() -> None:
    items: tuple[Item, ...] = ()
    for draft in (ItemDraft("A"), ItemDraft("A", "dsg_1", 2), ItemDraft("B"), ItemDraft("A", None, 5, "赤")):
        items = with_item(items, draft, NOW)
    assert [(item.sku, item.design_id, item.quantity, item.note) for item in items] == [
        ("A", None, 5, "赤"),
        ("A", "dsg_1", 2, None),
        ("B", None, 1, None),
    ]
    assert [item.sku for item in with_item(items, ItemDraft("A", None, 0), LATER)] == ["A", "B"]
    assert with_item(items, ItemDraft("A", None, 6), LATER)[0].added_at == NOW


def test_tokens_are_of_one_list_and_key_and_of_nobody_elses_secret() -> None:
    tokens = {token_of(b"s", "l", "k"), token_of(b"t", "l", "k"), token_of(b"s", "m", "k"), token_of(b"s", "l", "j")}
    assert len(tokens) == 4
    assert all(len(token) == 43 for token in tokens)
    assert token_of(b"s", "l", "k") in tokens


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ItemDraft(""), "sku"),
        (ItemDraft("A", "x" * 129), "designId"),
        (ItemDraft("A", None, 0), "quantity"),
        (ItemDraft("A", None, 1_000), "quantity"),
        (ItemDraft("A", None, 1, "x" * 501), "note"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_items_that_cannot_be_are_refused_where_they_are_wrong(draft: ItemDraft, field: str) -> None:
    (problem,) = check_items([ItemDraft("ok"), draft], ("input", "items"))
    assert problem.path == ("input", "items", "1", field)
    assert check_name(" ") and check_name("x" * 81) and not check_name("x")  # noqa: PT018


async def test_a_list_is_made_once_however_often_it_is_asked_for(store: CustomerStore) -> None:
    made = await asyncio.gather(*(create(store, request("k1", "cus_a", ItemDraft("MUG")), now=NOW) for _ in range(6)))
    assert len({one.id for one in made}) == 1
    assert isinstance(await refusal(create(store, request(name="別"), now=NOW)), IdempotencyKeyReused)
    assert await store.db["member_keys"].count_documents({}) == 1


async def test_however_many_are_made_at_once_an_owner_has_no_more_than_there_may_be(
    store: CustomerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.customer.shopping.store.MAX_LISTS", 4)
    done = await asyncio.gather(*(create(store, request(f"k{n}"), now=NOW) for n in range(9)), return_exceptions=True)
    assert sum(isinstance(one, ShoppingList) for one in done) == 4
    full = [one.refusals[0] for one in done if isinstance(one, Refused)]
    assert full == [ListFull(limit=MAX_LISTS)] * 5
    assert await store.db["member_keys"].count_documents({}) == 4


async def test_of_two_edits_of_one_version_one_is_kept(store: CustomerStore) -> None:
    there = await create(store, request(), now=NOW)
    edits = [put_item(store, there, 1, ItemDraft(f"SKU-{n}"), now=NOW) for n in range(4)]
    done = await asyncio.gather(*edits, return_exceptions=True)
    kept = [one for one in done if isinstance(one, ShoppingList)]
    assert len(kept) == 1
    assert [one.refusals[0] for one in done if isinstance(one, Refused)] == [
        VersionConflict(expected_version=1, actual_version=2)
    ] * 3
    (now_there,) = (await store.shopping.by_id([there.id])).values()
    assert now_there == kept[0]
    renamed = await rename(store, now_there, 2, "夏", now=NOW)
    assert (renamed.name, renamed.version) == ("夏", 3)
    assert isinstance(await refusal(delete(store, now_there, 2)), VersionConflict)
    await delete(store, renamed, 3)
    assert await store.db["member_keys"].count_documents({}) == 0


async def test_a_list_holds_no_more_than_it_may(store: CustomerStore) -> None:
    items = tuple(ItemDraft(f"SKU-{n}") for n in range(101))
    assert await refusal(create(store, request("k", "cus_a", *items), now=NOW)) == ListFull(
        path=("input", "items"), limit=100
    )
    there = await create(store, request("k", "cus_a", *items[:100]), now=NOW)
    assert isinstance(await refusal(put_item(store, there, 1, items[100], now=NOW)), ListFull)
    assert (await put_item(store, there, 1, ItemDraft("SKU-0", None, 9), now=NOW)).version == 2


async def test_a_link_leads_to_its_list_until_it_is_over_revoked_or_replaced(store: CustomerStore) -> None:
    there = await at_kiosk(store)
    first = await make_link(store, there, "l1", 30, now=NOW)
    assert await make_link(store, there, "l1", 30, now=LATER) == first
    digest = token_digest(first.token)
    assert first.token not in str(await store.shopping.collection.find().to_list())
    assert (await store.shopping.by_link(digest, NOW)) is not None
    assert (await store.shopping.by_link(digest, NOW + timedelta(days=30))) is None
    second = await make_link(store, there, "l2", 1, now=NOW)
    assert (await store.shopping.by_link(digest, NOW)) is None
    await revoke_link(store, there)
    assert (await store.shopping.by_link(token_digest(second.token), NOW)) is None
    assert isinstance(await refusal(make_link(store, there, "l2", 1, now=NOW)), IdempotencyKeyReused)


async def test_of_several_who_open_the_link_one_takes_the_list_over_and_the_link_is_void(store: CustomerStore) -> None:
    there = await at_kiosk(store)
    token = (await make_link(store, there, "l1", 30, now=NOW)).token
    members = [f"cus_{n}" for n in range(5)]

    async def take(member: str) -> ShoppingList:
        return await take_over(store, token, member, Person(frozenset({member})), now=NOW)

    done = await asyncio.gather(*(take(member) for member in members), return_exceptions=True)
    took = [one for one in done if isinstance(one, ShoppingList)]
    assert len({one.owner for one in took}) == len(took) == 1
    assert all(isinstance(one.refusals[0], ListOwned | NotFound) for one in done if isinstance(one, Refused))
    again = await take(took[0].owner)
    assert again.owner == took[0].owner
    assert again.link is None
    assert await store.shopping.collection.count_documents({"forget_at": {"$exists": True}}) == 0
    assert await store.shopping.by_link(token_digest(token), NOW) is None


async def test_a_members_list_is_shown_by_its_link_and_never_given_away(store: CustomerStore) -> None:
    there = await create(store, request(), now=NOW)
    token = (await make_link(store, there, "l1", 30, now=NOW)).token
    other = take_over(store, token, "cus_b", Person(frozenset({"cus_b"})), now=NOW)
    assert await refusal(other) == ListOwned()
    whole = Person(frozenset({"cus_a", "cus_w"}))
    assert (await take_over(store, token, "cus_w", whole, now=NOW)).owner == "cus_a", "it is theirs"
    wrong = take_over(store, "x", "cus_b", Person(frozenset({"cus_b"})), now=NOW)
    assert isinstance(await refusal(wrong), NotFound)


async def test_nothing_is_made_or_noted_for_who_was_erased(store: CustomerStore) -> None:
    await erase(store, "cus_a", now=NOW)
    assert isinstance(await refusal(create(store, request(), now=NOW)), NotFound)
    said = ConsentRequest("cus_a", Purpose.MARKETING, None, True, "v1", "web", None, "c1")
    assert isinstance(await refusal(record(store, said, "customer:cus_a", now=NOW)), NotFound)
    assert await store.db["consents"].count_documents({}) == 0


async def test_names_and_notes_are_sealed_and_go_with_their_keys(store: CustomerStore) -> None:
    await create(store, request("k1", "cus_a", ItemDraft("MUG", note="母へ")), now=NOW)
    await at_kiosk(store, "k2")
    kept = str(await store.shopping.collection.find().to_list())
    assert "誕生日" not in kept
    assert "母" not in kept
    assert await store.shopping.erase("cus_a") == 1
    assert await store.db["member_keys"].count_documents({}) == 1


CREATE = """mutation ($input: ShoppingListCreateInput!) { shoppingListCreate(input: $input) {
  list { id version name kind } userErrors { __typename path } } }"""
PUT = """mutation ($input: ShoppingListItemPutInput!) { shoppingListItemPut(input: $input) {
  list { version items { sku quantity note variant { sku } design { id } } } userErrors { __typename path } } }"""
RENAME = """mutation ($id: ID!, $v: Int!) { shoppingListRename(input: {listId: $id, expectedVersion: $v, name: "N"}) {
  list { name } userErrors { __typename } } }"""
DELETE = """mutation ($id: ID!, $v: Int!) { shoppingListDelete(input: {listId: $id, expectedVersion: $v}) {
  deleted userErrors { __typename } } }"""
LINK = """mutation ($id: ID!, $days: Int) { shoppingListLinkMake(input: {
  listId: $id, idempotencyKey: "l", days: $days}) { token expiresAt userErrors { __typename path } } }"""
REVOKE = """mutation ($id: ID!) { shoppingListLinkRevoke(input: {listId: $id}) {
  list { linkExpiresAt } userErrors { __typename } } }"""
TAKE = """mutation ($token: String!) { shoppingListTakeOver(input: {token: $token}) {
  list { id version } userErrors { __typename } } }"""
BY_LINK = "query ($token: String!) { shoppingListByLink(token: $token) { id items { sku } } }"
ONE = "query ($id: ID!) { shoppingList(id: $id) { name linkExpiresAt } }"
THEIRS = """query ($id: ID!, $kind: ShoppingListKind) { customer(id: $id) {
  shoppingLists(kind: $kind) { nodes { id } } } }"""
KIOSK = "lists:write lists:read"


async def test_from_the_kiosk_by_mail_to_the_app(ask: Ask, store: CustomerStore) -> None:
    whose = await make(ask)
    new = {"idempotencyKey": "1", "kind": "SHOPPING", "name": "週末", "device": "kiosk-3"}
    made = (await ask(CREATE, {"input": new}, scopes=KIOSK))["data"]["shoppingListCreate"]["list"]
    id = made["id"]
    item = {"listId": id, "expectedVersion": 1, "sku": "MUG", "designId": "dsg_1", "quantity": 2, "note": "赤"}
    put = (await ask(PUT, {"input": item}, scopes=KIOSK))["data"]["shoppingListItemPut"]["list"]
    assert put["items"] == [
        {"sku": "MUG", "quantity": 2, "note": "赤", "variant": {"sku": "MUG"}, "design": {"id": "dsg_1"}}
    ]
    bad = (await ask(LINK, {"id": id, "days": 91}, scopes=KIOSK))["data"]["shoppingListLinkMake"]["userErrors"]
    assert bad == [{"__typename": "InvalidInput", "path": ["input", "days"]}]
    token = (await ask(LINK, {"id": id, "days": 30}, scopes=KIOSK))["data"]["shoppingListLinkMake"]["token"]
    assert (await ask(BY_LINK, {"token": token}))["data"]["shoppingListByLink"]["items"] == [{"sku": "MUG"}]
    assert (await ask(BY_LINK, {"token": "guess"}))["data"]["shoppingListByLink"] is None
    assert code(await ask(TAKE, {"token": token})) == "FORBIDDEN"
    taken = (await ask(TAKE, {"token": token}, customer=whose))["data"]["shoppingListTakeOver"]
    assert taken["list"] == {"id": id, "version": 3}
    assert (await ask(BY_LINK, {"token": token}))["data"]["shoppingListByLink"] is None
    assert (await ask(ONE, {"id": id}, customer=whose))["data"]["shoppingList"]["name"] == "週末"
    for kind, found in (("SHOPPING", [{"id": id}]), ("WISH", []), (None, [{"id": id}])):
        answer = await ask(THEIRS, {"id": whose, "kind": kind}, customer=whose)
        assert answer["data"]["customer"]["shoppingLists"]["nodes"] == found
    await merge(store, "cus_whole", whose)
    assert (await ask(RENAME, {"id": id, "v": 3}, customer="cus_whole"))["data"]["shoppingListRename"]["list"]


async def test_a_list_is_its_owners_and_anothers_looks_like_none(ask: Ask) -> None:
    new = {"idempotencyKey": "1", "kind": "WISH", "name": "誕生日"}
    id = (await ask(CREATE, {"input": new}, customer="cus_a"))["data"]["shoppingListCreate"]["list"]["id"]
    assert (await ask(ONE, {"id": id}, customer="cus_b"))["data"]["shoppingList"] is None
    item = {"listId": id, "expectedVersion": 1, "sku": "MUG"}
    for query, variables in (
        (PUT, {"input": item}),
        (RENAME, {"id": id, "v": 1}),
        (DELETE, {"id": id, "v": 1}),
        (LINK, {"id": id, "days": 3}),
        (REVOKE, {"id": id}),
    ):
        (payload,) = (await ask(query, variables, customer="cus_b"))["data"].values()
        assert [error["__typename"] for error in payload["userErrors"]] == ["NotFound"]
    for who in ({"device": "kiosk"}, {"customerId": "cus_b"}):
        assert code(await ask(CREATE, {"input": new | who}, customer="cus_a")) == "FORBIDDEN"
    assert code(await ask(CREATE, {"input": new})) == "FORBIDDEN"
    nobody = await ask(CREATE, {"input": new | {"idempotencyKey": "2"}}, scopes=KIOSK)
    assert [one["__typename"] for one in nobody["data"]["shoppingListCreate"]["userErrors"]] == ["InvalidInput"]
    await ask(LINK, {"id": id, "days": 3}, customer="cus_a")
    assert (await ask(ONE, {"id": id}, customer="cus_a"))["data"]["shoppingList"]["linkExpiresAt"] is not None
    revoked = (await ask(REVOKE, {"id": id}, customer="cus_a"))["data"]["shoppingListLinkRevoke"]["list"]
    assert revoked == {"linkExpiresAt": None}
    assert (await ask(DELETE, {"id": id, "v": 1}, customer="cus_a"))["data"]["shoppingListDelete"]["deleted"]
