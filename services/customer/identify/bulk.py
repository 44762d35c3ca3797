"""Many observations at once, as an import has them: the same customers as `identify` makes of them one by one.

Two kinds are plain, and done together in a handful of calls; all others are identified one by one:

- **new**: proof that nobody has, and that no other observation of the batch brings;
- **known**: proof that one customer has, and nothing said that is not kept already.

A worker that dies leaves what one of `identify` leaves: drafts and pending claims, which the sweep clears away, and
customers with sightings not noted yet, which the same observations note when they come again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import Refused
from kit.ids import new_id
from services.customer.identify.actions import check, identify
from services.customer.identify.model import Observation, Outcome, Sorted
from services.customer.model import Customer, CustomerId
from services.customer.sighting.actions import settle
from services.customer.sighting.store import Sighting, SightingStore
from services.customer.store import CustomerStore

TOGETHER = 16
"""Observations that are identified one by one at the same time."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An observation, checked; `proof` and `hints` are the claims of its identities."""

    place: int
    customer: Customer
    identities: Sorted
    proof: frozenset[str]
    hints: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is about the identifiers of a batch."""

    holders: Mapping[str, str]
    customers: Mapping[str, Customer]
    sightings: Mapping[str, Sighting]


async def identify_all(
    store: CustomerStore, observations: Sequence[Observation], *, region: str, now: datetime
) -> list[Outcome | Refused]:
    """What `identify` answers of each, in their order."""
    answers: list[Outcome | Refused | None] = [None] * len(observations)
    seen: list[_Seen] = []
    for place, one in enumerate(observations):
        try:
            seen.append(_checked(store, place, one, region, now))
        except Refused as refused:
            answers[place] = refused
    known = await _look(store, seen)
    counts = Counter(claim for one in seen for claim in one.proof)
    new = [one for one in seen if _is_new(one, known, counts)]
    for place in await _create(store, new, now):
        answers[place] = Outcome.CREATED
    for each in seen:
        if answers[each.place] is None and _is_known(store, each, known):
            answers[each.place] = Outcome.FOUND
    left = iter([place for place, answer in enumerate(answers) if answer is None])

    async def work() -> None:
        for place in left:
            answers[place] = await _alone(store, observations[place], region, now)

    await asyncio.gather(*(work() for _ in range(TOGETHER)))
    return [answer for answer in answers if answer is not None]


async def _alone(store: CustomerStore, seen: Observation, region: str, now: datetime) -> Outcome | Refused:
    try:
        return (await identify(store, seen, region=region, now=now)).outcome
    except Refused as refused:
        return refused


def _checked(store: CustomerStore, place: int, seen: Observation, region: str, now: datetime) -> _Seen:
    customer = check(seen, region=region, now=now)
    identities = Sorted.of(customer.identities)
    proof, hints = store.claims.keys(identities.proof), store.claims.keys(identities.hints)
    return _Seen(place, customer, identities, frozenset(proof), frozenset(hints))


async def _look(store: CustomerStore, seen: Iterable[_Seen]) -> _Known:
    claims = {claim for one in seen for claim in one.proof | one.hints}
    holders, found = await asyncio.gather(store.claims.holders(claims), SightingStore(store).find(claims))
    customers = await store.customers_by_id(list(set(holders.values())))
    return _Known(holders, customers, {one.claim: one for one in found})


def _is_new(one: _Seen, known: _Known, counts: Counter[str]) -> bool:
    return bool(one.proof) and all(claim not in known.holders and counts[claim] == 1 for claim in one.proof)


def _is_known(store: CustomerStore, one: _Seen, known: _Known) -> bool:
    """One customer has proven all of it, and all that is said of them is kept."""
    found = [known.customers.get(known.holders.get(claim, "")) for claim in one.proof]
    if not found or None in found or len({customer.id for customer in found if customer is not None}) > 1:
        return False
    [customer] = {one.id: one for one in found if one is not None}.values()
    listed = {(identity.type, identity.value) for identity in customer.identities if identity.verified}
    first = one.identities.proof[0]
    profile = known.holders[store.claims.key(first.type, first.value)]
    return (
        all((identity.type, identity.value) in listed for identity in one.identities.proof)
        and set(one.customer.traits) <= set(customer.traits)
        and all(_is_noted(known.sightings.get(claim), profile) for claim in one.hints)
    )


def _is_noted(sighting: Sighting | None, profile: str) -> bool:
    return sighting is not None and sighting.unsettled is None and profile in sighting.seen


async def _create(store: CustomerStore, new: Sequence[_Seen], now: datetime) -> list[int]:
    """Profiles of those whom nobody knows; the places of those that are there now. The others met somebody."""
    made: dict[str, _Seen] = {}
    drafts: list[Customer] = []
    for one in new:
        id = CustomerId(new_id("cus", at=one.customer.member_since))
        drafts.append(replace(one.customer, id=id, identities=one.identities.proof))
        made[id] = one
    if not drafts:
        return []
    await store.insert_drafts(drafts)
    lost = {taken.profile for taken in await store.claims.take_all(drafts, now)}
    live = await store.publish_all([draft for draft in drafts if draft.id not in lost])
    await store.claims.settle([draft for draft in drafts if draft.id in live])
    for draft in drafts:
        if draft.id not in live and await store.abort(draft.id):
            await store.discard(draft.id)
    sightings = SightingStore(store)
    noted = [
        (store.claims.key(hint.type, hint.value), hint.type, id) for id in live for hint in made[id].identities.hints
    ]
    await sightings.note_all(noted, now)
    seen = {claim for id in live for claim in made[id].proof | made[id].hints}
    await settle(store, await sightings.settle_lone(list(seen)), now)
    return [made[id].place for id in live]
