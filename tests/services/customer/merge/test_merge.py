"""Merging and parting: nothing moves, nothing is lost, and what was joined parts exactly as it was."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused
from kit.events import EventLog
from kit.mongo import Document
from services.customer import actions
from services.customer.events import drainers
from services.customer.identity import IdentityType
from services.customer.merge import actions as merging
from services.customer.merge.model import (
    CandidateDecided,
    CandidateState,
    Evidence,
    EvidenceKind,
    Merge,
    MergeBuried,
    MergeState,
    SameCustomer,
)
from services.customer.merge.store import MergeStore
from services.customer.model import Customer, CustomerDraft, ExternalId, IdentityDraft, TooManyIdentities
from services.customer.store import CustomerStore

STAFF = "staff:sato"


async def make(store: CustomerStore, n: int, now: datetime, *mails: str) -> Customer:
    draft = CustomerDraft(
        source=f"shop-{n}",
        display_name=f"Member {n}",
        emails=(f"m{n}@example.jp",),
        external_ids=(ExternalId("pos", f"M-{n}"),),
        identities=(
            IdentityDraft(IdentityType.CARD, f"CARD{n:04}"),
            *(IdentityDraft(IdentityType.EMAIL, mail) for mail in mails),
        ),
    )
    at = now + timedelta(seconds=n)
    return await actions.create(store, draft, f"k{n}", region="JP", reveal=False, now=at)


async def merge(store: CustomerStore, kept: str, merged: str, now: datetime, key: str = "") -> Merge:
    return await merging.merge(store, kept, merged, key or f"{kept}<{merged}", actor=STAFF, now=now)


async def unmerge(store: CustomerStore, merge: Merge, now: datetime) -> Merge:
    return await merging.unmerge(store, merge.id, actor=STAFF, now=now)


async def refusals(work: Any) -> Sequence[Refusal]:
    with pytest.raises(Refused) as refused:
        await work
    return list(refused.value.refusals)


async def everything(store: CustomerStore) -> list[Document]:
    """Profiles and claims, without what counts edits."""
    profiles = await store.profiles.find({}, {"version": 0, "updated_at": 0, "outbox": 0}).sort("_id").to_list()
    return profiles + await store.claims.collection.find().sort("_id").to_list()


async def found(store: CustomerStore, id: str) -> Customer:
    return (await store.customers_by_id([id]))[id]


async def test_a_merged_customer_is_found_by_both_and_both_histories_stay(
    store: CustomerStore, event_log: EventLog, now: datetime
) -> None:
    old, new = await make(store, 1, now), await make(store, 2, now, "hanako@example.jp")
    done = await merge(store, old.id, new.id, now + timedelta(hours=1))
    both = await store.customers_by_id([old.id, new.id])
    assert both[old.id] == both[new.id]
    one = both[old.id]
    assert (one.id, one.members, one.member_since) == (old.id, (new.id,), old.member_since)
    assert set(one.identities) == {*old.identities, *new.identities}
    assert set(one.traits) == {*old.traits, *new.traits}
    assert (one.display_name, one.emails) == ("Member 2", ("m2@example.jp", "m1@example.jp"))
    assert {ref.value for ref in one.external_ids} == {"M-1", "M-2"}
    for card in ("card0001", "card0002"):
        assert await actions.look_up(store, IdentityType.CARD, "card", card, region="JP") == one
    assert await actions.audit(store) == []
    await drainers(store, event_log)[0].drain()
    told = await store.journal.find({"type": "noren.customer.merged.v1"}).to_list()
    facts = {"customerId": old.id, "mergedId": new.id, "mergeId": done.id, "automatic": False}
    assert [(event["subject"], event["data"]) for event in told] == [(old.id, facts)]
    page = await store.list_customers(actions_page())
    assert [row.id for row in page.nodes] == [old.id]


def actions_page() -> Any:
    from kit.pages import PageArgs

    return PageArgs.parse()


async def test_unmerging_restores_everything_exactly(store: CustomerStore, event_log: EventLog, now: datetime) -> None:
    made = [await make(store, n, now, f"m{n}@example.jp") for n in range(4)]
    before, shown = await everything(store), [await found(store, one.id) for one in made]
    merges = [await merge(store, made[a].id, made[b].id, now) for a, b in ((2, 3), (0, 2), (0, 1))]
    assert (await found(store, made[3].id)).members == tuple(one.id for one in made[1:])
    for done in (merges[1], merges[0], merges[2]):
        undone = await unmerge(store, done, now)
        assert (undone.state, undone.undone_by) == (MergeState.UNDONE, STAFF)
        assert await unmerge(store, done, now) == undone
    assert await everything(store) == before
    for was in shown:
        now_shown = await found(store, was.id)
        assert (now_shown.identities, now_shown.traits, now_shown.name) == (was.identities, was.traits, was.name)
    await drainers(store, event_log)[0].drain()
    told = await store.journal.find({"type": "noren.customer.unmerged.v1"}).to_list()
    assert {(one["data"]["customerId"], one["data"]["restoredId"], one["data"]["mergeId"]) for one in told} == {
        (done.kept, done.merged, done.id) for done in merges
    }


async def test_what_was_merged_before_comes_back_with_the_one_it_was_merged_into(
    store: CustomerStore, now: datetime
) -> None:
    made = [await make(store, n, now) for n in range(3)]
    await merge(store, made[1].id, made[2].id, now)
    outer = await merge(store, made[0].id, made[1].id, now)
    await unmerge(store, outer, now)
    assert (await found(store, made[2].id)).id == made[1].id
    assert (await found(store, made[0].id)).members == ()


async def test_an_edit_while_merged_stays_with_the_one_that_was_kept(store: CustomerStore, now: datetime) -> None:
    kept, merged = await make(store, 1, now), await make(store, 2, now)
    done = await merge(store, kept.id, merged.id, now)
    mail = IdentityDraft(IdentityType.EMAIL, "new@example.jp")
    await actions.add_identity(store, merged.id, mail, region="JP", reveal=False, now=now)
    card = IdentityDraft(IdentityType.CARD, "CARD0002")
    await actions.remove_identity(store, kept.id, card, region="JP", now=now)
    assert await actions.audit(store) == []
    await unmerge(store, done, now)
    assert [one.value for one in (await found(store, kept.id)).identities] == ["CARD0001", "new@example.jp"]
    assert (await found(store, merged.id)).identities == ()
    assert await actions.audit(store) == []


async def test_what_cannot_be_merged_is_refused_with_the_reason(store: CustomerStore, now: datetime) -> None:
    one = await make(store, 1, now, *(f"a{n}@example.jp" for n in range(3)))
    other = await make(store, 2, now, *(f"b{n}@example.jp" for n in range(3)))
    full = TooManyIdentities(type=IdentityType.EMAIL, limit=5)
    assert await refusals(merge(store, one.id, other.id, now)) == [full]
    assert await refusals(merge(store, one.id, one.id, now)) == [SameCustomer(customer_id=one.id)]
    [missing] = await refusals(merge(store, one.id, "cus_none", now))
    assert isinstance(missing, NotFound)
    assert missing.path == ("input", "mergedId")
    third = await make(store, 3, now)
    done = await merge(store, one.id, third.id, now, "k")
    assert await merge(store, one.id, third.id, now, "k") == done
    assert await refusals(merge(store, other.id, third.id, now, "k")) == [IdempotencyKeyReused(key="k")]
    assert await refusals(merge(store, third.id, one.id, now)) == [SameCustomer(customer_id=one.id)]
    fourth = await make(store, 4, now)
    later = await merge(store, fourth.id, one.id, now)
    assert await refusals(unmerge(store, done, now)) == [
        MergeBuried(path=("input", "mergeId"), later_merge_id=later.id)
    ]


async def test_merges_at_one_time_in_every_direction_leave_a_forest(store: CustomerStore, now: datetime) -> None:
    made = [await make(store, n, now) for n in range(6)]
    random = Random(3)
    pairs = [random.sample(range(6), 2) for _ in range(12)]

    async def attempt(n: int, a: int, b: int) -> bool:
        try:
            await merge(store, made[a].id, made[b].id, now, f"key-{n}")
        except Refused:
            return False
        return True

    done = sum(await asyncio.gather(*[attempt(n, a, b) for n, (a, b) in enumerate(pairs)]))
    shown = await store.customers_by_id([one.id for one in made])
    roots = {customer.id for customer in shown.values()}
    assert len(shown) == 6
    assert len(roots) == 6 - done
    for root in roots:
        assert {id for id, customer in shown.items() if customer.id == root} == {root, *shown[root].members}
    assert await actions.audit(store) == []


async def test_a_candidate_is_reviewed_once(store: CustomerStore, now: datetime) -> None:
    a, b, c = [await make(store, n, now) for n in range(3)]
    merges = MergeStore(store)
    mail, phone = (
        Evidence(EvidenceKind.UNVERIFIED_EMAIL, "EMAIL:1", 0.6),
        Evidence(EvidenceKind.UNVERIFIED_PHONE, "PHONE:1", 0.5),
    )
    for fact in (mail, phone, mail):
        await merges.suggest(b.id, a.id, [fact], now)
    await merges.suggest(a.id, c.id, [phone], now)
    page = await merges.candidates(CandidateState.OPEN, actions_page())
    assert [(one.pair, one.score, len(one.evidence)) for one in page.nodes] == [
        ((a.id, b.id), 0.8, 2),
        ((a.id, c.id), 0.5, 1),
    ]
    first, second = page.nodes
    accepted = await merging.accept(store, first.id, actor=STAFF, now=now)
    assert (accepted.state, accepted.decided_by) == (CandidateState.ACCEPTED, STAFF)
    assert await merging.accept(store, first.id, actor=STAFF, now=now) == accepted
    assert (await found(store, b.id)).id == a.id
    rejected = await merging.reject(store, second.id, actor=STAFF, now=now)
    assert rejected.state is CandidateState.REJECTED
    await merges.suggest(a.id, c.id, [mail], now)
    assert (await merging.reject(store, second.id, actor=STAFF, now=now)).state is CandidateState.REJECTED
    decided = CandidateDecided(path=("input", "id"), state=CandidateState.ACCEPTED)
    assert await refusals(merging.reject(store, first.id, actor=STAFF, now=now)) == [decided]
