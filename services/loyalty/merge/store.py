"""Every MongoDB query of merges; decides nothing.

`merges`: one document a merge, for ever. Both wallets of a merge change in one transaction: cold work, once in a
customer's life. Shard key: `_id`; the wallets of a merge may lie on two shards.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.mongo import Collection, Database, Document, transact
from services.loyalty.merge.model import Count, Counts, Merge, MergeRequest, MergeState, Parcel, part, whole
from services.loyalty.merge.pipelines import arriving, leaving, returning, separating
from services.loyalty.model import CustomerId, Wallet
from services.loyalty.rank.model import Standing

COLLECTION = "merges"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        IndexModel([("ranks_due", ASCENDING)], name="ranks", partialFilterExpression={"ranks_due": {"$type": "date"}}),
    ]
}
ReadWallet = Callable[[Document], Wallet]


class _Missed(Exception):
    """A wallet does not take it: the transaction is undone, and the caller looks why."""


class MergeStore:
    """The collection `merges`, and what a merge does to `wallets`."""

    def __init__(self, db: Database, read_wallet: ReadWallet) -> None:
        self._db = db
        self._merges: Collection = db[COLLECTION]
        self._wallets: Collection = db["wallets"]
        self._read_wallet = read_wallet

    async def by_key(self, key: str) -> Merge | None:
        """The merge an idempotency key has made."""
        document = await self._merges.find_one({"key": key})
        return None if document is None else _merge(document)

    async def by_id(self, id: str) -> Merge | None:
        """One merge."""
        document = await self._merges.find_one({"_id": id})
        return None if document is None else _merge(document)

    async def merge(self, request: MergeRequest, id: str, now: datetime) -> Merge | None:
        """Move everything of one wallet into another; None if one does not take part or the key was used."""
        asked = Merge(
            id, request.source, request.into, request.reason, request.fingerprint, MergeState.MERGED, now,
            (0, 0, 0), None, None, None, request.actor, request.note,
        )  # fmt: skip

        async def both(session: AsyncClientSession) -> Merge:
            source = await self._change(leaving(asked), session)
            parcel = replace(whole(self._read_wallet(source), id), counts=_counts(source).behind(id))
            into = self._read_wallet(await self._change(arriving(asked, parcel), session))
            ends = [at for at in (parcel.regular_expires_at, into.regular_expires_at) if at is not None]
            made = replace(
                asked,
                moved=_sums(parcel),
                source_expires_at=parcel.regular_expires_at,
                into_expires_at=into.regular_expires_at,
                joined_expires_at=max(ends, default=None),
            )
            document = {**_document(made), "key": request.idempotency_key, "ranks_due": now}
            await self._merges.insert_one(document, session=session)
            return made

        return await self._transact(both)

    async def unmerge(self, merge: Merge, now: datetime) -> Merge | None:
        """Give back what is still there of what the merge brought; None if it cannot be, or is undone."""

        async def both(session: AsyncClientSession) -> Merge:
            joint = await self._change(separating(merge), session)
            parcel = replace(part(self._read_wallet(joint), merge), counts=_counts(joint).part(merge.id))
            await self._change(returning(merge, parcel), session)
            made = replace(merge, state=MergeState.UNMERGED, unmerged_at=now, returned=_sums(parcel))
            change = {name: _document(made)[name] for name in ("state", "unmerged_at", "returned")}
            where = {"_id": merge.id, "state": MergeState.MERGED}
            kept = await self._merges.update_one(where, {"$set": {**change, "ranks_due": now}}, session=session)
            if kept.matched_count == 0:
                raise _Missed
            return made

        return await self._transact(both)

    async def ranks_due(self, before: datetime, limit: int) -> list[Merge]:
        """Merges and their undoings whose ranks have not followed, the longest waiting first."""
        found = self._merges.find({"ranks_due": {"$lte": before}}).sort("ranks_due").limit(limit)
        return [_merge(document) async for document in found]

    async def remember_rank(self, merge: Merge, before: Standing, after_version: int) -> None:
        """Keep, once, what rank the target had before the merge raised it, and its standing's version after."""
        body = {"rank": before.rank, "since": before.since, "valid_until": before.valid_until}
        where = {"_id": merge.id, "rank_before": {"$exists": False}}
        await self._merges.update_one(where, {"$set": {"rank_before": {**body, "version": after_version}}})

    async def rank_before(self, merge: Merge) -> Standing | None:
        """What rank the target had, with the version that the merge raised it to; None if it raised nothing."""
        document = await self._merges.find_one({"_id": merge.id}, {"rank_before": 1})
        kept = (document or {}).get("rank_before")
        return None if kept is None else Standing(merge.into, **kept)

    async def ranks_followed(self, merge: Merge) -> None:
        """Nothing is left to do of the merge as it stood in `merge`."""
        where = {"_id": merge.id, "state": merge.state}
        await self._merges.update_one(where, {"$unset": {"ranks_due": ""}})

    async def _change(self, update: tuple[Document, list[Document]], session: AsyncClientSession) -> Document:
        """Change one wallet within the transaction and return it as it was before."""
        where, pipeline = update
        before = await self._wallets.find_one_and_update(
            where, pipeline, projection={"keys": 0, "outbox": 0}, session=session
        )
        if before is None:
            raise _Missed
        return before

    async def _transact(self, both: Callable[[AsyncClientSession], Awaitable[Merge]]) -> Merge | None:
        try:
            return await transact(self._db, both)
        except (_Missed, DuplicateKeyError):
            return None


def _counts(wallet: Document) -> Counts:
    names = ("name", "at", "until", "n")
    kept = tuple(Count(**{n: one[n] for n in names}, origin=one.get("origin")) for one in wallet.get("tallies", ()))
    gifted = wallet.get("gifted") or {"day": None, "points": 0}
    return Counts(kept, gifted["day"], gifted["points"])


def _sums(parcel: Parcel) -> tuple[int, int, int]:
    return parcel.points, parcel.held, parcel.debt


def _document(merge: Merge) -> Document:
    return {
        "_id": merge.id,
        "source": merge.source,
        "into": merge.into,
        "reason": merge.reason,
        "note": merge.note,
        "actor": merge.actor,
        "fingerprint": merge.fingerprint,
        "state": merge.state.value,
        "merged_at": merge.merged_at,
        "moved": list(merge.moved),
        "source_expires_at": merge.source_expires_at,
        "into_expires_at": merge.into_expires_at,
        "joined_expires_at": merge.joined_expires_at,
        "unmerged_at": merge.unmerged_at,
        "returned": None if merge.returned is None else list(merge.returned),
    }


def _merge(document: Document) -> Merge:
    points, held, debt = document["moved"]
    returned = document["returned"]
    return Merge(
        id=document["_id"],
        source=CustomerId(document["source"]),
        into=CustomerId(document["into"]),
        reason=document["reason"],
        fingerprint=document["fingerprint"],
        state=MergeState(document["state"]),
        merged_at=document["merged_at"],
        moved=(points, held, debt),
        source_expires_at=document["source_expires_at"],
        into_expires_at=document["into_expires_at"],
        joined_expires_at=document["joined_expires_at"],
        actor=document["actor"],
        note=document["note"],
        unmerged_at=document["unmerged_at"],
        returned=None if returned is None else (returned[0], returned[1], returned[2]),
    )
