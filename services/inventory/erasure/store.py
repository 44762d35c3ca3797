"""Every query of what is let go of erased customers; decides nothing.

`erased_customers`: ids, so that an address that was still needed goes when its fulfilment is over. Shard key: `_id`.
"""

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

from kit.events.log import insert_new
from kit.mongo import Database
from services.inventory.fulfillment.store import COLLECTION as FULFILLMENTS
from services.inventory.waiting.store import COLLECTION as WAITS

ERASED = "erased_customers"
INDEXES: Mapping[str, Sequence[IndexModel]] = {ERASED: []}
OVER = ["COLLECTED", "DELIVERED", "NO_SHOW", "SHORT", "CANCELLED"]
"""States of a fulfilment of which nothing is on its way to the customer any more."""


class ErasureStore:
    """Erased customers, and what is let go of them."""

    def __init__(self, db: Database) -> None:
        self._erased = db[ERASED]
        self._fulfillments = db[FULFILLMENTS]
        self._waits = db[WAITS]

    async def remember(self, customers: Sequence[str]) -> None:
        """That these were erased; again changes nothing."""
        await insert_new(self._erased, [{"_id": customer} for customer in sorted(set(customers))])

    async def erased(self, customers: Sequence[str]) -> list[str]:
        """Those of them who were erased."""
        found = self._erased.find({"_id": {"$in": list(customers)}})
        return [one["_id"] async for one in found]

    async def let_go(self, customers: Sequence[str]) -> None:
        """Their waits, and the addresses of fulfilments that are over."""
        await self._waits.delete_many({"customer": {"$in": list(customers)}})
        over = {"customer_id": {"$in": list(customers)}, "state": {"$in": OVER}, "address": {"$ne": None}}
        await self._fulfillments.update_many(over, {"$set": {"address": None}})
