"""What bundles and components there are, seen and changed one edit at a time; decides nothing.

Whether a variant may be a bundle depends on other products' documents. Such edits are rare, so they take turns: each
is a transaction that writes the one document `locks.bundles`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Database, transact
from services.catalog.bundle.model import BundleFacts
from services.catalog.product.store import COLLECTION as PRODUCTS

LOCKS = "locks"
BUNDLES = "bundles"
INDEXES: Mapping[str, Sequence[IndexModel]] = {LOCKS: []}

T = TypeVar("T")


class BundleStore:
    """Turns of edits that make, change or end bundles."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._locks = db[LOCKS]
        self._products = db[PRODUCTS]

    async def in_turn(self, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """The work's result; it runs alone among its like, wholly or not at all, and again if two began at once."""

        async def alone(session: AsyncClientSession) -> T:
            await self._locks.update_one({"_id": BUNDLES}, {"$inc": {"turn": 1}}, upsert=True, session=session)
            return await work(session)

        return await transact(self._db, alone)

    async def facts(
        self, skus: Sequence[str], *, beside: str | None, session: AsyncClientSession | None = None
    ) -> BundleFacts:
        """Of these SKUs: which exist, which are bundles, which are components of which bundle, in all products but
        the one `beside`."""
        others = {"_id": {"$ne": beside}}
        known: set[str] = set()
        bundles: set[str] = set()
        used_in: dict[str, str] = {}
        asked = {"$or": [{"variants.sku": {"$in": list(skus)}}, {"variants.components.sku": {"$in": list(skus)}}]}
        fields = {"variants.sku": 1, "variants.components": 1}
        async for product in self._products.find({**others, **asked}, fields, session=session):
            for variant in product["variants"]:
                known.add(variant["sku"])
                components = variant.get("components", ())
                bundles |= {variant["sku"]} if components else set()
                used_in |= {one["sku"]: variant["sku"] for one in components}
        return BundleFacts(frozenset(known), frozenset(bundles), used_in)
