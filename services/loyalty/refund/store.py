"""Every MongoDB query of refunds; decides nothing.

One document a spending that was refunded, `_id` its statement entry's id: how many of its points are claimed, and by
which refunds. Whether there is enough left stands in the filter of the claim. Shard key: `_id`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from services.loyalty.model import Reference
from services.loyalty.refund.model import MAX_CLAIMS, Claim, RefundRequest

COLLECTION = "refunds"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("claimed_at", ASCENDING)], name="unposted", partialFilterExpression={"unposted": {"$gt": 0}})
    ]
}


class RefundStore:
    """The collection `refunds`."""

    def __init__(self, db: Database) -> None:
        self._refunds: Collection = db[COLLECTION]

    async def claim(self, request: RefundRequest, spent: int, now: datetime) -> tuple[Claim | None, int]:
        """Claim `request.points` of `spent`; the claim, or the one its key made before, and what is left to refund."""
        empty: Document = {"_id": request.entry_id, "claimed": 0, "claims": [], "unposted": 0, "claimed_at": now}
        await insert_new(self._refunds, [empty])
        guard: Document = {
            "_id": request.entry_id,
            "claims.key": {"$ne": request.idempotency_key},
            "claimed": {"$lte": spent - request.points},
            f"claims.{MAX_CLAIMS - 1}": {"$exists": False},
        }
        change = [
            {
                "$set": {
                    "claims": {"$concatArrays": ["$claims", [{"$literal": _document(request)}]]},
                    "claimed": {"$add": ["$claimed", request.points]},
                    "unposted": {"$add": ["$unposted", 1]},
                    "claimed_at": now,
                }
            }
        ]
        await self._refunds.update_one(guard, change)
        kept = await self._refunds.find_one({"_id": request.entry_id})
        assert kept is not None, "it was inserted above, and nothing removes one"
        claims = {claim.key: claim for claim in _claims(kept)}
        return claims.get(request.idempotency_key), spent - int(kept["claimed"])

    async def has(self, request: RefundRequest) -> bool:
        """Whether its key has claimed a part of the spending before."""
        where = {"_id": request.entry_id, "claims.key": request.idempotency_key}
        return await self._refunds.count_documents(where, limit=1) > 0

    async def posted(self, claim: Claim) -> None:
        """Note that the claim's points came back."""
        waiting = {"_id": claim.entry_id, "claims": {"$elemMatch": {"key": claim.key, "posted": False}}}
        await self._refunds.update_one(waiting, {"$set": {"claims.$.posted": True}, "$inc": {"unposted": -1}})

    async def unposted(self, before: datetime, limit: int) -> list[Claim]:
        """Claims made before that time whose points have not come back, of up to `limit` spendings."""
        late = {"unposted": {"$gt": 0}, "claimed_at": {"$lt": before}}
        rows = await self._refunds.find(late).sort("claimed_at").limit(limit).to_list()
        return [claim for row in rows for claim in _claims(row, unposted_only=True)]


def _document(request: RefundRequest) -> Document:
    return {
        "key": request.idempotency_key,
        "customer_id": request.customer_id,
        "points": request.points,
        "reason": request.reason,
        "return_id": request.reference.return_id,
        "note": request.reference.note,
        "fingerprint": request.fingerprint,
        "actor": request.actor,
        "tally": request.tally,
        "posted": False,
    }


def _claims(row: Document, unposted_only: bool = False) -> list[Claim]:
    claims, offset = [], 0
    for one in row["claims"]:
        if not (unposted_only and one["posted"]):
            about = Reference(return_id=one["return_id"], note=one["note"])
            claims.append(
                Claim(
                    row["_id"],
                    one["customer_id"],
                    offset,
                    one["points"],
                    one["key"],
                    one["reason"],
                    one["fingerprint"],
                    about,
                    one["actor"],
                    one.get("tally"),
                )
            )
        offset += one["points"]
    return claims
