"""Merging, parting and deciding on candidates."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Path, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from kit.ids import new_id
from services.customer.actions import ATTEMPTS, INTERRUPTED
from services.customer.checks import INPUT
from services.customer.merge.model import (
    MAX_NOTE,
    Candidate,
    CandidateDecided,
    CandidateState,
    CustomerIsAnonymous,
    Merge,
    MergeBuried,
    MergeState,
    SameCustomer,
    over_limit,
)
from services.customer.merge.store import MergeStore
from services.customer.model import Customer, TooManyIdentities
from services.customer.sighting.actions import settle_with
from services.customer.store import CustomerStore

AUTOMATIC = "identify"
"""The actor of a merge nobody asked for."""


async def merge_automatically(store: CustomerStore, one: Customer, other: Customer, now: datetime) -> Merge | None:
    """Merge two customers one observation proves to be one: the longer known is kept. None if the limits or a rejection
    stand in the way, or somebody else got in between.
    """
    kept, merged = sorted((one, other), key=lambda customer: (customer.member_since, customer.id))
    if await MergeStore(store).rejected(_profiles(kept), _profiles(merged)):
        return None
    merge = Merge(id=new_id("mrg"), kept=kept.id, merged=merged.id, at=now, actor=AUTOMATIC, automatic=True)
    if not await MergeStore(store).merge(merge):
        return None
    await settle_with(store, (*_profiles(kept), *_profiles(merged)), now)
    return merge


async def merge(
    store: CustomerStore, kept_id: str, merged_id: str, key: str, *, note: str | None = None, actor: str, now: datetime
) -> Merge:
    """Merge one customer into another on somebody's word. The same key and input gives the same merge again."""
    asked = fingerprint(kept_id, merged_id, note)
    if note is not None and len(note) > MAX_NOTE:
        too_long = InvalidInput(path=(*INPUT, "note"), expected=f"at most {MAX_NOTE} characters", got=str(len(note)))
        raise Refused(too_long)
    check_key(key)
    for _ in range(ATTEMPTS):
        if (known := await MergeStore(store).by_key(key)) is not None:
            if known.fingerprint != asked:
                raise Refused(IdempotencyKeyReused(key=key))
            return known
        kept, merged = await _both(store, kept_id, merged_id)
        done = Merge(
            id=new_id("mrg"),
            kept=kept.id,
            merged=merged.id,
            at=now,
            actor=actor,
            automatic=False,
            note=note,
            key=key,
            fingerprint=asked,
        )
        if await MergeStore(store).merge(done):
            await settle_with(store, (*_profiles(kept), *_profiles(merged)), now)
            return done
    raise Unavailable(INTERRUPTED)


async def unmerge(store: CustomerStore, merge_id: str, *, actor: str, now: datetime) -> Merge:
    """Part what a merge joined; parted already, nothing changes."""
    merges = MergeStore(store)
    for _ in range(ATTEMPTS):
        merge = await merges.by_id(merge_id)
        if merge is None:
            raise Refused(NotFound(path=(*INPUT, "mergeId"), kind="Merge", id=merge_id))
        if merge.state is MergeState.UNDONE:
            return merge
        family = (await store.customers_by_id([merge.kept])).get(merge.kept)
        if family is None:
            raise Refused(NotFound(path=(*INPUT, "mergeId"), kind="Customer", id=merge.kept))
        if family.id != merge.kept:
            raise Refused(MergeBuried(path=(*INPUT, "mergeId"), later_merge_id=await _later(merges, merge)))
        if await merges.unmerge(merge, actor, now):
            await settle_with(store, _profiles(family), now)
    merge = await merges.by_id(merge_id)
    if merge is not None and merge.state is MergeState.UNDONE:
        return merge
    raise Unavailable(INTERRUPTED)


async def accept(store: CustomerStore, candidate_id: str, *, actor: str, now: datetime) -> Candidate:
    """Merge an open candidate: the longer known customer is kept. Accepted before, nothing changes."""
    candidate = await _candidate(store, candidate_id, CandidateState.ACCEPTED)
    if candidate.state is CandidateState.OPEN:
        found = await store.customers_by_id(candidate.pair)
        known = [found[id] for id in candidate.pair if id in found]
        ordered = sorted(known, key=lambda customer: (customer.member_since, customer.id))
        kept, merged = (ordered[0].id, ordered[-1].id) if len(ordered) == 2 else candidate.pair
        await merge(store, kept, merged, f"candidate:{candidate.id}", actor=actor, now=now)
    return await _candidate(store, candidate_id, CandidateState.ACCEPTED)


async def reject(store: CustomerStore, candidate_id: str, *, actor: str, now: datetime) -> Candidate:
    """Say that they are two; nothing merges them by itself any more. Rejected before, nothing changes."""
    candidate = await _candidate(store, candidate_id, CandidateState.REJECTED)
    await MergeStore(store).reject(candidate, actor, now)
    return await _candidate(store, candidate_id, CandidateState.REJECTED)


async def _candidate(store: CustomerStore, id: str, wanted: CandidateState) -> Candidate:
    """An open candidate, or one in the state it is wanted in; Refused for others."""
    candidate = await MergeStore(store).candidate(id)
    if candidate is None:
        raise Refused(NotFound(path=(*INPUT, "id"), kind="MergeCandidate", id=id))
    if candidate.state not in (CandidateState.OPEN, wanted):
        raise Refused(CandidateDecided(path=(*INPUT, "id"), state=candidate.state))
    return candidate


async def _both(store: CustomerStore, kept_id: str, merged_id: str) -> tuple[Customer, Customer]:
    """The two customers, whom nothing keeps from being merged; or Refused with what does."""
    found = await store.customers_by_id([kept_id, merged_id])
    paths: dict[str, Path] = {merged_id: (*INPUT, "mergedId"), kept_id: (*INPUT, "keptId")}
    missing = [NotFound(path=path, kind="Customer", id=id) for id, path in paths.items() if id not in found]
    if missing:
        raise Refused(*missing)
    kept, merged = found[kept_id], found[merged_id]
    if kept.id == merged.id:
        raise Refused(SameCustomer(customer_id=kept.id))
    if kept.anonymous or merged.anonymous:
        raise Refused(CustomerIsAnonymous(customer_id=kept.id if kept.anonymous else merged.id))
    over = over_limit(identity.type for one in (kept, merged) for identity in one.identities)
    if over is not None:
        raise Refused(TooManyIdentities(type=over[0], limit=over[1]))
    return kept, merged


async def _later(merges: MergeStore, merge: Merge) -> str:
    """The merge that took the kept customer on."""
    later = [one for one in await merges.of_customer([merge.kept]) if one.merged == merge.kept]
    return next((one.id for one in reversed(later) if one.state is MergeState.DONE), "")


def _profiles(customer: Customer) -> Sequence[str]:
    return (customer.id, *customer.members)
