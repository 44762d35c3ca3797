"""What follows from what was seen together: whose a device is, and who may be one person."""

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations

from services.customer.identity import SHARED, IdentityType
from services.customer.merge.model import WEIGHTS, Evidence, EvidenceKind
from services.customer.merge.store import MergeStore
from services.customer.sighting.store import Sighting, SightingStore
from services.customer.store import CustomerStore

ATTEMPTS = 5
MAX_PARTIES = 10
"""People who share an address and are still worth comparing: 45 pairs. More than that is an office's."""
KINDS = {IdentityType.EMAIL: EvidenceKind.UNVERIFIED_EMAIL, IdentityType.PHONE: EvidenceKind.UNVERIFIED_PHONE}


async def settle(store: CustomerStore, claims: Iterable[str], now: datetime) -> None:
    """Look at these identifiers: a device is the one known customer's who was seen on it, or nobody's; customers with
    one unverified address are candidates. The outcome depends on what was seen, not on the order.
    """
    sightings = SightingStore(store)
    for sighting in await sightings.find(claims):
        await _settle(store, sighting, now)


async def settle_with(store: CustomerStore, profiles: Iterable[str], now: datetime) -> None:
    """Look at what was seen with these profiles, which were merged or parted."""
    for sighting in await SightingStore(store).unsettled(list(profiles)):
        await _settle(store, sighting, now)


async def settle_left(store: CustomerStore, before: datetime, now: datetime) -> int:
    """Look at what workers that died left; how much there was."""
    left = await SightingStore(store).left_unsettled(before)
    for sighting in left:
        await _settle(store, sighting, now)
    return len(left)


async def _settle(store: CustomerStore, sighting: Sighting, now: datetime) -> None:
    sightings = SightingStore(store)
    for _ in range(ATTEMPTS):
        holder = await store.claims.holder(sighting.claim)
        if sighting.type in SHARED:
            await _stitch(store, sighting, holder, now)
        else:
            await _suggest(store, sighting, holder, now)
        if sighting.unsettled is None or await sightings.settled(sighting):
            return
        [sighting] = await sightings.find([sighting.claim])


async def _stitch(store: CustomerStore, sighting: Sighting, anonymous: str | None, now: datetime) -> None:
    if anonymous is None:
        return
    roots = await SightingStore(store).roots(sighting.seen)
    owners = sorted(roots) if len(set(roots.values())) == 1 else []
    await MergeStore(store).stitch(anonymous, owners, now)


async def _suggest(store: CustomerStore, sighting: Sighting, holder: str | None, now: datetime) -> None:
    parties = {*sighting.seen, *([] if holder is None else [holder])}
    roots = set((await SightingStore(store).roots(parties)).values())
    if len(roots) > MAX_PARTIES:
        return
    kind = KINDS[sighting.type]
    fact = Evidence(kind, sighting.claim, WEIGHTS[kind])
    for one, other in combinations(sorted(roots), 2):
        await MergeStore(store).suggest(one, other, [fact], now)
