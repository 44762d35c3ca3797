"""Every MongoDB query and index of purchases; decides nothing.

One document an order's SKU. Shard key: `_id`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymongo import ASCENDING, IndexModel

from kit.events.log import insert_new
from kit.mongo import Database
from services.catalog.standing.store import StandingStore

COLLECTION = "purchases"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel(
            [("customer_id", ASCENDING), ("sku", ASCENDING)],
            name="by_customer",
            partialFilterExpression={"customer_id": {"$type": "string"}},
        ),
    ],
}


@dataclass(frozen=True, slots=True)
class Purchase:
    """Pieces of one SKU in one order; a guest has no id."""

    order_id: str
    sku: str
    quantity: int
    customer_id: str | None

    @property
    def id(self) -> str:
        """The key it is kept by."""
        return f"{self.order_id}:{self.sku}"


class PurchaseStore:
    """What was bought; sums lie in the standings."""

    def __init__(self, db: Database, standing: StandingStore) -> None:
        self.purchases = db[COLLECTION]
        self.standing = standing

    async def new_ones(self, purchases: Sequence[Purchase]) -> list[Purchase]:
        """Those that were not heard of before."""
        found = self.purchases.find({"_id": {"$in": [one.id for one in purchases]}}, {"_id": 1})
        known = {row["_id"] async for row in found}
        return [one for one in purchases if one.id not in known]

    async def keep(self, purchases: Sequence[Purchase]) -> None:
        """Note what was bought; the same again changes nothing."""
        rows = [{"_id": one.id, "sku": one.sku, "quantity": one.quantity} for one in purchases]
        for row, one in zip(rows, purchases, strict=True):
            if one.customer_id is not None:
                row["customer_id"] = one.customer_id
        await insert_new(self.purchases, rows)

    async def has_bought(self, customer_id: str, skus: Sequence[str]) -> bool:
        """Whether a customer bought one of these SKUs."""
        where = {"customer_id": customer_id, "sku": {"$in": list(skus)}}
        return await self.purchases.find_one(where, {"_id": 1}) is not None
