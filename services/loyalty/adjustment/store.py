"""Every MongoDB query of adjustments; decides nothing. Shard key: `_id`; the unique key holds them on one shard.

`point_adjustments`: the requests. `hand_days`: what one person has changed alone on one day; whether more is allowed
stands in the filter of the update that counts it, and `marks` names what was counted, so that each change counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.idempotency import fingerprint
from kit.ids import new_id
from kit.mongo import Collection, Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.loyalty.adjustment.model import (
    MAX_CHANGES_A_DAY,
    Adjustment,
    AdjustmentPolicy,
    AdjustmentRequest,
    AdjustmentState,
    RoleLimit,
)
from services.loyalty.model import CustomerId
from services.loyalty.versions.store import VersionStore

COLLECTION = "point_adjustments"
DAYS = "hand_days"
POLICIES = "adjustment_policies"
_OPEN = {"state": AdjustmentState.REQUESTED.value}
_UNPOSTED = {"state": AdjustmentState.APPROVED.value, "entry_id": None}
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        IndexModel([("requested_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("state", ASCENDING), ("requested_at", DESCENDING), ("_id", DESCENDING)], name="of_state"),
        IndexModel([("customer_id", ASCENDING), ("requested_at", DESCENDING), ("_id", DESCENDING)], name="of_customer"),
        IndexModel([("expires_at", ASCENDING)], name="open", partialFilterExpression=_OPEN),
        IndexModel([("decided_at", ASCENDING)], name="unposted", partialFilterExpression=_UNPOSTED),
    ],
    DAYS: [],
}
NEWEST: Sort = (("requested_at", DESCENDING), ("_id", DESCENDING))


class AdjustmentStore:
    """Requests, the days of those who change alone, and the policies."""

    def __init__(self, db: Database) -> None:
        self._adjustments: Collection = db[COLLECTION]
        self._days: Collection = db[DAYS]
        self.policies: VersionStore[AdjustmentPolicy] = VersionStore(db[POLICIES], _policy_document, _policy)

    async def count_alone(self, actor: str, points: int, limit: RoleLimit, key: str, now: datetime) -> bool:
        """Count a change somebody makes alone today, once for its key; whether the day allows it."""
        if points > limit.points or points > limit.points_a_day:
            return False
        id, mark = f"{actor}/{now.date().isoformat()}", fingerprint(actor, key)
        where = {
            "_id": id,
            "marks": {"$ne": mark},
            "used": {"$lte": limit.points_a_day - points},
            f"marks.{MAX_CHANGES_A_DAY - 1}": {"$exists": False},
        }
        try:
            await self._days.update_one(where, {"$inc": {"used": points}, "$push": {"marks": mark}}, upsert=True)
        except DuplicateKeyError:  # the day is there, and does not match
            return await self._days.count_documents({"_id": id, "marks": mark}, limit=1) == 1
        return True

    async def insert(
        self, request: AdjustmentRequest, policy: AdjustmentPolicy, expires_at: datetime, *, alone: bool, now: datetime
    ) -> Adjustment | None:
        """Keep a request, approved at once if its asker may do it alone; None if the key was used."""
        state = AdjustmentState.APPROVED if alone else AdjustmentState.REQUESTED
        document = {
            "_id": new_id("adj"),
            "key": request.idempotency_key,
            "customer_id": request.customer_id,
            "points": request.points,
            "reason": request.reason,
            "note": request.note,
            "fingerprint": request.fingerprint,
            "requested_by": request.actor,
            "requested_at": now,
            "expires_at": expires_at,
            "policy_version": policy.version,
            "state": state.value,
            "decided_by": None,
            "decided_at": now if alone else None,
            "decision_reason": None,
            "entry_id": None,
        }
        try:
            await self._adjustments.insert_one(document)
        except DuplicateKeyError:
            return None
        return _adjustment(document)

    async def by_key(self, key: str) -> Adjustment | None:
        """The request an idempotency key has made."""
        row = await self._adjustments.find_one({"key": key})
        return None if row is None else _adjustment(row)

    async def by_id(self, id: str) -> Adjustment | None:
        """One request."""
        row = await self._adjustments.find_one({"_id": id})
        return None if row is None else _adjustment(row)

    async def page(self, args: PageArgs, state: AdjustmentState | None, customer_id: str | None) -> Page[Adjustment]:
        """The newest first; of one state or customer, if named."""
        where: Document = {} if state is None else {"state": state.value}
        if customer_id is not None:
            where["customer_id"] = customer_id
        return await find_page(self._adjustments, where, NEWEST, args, _adjustment)

    async def decide(
        self, id: str, state: AdjustmentState, actor: str, reason: str, now: datetime
    ) -> Adjustment | None:
        """REQUESTED to its end, by somebody else than who asked, in time; None if it is not so."""
        where = {"_id": id, **_OPEN, "requested_by": {"$ne": actor}, "expires_at": {"$gt": now}}
        values = {"state": state.value, "decided_by": actor, "decided_at": now, "decision_reason": reason}
        row = await self._adjustments.find_one_and_update(where, {"$set": values}, return_document=True)
        return None if row is None else _adjustment(row)

    async def posted(self, id: str, entry_id: str) -> Adjustment:
        """Note the entry that its points have."""
        row = await self._adjustments.find_one_and_update(
            {"_id": id}, {"$set": {"entry_id": entry_id}}, return_document=True
        )
        assert row is not None, "nothing removes one"
        return _adjustment(row)

    async def expire(self, now: datetime) -> int:
        """End what nobody decided in time."""
        over = {**_OPEN, "expires_at": {"$lte": now}}
        change = {"$set": {"state": AdjustmentState.EXPIRED.value, "decided_at": now}}
        return (await self._adjustments.update_many(over, change)).modified_count

    async def unposted(self, before: datetime, limit: int) -> list[Adjustment]:
        """Approved before that time, and its points have not moved."""
        late = self._adjustments.find({**_UNPOSTED, "decided_at": {"$lt": before}}).sort("decided_at").limit(limit)
        return [_adjustment(row) async for row in late]


def _adjustment(row: Document) -> Adjustment:
    names = ("points", "reason", "note", "fingerprint", "requested_by", "requested_at", "expires_at", "policy_version")
    more = ("decided_by", "decided_at", "decision_reason", "entry_id")
    return Adjustment(
        id=row["_id"],
        customer_id=CustomerId(row["customer_id"]),
        state=AdjustmentState(row["state"]),
        **{name: row[name] for name in (*names, *more)},
    )


def _policy_document(policy: AdjustmentPolicy) -> Document:
    return {
        "_id": policy.version,
        "roles": [asdict(role) for role in policy.roles],
        "approval_days": policy.approval_days,
    }


def _policy(row: Document) -> AdjustmentPolicy:
    return AdjustmentPolicy(row["_id"], tuple(RoleLimit(**role) for role in row["roles"]), row["approval_days"])
