"""Every MongoDB query of rewards' coupons; decides nothing. They lie in `coupons` and `coupon_batches`, as others do.

Whether a coupon can still be taken away is decided by the update that takes it: its filter and a redemption's look at
the same document. The answer is in the same update's outbox, so that a question has one answer for ever.
"""

from collections.abc import Callable
from datetime import datetime

from kit.events.log import insert_new
from kit.events.outbox import outbox_entry
from kit.mongo import Database, Document
from services.catalog.coupon.model import Batch
from services.catalog.coupon.store import BATCHES, COUPONS, terms_document
from services.catalog.reward.model import Answer

COUPON_ANSWERED = "noren.catalog.reward_coupon_answered.v1"


class RewardCouponStore:
    """Coupons of claims; `changed` is called after each write that left an event."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._coupons = db[COUPONS]
        self._batches = db[BATCHES]
        self._changed = changed

    async def make(self, claim_id: str, coupon_id: str, batch: Batch) -> None:
        """Keep the coupon and then what makes it valid, each once; one that was taken away before stays so."""
        await insert_new(self._coupons, [_coupon(claim_id, coupon_id, batch.id)])
        document: Document = {
            "_id": batch.id,
            "key": f"\x1freward/{claim_id}",  # no client's key: those are printable
            "fingerprint": "",
            "terms": terms_document(batch.terms),
            "salt": batch.salt,
            "made": 1,
            "complete": True,
            "created_at": batch.created_at,
        }
        await insert_new(self._batches, [document])

    async def refuse(self, claim_id: str, coupon_id: str, batch_id: str, now: datetime) -> None:
        """Keep that there is no coupon, and say so, once."""
        told = _told(claim_id, None, now, Answer.REFUSED)
        document = {**_coupon(claim_id, coupon_id, batch_id), "revoked": True, "outbox": [told]}
        await insert_new(self._coupons, [document])
        self._changed()

    async def is_known(self, coupon_id: str) -> bool:
        """Whether it was made, refused or taken away before."""
        return await self._coupons.count_documents({"_id": coupon_id}, limit=1) == 1

    async def revoke(self, claim_id: str, coupon_id: str, batch_id: str, ask: int, now: datetime) -> None:
        """Take the coupon away if nobody has used or holds it, and answer; the same question again changes nothing."""
        await insert_new(self._coupons, [_coupon(claim_id, coupon_id, batch_id)])
        holds = {"$map": {"input": {"$objectToArray": {"$ifNull": ["$holds", {}]}}, "in": "$$this.v"}}
        is_held = {"$gt": [{"$size": {"$filter": {"input": holds, "cond": {"$gte": ["$$this", 0]}}}}, 0]}
        used = {"$cond": [is_held, Answer.HELD.value, Answer.USED.value]}
        answer = {"$cond": [{"$eq": ["$uses", 0]}, Answer.REVOKED.value, used]}
        told = {
            **_told(claim_id, ask, now, Answer.USED),
            "data": {"claimId": claim_id, "ask": ask, "answer": "$answer"},
        }
        change: list[Document] = [
            {"$set": {"answer": answer}},
            {
                "$set": {
                    "revoked": {"$cond": [{"$eq": ["$answer", Answer.REVOKED.value]}, True, "$revoked"]},
                    "asked": {"$concatArrays": [{"$ifNull": ["$asked", []]}, [ask]]},
                    "outbox": {"$concatArrays": [{"$ifNull": ["$outbox", []]}, [told]]},
                }
            },
            {"$unset": "answer"},
        ]
        await self._coupons.update_one({"_id": coupon_id, "asked": {"$ne": ask}}, change)
        self._changed()


def _coupon(claim_id: str, coupon_id: str, batch_id: str) -> Document:
    return {"_id": coupon_id, "batch": batch_id, "uses": 0, "claim": claim_id, "asked": [], "outbox": []}


def _told(claim_id: str, ask: int | None, now: datetime, answer: Answer) -> Document:
    data = {"claimId": claim_id, "ask": ask, "answer": answer.value}
    return outbox_entry(f"{claim_id}:answer:{ask or 0}", COUPON_ANSWERED, claim_id, now, data)
