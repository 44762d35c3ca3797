"""Every MongoDB query and index of waves and shelves; decides nothing. Shard key: see `paper.store`; bins `_id`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DeleteOne, IndexModel, UpdateOne

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.model import stock_id
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import PaperStore, among, header
from services.inventory.pick.model import KIND, BinOf, Handed, Share, Wave, WaveLine, WaveState

COLLECTION = "waves"
BINS = "bins"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("location_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="location"),
        IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="state"),
        IndexModel(
            [("updated_at", ASCENDING)], name="handing", partialFilterExpression={"handing.0": {"$exists": True}}
        ),
    ],
    BINS: [],
}


class WaveStore(PaperStore[Wave]):
    """The waves of this installation, and on which shelf what lies."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _wave)
        self._bins = db[BINS]

    async def list_page(self, location_id: str | None, states: Sequence[str] | None, args: PageArgs) -> Page[Wave]:
        """One page of the waves at a location in some states, newest first."""
        where: Document = {**among("state", states)}
        where |= {} if location_id is None else {"location_id": location_id}
        return await self.page(where, args)

    async def stalled(self, before: datetime) -> list[Wave]:
        """The next batch whose planning was begun before then and never ended."""
        return await self.find({"state": "PLANNING", "updated_at": {"$lt": before}}, "updated_at")

    async def untold(self, before: datetime) -> list[Wave]:
        """The next batch whose fulfilments may not know what was found for them."""
        return await self.find({"handing.0": {"$exists": True}, "updated_at": {"$lt": before}}, "updated_at")

    async def bins(self, location_id: str, skus: Sequence[str]) -> dict[str, str]:
        """The shelves that are known, by SKU."""
        ids = [stock_id(sku, location_id) for sku in skus]
        return {row["sku"]: row["bin"] for row in await self._bins.find({"_id": {"$in": ids}}).to_list()}

    async def assign_bins(self, location_id: str, bins: Sequence[BinOf]) -> None:
        """Name the shelves of these SKUs; None forgets one."""
        updates: list[UpdateOne | DeleteOne] = []
        for each in bins:
            key = {"_id": stock_id(each.sku, location_id)}
            kept = {"sku": each.sku, "bin": each.bin}
            updates.append(DeleteOne(key) if each.bin is None else UpdateOne(key, {"$set": kept}, upsert=True))
        await self._bins.bulk_write(updates)


def _body(wave: Wave) -> Document:
    return {
        "location_id": wave.location_id,
        "state": wave.state.value,
        "fulfillment_ids": list(wave.fulfillment_ids),
        "lines": [asdict(line) for line in wave.lines],
        "picker": wave.picker,
        "handing": [asdict(each) for each in wave.handing],
    }


def _wave(document: Document) -> Wave:
    return Wave(
        **header(document),
        location_id=document["location_id"],
        state=WaveState(document["state"]),
        fulfillment_ids=tuple(document["fulfillment_ids"]),
        lines=tuple(_line(line) for line in document["lines"]),
        picker=document["picker"],
        handing=tuple(Handed(**each) for each in document["handing"]),
    )


def _line(document: Document) -> WaveLine:
    shares = tuple(Share(**share) for share in document["shares"])
    return WaveLine(document["sku"], document["bin"], shares, document["picked"], document["damaged"])
