"""Every MongoDB query and index of stock and its adjustments; decides nothing.

A stock document holds the figures of one SKU at one location, its live holds (`holds`: reservation id to pieces, 0 a
tombstone), the keys of its last changes and its outbox. Shard keys: stock and journal `_id` hashed, adjustments and
moves `_id`, which is their idempotency key.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.combine import Combiner
from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Collection, Database, Document
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
    FIGURES,
    Adjustment,
    Books,
    Change,
    KeyClaim,
    LevelSeen,
    Look,
    OpeningStock,
    Quantities,
    StockLevel,
    StockMove,
)
from services.inventory.stock.movement import (
    STOCK_CHANGED,
    WIRE,
    Movement,
    enough,
    entry_deltas,
    first_entry,
    journal_deltas,
    moved,
)

COLLECTION = "stock"
ADJUSTMENTS = "adjustments"
MOVES = "moves"
JOURNAL = "journal"
KEYS_KEPT = 64
"""Keys of changes a stock document remembers: a worker that stalls longer than this many others is sent back."""
AUDIT_BATCH = 500
"""Stock documents audited at a time, so that looking up their undrained entries stays a small query."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("sku", ASCENDING), ("location_id", ASCENDING)], name="sku_location", unique=True),
        OUTBOX_INDEX,
    ],
    ADJUSTMENTS: [],
    MOVES: [],
    JOURNAL: [IndexModel([("subject", ASCENDING), ("time", ASCENDING)], name="subject_time")],
}

LEVEL_FIELDS = {"holds": 0, "outbox": 0, "keys": 0}
AVAILABLE_FIELDS = {"_id": 0, "sku": 1, "location_id": 1, "available": 1}
SEEN_FIELDS = {"holds": 0, "outbox.time": 0, "outbox.data": 0, "outbox.deltas": 0}


LEVEL_ONLY = dict.fromkeys(("sku", "location_id", "version", "updated_at", *FIGURES), 1)
LOOKS = 128
"""Callers whose looks go together."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""The clock of a look that found nothing: nothing can be held by it."""


class StockStore:
    """The stock of every SKU at every location; `changed` is called after each write that left an event."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._db = db
        self._stock = db[COLLECTION]
        self._adjustments = db[ADJUSTMENTS]
        self._moves = db[MOVES]
        self._journal = db[JOURNAL]
        self._changed = changed
        self._look = Combiner(self._look_all, limit=LOOKS, lanes=2)

    async def levels(self, ids: Sequence[StockId]) -> dict[StockId, StockLevel]:
        """The levels there are, by id: one query for all."""
        return dict((await self.look(tuple(ids))).levels)

    async def look(self, ids: tuple[StockId, ...]) -> Look:
        """The levels there are and the database's time: one query for all who look at the same moment."""
        return await self._look(ids)

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

    async def available_at(self, skus: Sequence[str], location_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Pieces nobody holds, by SKU and location, where the SKU is known: one query for all.

        The server puts the levels of a SKU together: reading 2,000 documents would cost our process twice as much.
        """
        where = {"sku": {"$in": list(skus)}, "location_id": {"$in": list(location_ids)}}
        levels = {"at": {"$push": "$location_id"}, "pieces": {"$push": "$available"}}
        rows = await self._stock.aggregate([{"$match": where}, {"$group": {"_id": "$sku", **levels}}])
        found: dict[str, dict[str, int]] = {sku: {} for sku in skus}
        for row in await rows.to_list():
            found[row["_id"]] = dict(zip(row["at"], row["pieces"], strict=True))
        return found

    async def count_at(self, sku: str, location_ids: Sequence[str]) -> int:
        """At how many of these locations the SKU is known."""
        where = {"sku": sku, "location_id": {"$in": list(location_ids)}}
        return await self._stock.count_documents(where, limit=COUNT_CAP)

    async def locations_having(self, sku: str) -> dict[str, int]:
        """Where there are pieces of it that nobody holds, and how many."""
        found = self._stock.find({"sku": sku, "available": {"$gte": 1}}, AVAILABLE_FIELDS)
        return {row["location_id"]: row["available"] for row in await found.to_list()}

    async def count(self, skus: Sequence[str]) -> int:
        """At how many locations all of these SKUs are known, no further than the cap of all lists."""
        if len(skus) == 1:
            return await self._stock.count_documents({"sku": skus[0]}, limit=COUNT_CAP)
        rows = await self._stock.aggregate(
            [
                {"$match": {"sku": {"$in": list(skus)}}},
                {"$group": {"_id": "$location_id", "known": {"$sum": 1}}},
                {"$match": {"known": len(set(skus))}},
                {"$limit": COUNT_CAP},
                {"$count": "count"},
            ]
        )
        return sum([row["count"] async for row in rows])

    async def claim_adjustment(self, adjustment: Adjustment, fingerprint: str, now: datetime) -> KeyClaim:
        """Bind the key to its input, or say what it is bound to already."""
        return await _claim(self._adjustments, adjustment.key, adjustment.stock_id, fingerprint, now)

    async def claim_move(self, move: StockMove, fingerprint: str, now: datetime) -> KeyClaim:
        """Bind the key to its input, or say what it is bound to already."""
        return await _claim(self._moves, move.key, move.stock_id, fingerprint, now)

    async def see(self, change: Change) -> LevelSeen | None:
        """The level to be changed; None if this SKU was never at this location."""
        document = await self._stock.find_one({"_id": change.stock_id}, SEEN_FIELDS)
        if document is None:
            return None
        known = {*document["keys"], *(entry["id"] for entry in document["outbox"])}
        has_happened = change.id in known or await self._is_journaled(change)
        return LevelSeen(level_of(document), document["adjustments"], has_happened)

    async def open_empty(self, sku: Sku, location_id: LocationId, now: datetime) -> None:
        """Begin a stock document without pieces, if there is none."""
        await insert_new(self._stock, [new_document(sku, location_id, now)])

    async def change(self, change: Change, seen: LevelSeen, *, actor: Actor, now: datetime) -> StockLevel | None:
        """Apply the change once, if the level still allows it; None if it does not.

        An application before `seen` was read is known from the document's keys, its outbox or the journal; one after
        it is still among the last `KEYS_KEPT` keys, because the filter allows fewer changes than that since.
        """
        guard: Document = {
            "_id": change.stock_id,
            "keys": {"$ne": change.id},
            "adjustments": {"$lt": seen.changes + KEYS_KEPT},
            "on_hand": {"$lte": MAX_ON_HAND - change.deltas.on_hand},
            **enough(replace(change.deltas, on_hand=0)),
        }
        if change.expected_on_hand is not None:
            guard["on_hand"]["$eq"] = change.expected_on_hand
        movement = Movement(change.id, change.reason, actor, now, change.deltas, reference=change.reference)
        keys = {"keys": {"$each": [change.id], "$slice": -KEYS_KEPT}}
        update = moved([movement], push=keys, inc={"adjustments": 1})
        kept = await self._stock.find_one_and_update(guard, update, LEVEL_FIELDS, return_document=True)
        self._changed()
        return None if kept is None else level_of(kept)

    async def record_adjustment(self, key: str, level: StockLevel) -> None:
        """Keep what the key led to, unless it is kept already."""
        await self._adjustments.update_one({"_id": key, "result": None}, {"$set": {"result": _level_document(level)}})

    async def record_move(self, key: str, level: StockLevel) -> None:
        """Keep what the key led to, unless it is kept already."""
        await self._moves.update_one({"_id": key, "result": None}, {"$set": {"result": _level_document(level)}})

    async def open_stock(self, rows: Sequence[OpeningStock], actor: Actor, now: datetime) -> int:
        """Take over what sources say, once a source and stock; return how many rows were new."""
        documents = []
        updates = []
        for row in rows:
            id = stock_id(row.sku, row.location_id)
            deltas = Quantities(on_hand=row.on_hand, available=row.on_hand)
            movement = Movement(f"opening:{row.source}:{id}", MovementReason.OPENING, actor, now, deltas)
            document = new_document(row.sku, row.location_id, now, row.on_hand)
            documents.append({**document, "version": 1, "openings": [row.source], "outbox": [first_entry(movement)]})
            update = moved([movement], push={"openings": row.source})
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
                    total += entry_deltas(entry)
            holds = {id: pieces for id, pieces in document["holds"].items() if pieces}
            books.append(Books(level_of(document), holds, total))
        return books

    async def _journal_totals(self, session: AsyncClientSession) -> dict[str, Quantities]:
        sums = {f"{wire}Delta": {"$sum": f"$data.{wire}Delta"} for wire in WIRE.values()}
        rows = await self._journal.aggregate(
            [{"$match": {"type": STOCK_CHANGED}}, {"$group": {"_id": "$subject", **sums}}], session=session
        )
        return {row["_id"]: journal_deltas(row) async for row in rows}

    async def _look_all(self, wanted: Sequence[tuple[StockId, ...]]) -> list[Look]:
        ids = list({id for each in wanted for id in each})
        found = await self._stock.find({"_id": {"$in": ids}}, {**LEVEL_ONLY, "clock": "$$NOW"}).to_list()
        levels = {document["_id"]: level_of(document) for document in found}
        clock = found[0]["clock"] if found else LONG_AGO
        return [Look({id: levels[id] for id in each if id in levels}, clock) for each in wanted]

    async def _is_journaled(self, change: Change) -> bool:
        return await self._journal.find_one({"_id": change.id}, {"_id": 1}) is not None


def level_of(document: Document) -> StockLevel:
    """The level inside a stock document."""
    quantities = Quantities(**{name: document.get(name, 0) for name in FIGURES})
    sku, location_id = Sku(document["sku"]), LocationId(document["location_id"])
    return StockLevel(sku, location_id, quantities, document["version"], document["updated_at"])


def _level_document(level: StockLevel) -> Document:
    return {
        "sku": level.sku,
        "location_id": level.location_id,
        **asdict(level.quantities),
        "version": level.version,
        "updated_at": level.updated_at,
    }


def new_document(sku: Sku, location_id: LocationId, now: datetime, on_hand: int = 0) -> Document:
    """A stock document that nothing has moved yet."""
    level = StockLevel(sku, location_id, Quantities(on_hand, on_hand), 0, now)
    empty: Document = {"holds": {}, "keys": [], "adjustments": 0, "openings": [], "outbox": []}
    return {"_id": level.id, **_level_document(level), **empty}


def _by_sku(skus: Sequence[str], documents: Sequence[Document]) -> dict[str, list[StockLevel]]:
    levels: dict[str, list[StockLevel]] = {sku: [] for sku in skus}
    for document in documents:
        levels[document["sku"]].append(level_of(document))
    return levels


async def _claim(claims: Collection, key: str, id: StockId, fingerprint: str, now: datetime) -> KeyClaim:
    claim = {"fingerprint": fingerprint, "stock_id": id, "claimed_at": now, "result": None}
    kept = await claims.find_one_and_update({"_id": key}, {"$setOnInsert": claim}, upsert=True, return_document=True)
    assert kept is not None, "an upsert returns what it left"
    result = kept["result"]
    return KeyClaim(kept["fingerprint"], None if result is None else level_of(result))
