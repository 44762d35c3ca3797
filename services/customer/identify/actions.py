"""customerIdentify: find, create or merge; then keep what was said, and what follows from what was seen together."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import InvalidInput, Refused, Unavailable
from kit.ids import new_id
from services.customer.actions import ATTEMPTS, INTERRUPTED, finish
from services.customer.checks import INPUT, check_observed, check_room
from services.customer.identify.model import Identified, Observation, Outcome, Sorted, has_proof
from services.customer.identity import SHARED
from services.customer.merge.actions import merge_automatically
from services.customer.merge.model import WEIGHTS, Evidence, EvidenceKind, over_limit
from services.customer.merge.store import MergeStore
from services.customer.model import Customer, CustomerId, Identity
from services.customer.profile import store as profiles
from services.customer.profile.model import UNPROVEN
from services.customer.sighting.actions import KINDS, settle
from services.customer.sighting.store import SightingStore
from services.customer.store import ClaimedElsewhere, CustomerStore


async def identify(store: CustomerStore, seen: Observation, *, region: str, now: datetime) -> Identified:
    """Who was seen. Again changes nothing, and several observations end in the same customers in any order, as long as
    no limit is met.
    """
    observed = check(seen, region=region, now=now)
    identities = Sorted.of(observed.identities)
    for _ in range(ATTEMPTS):
        if identities.proof:
            done = await _prove(store, observed, identities.proof, now)
        else:
            done = await _hint(store, observed, identities.hints[0], now)
        if done is not None:
            return await _keep(store, done, observed, identities, now)
    raise Unavailable(INTERRUPTED)


def check(seen: Observation, *, region: str, now: datetime) -> Customer:
    """What was seen, as a profile without an id; or Refused with every reason why not."""
    at = seen.moment(now)
    if at > now:
        raise Refused(InvalidInput(path=(*INPUT, "at"), expected="a time that is over", got=at.isoformat()))
    return check_observed(seen.draft, CustomerId(""), region=region, now=now, at=at)


async def _prove(
    store: CustomerStore, observed: Customer, proof: Sequence[Identity], now: datetime
) -> Identified | None:
    """The one customer who has all that was proven; None if somebody got in between."""
    claims = {store.claims.key(one.type, one.value): one for one in proof}
    holders = await store.claims.holders(claims)
    free = tuple(one for claim, one in claims.items() if claim not in holders)
    found = await store.customers_by_id(list(set(holders.values())))
    mine, doubtful = _whose(proof, found.values())
    if not mine and len(doubtful) == 1 and not free:
        mine, doubtful = doubtful, []
    if not mine:
        customer = await _create(store, replace(observed, identities=free), now) if free else doubtful[0]
        if customer is None:
            return None
        await _suggest(store, customer, doubtful, now)
        return Identified(customer, Outcome.CREATED if free else Outcome.FOUND)
    joined = await _join(store, mine, now)
    if joined is None:
        return None
    customer, merged = joined
    own = {id for one in mine for id in (one.id, *one.members)}
    theirs = [(holder, claims[claim]) for claim, holder in holders.items() if holder in own]
    if not await _complete(store, customer, theirs, free, now):
        return None
    await _suggest(store, customer, doubtful, now)
    return Identified(customer, Outcome.MERGED if merged else Outcome.FOUND, tuple(merged))


def _whose(proof: Sequence[Identity], found: Iterable[Customer]) -> tuple[list[Customer], list[Customer]]:
    """Of the customers who have some of it: whose it is, and those who only say so and are proven to be somebody else.

    A customer of whom nothing was ever proven is who can prove one of their identities.
    """
    proven = {(one.type, one.value) for one in proof}
    mine: dict[str, Customer] = {}
    doubtful: dict[str, Customer] = {}
    for customer in found:
        listed = [one for one in customer.identities if (one.type, one.value) in proven]
        is_theirs = any(one.verified for one in listed) or (bool(listed) and not has_proof(customer))
        (mine if is_theirs else doubtful)[customer.id] = customer
    by_age = sorted(mine.values(), key=lambda one: (one.member_since, one.id))
    return by_age, sorted(doubtful.values(), key=lambda one: one.id)


async def _join(store: CustomerStore, mine: Sequence[Customer], now: datetime) -> tuple[Customer, list[str]] | None:
    """All of them as one customer, with the merges it took; None if somebody got in between.

    What the limits or a rejection keep apart becomes a candidate; the longest known customer is who was seen.
    """
    customer, merged = mine[0], list[str]()
    for other in mine[1:]:
        merge = await merge_automatically(store, customer, other, now)
        if merge is not None:
            merged.append(merge.id)
            customer = (await store.customers_by_id([merge.kept])).get(merge.kept, customer)
            continue
        merges = MergeStore(store)
        over = over_limit(identity.type for one in (customer, other) for identity in one.identities)
        pairs = [(one.id, *one.members) for one in (customer, other)]
        if over is None and not await merges.rejected(*pairs):
            return None
        await _suggest(store, customer, [other], now)
    return customer, merged


async def _complete(
    store: CustomerStore,
    customer: Customer,
    theirs: Sequence[tuple[str, Identity]],
    free: Sequence[Identity],
    now: datetime,
) -> bool:
    """Prove what their profiles list, and give them what was free; False if somebody got in between."""
    for profile, identity in theirs:
        await profiles.prove_identity(store, profile, identity.type, identity.value, now)
    for identity in free:
        check_room(customer.identities, identity.type, (*INPUT, "identities"))
        try:
            if not await profiles.add_identity(store, customer.id, identity, now):
                return False
        except ClaimedElsewhere:
            return False
        customer = replace(customer, identities=(*customer.identities, identity))
    return True


async def _hint(store: CustomerStore, observed: Customer, hint: Identity, now: datetime) -> Identified | None:
    """Whoever has this unproven identity, a new profile if nobody has; None if somebody got in between."""
    holder = await store.claims.holder(store.claims.key(hint.type, hint.value))
    if holder is None:
        customer = await _create(store, replace(observed, identities=(hint,), anonymous=hint.type in SHARED), now)
        return None if customer is None else Identified(customer, Outcome.CREATED)
    found = (await store.customers_by_id([holder])).get(holder)
    return None if found is None else Identified(found, Outcome.FOUND)


async def _create(store: CustomerStore, customer: Customer, now: datetime) -> Customer | None:
    """A new profile with these identities; None if somebody took one of them meanwhile. Its values follow."""
    draft = replace(customer, id=CustomerId(new_id("cus", at=customer.member_since)), traits=())
    await store.insert_draft(draft, None)
    made = await finish(store, draft, now)
    return made if isinstance(made, Customer) else None


async def _suggest(store: CustomerStore, customer: Customer, others: Sequence[Customer], now: datetime) -> None:
    """Customers who have something the customer proved: candidates."""
    kind = EvidenceKind.VERIFIED_IDENTITY
    for other in others:
        if other.id != customer.id:
            fact = Evidence(kind, "identify", WEIGHTS[kind])
            await MergeStore(store).suggest(customer.id, other.id, [fact], now)


async def _keep(
    store: CustomerStore, done: Identified, observed: Customer, identities: Sorted, now: datetime
) -> Identified:
    """Keep what was said with the profile that has the first identity, and settle what was seen with it."""
    first = (identities.proof or identities.hints)[0]
    profile = await store.claims.holder(store.claims.key(first.type, first.value)) or done.customer.id
    known = set(done.customer.traits)
    said = [trait if identities.proof else replace(trait, source=UNPROVEN + trait.source) for trait in observed.traits]
    if fresh := [trait for trait in said if trait not in known]:
        await profiles.observe(store, profile, fresh, now)
    if identities.proof:
        for hint in identities.hints:
            await SightingStore(store).note(store.claims.key(hint.type, hint.value), hint.type, profile, now)
    looked_at = [*identities.hints, *(one for one in identities.proof if one.type in KINDS)]
    await settle(store, sorted(store.claims.keys(looked_at)), now)
    customer = (await store.customers_by_id([profile])).get(profile, done.customer)
    return replace(done, customer=customer)
