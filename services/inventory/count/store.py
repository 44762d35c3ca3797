"""Every MongoDB query and index of counts, and what the books said at a moment; decides nothing.

Shard key: see `paper.store`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.count.model import (
    KIND,
    MAX_SHEET_LINES,
    MAX_SHEETS,
    Counted,
    CountFilter,
    CountKind,
    CountLine,
    CountSheet,
    CountState,
)
from services.inventory.model import stock_id
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import PaperStore, among, header
from services.inventory.stock.movement import entry_deltas
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import JOURNAL

COLLECTION = "counts"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("location_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="location"),
        IndexModel([("group_id", ASCENDING)], name="group"),
        IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="state"),
    ],
}


class CountStore(PaperStore[CountSheet]):
    """The count sheets of this installation."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _sheet)
        self._stock = db[STOCK]
        self._journal = db[JOURNAL]

    async def list_page(self, wanted: CountFilter, args: PageArgs) -> Page[CountSheet]:
        """One page of the sheets that match, newest first."""
        where: Document = {**among("state", wanted.states)}
        where |= {} if wanted.location_id is None else {"location_id": wanted.location_id}
        where |= {} if wanted.group_id is None else {"group_id": wanted.group_id}
        return await self.page(where, args)

    async def of_group(self, group_id: str) -> list[CountSheet]:
        """The sheets of one count, in order."""
        return await self.find({"group_id": group_id}, "_id", MAX_SHEETS)

    async def stalled(self, before: datetime) -> list[CountSheet]:
        """The next batch that somebody began to post before then and never ended."""
        return await self.find({"state": "POSTING", "updated_at": {"$lt": before}}, "updated_at")

    async def skus_at(self, location_id: str) -> list[str]:
        """Every SKU that ever was at a location, as far as one count can hold them."""
        most = MAX_SHEET_LINES * MAX_SHEETS
        found = self._stock.find({"location_id": location_id}, {"_id": 0, "sku": 1}).sort("sku", ASCENDING).limit(most)
        return [row["sku"] for row in await found.to_list()]

    async def figures(self, location_id: str, entries: Sequence[Counted], now: datetime) -> dict[str, int]:
        """What the books said lay there when each was counted, by SKU; 0 where they know nothing of it.

        Today's figure less every movement since: those in the outbox, and those in the journal up to the version
        of the document that was read first, each once by its id.
        """
        ids = {stock_id(entry.sku, location_id): entry for entry in entries}
        fields = {"sku": 1, "on_hand": 1, "version": 1, "outbox": 1}
        documents = await self._stock.find({"_id": {"$in": list(ids)}}, fields).to_list()
        since = [_since(document, ids[document["_id"]], now) for document in documents]
        journaled = await self._journal.find({"$or": since}).to_list() if since else []
        figures = dict.fromkeys((entry.sku for entry in entries), 0)
        for document in documents:
            rows = [row for row in journaled if row["subject"] == document["_id"]]
            entry = ids[document["_id"]]
            figures[document["sku"]] = document["on_hand"] - _moved_since(document, rows, entry, now)
        return figures


def _since(document: Document, entry: Counted, now: datetime) -> Document:
    """The journal's entries of this stock after it was counted, no later than the document that was read."""
    newest = document["version"]
    if entry.seen_version is not None:
        return {"subject": document["_id"], "data.version": {"$gt": entry.seen_version, "$lte": newest}}
    return {"subject": document["_id"], "time": {"$gt": entry.at or now}, "data.version": {"$lte": newest}}


def _moved_since(document: Document, journaled: Sequence[Document], entry: Counted, now: datetime) -> int:
    """By how many pieces the stock on hand has moved since it was counted."""
    moved = {row["id"]: row["data"]["onHandDelta"] for row in journaled}
    version = document["version"]
    for one in reversed(document["outbox"]):
        is_later = version > entry.seen_version if entry.seen_version is not None else one["time"] > (entry.at or now)
        if is_later:
            moved[one["id"]] = entry_deltas(one).on_hand
        version -= 1
    return sum(moved.values())


def _body(sheet: CountSheet) -> Document:
    return {
        "group_id": sheet.group_id,
        "location_id": sheet.location_id,
        "kind": sheet.kind.value,
        "is_blind": sheet.is_blind,
        "sheets": sheet.sheets,
        "state": sheet.state.value,
        "lines": [asdict(line) for line in sheet.lines],
    }


def _sheet(document: Document) -> CountSheet:
    return CountSheet(
        **header(document),
        group_id=document["group_id"],
        location_id=document["location_id"],
        kind=CountKind(document["kind"]),
        is_blind=document["is_blind"],
        sheets=document["sheets"],
        state=CountState(document["state"]),
        lines=tuple(CountLine(**line) for line in document["lines"]),
    )
