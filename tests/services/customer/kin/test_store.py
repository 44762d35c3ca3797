"""Who is one person: whoever is asked for, and as soon as profiles are merged or parted."""

from datetime import timedelta
from typing import Any

from services.customer.kin.model import Person
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW, Ask
from tests.services.customer.family import cut, merge
from tests.services.customer.test_graph import HANAKO, make

HOUR = timedelta(hours=1)
MERGE = """mutation ($kept: ID!, $merged: ID!) {
  customerMerge(input: {keptId: $kept, mergedId: $merged, idempotencyKey: "k"}) {
    merge { id } userErrors { message } } }"""
UNMERGE = """mutation ($id: ID!) { customerUnmerge(input: {mergeId: $id}) { userErrors { message } } }"""


async def test_every_member_finds_the_whole_family_and_who_is_alone_is_a_person(store: CustomerStore) -> None:
    await merge(store, "a", "b", NOW)
    await merge(store, "c", "a", NOW + HOUR)
    await merge(store, "x", "y", NOW)
    persons = await store.kin.persons("abcyz")
    family = Person(frozenset("abc"), NOW + HOUR)
    assert persons == {
        "a": family,
        "b": family,
        "c": family,
        "y": Person(frozenset("xy"), NOW),
        "z": Person(frozenset("z")),
    }
    await cut(store, "b")
    assert (await store.kin.persons("b"))["b"] == Person(frozenset("b"))
    assert (await store.kin.persons("a"))["a"] == Person(frozenset("ac"), NOW + HOUR)


async def test_merges_of_the_graph_are_seen_at_once_and_undone_exactly(ask: Ask, store: CustomerStore) -> None:
    kept = await make(ask)
    other: dict[str, Any] = {"idempotencyKey": "k2", "identities": [], "externalIds": [], "name": HANAKO["name"]}
    merged = await make(ask, **other)
    before = await store.kin.persons([kept, merged])
    scopes = "customers:write customers:read customers:merge"
    done = (await ask(MERGE, {"kept": kept, "merged": merged}, scopes=scopes))["data"]["customerMerge"]
    assert done["userErrors"] == []
    persons = await store.kin.persons([kept, merged])
    assert persons[kept] == persons[merged]
    assert persons[kept].ids == {kept, merged}
    assert persons[kept].joined_at is not None
    parted = (await ask(UNMERGE, {"id": done["merge"]["id"]}, scopes=scopes))["data"]["customerUnmerge"]
    assert parted["userErrors"] == []
    assert await store.kin.persons([kept, merged]) == before
