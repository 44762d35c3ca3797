"""Every MongoDB query of spending: the rules in force, and the goods that catalog tells of; decides nothing.

`goods`: a SKU's product and categories; `_id` is the SKU and the shard key. `version` is the product's, so that an
older event changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import UpdateOne

from kit.combine import Combiner
from kit.mongo import Database, Document
from services.loyalty.earning.store import COLLECTION as PROGRAMMES
from services.loyalty.earning.store import spending_of
from services.loyalty.posting.model import Tally
from services.loyalty.posting.tally import counted
from services.loyalty.spending.model import Goods, SpendRules

GOODS = "goods"
BUILT_IN = 1
"""The version of the programme that needs no document."""
COMBINED = 500
"""Spendings that ask for their rules at once."""


class SpendingStore:
    """Reads the programmes, keeps the goods."""

    def __init__(self, db: Database) -> None:
        self._programmes = db[PROGRAMMES]
        self._goods = db[GOODS]
        self._wallets = db["wallets"]
        self._rules = {BUILT_IN: SpendRules()}
        self._rules_at = Combiner(self._rules_of_all, limit=COMBINED)

    async def rules_at(self, at: datetime) -> tuple[int, SpendRules]:
        """The programme in force then, without what is earned by it; those who ask at one moment share a read."""
        return await self._rules_at(at)

    async def _rules_of_all(self, instants: Sequence[datetime]) -> list[tuple[int, SpendRules]]:
        begun = {"$or": [{"valid_from": None}, {"valid_from": {"$lte": max(instants)}}]}
        found = await self._programmes.find(begun, {"valid_from": 1}, sort=[("_id", -1)]).to_list()
        begins = [(int(row["_id"]), row["valid_from"]) for row in found]
        numbers = [next((n for n, begin in begins if begin is None or begin <= at), BUILT_IN) for at in instants]
        unread = sorted(set(numbers) - self._rules.keys())  # a version never changes
        if unread:
            async for row in self._programmes.find({"_id": {"$in": unread}}, {"spending": 1}):
                self._rules[int(row["_id"])] = spending_of(row)
        return [(number, self._rules[number]) for number in numbers]

    async def counted(self, wallet_id: str, tally: Tally) -> int:
        """What the wallet counts of a tally by now."""
        rows = await self._wallets.aggregate([{"$match": {"_id": wallet_id}}, {"$project": {"n": counted(tally)}}])
        return sum([int(row["n"]) async for row in rows])

    async def goods(self, skus: Sequence[str]) -> dict[str, Goods]:
        """What was heard of these SKUs."""
        found = self._goods.find({"_id": {"$in": list(skus)}})
        return {row["_id"]: Goods(row["product_id"], frozenset(row["categories"])) async for row in found}

    async def hear_goods(self, heard: Mapping[str, tuple[int, Goods]]) -> None:
        """Keep what these SKUs belong to, by the product's version; what is known newer stays."""
        updates = []
        for sku, (version, goods) in sorted(heard.items()):
            told: Document = {
                "version": version,
                "product_id": {"$literal": goods.product_id},
                "categories": {"$literal": sorted(goods.categories)},
            }
            is_newer = {"$lt": [{"$ifNull": ["$version", -1]}, version]}
            other = {"$ne": ["$product_id", told["product_id"]]}
            takes = {"$or": [is_newer, other]}
            values = {name: {"$cond": [takes, value, f"${name}"]} for name, value in told.items()}
            updates.append(UpdateOne({"_id": sku}, [{"$set": values}], upsert=True))
        if updates:
            await self._goods.bulk_write(updates, ordered=False)
