"""Edits of a profile that is there: its traits and its identities. Every query of them; decides nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.mongo import Document
from services.customer.counter.model import terms_of
from services.customer.identity import IdentityType
from services.customer.model import MAX_IDENTITIES, MAX_IDENTITIES_OF_TYPE, Identity
from services.customer.profile.model import Trait
from services.customer.profile.pipelines import observing
from services.customer.store import LIVE, PRESENT, ClaimedElsewhere, CustomerStore, Unmatched, updated


async def observe(
    store: CustomerStore, id: str, traits: Sequence[Trait], now: datetime, *, version: int | None = None
) -> bool:
    """Keep these values if the profile, merged or not, still has `version`, or any if None; whether it was written.

    One update decides which value stays; nothing is read for it but the profile's key.
    """
    key = (await store.vault.keys([id])).get(id)
    if key is None:
        return False
    sealer = store.sealer(key)
    terms = [store.claims.term(term) for term in sorted(terms_of({trait.field: trait.value for trait in traits}))]
    change = {
        "traits": observing(_latest([sealer.trait(trait) for trait in traits])),
        "terms": {"$setUnion": ["$terms", {"$literal": terms}]},
        "updated_at": now,
        "version": {"$add": ["$version", 1]},
        "outbox": {"$concatArrays": [{"$ifNull": ["$outbox", []]}, {"$literal": [updated(id, now, traits)]}]},
    }
    where: Document = {"_id": id, **PRESENT} | ({} if version is None else {"version": version})
    edited = await store.profiles.update_one(where, [{"$set": change}])
    store.on_change()
    return bool(edited.matched_count)


async def add_identity(store: CustomerStore, id: str, identity: Identity, now: datetime) -> bool:
    """Claim and list an identity, both or neither; False if the customer is gone, full, or lists it already.

    Raises ClaimedElsewhere. A transaction: cold work on a document nobody else writes to at that moment. What a
    customer may have is counted over all members, and the one that stands for them is written by every such edit.
    """
    claim = store.claims.key(identity.type, identity.value)
    key = (await store.vault.keys([id])).get(id)
    if key is None:
        return False

    async def both(session: AsyncClientSession) -> bool:
        family = (await store.families([id], session)).get(id)
        if not family or family[0]["_id"] != id or not _has_room(family, claim, identity.type):
            raise Unmatched
        await store.claims.add(claim, id, now, session)
        terms = [store.claims.term(term) for term in _terms(identity)]
        push = {"identities": store.sealer(key).identity(identity), "outbox": updated(id, now)}
        await _edit(store, id, {"$push": push, "$addToSet": {"terms": {"$each": terms}}}, now, session)
        return True

    try:
        return bool(await store.transact(both))
    except DuplicateKeyError:
        raise ClaimedElsewhere(await store.claims.holder(claim)) from None


async def prove_identity(store: CustomerStore, id: str, type: IdentityType, value: str, now: datetime) -> bool:
    """Mark an identity the profile lists as verified; False if it does not, or it is already."""
    claim = store.claims.key(type, value)
    listed = {"$elemMatch": {"key": claim, "verified": None}}
    proven = await store.profiles.update_one(
        {"_id": id, "identities": listed},
        {
            "$set": {"identities.$.verified": True, "updated_at": now},
            "$inc": {"version": 1},
            "$push": {"outbox": updated(id, now)},
        },
    )
    store.on_change()
    return bool(proven.modified_count)


async def remove_identity(store: CustomerStore, id: str, type: IdentityType, value: str, now: datetime) -> bool:
    """Unlist an identity and let it go, both or neither; False if the customer is gone or does not list it."""
    claim = store.claims.key(type, value)

    async def both(session: AsyncClientSession) -> bool:
        family = (await store.families([id], session)).get(id, [])
        holder = next((one["_id"] for one in family if claim in _claims(one)), None)
        if holder is None or family[0]["_id"] != id:
            raise Unmatched
        await store.profiles.update_one({"_id": holder}, {"$pull": {"identities": {"key": claim}}}, session=session)
        await _edit(store, id, {"$push": {"outbox": updated(id, now)}}, now, session)
        await store.claims.remove(claim, holder, session)
        return True

    return bool(await store.transact(both))


async def _edit(
    store: CustomerStore, id: str, change: Mapping[str, Any], now: datetime, session: AsyncClientSession
) -> None:
    edit = {**change, "$inc": {"version": 1}, "$set": {"updated_at": now}}
    edited = await store.profiles.update_one({"_id": id, **LIVE}, edit, session=session)
    if not edited.matched_count:
        raise Unmatched


def _latest(traits: Sequence[Document]) -> list[Document]:
    """One of each field, source and `e`."""
    kept: dict[tuple[str, str, bool], Document] = {}
    for trait in sorted(traits, key=lambda trait: (trait["at"], trait["d"])):
        kept[trait["f"], trait["s"], "e" in trait] = trait
    return list(kept.values())


def _has_room(family: Sequence[Document], claim: str, type: IdentityType) -> bool:
    """Not listed yet, and one more is not too many."""
    listed = [identity for one in family for identity in one["identities"]]
    of_type = sum(identity["type"] == type.value for identity in listed)
    is_new = all(identity["key"] != claim for identity in listed)
    return is_new and len(listed) < MAX_IDENTITIES and of_type < MAX_IDENTITIES_OF_TYPE[type]


def _claims(document: Document) -> set[str]:
    return {identity["key"] for identity in document["identities"]}


def _terms(identity: Identity) -> list[str]:
    return sorted(terms_of({"phones": [identity.value]})) if identity.type is IdentityType.PHONE else []
