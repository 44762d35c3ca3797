"""After an erasure a search of every collection, index, event and export finds nothing of the person."""

from datetime import date, datetime, timedelta
from typing import Any

import bson
import pytest

from kit.errors import NotFound, Refused
from kit.events import EventLog
from kit.mongo import Database
from services.customer import actions
from services.customer.erasure import actions as erasing
from services.customer.erasure.actions import erase, erase_left
from services.customer.erasure.model import ErasureState
from services.customer.erasure.store import ErasureStore
from services.customer.events import drainers
from services.customer.identify.actions import identify
from services.customer.identify.model import Observation
from services.customer.identity import IdentityType
from services.customer.merge.actions import merge
from services.customer.model import (
    Customer,
    CustomerDraft,
    ExternalId,
    IdentityDraft,
    PersonName,
    PostalAddress,
)
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW, Ask

ERASE = """
mutation ($id: ID!) { customerErase(input: {customerId: $id}) {
  erasure { id customerId profileIds actor state removed { what count } } userErrors { __typename code } } }
"""
EXPORT = "query ($id: ID!) { customerExport(id: $id) }"
TELL = """mutation ($who: ID!, $at: DateTime!) {
  eventsTrack(input: {source: "web", events: [
    {sourceId: "1", at: $at, customerId: $who, search: {keyword: "secret-keyword", results: 3}},
    {sourceId: "2", at: $at, device: "kiosk-1", view: {sku: "MUG"}}]}) { accepted userErrors { code } } }"""
EVERYTHING = "customers:read customers:write customers:erase behaviour:write consents:write"
MAIL = IdentityDraft(IdentityType.EMAIL, "hanako@example.jp", verified=True)
CARD = IdentityDraft(IdentityType.CARD, "CARDX49012345")
KIOSK = IdentityDraft(IdentityType.DEVICE, "kiosk-1")
DRAFT = CustomerDraft(
    source="pos",
    name=PersonName(given="花子", family="髙橋", family_kana="タカハシ"),
    phones=("090-1234-5678",),
    addresses=(PostalAddress("JP", "100-0001", "東京都", "千代田区", "1-1"),),
    birthday=date(1980, 5, 1),
    external_ids=(ExternalId("pos", "MEMBER-777"),),
    identities=(CARD,),
)
PERSONAL = (
    "花子",
    "髙橋",
    "タカハシ",
    "anako",
    "1234-5678",
    "千代田",
    "1980-05",
    "MEMBER-777",
    "CARDX",
    "secret-keyword",
)


async def dump(*databases: Database) -> bytes:
    """Every document of every collection, and every name of an index."""
    kept: list[Any] = []
    for db in databases:
        for name in await db.list_collection_names():
            kept += await db[name].find().to_list()
            kept.append({"indexes": str(await db[name].index_information())})
    return b"".join(bson.encode(document) for document in kept)


async def see(store: CustomerStore, *identities: IdentityDraft) -> Customer:
    draft = CustomerDraft(source="web", display_name="Hanako", identities=identities)
    return (await identify(store, Observation(draft, NOW), region="JP", now=NOW)).customer


async def somebody(store: CustomerStore) -> Customer:
    """With everything a person may leave behind, over two profiles that were merged, and a shared device."""
    made = await actions.create(store, DRAFT, "k1", region="JP", reveal=False, now=NOW)
    other = await see(store, MAIL, KIOSK)
    await see(store, KIOSK)
    await see(store, CARD, IdentityDraft(IdentityType.PHONE, "090-1234-5678"))
    await see(store, IdentityDraft(IdentityType.PHONE, "090-1234-5678"))
    await merge(store, made.id, other.id, "m1", actor="staff:sato", now=NOW)
    return (await store.customers_by_id([made.id]))[made.id]


async def test_nothing_of_a_person_is_found_afterwards(
    store: CustomerStore, ask: Ask, event_log: EventLog, now: datetime
) -> None:
    other = await see(store, IdentityDraft(IdentityType.CARD, "TARO0001"), KIOSK)
    them = await somebody(store)
    assert (await ask(TELL, {"who": them.id, "at": NOW.isoformat()}, scopes=EVERYTHING))["data"]["eventsTrack"][
        "accepted"
    ] == 2
    exported = str((await ask(EXPORT, {"id": them.id}, customer=them.id))["data"]["customerExport"])
    assert all(
        value in exported for value in ("花子", "hanako@example.jp", "千代田区", "secret-keyword", "CARDX49012345")
    )
    claims = await store.claims.collection.find({"profile": {"$in": [them.id, *them.members]}}).to_list()
    keys = [claim["_id"] for claim in claims]
    sealed = [v["v"] async for p in store.profiles.find({"root": them.id}) for v in p["traits"]]

    answer = await ask(ERASE, {"id": them.members[0]}, scopes=EVERYTHING)
    certificate = answer["data"]["customerErase"]["erasure"]
    assert (certificate["customerId"], certificate["state"]) == (them.id, "DONE")
    assert set(certificate["profileIds"]) == {them.id, *them.members}
    removed = {one["what"]: one["count"] for one in certificate["removed"]}
    assert (removed["profiles"], removed["behaviour"]) == (len(them.members) + 1, 1)

    await drainers(store, event_log)[0].drain()
    kept = await dump(store.db, event_log._db)
    assert [value for value in PERSONAL if value.encode() in kept] == []
    assert [key for key in keys if key.encode() in kept] == []
    assert [value for value in sealed if value in kept] == []
    assert await store.vault.keys([them.id, *them.members]) == {}
    told = await store.journal.find({"type": "noren.customer.erased.v1"}).to_list()
    assert {event["data"]["customerId"] for event in told} == {them.id, *them.members}
    assert (await ask(EXPORT, {"id": them.id}, scopes=EVERYTHING))["data"] == {"customerExport": None}
    assert await actions.look_up(store, IdentityType.EMAIL, "email", "hanako@example.jp", region="JP") is None
    assert (await store.customers_by_id([other.id]))[other.id].id == other.id
    assert await actions.audit(store) == []
    again = await ask(ERASE, {"id": them.id}, scopes=EVERYTHING)
    assert again["data"]["customerErase"]["erasure"] == certificate


async def test_who_was_erased_may_become_a_member_again_as_somebody_new(store: CustomerStore, now: datetime) -> None:
    them = await somebody(store)
    await erase(store, them.id, actor="staff:sato", now=now)
    again = await see(store, MAIL, CARD)
    assert again.id not in (them.id, *them.members)
    assert again.traits[0].at == NOW
    with pytest.raises(Refused) as refused:
        await merge(store, again.id, them.id, "m2", actor="staff:sato", now=now)
    assert [type(one) for one in refused.value.refusals] == [NotFound]
    with pytest.raises(Refused):
        await erase(store, "cus_none", actor="staff:sato", now=now)


@pytest.mark.parametrize(
    ("step", "after"),
    [("erase_profiles", False), ("erase_profiles", True), ("remove_traces", True), ("room", False), ("finish", False)],
    ids=["before-profiles", "after-profiles", "after-traces", "before-a-room", "before-the-end"],
)
async def test_a_crash_at_any_step_is_finished_by_the_sweep(
    store: CustomerStore, now: datetime, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    them = await somebody(store)
    on: Any = erasing.ROOMS if step == "room" else ErasureStore
    whole = erasing.ROOMS["consents"] if step == "room" else getattr(ErasureStore, step)

    async def die(*arguments: Any) -> None:
        if after:
            await whole(*arguments)
        raise RuntimeError("crashed")

    with monkeypatch.context() as patched:
        patched.setitem(on, "consents", die) if step == "room" else patched.setattr(on, step, die)
        with pytest.raises(RuntimeError):
            await erase(store, them.id, actor="staff:sato", now=now)
    later = now + timedelta(minutes=5)
    await erase_left(store, later, later)
    done = await ErasureStore(store).of(them.id)
    assert done is not None
    assert done.state is ErasureState.DONE
    assert await store.customers_by_id([them.id, *them.members]) == {}
    assert [value for value in PERSONAL if value.encode() in await dump(store.db)] == []
    assert await erase_left(store, later, later) == 0


async def test_who_may_erase_and_export(ask: Ask, store: CustomerStore) -> None:
    them = await somebody(store)
    refused = await ask(ERASE, {"id": them.id}, scopes="customers:read customers:write", customer=them.id)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    mine = await ask(EXPORT, {"id": them.id}, customer=them.id)
    assert mine["data"]["customerExport"]["profile"]["id"] == them.id
    others = await ask(EXPORT, {"id": them.id}, customer="cus_other")
    assert others["errors"][0]["extensions"]["code"] == "FORBIDDEN"
