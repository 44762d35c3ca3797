"""Every MongoDB query and index of the shoppers; decides nothing.

Shard key: shoppers `_id`, their orders `customer`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.mongo import Database, Document
from services.catalog.shopper.model import NOBODY, Shopper

SHOPPERS, ORDERS = "shoppers", "shopper_orders"
MAX_COUNTED = 1_000
"""Purchases are counted no further: prices ask for the first, campaigns for the tenth."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    SHOPPERS: [],
    ORDERS: [IndexModel([("customer", ASCENDING)], name="customer")],
}


class ShopperStore:
    """Shoppers and which orders they were told of by."""

    def __init__(self, db: Database) -> None:
        self._shoppers = db[SHOPPERS]
        self._orders = db[ORDERS]

    async def get(self, customer: str) -> Shopper:
        """What is known of a customer."""
        document = await self._shoppers.find_one({"_id": customer})
        return NOBODY if document is None else _shopper(document)

    async def put(self, customer: str, segments: frozenset[str], rank: str | None, *, now: datetime) -> Shopper:
        """Segments and rank by hand; an event that happened before does not change them back."""
        update = {"$set": {"segments": sorted(segments), "rank": rank, "segments_at": now, "rank_at": now}}
        kept = await self._shoppers.find_one_and_update({"_id": customer}, update, upsert=True, return_document=True)
        return NOBODY if kept is None else _shopper(kept)

    async def hear(self, customer: str, part: str, value: str | list[str] | None, at: datetime) -> None:
        """`rank` or `segments` as of `at`; what is as new or newer stays."""
        older = {"_id": customer, "$or": [{f"{part}_at": {"$lt": at}}, {f"{part}_at": None}]}
        try:
            await self._shoppers.update_one(older, {"$set": {part: value, f"{part}_at": at}}, upsert=True)
        except DuplicateKeyError:
            return  # it is there, and knows something newer

    async def add_orders(self, orders: Iterable[tuple[str, str]]) -> None:
        """Orders with their customers. The same again changes nothing: counts are taken from what is kept."""
        pairs = list(orders)
        await insert_new(self._orders, [{"_id": order, "customer": customer} for order, customer in pairs])
        counts: list[UpdateOne] = []
        for customer in sorted({customer for _, customer in pairs}):
            count = await self._orders.count_documents({"customer": customer}, limit=MAX_COUNTED)
            counts.append(UpdateOne({"_id": customer}, {"$max": {"purchases": count}}, upsert=True))
        if counts:
            await self._shoppers.bulk_write(counts, ordered=False)


def _shopper(document: Document) -> Shopper:
    return Shopper(
        segments=frozenset(document.get("segments") or ()),
        rank=document.get("rank"),
        purchases=document.get("purchases", 0),
    )
