"""Creation under concurrency and crashes: a profile with all its identities, or nothing, and nothing left over."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pytest

from kit.errors import IdempotencyKeyReused, Refused
from kit.events import EventLog
from services.customer import actions
from services.customer.checks import check_draft
from services.customer.events import drainers
from services.customer.identity import IdentityType
from services.customer.model import (
    Creation,
    Customer,
    CustomerChanges,
    CustomerDraft,
    CustomerExternalIdTaken,
    CustomerId,
    ExternalId,
    IdentityDraft,
    IdentityTaken,
    PersonName,
    State,
)
from services.customer.store import CustomerStore

MAIL = IdentityDraft(IdentityType.EMAIL, "Hanako@Example.jp")
PHONE = IdentityDraft(IdentityType.PHONE, "090-1234-5678")
CARD = IdentityDraft(IdentityType.CARD, "4901 2345 6789 4")
HANAKO = CustomerDraft(
    name=PersonName(given="花子", family="髙橋"),
    external_ids=(ExternalId("pos", "M-1"),),
    identities=(MAIL, PHONE, CARD),
)
LATER = timedelta(minutes=5)


async def create(
    store: CustomerStore, draft: CustomerDraft, key: str, now: datetime, *, reveal: bool = False
) -> Customer:
    return await actions.create(store, draft, key, region="JP", reveal=reveal, now=now)


async def look_up(store: CustomerStore, identity: IdentityDraft) -> Customer | None:
    return await actions.look_up(store, identity.type, "value", identity.value, region="JP")


async def states(store: CustomerStore) -> list[str]:
    return [document["state"] for document in await store.profiles.find().to_list()]


async def test_a_created_customer_is_found_by_each_identity(store: CustomerStore, now: datetime) -> None:
    made = await create(store, HANAKO, "k1", now)
    assert [await look_up(store, identity) for identity in HANAKO.identities] == [made] * 3
    assert made.id.startswith("cus_")
    assert (made.version, made.member_since, made.shown_name) == (1, now, "髙橋 花子")
    assert await actions.audit(store) == []
    assert await store.claims.collection.count_documents({"pending": True}) == 0


async def test_a_claim_holds_no_personal_value(store: CustomerStore, now: datetime) -> None:
    await create(store, HANAKO, "k1", now)
    kept = str(await store.claims.collection.find().to_list())
    assert "hanako" not in kept
    assert "9012345678" not in kept


async def test_the_same_key_gives_the_same_customer_again_and_other_input_is_refused(
    store: CustomerStore, now: datetime
) -> None:
    made = await create(store, HANAKO, "k1", now)
    assert await create(store, HANAKO, "k1", now + LATER) == made
    with pytest.raises(Refused) as refused:
        await create(store, replace(HANAKO, display_name="H"), "k1", now)
    assert list(refused.value.refusals) == [IdempotencyKeyReused(key="k1")]
    assert await states(store) == ["LIVE"]


async def test_a_replay_does_not_claim_back_what_was_removed_meanwhile(store: CustomerStore, now: datetime) -> None:
    made = await create(store, HANAKO, "k1", now)
    await actions.remove_identity(store, made.id, MAIL, region="JP", now=now)
    replayed = await create(store, HANAKO, "k1", now)
    assert len(replayed.identities) == 2
    assert await look_up(store, MAIL) is None
    assert await actions.audit(store) == []


async def test_the_same_key_at_the_same_time_makes_one_customer(store: CustomerStore, now: datetime) -> None:
    made = await asyncio.gather(*(create(store, HANAKO, "k1", now) for _ in range(16)))
    assert len({customer.id for customer in made}) == 1
    assert await states(store) == ["LIVE"]
    assert await actions.audit(store) == []


async def test_32_creators_of_one_mail_address_make_one_customer(store: CustomerStore, now: datetime) -> None:
    """Each also wants a phone of its own and, every second one, a card that many want: none stays claimed."""
    drafts = [
        CustomerDraft(identities=(MAIL, IdentityDraft(IdentityType.PHONE, f"090-1234-56{n:02}"), *([CARD] * (n % 2))))
        for n in range(32)
    ]
    results = await asyncio.gather(
        *(create(store, draft, f"k{n}", now) for n, draft in enumerate(drafts)), return_exceptions=True
    )
    made = [result for result in results if isinstance(result, Customer)]
    refused = [result for result in results if isinstance(result, Refused)]
    assert (len(made), len(refused)) == (1, 31)
    assert {type(refusal) for one in refused for refusal in one.refusals} == {IdentityTaken}
    assert await look_up(store, MAIL) == made[0]
    assert await states(store) == ["LIVE"]
    assert await actions.audit(store) == []


async def test_creators_who_want_the_same_identities_in_another_order_do_not_all_lose(
    store: CustomerStore, now: datetime
) -> None:
    for n in range(5):
        mine = [IdentityDraft(IdentityType.CARD, f"CARD{n}{m}") for m in range(4)]
        drafts = [CustomerDraft(identities=tuple(order)) for order in (mine, mine[::-1], mine[1:], mine[:3])]
        results = await asyncio.gather(
            *(create(store, draft, f"k{n}{i}", now) for i, draft in enumerate(drafts)), return_exceptions=True
        )
        assert sum(isinstance(result, Customer) for result in results) >= 1
    assert await actions.audit(store) == []


@pytest.mark.parametrize("reveal", [True, False])
async def test_a_taken_identity_says_where_it_is_and_whose_only_to_who_may_know(
    store: CustomerStore, now: datetime, reveal: bool
) -> None:
    made = await create(store, HANAKO, "k1", now)
    wanted = (IdentityDraft(IdentityType.CARD, "FREE1"), IdentityDraft(IdentityType.PHONE, "+81 90 1234 5678"))
    with pytest.raises(Refused) as refused:
        await create(store, CustomerDraft(identities=wanted), "k2", now, reveal=reveal)
    [refusal] = refused.value.refusals
    assert refusal == IdentityTaken(
        path=("input", "identities", "1", "value"), type=IdentityType.PHONE, customer_id=made.id if reveal else None
    )
    assert (made.id in refusal.message) is reveal
    assert await look_up(store, wanted[0]) is None
    assert await states(store) == ["LIVE"]


async def test_a_refused_key_may_be_tried_again_when_the_identity_is_free(store: CustomerStore, now: datetime) -> None:
    made = await create(store, HANAKO, "k1", now)
    with pytest.raises(Refused):
        await create(store, CustomerDraft(identities=(MAIL,)), "k2", now)
    await actions.remove_identity(store, made.id, MAIL, region="JP", now=now)
    assert (await create(store, CustomerDraft(identities=(MAIL,)), "k2", now)).id != made.id


async def test_an_external_id_belongs_to_one_customer(store: CustomerStore, now: datetime) -> None:
    await create(store, HANAKO, "k1", now)
    ids = (ExternalId("web", "M-1"), ExternalId("pos", "M-1"))
    with pytest.raises(Refused) as refused:
        await create(store, CustomerDraft(external_ids=ids), "k2", now)
    path = ("input", "externalIds", "1")
    assert list(refused.value.refusals) == [CustomerExternalIdTaken(path=path, source="pos", value="M-1")]


async def test_creation_is_told_once_and_with_ids_only(
    store: CustomerStore, event_log: EventLog, now: datetime
) -> None:
    made = await create(store, HANAKO, "k1", now)
    await create(store, HANAKO, "k1", now)
    drainer = drainers(store, event_log)[0]
    assert await drainer.drain() == 1
    [event] = await store.journal.find().to_list()
    assert (event["type"], event["subject"]) == ("noren.customer.created.v1", made.id)
    assert event["data"] == {"customerId": made.id, "createdAt": "2026-11-22T05:00:00+00:00"}
    assert await event_log.count(["noren.customer.created.v1"]) == 1


async def test_of_a_birthday_its_month_is_told_and_nothing_else(
    store: CustomerStore, event_log: EventLog, now: datetime
) -> None:
    made = await create(store, CustomerDraft(birthday=date(1990, 3, 31)), "k1", now)
    await actions.update(store, made.id, 1, CustomerChanges(birthday=date(1991, 4, 1)), now=now)
    await actions.update(store, made.id, 2, CustomerChanges(birthday=None), now=now)
    await drainers(store, event_log)[0].drain()
    told = await store.journal.find({"subject": made.id}).to_list()
    assert sorted(map(str, (event["data"]["birthMonth"] for event in told))) == ["3", "4", "None"]
    assert not any(said in str(event["data"]) for event in told for said in ("1990", "1991", "-31", "04-01"))


class Crash(Exception):
    """The process is gone."""


class Fragile:
    """A collection whose process dies at the n-th call: before it, in the middle of a bulk, or with its answer."""

    calls = 0
    dies_at = 0
    how: Literal["before", "half", "after"] = "before"

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._collection, name)
        if name in ("find", "name"):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            Fragile.calls += 1
            dies = Fragile.calls == Fragile.dies_at
            if dies and Fragile.how == "half" and name == "insert_many":
                await method(args[0][: (len(args[0]) + 1) // 2], **kwargs)
            if dies and Fragile.how != "after":
                raise Crash
            try:
                return await method(*args, **kwargs)
            finally:
                if dies:
                    raise Crash

        return call


def fragile(store: CustomerStore, dies_at: int, how: Literal["before", "half", "after"]) -> CustomerStore:
    """The same database, in the hands of a process that will die."""
    dying = CustomerStore(store.db, b"", b"v" * 32)
    dying.claims = type(store.claims)(Fragile(store.claims.collection), store.claims._secret)  # type: ignore[arg-type]
    dying.profiles = Fragile(store.profiles)  # type: ignore[assignment]
    Fragile.calls, Fragile.dies_at, Fragile.how = 0, dies_at, how
    return dying


async def clear(store: CustomerStore) -> None:
    await store.profiles.delete_many({})
    await store.claims.collection.delete_many({})


async def assert_whole_or_nothing(store: CustomerStore, identities: Sequence[IdentityDraft]) -> bool:
    found = [await look_up(store, identity) for identity in identities]
    assert found in ([None] * len(found), [found[0]] * len(found))
    assert found[0] is None or len(found[0].identities) == len(found)
    return found[0] is not None


@pytest.mark.parametrize("how", ["before", "half", "after"])
@pytest.mark.parametrize("taken", [False, True])
async def test_a_crash_at_any_call_leaves_no_half_made_profile(
    store: CustomerStore, now: datetime, how: Literal["before", "half", "after"], taken: bool
) -> None:
    """`taken`: one of the identities is another's, so that the crash hits the way back."""
    mine = (MAIL, CARD) if taken else HANAKO.identities
    for dies_at in range(1, 40):
        await clear(store)
        if taken:
            await create(store, CustomerDraft(identities=(PHONE,)), "other", now)
        try:
            await create(fragile(store, dies_at, how), HANAKO, "k1", now)
        except Crash:
            pass
        except Refused:
            assert taken
            break
        else:
            assert not taken
            break
        whole = await assert_whole_or_nothing(store, mine)
        assert not (taken and whole)
        await actions.sweep(store, now=now + LATER)
        assert await actions.sweep(store, now=now + LATER) == 0
        assert await actions.audit(store) == []
        assert set(await states(store)) <= {State.LIVE.value}
        assert await assert_whole_or_nothing(store, mine) is whole
        if not whole:
            again = await create(store, replace(HANAKO, identities=mine), "k2", now + LATER)
            assert await look_up(store, CARD) == again
    assert dies_at >= 5


@pytest.mark.parametrize("how", ["before", "half", "after"])
async def test_the_same_key_goes_on_at_once_where_a_crash_stopped(
    store: CustomerStore, now: datetime, how: Literal["before", "half", "after"]
) -> None:
    for dies_at in range(1, 5):
        await clear(store)
        with pytest.raises(Crash):
            await create(fragile(store, dies_at, how), HANAKO, "k1", now)
        made = await create(store, HANAKO, "k1", now)
        assert await look_up(store, PHONE) == made
        await actions.sweep(store, now=now + LATER)
        assert await actions.audit(store) == []
        assert await states(store) == ["LIVE"]


async def test_a_sweep_leaves_work_in_progress_alone_and_a_late_worker_begins_anew(
    store: CustomerStore, now: datetime
) -> None:
    with pytest.raises(Crash):
        await create(fragile(store, 3, "before"), HANAKO, "k1", now)
    assert await states(store) == ["DRAFT"]
    assert await actions.sweep(store, now=now + timedelta(seconds=30)) == 0
    begun = await store.begun("k1")
    assert begun is not None
    await actions.sweep(store, now=now + LATER)
    await store.claims.take(begun.customer, now)
    assert await store.publish(begun.customer.id) is None
    with pytest.raises(Refused):
        await create(store, replace(HANAKO, external_ids=()), "k2", now)
    await actions.sweep(store, now=now + LATER)
    assert (await create(store, HANAKO, "k1", now + LATER)).id != begun.customer.id
    assert await actions.audit(store) == []


async def test_a_draft_becomes_live_or_aborted_and_never_both(store: CustomerStore, now: datetime) -> None:
    drafts = [check_draft(CustomerDraft(), CustomerId(f"cus_{n}"), region="JP", now=now) for n in range(2)]
    for n, draft in enumerate(drafts):
        assert await store.insert_draft(draft, Creation(f"k{n}", ""))
    assert await store.abort("cus_0")
    assert await store.publish("cus_0") is None
    assert await store.publish("cus_1") == drafts[1]
    assert not await store.abort("cus_1")
    assert await store.publish_all(drafts) == {"cus_1"}
    assert await states(store) == ["ABORTED", "LIVE"]
