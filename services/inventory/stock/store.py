"""Every MongoDB query and index of stock and its adjustments; decides nothing.

A stock document holds the figures of one SKU at one location, its live holds (`holds`: reservation id to pieces, 0 a
tombstone), the keys of its last adjustments and its outbox. Shard keys: stock and journal `_id` hashed, adjustments
`_id`, which is their idempotency key.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Database, Document
from kit.pages import COUNT_CAP
from services.inventory.model import (
    MAX_ON_HAND,
    Actor,
    LocationId,
    MovementReason,
    Sku,
    StockId,
    stock_id,
)
from services.inventory.stock.model import (
    Adjustment,
    AdjustmentClaim,
    Books,
    LevelSeen,
    OpeningStock,
    Quantities,
    StockLevel,
)
from services.inventory.stock.movement import STOCK_CHANGED, Deltas, Movement, first_entry, moved

COLLECTION = "stock"
ADJUSTMENTS = "adjustments"
JOURNAL = "journal"
KEYS_KEPT = 64
"""Adjustment keys a stock document remembers: a worker that stalls longer than this many others is sent back."""
AUDIT_BATCH = 500
"""Stock documents audited at a time, so that looking up their undrained entries stays a small query."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("sku", ASCENDING), ("location_id", ASCENDING)], name="sku_location", unique=True),
        OUTBOX_INDEX,
    ],
    ADJUSTMENTS: [],
    JOURNAL: [],
}

LEVEL_FIELDS = {"holds": 0, "outbox": 0, "keys": 0}
SEEN_FIELDS = {"holds": 0, "outbox.type": 0, "outbox.subject": 0, "outbox.time": 0, "outbox.data": 0}


class StockStore:
    """The stock of every SKU at every location; `changed` is called after each write that left an event."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._db = db
        self._stock = db[COLLECTION]
        self._adjustments = db[ADJUSTMENTS]
        self._journal = db[JOURNAL]
        self._changed = changed

    async def levels(self, ids: Sequence[StockId]) -> dict[StockId, StockLevel]:
        """The levels there are, by id: one query for all."""
        found = await self._stock.find({"_id": {"$in": list(ids)}}, LEVEL_FIELDS).to_list()
        return {document["_id"]: level_of(document) for document in found}

    async def levels_at(self, skus: Sequence[str], location_ids: Sequence[str]) -> dict[str, list[StockLevel]]:
        """The levels of these SKUs at these locations, by SKU: one query for all."""
        where = {"sku": {"$in": list(skus)}, "location_id": {"$in": list(location_ids)}}
        return _by_sku(skus, await self._stock.find(where, LEVEL_FIELDS).to_list())

    async def first_levels(self, skus: Sequence[str], after: str | None, limit: int) -> dict[str, list[StockLevel]]:
        """The first `limit` levels of every SKU behind the location `after`, by location id: one query for all."""
        page: list[Document] = [{"$sort": {"sku": ASCENDING, "location_id": ASCENDING}}, {"$limit": limit}]
        if after is not None:
            page.insert(0, {"$match": {"location_id": {"$gt": after}}})
        join = {"from": COLLECTION, "localField": "sku", "foreignField": "sku", "as": "levels"}
        rows = await self._db.aggregate(
            [
                {"$documents": [{"sku": {"$literal": sku}} for sku in skus]},
                {"$lookup": {**join, "pipeline": [*page, {"$unset": list(LEVEL_FIELDS)}]}},
            ]
        )
        return {row["sku"]: [level_of(document) for document in row["levels"]] for row in await rows.to_list()}

    async def count(self, sku: str) -> int:
        """At how many locations this SKU is known, no further than the cap of all lists."""
        return await self._stock.count_documents({"sku": sku}, limit=COUNT_CAP)

    async def claim_adjustment(self, adjustment: Adjustment, fingerprint: str, now: datetime) -> AdjustmentClaim:
        """Bind the key to its input, or say what it is bound to already."""
        claim = {"fingerprint": fingerprint, "stock_id": adjustment.stock_id, "claimed_at": now, "result": None}
        kept = await self._adjustments.find_one_and_update(
            {"_id": adjustment.key}, {"$setOnInsert": claim}, upsert=True, return_document=True
        )
        assert kept is not None, "an upsert returns what it left"
        result = kept["result"]
        return AdjustmentClaim(kept["fingerprint"], None if result is None else level_of(result))

    async def see(self, adjustment: Adjustment) -> LevelSeen | None:
        """The level to be adjusted; None if this SKU was never at this location."""
        document = await self._stock.find_one({"_id": adjustment.stock_id}, SEEN_FIELDS)
        if document is None:
            return None
        undrained = {entry["id"] for entry in document["outbox"]}
        applied = adjustment.key in document["keys"] or _event_id(adjustment.key) in undrained
        has_key = applied or await self._is_journaled(adjustment)
        return LevelSeen(level_of(document), document["adjustments"], has_key)

    async def open_empty(self, adjustment: Adjustment, now: datetime) -> None:
        """Begin a stock document without pieces, if there is none."""
        document = _new_document(adjustment.sku, adjustment.location_id, now)
        await insert_new(self._stock, [document])

    async def adjust(
        self, adjustment: Adjustment, seen: LevelSeen, *, actor: Actor, now: datetime
    ) -> StockLevel | None:
        """Apply the adjustment once, if the level still allows it; None if it does not.

        An application before `seen` was read is known from the document's keys, its outbox or the journal; one after
        it is still among the last `KEYS_KEPT` keys, because the filter allows fewer adjustments than that since.
        """
        change = adjustment.change
        guard: Document = {
            "_id": adjustment.stock_id,
            "keys": {"$ne": adjustment.key},
            "adjustments": {"$lt": seen.adjustments + KEYS_KEPT},
            "available": {"$gte": -change},
            "on_hand": {"$lte": MAX_ON_HAND - change},
        }
        if adjustment.recount is not None:
            guard["$expr"] = {"$eq": ["$on_hand", adjustment.recount.expected_on_hand]}
        reason = MovementReason(adjustment.reason.value)
        event_id = _event_id(adjustment.key)
        movement = Movement(event_id, adjustment.sku, adjustment.location_id, reason, actor, now)
        keys = {"$slice": [{"$concatArrays": ["$keys", [{"$literal": adjustment.key}]]}, -KEYS_KEPT]}
        update = moved(
            movement,
            Deltas(on_hand=change, available=change),
            {"keys": keys, "adjustments": {"$add": ["$adjustments", 1]}},
        )
        kept = await self._stock.find_one_and_update(guard, update, LEVEL_FIELDS, return_document=True)
        self._changed()
        return None if kept is None else level_of(kept)

    async def record_adjustment(self, key: str, level: StockLevel) -> None:
        """Keep what the key led to, unless it is kept already."""
        await self._adjustments.update_one({"_id": key, "result": None}, {"$set": {"result": _level_document(level)}})

    async def open_stock(self, rows: Sequence[OpeningStock], actor: Actor, now: datetime) -> int:
        """Take over what sources say, once a source and stock; return how many rows were new."""
        documents = []
        updates = []
        for row in rows:
            id = stock_id(row.sku, row.location_id)
            movement = Movement(
                f"opening:{row.source}:{id}", row.sku, row.location_id, MovementReason.OPENING, actor, now
            )
            document = _new_document(row.sku, row.location_id, now, row.on_hand)
            documents.append(
                {**document, "version": 1, "openings": [row.source], "outbox": [first_entry(movement, row.on_hand)]}
            )
            openings = {"$concatArrays": ["$openings", [{"$literal": row.source}]]}
            update = moved(movement, Deltas(on_hand=row.on_hand, available=row.on_hand), {"openings": openings})
            updates.append(UpdateOne({"_id": id, "openings": {"$ne": row.source}}, update))
        inserted = await insert_new(self._stock, documents)
        added = 0
        if inserted < len(rows):
            added = (await self._stock.bulk_write(updates, ordered=False)).modified_count
        self._changed()
        return inserted + added

    async def books(self, session: AsyncClientSession) -> AsyncIterator[Books]:
        """Every level with its holds and the sum of its movements, as they were at the session's one instant."""
        totals = await self._journal_totals(session)
        batch: list[Document] = []
        async for document in self._stock.find({}, {"keys": 0}, session=session):
            batch.append(document)
            if len(batch) == AUDIT_BATCH:
                for books in await self._books(batch, totals, session):
                    yield books
                batch = []
        for books in await self._books(batch, totals, session):
            yield books

    async def _books(
        self, documents: Sequence[Document], totals: Mapping[str, Quantities], session: AsyncClientSession
    ) -> list[Books]:
        ids = [entry["id"] for document in documents for entry in document["outbox"]]
        journaled = await self._journal.find({"_id": {"$in": ids}}, {"_id": 1}, session=session).to_list()
        known = {row["_id"] for row in journaled}
        books = []
        for document in documents:
            total = totals.get(document["_id"], Quantities())
            for entry in document["outbox"]:
                if entry["id"] not in known:
                    total += _deltas(entry["data"])
            holds = {id: pieces for id, pieces in document["holds"].items() if pieces}
            books.append(Books(level_of(document), holds, total))
        return books

    async def _journal_totals(self, session: AsyncClientSession) -> dict[str, Quantities]:
        sums = {name: {"$sum": f"$data.{name}"} for name in ("onHandDelta", "availableDelta", "reservedDelta")}
        rows = await self._journal.aggregate(
            [{"$match": {"type": STOCK_CHANGED}}, {"$group": {"_id": "$subject", **sums}}], session=session
        )
        return {row["_id"]: _deltas(row) async for row in rows}

    async def _is_journaled(self, adjustment: Adjustment) -> bool:
        return await self._journal.find_one({"_id": _event_id(adjustment.key)}, {"_id": 1}) is not None


def level_of(document: Document) -> StockLevel:
    """The level inside a stock document."""
    quantities = Quantities(document["on_hand"], document["available"], document["reserved"])
    sku, location_id = Sku(document["sku"]), LocationId(document["location_id"])
    return StockLevel(sku, location_id, quantities, document["version"], document["updated_at"])


def _level_document(level: StockLevel) -> Document:
    return {
        "sku": level.sku,
        "location_id": level.location_id,
        "on_hand": level.quantities.on_hand,
        "available": level.quantities.available,
        "reserved": level.quantities.reserved,
        "version": level.version,
        "updated_at": level.updated_at,
    }


def _new_document(sku: Sku, location_id: LocationId, now: datetime, on_hand: int = 0) -> Document:
    level = StockLevel(sku, location_id, Quantities(on_hand, on_hand, 0), 0, now)
    empty: Document = {"holds": {}, "keys": [], "adjustments": 0, "openings": [], "outbox": []}
    return {"_id": level.id, **_level_document(level), **empty}


def _by_sku(skus: Sequence[str], documents: Sequence[Document]) -> dict[str, list[StockLevel]]:
    levels: dict[str, list[StockLevel]] = {sku: [] for sku in skus}
    for document in documents:
        levels[document["sku"]].append(level_of(document))
    return levels


def _deltas(data: Document) -> Quantities:
    return Quantities(data["onHandDelta"], data["availableDelta"], data["reservedDelta"])


def _event_id(key: str) -> str:
    return f"adjust:{key}"
