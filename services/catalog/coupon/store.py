"""Every MongoDB query and index of coupons; decides nothing.

A batch says what all its codes say; a code is a small document `{_id: HMAC, batch, uses}`; one that was revoked says
so. Those of rewards have an outbox (`reward.store`). Shard key: `_id` of both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX
from kit.ids import new_id
from kit.mongo import Database, Document
from services.catalog.coupon.model import Batch, Coupon, Terms

COUPONS, BATCHES = "coupons", "coupon_batches"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COUPONS: [OUTBOX_INDEX],
    BATCHES: [
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        IndexModel([("complete", ASCENDING)], name="unmade", partialFilterExpression={"complete": False}),
    ],
}


class CouponStore:
    """Batches and codes."""

    def __init__(self, db: Database) -> None:
        self._coupons = db[COUPONS]
        self._batches = db[BATCHES]

    async def insert_batch(
        self, terms: Terms, salt: bytes, key: str, fingerprint: str, now: datetime
    ) -> tuple[Batch, str]:
        """A new batch, or the one this key stands for already, with the fingerprint it was made with."""
        document: Document = {
            "_id": new_id("cbt"),
            "key": key,
            "fingerprint": fingerprint,
            "terms": terms_document(terms),
            "salt": salt,
            "made": 0,
            "complete": False,
            "created_at": now,
        }
        try:
            await self._batches.insert_one(document)
        except DuplicateKeyError:
            document = await self._batches.find_one({"key": key}) or document
        return _batch(document), document["fingerprint"]

    async def batches(self, ids: Sequence[str]) -> dict[str, Batch]:
        """The batches there are, by id."""
        found = await self._batches.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _batch(document) for document in found}

    async def unmade(self) -> list[Batch]:
        """Batches whose codes are not all there."""
        return [_batch(document) for document in await self._batches.find({"complete": False}).to_list()]

    async def insert_codes(self, batch: Batch, ids: Sequence[str]) -> int:
        """Keep these codes and return how many were new; the same again changes nothing."""
        return await insert_new(self._coupons, [{"_id": id, "batch": batch.id, "uses": 0} for id in ids])

    async def made_until(self, batch: Batch, made: int) -> None:
        """Say how far the codes are there; never less far."""
        update: Document = {"$max": {"made": made}}
        if made >= batch.terms.count:
            update["$set"] = {"complete": True}
        await self._batches.update_one({"_id": batch.id}, update)

    async def by_id(self, ids: Sequence[str]) -> dict[str, Coupon]:
        """The coupons there are, by id, with their batches."""
        found = await self._coupons.find({"_id": {"$in": list(ids)}}, {"batch": 1, "uses": 1, "revoked": 1}).to_list()
        batches = await self.batches(sorted({document["batch"] for document in found})) if found else {}
        return {
            document["_id"]: Coupon(
                document["_id"], batches[document["batch"]], document["uses"], bool(document.get("revoked"))
            )
            for document in found
            if document["batch"] in batches
        }


def terms_document(terms: Terms) -> Document:
    """As a batch keeps them."""
    return {
        "promotion": terms.promotion_id,
        "count": terms.count,
        "code": terms.code,
        "customer": terms.customer,
        "channels": sorted(terms.channels),
        "locations": sorted(terms.locations),
        "source": terms.source,
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "max_uses": terms.max_uses,
    }


def _batch(document: Document) -> Batch:
    said = document["terms"]
    terms = Terms(
        promotion_id=said["promotion"],
        count=said["count"],
        code=said["code"],
        customer=said["customer"],
        channels=frozenset(said["channels"]),
        locations=frozenset(said["locations"]),
        source=said["source"],
        valid_from=said["valid_from"],
        valid_until=said["valid_until"],
        max_uses=said["max_uses"],
    )
    return Batch(document["_id"], terms, bytes(document["salt"]), document["made"], document["created_at"])
