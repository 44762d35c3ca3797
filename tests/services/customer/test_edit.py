"""Edits of a live profile: versions, identities coming and going, and what is told of it."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kit.errors import NotFound, Refused, VersionConflict
from kit.events import EventLog
from services.customer import actions
from services.customer.events import drainers
from services.customer.identity import IdentityType, derive_key
from services.customer.model import (
    Customer,
    CustomerChanges,
    CustomerDraft,
    IdentityDraft,
    IdentityTaken,
    PersonName,
    PostalAddress,
    TooManyIdentities,
)
from services.customer.store import CustomerStore, IdentityKeyChanged, VaultKeyChanged
from tests.services.customer.conftest import VAULT_KEY

MAIL = IdentityDraft(IdentityType.EMAIL, "hanako@example.jp")
LINE = IdentityDraft(IdentityType.LINE, "U" + "0123456789abcdef" * 2)


async def make(store: CustomerStore, key: str, now: datetime, *identities: IdentityDraft) -> Customer:
    return await actions.create(store, CustomerDraft(identities=identities), key, region="JP", reveal=False, now=now)


async def add(store: CustomerStore, id: str, identity: IdentityDraft, now: datetime) -> Customer:
    return await actions.add_identity(store, id, identity, region="JP", reveal=True, now=now)


async def remove(store: CustomerStore, id: str, identity: IdentityDraft, now: datetime) -> Customer:
    return await actions.remove_identity(store, id, identity, region="JP", now=now)


async def look_up(store: CustomerStore, identity: IdentityDraft) -> Customer | None:
    return await actions.look_up(store, identity.type, "value", identity.value, region="JP")


async def test_an_edit_sets_what_it_names(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k1", now, MAIL)
    later = now + timedelta(hours=1)
    changes = CustomerChanges(
        name=PersonName(family="髙橋"),
        addresses=(PostalAddress("JP", postal_code="100-0001"),),
        birthday=date(1980, 5, 1),
        tags=("vip",),
    )
    kept = await actions.update(store, made.id, 1, changes, now=later)
    assert kept == replace(
        made,
        name=PersonName(family="髙橋"),
        addresses=(PostalAddress("JP", postal_code="100-0001"),),
        birthday=date(1980, 5, 1),
        tags=("vip",),
        version=2,
        updated_at=later,
        traits=kept.traits,
    )
    cleared = await actions.update(store, made.id, 2, CustomerChanges(name=None, birthday=None, tags=()), now=later)
    assert (cleared.name, cleared.birthday, cleared.tags, cleared.addresses) == (None, None, (), kept.addresses)


async def test_of_many_edits_of_one_version_one_is_kept(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k1", now)
    results = await asyncio.gather(
        *(actions.update(store, made.id, 1, CustomerChanges(display_name=f"n{n}"), now=now) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Customer) for result in results) == 1
    refusals = [result.refusals[0] for result in results if isinstance(result, Refused)]
    assert refusals == [VersionConflict(expected_version=1, actual_version=2)] * 7


async def test_nobody_cannot_be_edited(store: CustomerStore, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        await actions.update(store, "cus_none", 1, CustomerChanges(), now=now)
    assert list(refused.value.refusals) == [NotFound(path=("input", "id"), kind="Customer", id="cus_none")]
    for edit in (add, remove):
        with pytest.raises(Refused) as refused:
            await edit(store, "cus_none", MAIL, now)
        assert list(refused.value.refusals) == [NotFound(path=("input", "customerId"), kind="Customer", id="cus_none")]
    assert await store.claims.count() == 0


async def test_identities_come_and_go_and_again_changes_nothing(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k1", now)
    with_mail = await add(store, made.id, MAIL, now)
    assert (with_mail.version, [identity.value for identity in with_mail.identities]) == (2, ["hanako@example.jp"])
    assert await add(store, made.id, replace(MAIL, value="HANAKO@EXAMPLE.JP"), now) == with_mail
    assert await look_up(store, MAIL) == with_mail
    without = await remove(store, made.id, MAIL, now)
    assert (without.version, without.identities) == (3, ())
    assert await remove(store, made.id, MAIL, now) == without
    assert await look_up(store, MAIL) is None
    assert (await make(store, "k2", now, MAIL)).id != made.id
    assert await actions.audit(store) == []


async def test_an_identity_of_another_customer_is_refused_and_theirs_stays(store: CustomerStore, now: datetime) -> None:
    other = await make(store, "k1", now, MAIL)
    made = await make(store, "k2", now)
    with pytest.raises(Refused) as refused:
        await add(store, made.id, MAIL, now)
    taken = IdentityTaken(path=("input", "value"), type=IdentityType.EMAIL, customer_id=other.id)
    assert list(refused.value.refusals) == [taken]
    assert await remove(store, made.id, MAIL, now) == made
    assert await look_up(store, MAIL) == other


async def test_16_customers_who_want_one_identity_at_once_do_not_share_it(store: CustomerStore, now: datetime) -> None:
    made = await asyncio.gather(*(make(store, f"k{n}", now) for n in range(16)))
    results = await asyncio.gather(*(add(store, one.id, LINE, now) for one in made), return_exceptions=True)
    winners = [result for result in results if isinstance(result, Customer)]
    assert len(winners) == 1
    assert all(isinstance(r, Refused) and isinstance(r.refusals[0], IdentityTaken) for r in results if r not in winners)
    assert await look_up(store, LINE) == winners[0]
    assert await actions.audit(store) == []


async def test_adding_at_once_never_passes_the_limit(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k1", now)
    mails = [IdentityDraft(IdentityType.EMAIL, f"h{n}@example.jp") for n in range(12)]
    results = await asyncio.gather(*(add(store, made.id, mail, now) for mail in mails), return_exceptions=True)
    refusals = [result.refusals[0] for result in results if isinstance(result, Refused)]
    assert refusals == [TooManyIdentities(type=IdentityType.EMAIL, limit=5)] * 7
    kept = (await store.customers_by_id([made.id]))[made.id]
    assert (len(kept.identities), kept.version) == (5, 6)
    assert await actions.audit(store) == []


async def test_adding_and_removing_one_identity_at_once_leaves_claim_and_list_agreed(
    store: CustomerStore, now: datetime
) -> None:
    made = await make(store, "k1", now, MAIL)
    await asyncio.gather(*(edit(store, made.id, MAIL, now) for edit in (add, remove) * 8))
    kept = (await store.customers_by_id([made.id]))[made.id]
    assert (await look_up(store, MAIL) is not None) is kept.has(IdentityType.EMAIL, "hanako@example.jp")
    assert await actions.audit(store) == []


async def test_edits_are_told_with_ids_only(store: CustomerStore, event_log: EventLog, now: datetime) -> None:
    made = await make(store, "k1", now)
    await actions.update(store, made.id, 1, CustomerChanges(display_name="Hana"), now=now)
    await add(store, made.id, MAIL, now)
    await remove(store, made.id, MAIL, now)
    await drainers(store, event_log)[0].drain()
    told = await store.journal.find({"type": "noren.customer.updated.v1"}).to_list()
    assert [(event["subject"], event["data"]) for event in told] == [(made.id, {"customerId": made.id})] * 3


async def test_the_audit_sees_a_lost_claim_and_one_too_many(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k1", now, MAIL)
    await store.claims.collection.delete_many({})
    assert await actions.audit(store) == [
        f"{made.id} lists an identity of type EMAIL without holding its claim",
        "0 claims for 1 identities of live profiles",
    ]


async def test_another_key_is_refused_instead_of_finding_every_identity_free(store: CustomerStore) -> None:
    await store.pin_keys()
    await store.pin_keys()
    with pytest.raises(IdentityKeyChanged, match="NOREN_IDENTITY_SECRET"):
        await CustomerStore(store.db, derive_key(b"another"), VAULT_KEY).pin_keys()
    with pytest.raises(VaultKeyChanged, match="NOREN_VAULT_KEY"):
        await CustomerStore(store.db, derive_key(b"a secret for tests only"), b"w" * 32).pin_keys()
