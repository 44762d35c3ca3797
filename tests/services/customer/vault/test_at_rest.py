"""Nothing personal lies readable in the database, and without the key nothing is ever read again."""

from datetime import date, datetime
from typing import Any

import bson

from kit.events import EventLog
from services.customer import actions
from services.customer.events import drainers
from services.customer.identity import IdentityType
from services.customer.model import CustomerChanges, CustomerDraft, IdentityDraft, PersonName, PostalAddress
from services.customer.store import CustomerStore

DRAFT = CustomerDraft(
    name=PersonName(given="花子", family="髙橋", family_kana="タカハシ", given_romaji="Hanako"),
    display_name="Hana-chan",
    emails=("hanako@example.jp",),
    phones=("090-1234-5678",),
    addresses=(PostalAddress("JP", "100-0001", "東京都", "千代田区", "1-1"),),
    birthday=date(1980, 5, 1),
    tags=("likes-tea",),
    preferred_store="loc_ginza",
    identities=(IdentityDraft(IdentityType.EMAIL, "hanako@example.jp"), IdentityDraft(IdentityType.CARD, "49012345")),
)
PERSONAL = ("花子", "髙橋", "高橋", "タカハシ", "anako", "Hana-chan", "1234-5678", "12345678", "千代田", "100-0001",
            "1980", "likes-tea", "loc_ginza", "49012345")  # fmt: skip


async def dump(store: CustomerStore) -> bytes:
    """Every document of every collection, and every name of an index."""
    kept: list[Any] = []
    for name in await store.db.list_collection_names():
        kept += await store.db[name].find().to_list()
        kept.append({"indexes": str(await store.db[name].index_information())})
    return b"".join(bson.encode(document) for document in kept)


async def test_no_personal_value_is_readable_at_rest(store: CustomerStore, event_log: EventLog, now: datetime) -> None:
    made = await actions.create(store, DRAFT, "k1", region="JP", reveal=False, now=now)
    await actions.update(store, made.id, 1, CustomerChanges(tags=("likes-tea", "vip")), now=now)
    await drainers(store, event_log)[0].drain()
    kept = await dump(store)
    assert [value for value in PERSONAL if value.encode() in kept] == []
    shown = (await store.customers_by_id([made.id]))[made.id]
    assert (shown.name, shown.tags) == (DRAFT.name, ("likes-tea", "vip"))
    assert shown.identities[1].value == "49012345"


async def test_a_profile_without_its_key_is_not_there_and_the_others_are(store: CustomerStore, now: datetime) -> None:
    made = await actions.create(store, DRAFT, "k1", region="JP", reveal=False, now=now)
    other = await actions.create(store, CustomerDraft(language="ja"), "k2", region="JP", reveal=False, now=now)
    assert await store.vault.destroy([made.id]) == 1
    assert list(await store.customers_by_id([made.id, other.id])) == [other.id]
    assert await actions.look_up(store, IdentityType.CARD, "card", "49012345", region="JP") is None
