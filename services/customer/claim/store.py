"""The claims: one document an identifier, so that it belongs to one profile only. Part of the store; decides nothing.

A claim has `_id = type:HMAC(value)` and the id of its profile; it holds no personal value, and is `pending` until
its profile is live. Whoever deletes a pending claim first makes sure that its profile never becomes live.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError

from kit.mongo import Collection, Document, duplicates
from services.customer.identity import IdentityType, claim_key
from services.customer.model import Customer, Identity

CLAIM_ROUNDS = 8
"""How often a claim that vanished between refusal and look is tried again."""
STALE_BATCH = 1_000
TERM_BYTES = 9
"""72 bits: among the hundred million terms of ten million members, two are alike with a chance of one in a million."""
KEY_CHECK = b"noren identity key check"


@dataclass(frozen=True, slots=True)
class Taken:
    """An identity that `profile` wanted and `holder` has; None if the holder let go meanwhile."""

    profile: str
    identity: Identity
    holder: str | None


@dataclass(frozen=True, slots=True)
class PendingClaim:
    """A claim that is not known to belong to a live profile."""

    key: str
    profile: str


@dataclass(frozen=True, slots=True)
class _Row:
    identity: Identity
    document: Document

    @property
    def key(self) -> str:
        return str(self.document["_id"])


class Claims:
    """The collection of claims, keyed with `secret` (`identity.derive_key`)."""

    def __init__(self, collection: Collection, secret: bytes) -> None:
        self.collection = collection
        self._secret = secret

    @property
    def key_check(self) -> str:
        """Tells whether two processes key their claims alike, without telling the key."""
        return hmac.new(self._secret, KEY_CHECK, hashlib.sha256).hexdigest()

    def key(self, type: IdentityType, value: str) -> str:
        """The `_id` that claims a normalised identifier."""
        return claim_key(self._secret, type, value)

    def term(self, term: str) -> bytes:
        """A look-up term as it is kept: keyed, so that the terms tell nobody who is there; short, for the index."""
        return hmac.digest(self._secret, b"term:" + term.encode(), hashlib.sha256)[:TERM_BYTES]

    def keys(self, identities: Iterable[Identity]) -> set[str]:
        """The `_id`s that claim these identities."""
        return {self.key(identity.type, identity.value) for identity in identities}

    async def holder(self, key: str) -> str | None:
        """The profile that has this claim."""
        return (await self.holders([key])).get(key)

    async def holders(self, keys: Iterable[str]) -> dict[str, str]:
        """The profiles that have these claims, by key."""
        found = await self.collection.find({"_id": {"$in": list(keys)}}, {"profile": 1}).to_list()
        return {claim["_id"]: claim["profile"] for claim in found}

    async def take(self, customer: Customer, now: datetime) -> Taken | None:
        """Claim every identity of a draft, again if need be; the first that belongs to somebody else, or None.

        In the order of their keys: of several creators who want the same identities, one then gets them all.
        """
        rows = sorted(self._rows([customer], now), key=lambda row: row.key)
        for _ in range(CLAIM_ROUNDS + len(rows)):
            missed = await self._insert(rows, ordered=True)
            if not missed:
                return None
            holder = await self.holder(missed[0].key)
            if holder is not None and holder != customer.id:
                return Taken(customer.id, missed[0].identity, holder)
            rows = rows[rows.index(missed[0]) + (holder is not None) :]
        return Taken(customer.id, rows[0].identity, None) if rows else None

    async def take_all(self, customers: Sequence[Customer], now: datetime) -> list[Taken]:
        """Claim the identities of many drafts at once; those that belong to somebody else."""
        missed = await self._insert(self._rows(customers, now), ordered=False)
        if not missed:
            return []
        holders = await self.holders(row.key for row in missed)
        taken = [Taken(row.document["profile"], row.identity, holders.get(row.key)) for row in missed]
        return [one for one in taken if one.holder != one.profile]

    async def add(self, key: str, profile: str, now: datetime, session: AsyncClientSession) -> None:
        """Claim for a live profile, inside its transaction; DuplicateKeyError if somebody else has it."""
        claim: Document = {"$setOnInsert": {"claimed_at": now}, "$unset": {"pending": ""}}
        await self.collection.update_one({"_id": key, "profile": profile}, claim, upsert=True, session=session)

    async def remove(self, key: str, profile: str, session: AsyncClientSession) -> None:
        """Let go what a live profile has, inside its transaction."""
        await self.collection.delete_one({"_id": key, "profile": profile}, session=session)

    async def settle(self, customers: Sequence[Customer]) -> None:
        """Mark what live profiles claimed as held for good."""
        where = _pending_of(self._rows(customers))
        if where is not None:
            await self.collection.update_many(where, {"$unset": {"pending": ""}})

    async def release_keys(self, profile: str, keys: Sequence[str]) -> None:
        """Let go pending claims of a profile, by key."""
        await self.collection.delete_many({"_id": {"$in": list(keys)}, "profile": profile, "pending": True})

    async def release(self, customers: Sequence[Customer]) -> None:
        """Let go what aborted drafts claimed."""
        where = _pending_of(self._rows(customers))
        if where is not None:
            await self.collection.delete_many(where)

    async def stale(self, before: datetime) -> list[PendingClaim]:
        """Claims made before then that are still pending."""
        found = self.collection.find({"pending": True, "claimed_at": {"$lt": before}}, {"profile": 1})
        return [PendingClaim(claim["_id"], claim["profile"]) for claim in await found.limit(STALE_BATCH).to_list()]

    async def settle_one(self, claim: PendingClaim) -> None:
        """Mark a pending claim as held for good."""
        where = {"_id": claim.key, "profile": claim.profile, "pending": True}
        await self.collection.update_one(where, {"$unset": {"pending": ""}})

    async def release_one(self, claim: PendingClaim) -> None:
        """Let a pending claim go."""
        await self.collection.delete_one({"_id": claim.key, "profile": claim.profile, "pending": True})

    async def count(self) -> int:
        """How many there are."""
        return await self.collection.count_documents({})

    def _rows(self, customers: Iterable[Customer], now: datetime | None = None) -> list[_Row]:
        return [
            _Row(
                identity,
                {
                    "_id": self.key(identity.type, identity.value),
                    "profile": customer.id,
                    "pending": True,
                    "claimed_at": now,
                },
            )
            for customer in customers
            for identity in customer.identities
        ]

    async def _insert(self, rows: Sequence[_Row], *, ordered: bool) -> list[_Row]:
        """Insert; the rows whose key is there already, at most the first of them if `ordered`."""
        if not rows:
            return []
        try:
            await self.collection.insert_many([row.document for row in rows], ordered=ordered)
        except BulkWriteError as error:
            return [rows[place] for place in duplicates(error)]
        return []


def _pending_of(rows: Sequence[_Row]) -> Document | None:
    if not rows:
        return None
    profiles = list({row.document["profile"] for row in rows})
    return {"_id": {"$in": [row.key for row in rows]}, "profile": {"$in": profiles}, "pending": True}
