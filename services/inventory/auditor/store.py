"""Every MongoDB query of the auditor; decides nothing.

A slice is read at one instant. What of a stock's journal was proven before is kept as a mark (`version` and the sums
up to it), so that a pass reads each movement once and its cost does not grow with the years; `noren doctor` replays all
of it.
Shard keys: `_id` of each.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from services.inventory.auditor.model import AuditState, Finding, finding_id
from services.inventory.reservation.documents import reservation_of
from services.inventory.reservation.model import Reservation, ReservationState
from services.inventory.reservation.store import COLLECTION as RESERVATIONS
from services.inventory.stock.model import FIGURES, Books, Quantities
from services.inventory.stock.movement import STOCK_CHANGED, WIRE, entry_deltas, journal_deltas
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import JOURNAL, level_of

MARKS = "audit_marks"
FINDINGS = "audit_findings"
STATE = "audit_state"
FAILED_EVENT = "noren.inventory.audit_failed.v1"
HISTORY = IndexModel(
    [("subject", ASCENDING), ("data.version", ASCENDING)],
    name="history",
    partialFilterExpression={"type": STOCK_CHANGED},
)
"""A stock's movements in their order."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    JOURNAL: [HISTORY],
    MARKS: [],
    FINDINGS: [IndexModel([("seen_at", DESCENDING)], name="seen"), OUTBOX_INDEX],
    STATE: [],
}


class AuditorStore:
    """Slices of the books, marks, findings."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._stock = db[STOCK]
        self._journal = db[JOURNAL]
        self._reservations = db[RESERVATIONS]
        self._marks = db[MARKS]
        self._state = db[STATE]
        self.findings = db[FINDINGS]
        self._changed = changed

    async def slice(self, after: str, limit: int, session: AsyncClientSession) -> list[Books]:
        """The next stocks by id, each with its holds and the sum of its movements, at the session's one instant."""
        found = self._stock.find({"_id": {"$gt": after}}, {"keys": 0}, session=session).sort("_id").limit(limit)
        documents = await found.to_list()
        marks = await self._marks_of([document["_id"] for document in documents], session)
        return [await self._books(document, marks.get(document["_id"]), session) for document in documents]

    async def explained(self, ids: Sequence[str], session: AsyncClientSession) -> dict[str, Reservation]:
        """Of these reservations, those that may hold something."""
        alive = {"state": {"$in": [ReservationState.TRY.value, ReservationState.HELD.value]}}
        where = {"_id": {"$in": list(ids)}, "$or": [alive, {"settled": False}]}
        found = await self._reservations.find(where, session=session).to_list()
        return {row["_id"]: reservation_of(row) for row in found}

    async def committed(self, ids: Collection[str], session: AsyncClientSession) -> dict[str, int]:
        """How many pieces are committed at these stocks."""
        found = self._stock.find({"_id": {"$in": list(ids)}}, {"committed": 1}, session=session)
        return {row["_id"]: row.get("committed", 0) async for row in found}

    async def reservations(self, ids: Sequence[str], session: AsyncClientSession) -> dict[str, Reservation]:
        """These reservations, by id."""
        found = self._reservations.find({"_id": {"$in": list(ids)}}, {"outbox": 0}, session=session)
        return {row["_id"]: reservation_of(row) async for row in found}

    async def held(self, after: str, limit: int, session: AsyncClientSession) -> list[Reservation]:
        """The next held reservations by id."""
        where = {"_id": {"$gt": after}, "state": ReservationState.HELD.value}
        found = self._reservations.find(where, {"outbox": 0}, session=session).sort("_id").limit(limit)
        return [reservation_of(row) for row in await found.to_list()]

    async def holds_of(
        self, reservations: Sequence[Reservation], session: AsyncClientSession
    ) -> dict[str, dict[str, int]]:
        """What the stocks of these reservations hold for them, by stock and reservation."""
        ids = {line.stock_id for each in reservations for line in each.lines}
        fields = {f"holds.{each.id}": 1 for each in reservations}
        found = await self._stock.find({"_id": {"$in": sorted(ids)}}, fields, session=session).to_list()
        return {row["_id"]: {id: pieces for id, pieces in row.get("holds", {}).items() if pieces} for row in found}

    async def mark(self, proven: Sequence[Books]) -> None:
        """Remember what was proven, so that the next pass begins behind it."""
        updates = []
        for books in proven:
            mark = {"version": books.journaled_version, **asdict(books.journaled)}
            updates.append(UpdateOne({"_id": books.level.id}, {"$set": mark}, upsert=True))
        if updates:
            await self._marks.bulk_write(updates, ordered=False)

    async def report(self, problems: Sequence[str], now: datetime) -> int:
        """Keep findings, and tell of those that are new; return how many were."""
        new = 0
        for problem in problems:
            id = finding_id(problem)
            told = outbox_entry(f"{id}:{now.isoformat()}", FAILED_EVENT, id, now, {"findingId": id, "problem": problem})
            first = {"problem": problem, "found_at": now, "outbox": [told]}
            result = await self.findings.update_one(
                {"_id": id}, {"$set": {"seen_at": now}, "$setOnInsert": first}, upsert=True
            )
            new += result.upserted_id is not None
        if new:
            self._changed()
        return new

    async def finish_pass(self, stocks: int, began_at: datetime, now: datetime) -> None:
        """A whole pass is over; what it has not seen again is gone."""
        await self.findings.delete_many({"seen_at": {"$lt": began_at}, "outbox.0": {"$exists": False}})
        change = {"$set": {"stocks": stocks, "finished_at": now}, "$inc": {"passes": 1}}
        await self._state.update_one({"_id": "auditor"}, change, upsert=True)

    async def state(self) -> AuditState:
        """How far it is."""
        row = await self._state.find_one({"_id": "auditor"}) or {}
        count = await self.findings.count_documents({}, limit=1_000)
        return AuditState(row.get("passes", 0), row.get("stocks", 0), row.get("finished_at"), count)

    async def newest_findings(self, limit: int) -> list[Finding]:
        """What was found, last seen first."""
        found = await self.findings.find({}, {"outbox": 0}).sort("seen_at", DESCENDING).limit(limit).to_list()
        return [Finding(row["_id"], row["problem"], row["found_at"], row["seen_at"]) for row in found]

    async def _marks_of(self, ids: Sequence[str], session: AsyncClientSession) -> dict[str, Document]:
        found = await self._marks.find({"_id": {"$in": list(ids)}}, session=session).to_list()
        return {row["_id"]: row for row in found}

    async def _books(self, document: Document, mark: Document | None, session: AsyncClientSession) -> Books:
        behind = {"type": STOCK_CHANGED, "subject": document["_id"]}
        begin = Quantities()
        if mark is not None:
            behind["data.version"] = {"$gt": mark["version"]}
            begin = Quantities(**{name: mark.get(name, 0) for name in FIGURES})
        sums = {f"{wire}Delta": {"$sum": f"$data.{wire}Delta"} for wire in WIRE.values()}
        group = {"$group": {"_id": None, "version": {"$max": "$data.version"}, **sums}}
        rows = await self._journal.aggregate([{"$match": behind}, group], session=session)
        found = await rows.to_list()
        journaled = begin + journal_deltas(found[0]) if found else begin
        version = found[0]["version"] if found else (mark or {}).get("version", 0)
        undrained = [entry_deltas(entry) for entry in document["outbox"] if entry_version(document, entry) > version]
        holds = {id: pieces for id, pieces in document["holds"].items() if pieces}
        return Books(level_of(document), holds, sum(undrained, journaled), journaled, version)


def entry_version(document: Document, entry: Document) -> int:
    """The version an outbox entry led to: the last entry led to the document's."""
    place: int = document["outbox"].index(entry)
    version: int = document["version"]
    return version - (len(document["outbox"]) - 1 - place)
