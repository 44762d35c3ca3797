"""Every MongoDB query of rewards; decides nothing. Shard key: `_id`.

`taken` counts the pieces that are claimed; `taking` names the claims under way or not settled yet, so that each takes
once and gives back once. A piece is taken by one update whose filter demands that one is left, and that the claim's
time is not over by the database's clock: after that no late worker takes any more, and its mark can go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Collection, Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.loyalty.reward.model import Reward, RewardDraft, RewardId, RewardKind

COLLECTION = "rewards"
REWARD_CHANGED = "noren.loyalty.reward_changed.v1"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("points", ASCENDING), ("_id", ASCENDING)], name="by_points"),
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        OUTBOX_INDEX,
    ]
}
BY_POINTS: Sort = (("points", ASCENDING), ("_id", ASCENDING))
MAX_TAKING = 5_000
"""Claims of one reward that are not settled: what comes on top waits until some are, before the document gets large."""


class RewardStore:
    """The collection `rewards`."""

    def __init__(self, db: Database) -> None:
        self._rewards: Collection = db[COLLECTION]
        self._wallets: Collection = db["wallets"]

    async def by_id(self, ids: Sequence[str]) -> dict[str, Reward]:
        """The rewards there are, by id."""
        found = self._rewards.find({"_id": {"$in": list(ids)}}, {"outbox": 0, "taking": 0})
        return {row["_id"]: _reward(row) async for row in found}

    async def by_key(self, key: str) -> tuple[Reward, str] | None:
        """The reward an idempotency key has made, and the fingerprint of its input."""
        row = await self._rewards.find_one({"key": key}, {"outbox": 0, "taking": 0})
        return None if row is None else (_reward(row), row["fingerprint"])

    async def page(self, args: PageArgs, offered_at: datetime | None) -> Page[Reward]:
        """By points, the cheapest first; those that are offered at that time, None: all."""
        where: Document = {}
        if offered_at is not None:
            begun = {"$or": [{"valid_from": None}, {"valid_from": {"$lte": offered_at}}]}
            not_over = {"$or": [{"valid_until": None}, {"valid_until": {"$gt": offered_at}}]}
            where = {"enabled": True, "$and": [begun, not_over]}
        return await find_page(self._rewards, where, BY_POINTS, args, _reward, projection={"outbox": 0, "taking": 0})

    async def insert(self, draft: RewardDraft, key: str, actor: str, now: datetime) -> Reward | None:
        """Keep a new reward; None if the key has made one."""
        id = new_id("rwd")
        told = [_told(id, draft, 1, actor, now)]
        marks = {"version": 1, "taken": 0, "taking": [], "key": key, "fingerprint": draft.fingerprint}
        document = {"_id": id, **_document(draft, now), **marks, "outbox": told}
        try:
            await self._rewards.insert_one(document)
        except DuplicateKeyError:
            return None
        return _reward(document)

    async def replace(self, id: str, version: int, draft: RewardDraft, actor: str, now: datetime) -> Reward | None:
        """The next version, if it still has this one; what is claimed stays claimed."""
        told = _told(id, draft, version + 1, actor, now)
        change = {"$set": {**_document(draft, now), "version": version + 1}, "$push": {"outbox": told}}
        kept = await self._rewards.find_one_and_update({"_id": id, "version": version}, change, return_document=True)
        return None if kept is None else _reward(kept)

    async def take(self, reward_id: str, version: int, claim_id: str, before: datetime) -> bool:
        """Take a piece for a claim, once; whether it has one now."""
        under = {"$lt": ["$taken", {"$ifNull": ["$stock", {"$add": ["$taken", 1]}]}]}
        where: Document = {
            "_id": reward_id,
            "version": version,
            "taking": {"$ne": claim_id},
            f"taking.{MAX_TAKING - 1}": {"$exists": False},
            "$expr": {"$and": [under, {"$lt": ["$$NOW", before]}]},
        }
        change = {"$inc": {"taken": 1}, "$push": {"taking": claim_id}}
        if (await self._rewards.update_one(where, change)).matched_count:
            return True
        return await self._rewards.count_documents({"_id": reward_id, "taking": claim_id}, limit=1) == 1

    async def settle(self, reward_id: str, claim_id: str, *, give_back: bool) -> None:
        """Forget the claim's mark, with its piece if it came to nothing. Only when no worker can take any more."""
        change: Document = {"$pull": {"taking": claim_id}}
        if give_back:
            change["$inc"] = {"taken": -1}
        await self._rewards.update_one({"_id": reward_id, "taking": claim_id}, change)

    async def claimed(self, wallet_id: str, names: Sequence[str]) -> dict[str, int]:
        """How many of each reward a wallet counts, by the name of the tally."""
        wallet = await self._wallets.find_one({"_id": wallet_id}, {"tallies": 1})
        kept = (wallet or {}).get("tallies", ())
        return {name: sum(one["n"] for one in kept if one["name"] == name) for name in names}


def _document(draft: RewardDraft, now: datetime) -> Document:
    body = {**asdict(draft), "names": [{"locale": k, "text": v} for k, v in draft.names.items()]}
    return {**body, "kind": draft.kind.value, "ranks": sorted(draft.ranks), "updated_at": now}


def _reward(row: Document) -> Reward:
    draft = RewardDraft(
        names={one["locale"]: one["text"] for one in row["names"]},
        kind=RewardKind(row["kind"]),
        points=row["points"],
        promotion_id=row["promotion_id"],
        sku=row["sku"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        stock=row["stock"],
        per_member=row["per_member"],
        ranks=frozenset(row["ranks"]),
        claim_days=row["claim_days"],
        returns_points=row["returns_points"],
        enabled=row["enabled"],
    )
    return Reward(RewardId(row["_id"]), row["version"], draft, row["taken"], row["updated_at"])


def _told(id: str, draft: RewardDraft, version: int, actor: str, now: datetime) -> Document:
    """The whole of a version: the journal keeps every one there was."""
    times = {"validFrom": draft.valid_from, "validUntil": draft.valid_until}
    data = {
        "rewardId": id,
        "version": version,
        "names": dict(draft.names),
        "kind": draft.kind.value,
        "points": draft.points,
        "promotionId": draft.promotion_id,
        "sku": draft.sku,
        "stock": draft.stock,
        "perMember": draft.per_member,
        "ranks": sorted(draft.ranks),
        "claimDays": draft.claim_days,
        "returnsPoints": draft.returns_points,
        "enabled": draft.enabled,
        "actor": actor,
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }
    return outbox_entry(f"{id}:v{version}", REWARD_CHANGED, id, now, data)
