"""Every MongoDB query of notices; decides nothing.

`wallets.next_notice_at` has an index, so that a sweep reads the wallets that are due and no others. `notices`: one
document each, `_id` the event's, with its outbox; being there is what makes it once. It goes `KEPT` after the expiry.
Shard key: `_id`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel, UpdateOne

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Collection, Database, Document
from services.loyalty.notice.model import Notice
from services.loyalty.notice.pipelines import TOLD, next_notice_at

POINTS_EXPIRING = "noren.loyalty.points_expiring.v1"
COLLECTION = "notices"
KEPT = timedelta(days=30)
"""Far longer than any sweep may be late between keeping a notice and marking it in the wallet."""
NOTICE_DUE_INDEX = IndexModel(
    [("next_notice_at", ASCENDING)],
    name="notice_due",
    partialFilterExpression={"next_notice_at": {"$type": "date"}},
)
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        OUTBOX_INDEX,
        IndexModel([("expires_at", ASCENDING)], name="gone", expireAfterSeconds=int(KEPT.total_seconds())),
    ]
}


class NoticeStore:
    """The collection `notices`, and what wallets know of it; `changed` is called after a write that left events."""

    def __init__(self, db: Database, changed: Callable[[], None] = lambda: None) -> None:
        self.notices: Collection = db[COLLECTION]
        self._wallets: Collection = db["wallets"]
        self._changed = changed

    async def due(self, now: datetime, limit: int) -> list[Document]:
        """Wallets with something to tell by the database's clock, which each brings along as `database_now`."""
        due = {"next_notice_at": {"$lte": now}, "$expr": {"$lte": ["$next_notice_at", "$$NOW"]}}
        rows = await self._wallets.aggregate(
            [
                {"$match": due},
                {"$sort": {"next_notice_at": ASCENDING}},
                {"$limit": limit},
                {"$set": {"database_now": "$$NOW"}},
                {"$unset": ["keys", "outbox"]},
            ]
        )
        return [row async for row in rows]

    async def tell(self, notices: Sequence[Notice], now: datetime) -> int:
        """Keep the notices that are new, with their events; return how many were."""
        documents = []
        for notice in notices:
            data = {
                "walletId": notice.wallet_id,
                "customerId": notice.customer_id,
                "points": notice.points,
                "at": notice.at.isoformat(),
                "days": notice.days,
            }
            entry = outbox_entry(notice.id, POINTS_EXPIRING, notice.customer_id, now, data)
            documents.append({"_id": notice.id, "expires_at": notice.at, "outbox": [entry]})
        kept = await insert_new(self.notices, documents)
        self._changed()
        return kept

    async def mark(self, wallet_ids: Sequence[str], notices: Sequence[Notice]) -> None:
        """Note in each wallet what was told, forget what has expired, and reckon when the next is due."""
        told: dict[str, list[Document]] = {id: [] for id in wallet_ids}
        for notice in notices:
            told[notice.wallet_id].append({"at": notice.at, "days": notice.days})
        updates = []
        for id, new in sorted(told.items()):
            alive = {"$filter": {"input": TOLD, "cond": {"$gt": ["$$this.at", "$$NOW"]}}}
            stages = [
                {"$set": {"noticed": {"$setUnion": [alive, new]}}},
                {"$set": {"next_notice_at": next_notice_at()}},
            ]
            updates.append(UpdateOne({"_id": id}, stages))
        if updates:
            await self._wallets.bulk_write(updates, ordered=False)
