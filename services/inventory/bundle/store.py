"""Every MongoDB query of the projection of bundles; decides nothing. Shard key: `_id`, the bundle's SKU.

Every reservation asks for its SKUs, so what was found, or not, is kept in memory for `FRESH_S`.
"""

from collections.abc import Mapping, Sequence
from time import monotonic

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.combine import Combiner
from kit.mongo import Database, Document
from services.inventory.bundle.model import Component
from services.inventory.model import Sku

COLLECTION = "bundles"
FRESH_S = 2.0
"""The catalog's change takes a moment to arrive anyway."""
MAX_KEPT = 50_000
"""SKUs remembered: some megabytes; beyond them all are asked for anew."""
LOOKS = 128

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [IndexModel([("components.sku", ASCENDING)], name="component")]
}


class BundleStore:
    """What bundles consist of, as far as it was heard."""

    def __init__(self, db: Database) -> None:
        self._bundles = db[COLLECTION]
        self._kept: dict[str, tuple[float, tuple[Component, ...]]] = {}
        self._find = Combiner(self._find_all, limit=LOOKS)

    async def of(self, skus: Sequence[str]) -> dict[str, tuple[Component, ...]]:
        """The components of those that are bundles."""
        now = monotonic()
        known = {sku: kept[1] for sku in skus if (kept := self._kept.get(sku)) and now - kept[0] < FRESH_S}
        missing = tuple(sku for sku in dict.fromkeys(skus) if sku not in known)
        if missing:
            known |= await self._find(missing)
        return {sku: components for sku, components in known.items() if components}

    async def containing(self, skus: Sequence[str]) -> dict[str, tuple[Component, ...]]:
        """The bundles that have one of these among their components: one query for all."""
        rows = await self._bundles.find({"components.sku": {"$in": list(set(skus))}}, {"components": 1}).to_list()
        return {row["_id"]: _components(row) for row in rows}

    async def put(self, sku: str, version: int, components: Sequence[Component]) -> None:
        """Keep this version, unless a later one is there; one without components is a bundle no more."""
        parts = [{"sku": each.sku, "quantity": each.quantity} for each in components]
        change = {"$set": {"version": version, "components": parts}}
        try:
            await self._bundles.update_one({"_id": sku, "version": {"$lt": version}}, change, upsert=True)
        except DuplicateKeyError:
            return  # a later version is there
        self._kept.pop(sku, None)

    async def _find_all(self, wanted: Sequence[tuple[str, ...]]) -> list[dict[str, tuple[Component, ...]]]:
        skus = list({sku for each in wanted for sku in each})
        rows = await self._bundles.find({"_id": {"$in": skus}}, {"components": 1}).to_list()
        found = {row["_id"]: _components(row) for row in rows}
        if len(self._kept) + len(skus) > MAX_KEPT:
            self._kept.clear()
        now = monotonic()
        for sku in skus:
            self._kept[sku] = (now, found.get(sku, ()))
        return [{sku: found.get(sku, ()) for sku in each} for each in wanted]


def _components(row: Document) -> tuple[Component, ...]:
    return tuple(Component(Sku(each["sku"]), each["quantity"]) for each in row["components"])
