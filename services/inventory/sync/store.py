"""Every MongoDB query and index of uploads and discrepancies; decides nothing.

A line is claimed in the document of its block of sequences, where what came first wins, so that a sequence stands for
one line and one stock for good, and a till that counts on costs a few writes an upload. It is applied by an update of
its stock (one command for the stocks of many lines) that demands the very version the plan was made from; whether it
happened is what the stock's outbox or the journal says, as of any movement. Shard keys: both `_id`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document, duplicates
from kit.pages import Page, PageArgs, Sort, find_page
from services.inventory.model import Actor, LocationId, MovementReason, Sku, StockId
from services.inventory.stock.model import Quantities, StockLevel
from services.inventory.stock.movement import Movement, moved_each
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import JOURNAL, LEVEL_ONLY, level_of, new_document
from services.inventory.sync.model import (
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
    Planned,
    SyncLine,
    SyncReason,
    block_id,
    line_id,
)

LINES = "sync_lines"
DISCREPANCIES = "discrepancies"
FOUND_EVENT = "noren.inventory.stock_discrepancy_found.v1"
RESOLVED_EVENT = "noren.inventory.stock_discrepancy_resolved.v1"
NEWEST: Sort = (("found_at", DESCENDING), ("_id", DESCENDING))

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    LINES: [],
    DISCREPANCIES: [
        IndexModel([("state", ASCENDING), *NEWEST], name="state_newest"),
        IndexModel([("line.location_id", ASCENDING), ("state", ASCENDING), *NEWEST], name="location_state_newest"),
        OUTBOX_INDEX,
    ],
}


class SyncStore:
    """Claims of lines, their effect on stock, and discrepancies."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._lines = db[LINES]
        self._stock = db[STOCK]
        self._journal = db[JOURNAL]
        self.discrepancies = db[DISCREPANCIES]
        self._changed = changed

    async def claim(self, source: str, lines: Sequence[SyncLine], now: datetime) -> dict[int, str]:
        """Bind each line's sequence to what it says, unless it is bound already; what each is bound to, by sequence."""
        blocks: dict[str, dict[str, str]] = defaultdict(dict)
        for each in lines:
            blocks[block_id(source, each.sequence)][str(each.sequence)] = each.fingerprint
        await self._bind(blocks, now)
        wanted = {f"lines.{sequence}": 1 for of_block in blocks.values() for sequence in of_block}
        found = await self._lines.find({"_id": {"$in": list(blocks)}}, wanted).to_list()
        return {int(sequence): digest for row in found for sequence, digest in row["lines"].items()}

    async def _bind(self, blocks: Mapping[str, Mapping[str, str]], now: datetime) -> None:
        """Add to each block what it does not have; what it has stays. Of two who begin a block, one comes again."""
        updates = []
        for id, wanted in blocks.items():
            merged = {"$mergeObjects": [{"$literal": wanted}, "$lines"]}
            begun = {"$ifNull": ["$claimed_at", now]}
            updates.append(UpdateOne({"_id": id}, [{"$set": {"lines": merged, "claimed_at": begun}}], upsert=True))
        try:
            await self._lines.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            ids = list(blocks)
            await self._bind({ids[place]: blocks[ids[place]] for place in duplicates(error)}, now)

    async def see(
        self, source: str, lines: Sequence[SyncLine], now: datetime
    ) -> tuple[dict[StockId, StockLevel], dict[int, bool]]:
        """The level of every line's stock, version 0 where there is none; of the sequences that were decided, whether
        they were applied."""
        stocks = {line.stock_id: line for line in lines}
        rows = await self._stock.find(
            {"_id": {"$in": list(stocks)}}, {**LEVEL_ONLY, "outbox.id": 1, "outbox.reason": 1}
        ).to_list()
        levels = {row["_id"]: level_of(row) for row in rows}
        for id, line in stocks.items():
            if id not in levels:
                levels[id] = StockLevel(line.sku, line.location_id, Quantities(), 0, now)
        ids = {line_id(source, line.sequence): line.sequence for line in lines}
        reasons = {entry["id"]: entry.get("reason") for row in rows for entry in row["outbox"] if entry["id"] in ids}
        # After the outboxes: an entry is in the journal before it leaves its outbox.
        journaled = await self._journal.find({"_id": {"$in": list(ids)}}, {"data.reason": 1}).to_list()
        reasons |= {row["_id"]: row["data"]["reason"] for row in journaled}
        return levels, {ids[id]: reason != MovementReason.DISCREPANCY.value for id, reason in reasons.items()}

    async def apply(self, stocks: Sequence[Planned], *, actor: Actor, now: datetime) -> bool:
        """Apply each stock's changes where it is still as the plan saw it; whether all of them were."""
        new = [new_document(each.level.sku, each.level.location_id, now) for each in stocks if not each.level.version]
        await insert_new(self._stock, new)
        moves = {
            each.level.id: (
                each.level.version,
                [
                    Movement(change.id, change.reason, actor, now, change.deltas, reference=change.reference)
                    for change in each.changes
                ],
            )
            for each in stocks
        }
        if not moves:
            return True
        result = await self._stock.update_many(*moved_each(moves))
        self._changed()
        return result.modified_count == len(moves)

    async def keep(self, found: Sequence[Discrepancy]) -> None:
        """Keep discrepancies, each once a line."""
        await insert_new(self.discrepancies, [_document(each) for each in found])
        self._changed()

    async def by_line(self, source: str, sequences: Sequence[int]) -> dict[int, Discrepancy]:
        """What became discrepancies of these lines, by sequence."""
        ids = [f"dsc_{source}_{sequence}" for sequence in sequences]
        found = await self.discrepancies.find({"_id": {"$in": ids}}, {"outbox": 0}).to_list()
        return {row["line"]["sequence"]: _discrepancy(row) for row in found}

    async def by_id(self, id: str) -> Discrepancy | None:
        """The discrepancy with this id."""
        row = await self.discrepancies.find_one({"_id": id}, {"outbox": 0})
        return None if row is None else _discrepancy(row)

    async def list_page(
        self, state: DiscrepancyState | None, location_id: str | None, page: PageArgs
    ) -> Page[Discrepancy]:
        """Discrepancies, newest first."""
        where: Document = {}
        if state is not None:
            where["state"] = state.value
        if location_id is not None:
            where["line.location_id"] = location_id
        return await find_page(self.discrepancies, where, NEWEST, page, _discrepancy, projection={"outbox": 0})

    async def resolve(
        self, seen: Discrepancy, state: DiscrepancyState, note: str | None, *, actor: Actor, now: datetime
    ) -> Discrepancy | None:
        """Into this state, if it is still the version that was seen; None if it is not."""
        by = {"note": note, "resolved_at": now, "resolved_by": actor.name} if state.is_final else {}
        told = [_entry(RESOLVED_EVENT, replace(seen, state=state), now)] if state.is_final else []
        kept = await self.discrepancies.find_one_and_update(
            {"_id": seen.id, "version": seen.version},
            {
                "$set": {"state": state.value, **by},
                "$inc": {"version": 1},
                "$push": {"outbox": {"$each": told}},
            },
            {"outbox": 0},
            return_document=True,
        )
        self._changed()
        return None if kept is None else _discrepancy(kept)


def _document(each: Discrepancy) -> Document:
    row = asdict(each)
    line = {name: value for name, value in row["line"].items() if value is not None}
    return {
        "_id": row.pop("id"),
        **row,
        "line": {**line, "reason": each.line.reason.value},
        "kind": each.kind.value,
        "state": each.state.value,
        "outbox": [_entry(FOUND_EVENT, each, each.found_at)],
    }


def _entry(type: str, each: Discrepancy, now: datetime) -> Document:
    data = {
        "discrepancyId": each.id,
        "source": each.source,
        "sequence": each.line.sequence,
        "sku": each.line.sku,
        "locationId": each.line.location_id,
        "kind": each.kind.value,
        "state": each.state.value,
        "delta": each.line.delta,
        "counted": each.line.counted,
        "onHand": each.on_hand,
        "available": each.available,
    }
    return outbox_entry(f"{each.id}:{each.state.value}", type, each.id, now, data)


def _discrepancy(row: Document) -> Discrepancy:
    line = row["line"]
    return Discrepancy(
        id=row["_id"],
        source=row["source"],
        line=SyncLine(
            sequence=line["sequence"],
            sku=Sku(line["sku"]),
            location_id=LocationId(line["location_id"]),
            reason=SyncReason(line["reason"]),
            delta=line.get("delta"),
            counted=line.get("counted"),
            seen_version=line.get("seen_version"),
            seen_on_hand=line.get("seen_on_hand"),
            happened_at=line.get("happened_at"),
        ),
        kind=DiscrepancyKind(row["kind"]),
        on_hand=row["on_hand"],
        available=row["available"],
        stock_version=row["stock_version"],
        state=DiscrepancyState(row["state"]),
        found_at=row["found_at"],
        version=row["version"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        note=row["note"],
    )
