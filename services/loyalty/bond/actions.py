"""Wallets follow their customers: merged when they are, parted when they are again. Every step may be repeated.

What was told is kept first; then every bond of the family is looked at, and wallets that are not where their customers
are move there. So the order of events does not matter: an older merge that is heard late moves a wallet from the root,
where it is, to the customer whose part it is, when that one is parted from the root.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kit.errors import Refused
from kit.log import logger
from services.loyalty.bond.model import Bond, in_turn
from services.loyalty.bond.store import BondStore
from services.loyalty.merge.actions import join, unmerge
from services.loyalty.merge.store import MergeStore
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore, wallet_from

log = logger(__name__)

WAITS_FOR = timedelta(minutes=1)
"""How long wallets that could not follow wait for the next attempt: somebody lets a wallet go, or a hold ends."""
SWEEP_BATCH = 50


async def follow(store: LoyaltyStore, customer_ids: Sequence[CustomerId], *, now: datetime) -> None:
    """Bring the wallets of these customers, and of all who are one with them, to where the bonds say."""
    bonds = BondStore(store.db)
    for bond in in_turn(await bonds.family(customer_ids)):
        current = await bonds.by_id(bond.id)
        assert current is not None, "nothing removes a bond"
        try:
            await _ensure(store, bonds, current, now)
        except Refused as refused:
            log.warning("wallets cannot follow their customers yet", merge_id=bond.id, reason=str(refused))
            await bonds.waits(bond, str(refused), now)
        else:
            await bonds.followed(current)


async def sweep_bonds(store: LoyaltyStore, now: datetime) -> int:
    """Try again what could not follow, or lost its worker; return how many there were."""
    waiting = await BondStore(store.db).pending(now - WAITS_FOR, SWEEP_BATCH)
    for bond in waiting:
        await follow(store, [bond.kept, bond.merged], now=now)
    return len(waiting)


async def _ensure(store: LoyaltyStore, bonds: BondStore, bond: Bond, now: datetime) -> None:
    bond = await _known_merge(store, bonds, bond)
    if not bond.stands:
        await _part(store, bonds, bond, now)
        return
    await store.open({bond.kept: bond.at, bond.merged: bond.at})
    source, target = await _heads(store, bond)
    if source == target:
        return
    bond = await _part(store, bonds, bond, now)
    made = await join(store, bond.request(target), now=now)
    await bonds.stands_by(bond, made.id)


async def _known_merge(store: LoyaltyStore, bonds: BondStore, bond: Bond) -> Bond:
    """The bond with the merge of wallets that stands for it, also if a crash kept that from being noted."""
    if bond.wallet_merge is not None:
        return bond
    made = await MergeStore(store.db, wallet_from).by_key(bond.key)
    if made is None:
        return bond
    await bonds.stands_by(bond, made.id)
    return await bonds.by_id(bond.id) or bond


async def _part(store: LoyaltyStore, bonds: BondStore, bond: Bond, now: datetime) -> Bond:
    if bond.wallet_merge is None:
        return bond
    await unmerge(store, bond.wallet_merge, now=now)
    await bonds.parted(bond)
    return await bonds.by_id(bond.id) or bond


async def _heads(store: LoyaltyStore, bond: Bond) -> tuple[CustomerId, CustomerId]:
    homes = await store.homes([bond.merged, bond.kept])
    source, target = (homes[id].customer_id if id in homes else id for id in (bond.merged, bond.kept))
    return source, target
