"""Every MongoDB query of bulk calls; decides nothing. Shard key: `_id`, the idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database
from services.catalog.bulk.model import ItemResult, parse_result, plain_result

COLLECTION = "bulk_calls"

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}


@dataclass(frozen=True, slots=True)
class Call:
    """A call by its key: what it was asked (a fingerprint), the ids its new products get, and its results, if it ended.

    `resumed`: it began before and may have written some of its items.
    """

    key: str
    fingerprint: str
    ids: Sequence[str]
    results: Sequence[ItemResult] | None = None
    resumed: bool = False


class BulkStore:
    """Calls, each kept for ever by its key."""

    def __init__(self, db: Database) -> None:
        self._calls = db[COLLECTION]

    async def begin(self, key: str, fingerprint: str, ids: Sequence[str], now: datetime) -> Call:
        """This call, new or as it began before."""
        try:
            await self._calls.insert_one({"_id": key, "fingerprint": fingerprint, "ids": list(ids), "begun_at": now})
        except DuplicateKeyError:
            there = await self._calls.find_one({"_id": key})
            assert there is not None, "a key that was taken a moment ago is there"
            kept = there.get("results")
            results = None if kept is None else [parse_result(one) for one in kept]
            return Call(key, there["fingerprint"], there["ids"], results, resumed=True)
        return Call(key, fingerprint, ids)

    async def end(self, key: str, results: Sequence[ItemResult]) -> None:
        """Keep the results, unless another run of the same call was first."""
        change = {"$set": {"results": [plain_result(one) for one in results]}}
        await self._calls.update_one({"_id": key, "results": {"$exists": False}}, change)
