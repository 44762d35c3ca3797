"""One function a mutation: check, claim, write by the store, refuse with the facts. And the sweep and the audit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from kit.errors import BadUserInput, IdempotencyKeyReused, NotFound, Refused, Unavailable, VersionConflict
from kit.idempotency import check_key, fingerprint
from kit.ids import new_id
from kit.log import logger
from kit.mongo import is_outage
from kit.times import utc_now
from services.customer.access.store import AccessStore
from services.customer.checks import INPUT, check_changes, check_draft, check_identity, check_own, check_room
from services.customer.claim.store import Taken
from services.customer.erasure.actions import erase_left
from services.customer.identity import IdentityType, Unusable, normalise
from services.customer.importing import import_customers
from services.customer.model import (
    DEFAULT_SOURCE,
    Creation,
    Customer,
    CustomerChanges,
    CustomerDraft,
    CustomerExternalIdTaken,
    CustomerId,
    Identity,
    IdentityDraft,
    IdentityTaken,
    State,
)
from services.customer.profile import store as profiles
from services.customer.profile.model import Trait
from services.customer.sighting.actions import settle_left
from services.customer.store import ClaimedElsewhere, CustomerStore

__all__ = [
    "add_identity",
    "audit",
    "create",
    "finish",
    "import_customers",
    "look_up",
    "remove_identity",
    "sweep",
    "sweep_for_ever",
    "update",
]

log = logger(__name__)

ATTEMPTS = 5
"""How often work begins anew when another worker got in between; each time somebody got on."""
INTERRUPTED = "customer: others got in between again and again; try again"
GRACE = timedelta(seconds=60)
"""How long a draft may take: longer than any request lives. After that nobody works on it."""
SWEEP_S = 15.0
"""How often drafts nobody finished are looked for: what they claimed is free again after GRACE and this."""


async def create(
    store: CustomerStore, draft: CustomerDraft, key: str, *, region: str, reveal: bool, now: datetime
) -> Customer:
    """A new profile with all its identities, or nothing. The same key and input gives the same profile again.

    `reveal`: whether a refusal may name the profile that has an identity already.
    """
    creation = Creation(check_key(key), fingerprint(draft))
    customer = check_draft(draft, CustomerId(new_id("cus")), region=region, now=now)
    for _ in range(ATTEMPTS):
        attempt = replace(customer, id=CustomerId(new_id("cus")))
        if not await store.insert_draft(attempt, creation):
            begun = await store.begun(key)
            if begun is None:
                await _refuse_external_ids(store, customer)
                continue
            if begun.fingerprint != creation.fingerprint:
                raise Refused(IdempotencyKeyReused(key=key))
            if begun.state is State.LIVE or begun.state is State.MERGED:
                return await _existing(store, begun.customer.id, "idempotencyKey")
            attempt = begun.customer
        finished = await finish(store, attempt, now)
        if isinstance(finished, Customer):
            return finished
        if finished is not None:
            raise Refused(await _identity_taken(store, finished, _place(draft, finished, region), reveal))
    raise Unavailable(INTERRUPTED)


async def update(
    store: CustomerStore,
    id: str,
    expected_version: int,
    changes: CustomerChanges,
    *,
    source: str = DEFAULT_SOURCE,
    now: datetime,
) -> Customer:
    """Set the given fields of the version somebody saw, on the word of `source`."""
    values = check_changes(changes, now=now)
    traits = [Trait(name, source, now, value, edited=True) for name, value in values.items()]
    there = await _existing(store, id, "id")
    if not await profiles.observe(store, there.id, traits, now, version=expected_version):
        await _refuse_edit(store, there.id, expected_version)
    return await _existing(store, there.id, "id")


async def add_identity(
    store: CustomerStore, id: str, draft: IdentityDraft, *, region: str, reveal: bool, now: datetime
) -> Customer:
    """One more identity; a profile that has it already stays as it is."""
    check_own(draft, (*INPUT, "type"))
    identity = check_identity(draft, (*INPUT, "value"), region=region, now=now)
    for _ in range(ATTEMPTS):
        there = await _existing(store, id, "customerId")
        if there.has(identity.type, identity.value):
            return await _proven(store, there, identity, now)
        check_room(there.identities, identity.type, INPUT)
        try:
            if await profiles.add_identity(store, there.id, identity, now):
                return await _existing(store, there.id, "customerId")
        except ClaimedElsewhere as elsewhere:
            if elsewhere.profile is not None and elsewhere.profile != there.id:
                taken = Taken(id, identity, elsewhere.profile)
                raise Refused(await _identity_taken(store, taken, ("input", "value"), reveal)) from None
    raise Unavailable(INTERRUPTED)


async def _proven(store: CustomerStore, there: Customer, identity: Identity, now: datetime) -> Customer:
    """The customer with this identity of theirs verified, if it is said to be."""
    if not identity.verified:
        return there
    for id in (there.id, *there.members):
        if await profiles.prove_identity(store, id, identity.type, identity.value, now):
            return await _existing(store, there.id, "customerId")
    return there


async def remove_identity(
    store: CustomerStore, id: str, draft: IdentityDraft, *, region: str, now: datetime
) -> Customer:
    """One identity less, the last one too; a profile that does not have it stays as it is."""
    identity = check_identity(draft, (*INPUT, "value"), region=region, now=now)
    there = await _existing(store, id, "customerId")
    if not await profiles.remove_identity(store, there.id, identity.type, identity.value, now):
        return there
    return await _existing(store, there.id, "customerId")


async def look_up(store: CustomerStore, type: IdentityType, argument: str, raw: str, *, region: str) -> Customer | None:
    """Whose identifier this is, in any spelling; BadUserInput names the argument if it is none."""
    try:
        value = normalise(type, raw, region=region)
    except Unusable as unusable:
        raise BadUserInput(f"{argument}: expected {unusable.expected}, got {len(raw)} characters") from None
    return await store.customer_by_identity(type, value)


async def sweep(store: CustomerStore, *, now: datetime, grace: timedelta = GRACE) -> int:
    """Clear away what crashed workers left: drafts, claims without a profile, sightings nobody looked at. How much."""
    before = now - grace
    drafts = await store.stale_drafts(before)
    for id in drafts:
        if await store.abort(id):
            await store.discard(id)
    claims = await store.claims.stale(before)
    listed = await store.listed({claim.profile for claim in claims})
    for claim in claims:
        state, keys = listed.get(claim.profile, (State.ABORTED, set()))
        if state is State.DRAFT:
            continue
        kept = claim.key in keys and state is not State.ABORTED
        await (store.claims.settle_one(claim) if kept else store.claims.release_one(claim))
    return len(drafts) + len(claims) + await settle_left(store, before, now) + await erase_left(store, before, now)


async def sweep_for_ever(store: CustomerStore, clock: Callable[[], datetime] = utc_now) -> None:
    """Sweep every SWEEP_S; any number of processes may. A database that is away is waited for."""
    while True:
        try:
            swept = await sweep(store, now=clock())
            await AccessStore(store.db).settle()
        except PyMongoError as error:
            if not is_outage(error):
                raise
            log.warning("sweep waits", error=type(error).__name__)
        else:
            if swept:
                log.info("unfinished creations cleared away", count=swept)
        await asyncio.sleep(SWEEP_S)


async def audit(store: CustomerStore) -> list[str]:
    """What contradicts itself, in sentences with ids only: nothing, if all is well and nobody is at work."""
    problems: list[str] = []
    listed = 0
    async for batch in store.live_identities():
        listed += len(batch)
        holders = await store.claims.holders([key for _, _, key in batch])
        for id, type, key in batch:
            if holders.get(key) != id:
                problems.append(f"{id} lists an identity of type {type.value} without holding its claim")
    claims = await store.claims.count()
    if claims != listed:
        problems.append(f"{claims} claims for {listed} identities of live profiles")
    broken = await AccessStore(store.db).chain.first_broken()
    return problems if broken is None else [*problems, f"record {broken} of the access log was altered, or is missing"]


async def finish(store: CustomerStore, draft: Customer, now: datetime) -> Customer | Taken | None:
    """The live profile; or what stood in its way; or None if another worker gave the draft up: begin anew."""
    taken = await store.claims.take(draft, now)
    live = None if taken is not None else await store.publish(draft.id)
    if live is None and await store.abort(draft.id):
        await store.discard(draft.id)
        await store.claims.release([draft])
        return taken
    if live is None:
        live = (await store.customers_by_id([draft.id]))[draft.id]
    await store.claims.settle([live])
    return live


async def _refuse_external_ids(store: CustomerStore, customer: Customer) -> None:
    holders = await store.holders(customer.external_ids)
    taken = [
        CustomerExternalIdTaken(path=(*INPUT, "externalIds", str(index)), source=ref.source, value=ref.value)
        for index, ref in enumerate(customer.external_ids)
        if ref in holders
    ]
    if taken:
        raise Refused(*taken)


async def _identity_taken(store: CustomerStore, taken: Taken, path: Sequence[str], reveal: bool) -> IdentityTaken:
    holder = None
    if reveal and taken.holder is not None:
        holder = next(iter(await store.customers_by_id([taken.holder])), None)
    return IdentityTaken(path=tuple(path), type=taken.identity.type, customer_id=holder)


def _place(draft: CustomerDraft, taken: Taken, region: str) -> tuple[str, ...]:
    """Where in the input the taken identity was given."""
    for index, given in enumerate(draft.identities):
        same_type = given.type is taken.identity.type
        if same_type and normalise(given.type, given.value, region=region) == taken.identity.value:
            return (*INPUT, "identities", str(index), "value")
    return (*INPUT, "identities")


async def _existing(store: CustomerStore, id: str, field: str) -> Customer:
    there = (await store.customers_by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=(*INPUT, field), kind="Customer", id=id))
    return there


async def _refuse_edit(store: CustomerStore, id: str, expected_version: int) -> Customer:
    there = await _existing(store, id, "id")
    raise Refused(VersionConflict(expected_version=expected_version, actual_version=there.version))
