"""Live stock from MongoDB: the journal as a change stream, and snapshots that meet it without a gap; decides nothing.

The journal has every movement once, with the figures after it, and those of one stock in their order: whoever drains an
outbox inserts it from its beginning. A snapshot is the stock as far as it is journaled, so that what comes after it in
the journal is exactly what is missing in it.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import Timestamp
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Database, Document
from services.inventory.live.model import LiveLevel, Position, Watch
from services.inventory.model import LocationId, Sku
from services.inventory.stock.model import FIGURES, Quantities, StockLevel
from services.inventory.stock.movement import STOCK_CHANGED, WIRE, entry_deltas
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import JOURNAL, LEVEL_ONLY, level_of

AWAIT_MS = 1_000
"""How long the server waits for the next change before it says that there is none."""
MAX_SNAPSHOT = 20_000
"""Levels of one snapshot: some megabytes, and more than anybody watches."""
SHOWN = {"_id": 1, "clusterTime": 1, "fullDocument": {"data": 1, "time": 1}}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Levels as far as they are journaled, and from when on everything journaled is later than they are."""

    levels: tuple[StockLevel, ...]
    until: Position


class LiveStore:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stock = db[STOCK]
        self._journal = db[JOURNAL]

    async def follow(
        self, cursor: str | None, watch: Watch | None = None
    ) -> AsyncGenerator[tuple[LiveLevel | None, str], None]:
        """Every level journaled from the cursor on, or from now, with where the stream stands then.

        Without a level when it has opened, and each time nothing more is there yet. What the stream says of where it
        stands rises, and may be compared with other streams'.
        """
        match: Document = {"operationType": "insert", "fullDocument.type": STOCK_CHANGED}
        if watch is not None:
            match["fullDocument.data.sku"] = {"$in": sorted(watch.skus)}
        start: dict[str, Any] = {} if cursor is None else {"resume_after": {"_data": cursor}}
        pipeline = [{"$match": match}, {"$project": SHOWN}]
        async with await self._journal.watch(pipeline, max_await_time_ms=AWAIT_MS, **start) as stream:
            yield None, _token(stream)
            while stream.alive:
                yield await _next(stream), _token(stream)

    async def snapshot(self, watch: Watch) -> Snapshot:
        """What is watched, as far as it is journaled."""
        where: Document = {"sku": {"$in": sorted(watch.skus)}}
        if watch.locations is not None:
            where["location_id"] = {"$in": sorted(watch.locations)}
        outbox = {"outbox.id": 1, "outbox.deltas": 1, "outbox.data": 1}
        async with self._db.client.start_session(causal_consistency=True) as session:
            found = self._stock.find(where, {**LEVEL_ONLY, **outbox}, session=session).limit(MAX_SNAPSHOT)
            rows = await found.to_list()
            journaled = await self._journaled(rows, session)
            await self._journal.find_one({"_id": ""}, {"_id": 1}, session=session)
            time = session.operation_time
        assert time is not None, "a replica set says its time with every answer"
        levels = [_as_journaled(row, journaled) for row in rows]
        return Snapshot(tuple(level for level in levels if level.version), _position(time))

    async def _journaled(self, rows: list[Document], session: AsyncClientSession) -> set[str]:
        ids = [entry["id"] for row in rows for entry in row["outbox"]]
        if not ids:
            return set()
        found = await self._journal.find({"_id": {"$in": ids}}, {"_id": 1}, session=session).to_list()
        return {row["_id"] for row in found}


def _token(stream: AsyncChangeStream[Document]) -> str:
    token = stream.resume_token
    assert token is not None, "an open stream says where it stands"
    return str(token["_data"])


async def _next(stream: AsyncChangeStream[Document]) -> LiveLevel | None:
    change = await stream.try_next()
    if change is None:
        return None
    document = change["fullDocument"]
    data = document["data"]
    quantities = Quantities(**{name: data.get(wire, 0) for name, wire in WIRE.items()})
    level = StockLevel(Sku(data["sku"]), LocationId(data["locationId"]), quantities, data["version"], document["time"])
    return LiveLevel(level, _position(change["clusterTime"]), change["_id"]["_data"])


def _as_journaled(row: Document, journaled: set[str]) -> StockLevel:
    """The level less what is not journaled yet."""
    waiting = [entry for entry in row["outbox"] if entry["id"] not in journaled]
    missing = sum((entry_deltas(entry) for entry in waiting), Quantities())
    there = Quantities(**{name: row.get(name, 0) for name in FIGURES}) - missing
    shown: Mapping[str, Any] = {**row, **{name: getattr(there, name) for name in FIGURES}}
    return level_of({**shown, "version": row["version"] - len(waiting)})


def _position(time: Timestamp) -> Position:
    return time.time, time.inc
