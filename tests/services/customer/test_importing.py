from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.errors import InvalidInput
from kit.events import EventLog
from kit.mongo import Document
from services.customer import actions
from services.customer.events import drainers
from services.customer.identity import IdentityType
from services.customer.merge.actions import merge
from services.customer.model import (
    CustomerDraft,
    CustomerExternalIdTaken,
    ExternalId,
    IdentityDraft,
    IdentityTaken,
    State,
)
from services.customer.store import CustomerStore

FIRST_DAY = datetime(2011, 1, 1, tzinfo=UTC)


def row(n: int) -> CustomerDraft:
    return CustomerDraft(
        display_name=f"Member {n}",
        phones=("1 (11) 500 555-0162",),
        member_since=FIRST_DAY + timedelta(days=n),
        external_ids=(ExternalId("aw", f"AW{n:05}"),),
        identities=(
            IdentityDraft(IdentityType.EMAIL, f"Member{n}@adventure-works.com"),
            IdentityDraft(IdentityType.CARD, f"CARD{n:05}"),
        ),
    )


async def everything(store: CustomerStore) -> list[Document]:
    claims = await store.claims.collection.find().sort("_id").to_list()
    return await store.profiles.find().sort("_id").to_list() + claims


async def test_an_import_makes_members_since_their_day_and_again_changes_nothing(
    store: CustomerStore, event_log: EventLog, now: datetime
) -> None:
    first = await actions.import_customers(store, map(row, range(2_300)), now=now)
    assert (first.created, first.matched, first.refused, first.unclaimed) == (2_300, 0, [], [])
    by_age = sorted(first.ids, key=first.ids.__getitem__)
    assert by_age == [f"AW{n:05}" for n in range(2_300)]
    kept = await everything(store)
    again = await actions.import_customers(store, map(row, range(2_300)), now=now + timedelta(days=1))
    assert (again.created, again.matched, again.ids) == (0, 2_300, first.ids)
    assert await everything(store) == kept
    assert await actions.audit(store) == []
    assert await store.claims.collection.count_documents({"pending": True}) == 0
    assert await drainers(store, event_log)[0].drain() == 2_300
    found = await actions.look_up(store, IdentityType.CARD, "card", "card-00007", region="JP")
    assert found is not None
    assert (found.id, found.member_since) == (first.ids["AW00007"], FIRST_DAY + timedelta(days=7))


async def test_an_identity_that_cannot_be_had_stays_contact_data_and_is_reported(
    store: CustomerStore, now: datetime
) -> None:
    owner = await actions.create(
        store, CustomerDraft(identities=row(1).identities[:1]), "k1", region="JP", reveal=False, now=now
    )
    bad_phone = IdentityDraft(IdentityType.PHONE, "1 (11) 500 555-0163")
    same_card = IdentityDraft(IdentityType.CARD, "CARD00001")
    rows = [
        row(1),
        replace(row(2), identities=(*row(2).identities, bad_phone)),
        replace(row(3), identities=(same_card,)),
    ]
    result = await actions.import_customers(store, rows, now=now)
    assert (result.created, result.refused) == (3, [])
    email, card = IdentityType.EMAIL, IdentityType.CARD
    reported = {(one.external_id.value, one.refusal) for one in result.unclaimed}
    assert ("AW00001", IdentityTaken(path=("identities",), type=email, customer_id=owner.id)) in reported
    taken = IdentityTaken(path=("identities",), type=card, customer_id=result.ids["AW00001"])
    assert ("AW00003", taken) in reported
    assert [one.external_id.value for one in result.unclaimed if isinstance(one.refusal, InvalidInput)] == ["AW00002"]
    assert len(reported) == 3
    kept = await store.customers_by_id(list(result.ids.values()))
    first, second = kept[result.ids["AW00001"]], kept[result.ids["AW00002"]]
    assert [identity.type for identity in first.identities] == [card]
    assert first.emails == ("Member1@adventure-works.com",)
    assert second.phones == ("1 (11) 500 555-0162", "1 (11) 500 555-0163")
    assert await actions.look_up(store, email, "email", "member1@adventure-works.com", region="JP") == owner
    assert await actions.audit(store) == []


async def test_rows_that_cannot_be_kept_are_refused_by_number_and_the_others_are_kept(
    store: CustomerStore, now: datetime
) -> None:
    rows = [
        row(0),
        replace(row(1), external_ids=()),
        replace(row(2), language="Klingon"),
        replace(row(3), external_ids=(ExternalId("web", "w3"), ExternalId("aw", "AW00000"))),
        replace(row(4), external_ids=(ExternalId("aw", "AW00000"),)),
    ]
    await actions.import_customers(store, rows[:1], now=now)
    result = await actions.import_customers(store, rows, now=now)
    assert (result.created, result.matched) == (0, 2)
    refused = {one.row: one.refusals[0] for one in result.refused}
    assert sorted(refused) == [1, 2, 3]
    assert refused[2].path == ("input", "language")
    assert refused[3] == CustomerExternalIdTaken(path=("externalIds",), source="aw", value="AW00000")


async def test_rows_of_customers_who_were_merged_are_matched(store: CustomerStore, now: datetime) -> None:
    first = await actions.import_customers(store, [row(1), row(2)], now=now)
    one, other = first.ids["AW00001"], first.ids["AW00002"]
    await merge(store, one, other, "k", actor="staff:sato", now=now)
    again = await actions.import_customers(store, [row(1), row(2)], now=now)
    assert (again.created, again.matched, again.refused, again.ids) == (0, 2, [], first.ids)


async def test_two_rows_of_one_name_make_one_customer(store: CustomerStore, now: datetime) -> None:
    result = await actions.import_customers(store, [row(1), row(1)], now=now)
    assert (result.created, result.matched, len(result.ids)) == (1, 1, 1)
    assert await actions.audit(store) == []


@pytest.mark.parametrize("step", ["take_all", "publish_all", "settle"])
async def test_an_import_that_died_is_simply_run_again(
    store: CustomerStore, now: datetime, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(Exception):
        pass

    async def die(*args: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(store if hasattr(store, step) else store.claims, step, die)
        with pytest.raises(Crash):
            await actions.import_customers(store, [row(1), row(2)], now=now)
    result = await actions.import_customers(store, [row(1), row(2)], now=now)
    assert result.created + result.matched == 2
    assert result.unclaimed == []
    await actions.sweep(store, now=now + timedelta(minutes=5))
    assert await actions.audit(store) == []
    assert [profile["state"] for profile in await store.profiles.find().to_list()] == [State.LIVE.value] * 2


async def test_an_import_reads_its_rows_as_it_goes(store: CustomerStore, now: datetime) -> None:
    kept_before_last: list[int] = []

    def rows() -> Iterator[CustomerDraft]:
        for n in range(1_001):
            if n == 1_000:
                kept_before_last.append(n)
            yield row(n)

    result = await actions.import_customers(store, rows(), now=now)
    assert (result.created, kept_before_last) == (1_001, [1_000])
