"""Every MongoDB query and index of back-orders; decides nothing. Shard key: `_id`, the stock.

The line of one stock is one document, so that who may still join is decided by the filter of one update, and the day an
order is promised by what waits in that very moment. Orders that are over move to `backorders` an hour later.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from services.inventory.backorder.model import Announced, Backlog, Backorder, BackorderState, Supply
from services.inventory.backorder.rule import BackorderMode
from services.inventory.model import Actor, Sku, StockId, stock_id

COLLECTION = "backlogs"
ENDED = "backorders"
CANCELS = "backorder_cancels"
"""What each key that cancels stands for."""
EVENTS = "noren.inventory.backorder_"
OPEN = {"open": {"$gt": 0}}
ISO = "%Y-%m-%dT%H:%M:%S.%L+00:00"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("sku", ASCENDING)], name="open", partialFilterExpression=OPEN),
        IndexModel([("orders.id", ASCENDING)], name="order"),
        IndexModel([("orders.ended_at", ASCENDING)], name="ended", sparse=True),
        OUTBOX_INDEX,
    ],
    ENDED: [],
    CANCELS: [],
}


class BackorderStore:
    """The lines of this installation."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self.collection = db[COLLECTION]
        self._ended = db[ENDED]
        self._cancels = db[CANCELS]
        self._changed = changed

    async def served(self, sku: Sku, location_id: str) -> int:
        """How many pieces the line, opened if there is none, has served in all."""
        figures = {"ordered": 0, "preordered": 0, "served": 0, "open": 0}
        new = {"sku": sku, "location_id": location_id, **figures, "orders": [], "outbox": []}
        kept = await self.collection.find_one_and_update(
            {"_id": stock_id(sku, location_id)},
            {"$setOnInsert": new},
            {"served": 1},
            upsert=True,
            return_document=True,
        )
        assert kept is not None, "an upsert returns what it left"
        return int(kept["served"])

    async def place(self, order: Backorder, announced: Announced, max_open: int) -> bool:
        """Put the order at the end of its line, if not too much is sold then and it is not in it already.

        Nothing may have been served since `announced` was read: what arrives leaves the announced, and its buyers the
        line. The promised day follows from what waits in that moment; `order.promised_at` is the earliest it may be.
        """
        is_preorder = order.mode is BackorderMode.PREORDER
        counted = "preordered" if is_preorder else "ordered"
        where: Document = {"_id": stock_id(order.sku, order.location_id), "orders.id": {"$ne": order.id}}
        where |= {counted: {"$lte": announced.most - order.quantity}}
        where |= {"open": {"$lt": max_open}, "served": announced.served}
        result = await self.collection.update_one(where, _joining(order, announced.arrivals, is_preorder))
        if result.modified_count:
            self._changed()
        return bool(result.modified_count)

    async def claim_cancel(self, key: str, id: str, now: datetime) -> bool:
        """Bind the key to the cancelling of this order; False if it stands for another's already."""
        claim = {"order_id": id, "claimed_at": now}
        kept = await self._cancels.find_one_and_update(
            {"_id": key}, {"$setOnInsert": claim}, upsert=True, return_document=True
        )
        assert kept is not None, "an upsert returns what it left"
        return bool(kept["order_id"] == id)

    async def change(self, before: Backorder, after: Backorder, event: str | None, now: datetime) -> bool:
        """Write what has become of an order, and tell `event`, if it is still as it was `before`."""
        id = stock_id(before.sku, before.location_id)
        same = {"id": before.id, "state": before.state.value, "attempt": before.attempt}
        values = {f"orders.$.{name}": value for name, value in _document(after).items() if name != "id"}
        update: Document = {"$set": values}
        if before.state.is_open and not after.state.is_open:
            sold = after.state is BackorderState.CANCELLED and after.mode is BackorderMode.PREORDER
            served = after.quantity if after.state is BackorderState.ALLOCATED else 0
            update["$inc"] = {"ordered": -after.quantity, "open": -1, "served": served}
            update["$inc"] |= {"preordered": -after.quantity} if sold else {}
        if event is not None:
            update["$push"] = {"outbox": _entry(after, event, now)}
        result = await self.collection.update_one({"_id": id, "orders": {"$elemMatch": same}}, update)
        if result.modified_count and event is not None:
            self._changed()
        return bool(result.modified_count)

    async def line(self, id: StockId) -> Backlog | None:
        """One line."""
        found = await self.collection.find_one({"_id": id})
        return None if found is None else _backlog(found)

    async def by_id(self, id: str) -> Backorder | None:
        """One order, in its line or ended long ago. One that is just moving is in both."""
        found = await self.collection.find_one({"orders.id": id})
        if found is not None:
            return next((order for order in _backlog(found).orders if order.id == id), None)
        ended = await self._ended.find_one({"_id": id})
        return None if ended is None else _order(ended["order"])

    async def open_lines(self, after: str, limit: int) -> list[Backlog]:
        """Lines in which somebody waits, by id, behind the id `after`."""
        rows = self.collection.find({**OPEN, "_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
        return [_backlog(row) async for row in rows]

    async def lines_of(self, skus: Sequence[str], location_ids: Sequence[str] | None = None) -> list[Backlog]:
        """Lines of these SKUs in which somebody waits, without their orders, at these locations or anywhere."""
        where: Document = {**OPEN, "sku": {"$in": list(skus)}}
        where |= {} if location_ids is None else {"location_id": {"$in": list(location_ids)}}
        rows = self.collection.find(where, {"orders": 0, "outbox": 0})
        return [_backlog({**row, "orders": []}) async for row in rows]

    async def lines(self, ids: Sequence[StockId]) -> dict[StockId, Backlog]:
        """These lines, without their orders."""
        rows = self.collection.find({"_id": {"$in": list(ids)}}, {"orders": 0, "outbox": 0})
        return {row["_id"]: _backlog({**row, "orders": []}) async for row in rows}

    async def archive(self, ended_before: datetime, limit: int) -> int:
        """Move orders that are over since then out of their lines; return how many lines were looked at."""
        rows = self.collection.find({"orders.ended_at": {"$lt": ended_before}}).limit(limit)
        lines = [row async for row in rows]
        for line in lines:
            over = [order for order in line["orders"] if order["ended_at"] and order["ended_at"] < ended_before]
            for order in over:
                await self._ended.update_one({"_id": order["id"]}, {"$setOnInsert": {"order": order}}, upsert=True)
            gone = {"orders": {"id": {"$in": [order["id"] for order in over]}}}
            await self.collection.update_one({"_id": line["_id"]}, {"$pull": gone})
        return len(lines)

    async def lines_after(self, after: str, limit: int, session: AsyncClientSession) -> list[Backlog]:
        """Lines that have an order, by id behind the id `after`, at the session's instant."""
        where = {"_id": {"$gt": after}, "orders.0": {"$exists": True}}
        rows = self.collection.find(where, {"outbox": 0}, session=session).sort("_id", ASCENDING).limit(limit)
        return [_backlog(row) async for row in rows]

    async def ended_after(self, after: str, limit: int, session: AsyncClientSession) -> list[Backorder]:
        """Orders that have left their lines, by id behind the id `after`, at the session's instant."""
        rows = self._ended.find({"_id": {"$gt": after}}, session=session).sort("_id", ASCENDING).limit(limit)
        return [_order(row["order"]) async for row in rows]


def _joining(order: Backorder, arrivals: Sequence[Supply], is_preorder: bool) -> list[Document]:
    """The update by which an order joins its line."""
    upto, reached = [], 0
    for supply in sorted(arrivals, key=lambda one: one.at):
        reached += supply.pieces
        upto.append({"upto": reached, "at": supply.at})
    then = {"$add": ["$ordered", order.quantity]}
    enough = {"$filter": {"input": {"$literal": upto}, "cond": {"$gte": ["$$this.upto", then]}}}
    due: Document = {"$first": {"$map": {"input": enough, "in": "$$this.at"}}}
    due = {"$ifNull": [{"$max": [due, order.promised_at]}, None]}
    told = {"$dateToString": {"date": due, "format": ISO}}
    entry = _entry(order, "placed", order.placed_at)
    data = {"$mergeObjects": [{"$literal": entry["data"]}, {"promisedAt": told, "expectedAt": told}]}
    row = {"$mergeObjects": [{"$literal": _document(order)}, {"promised_at": due, "expected_at": due}]}
    return [
        {
            "$set": {
                "ordered": then,
                "preordered": {"$add": ["$preordered", order.quantity if is_preorder else 0]},
                "open": {"$add": ["$open", 1]},
                "orders": {"$concatArrays": ["$orders", [row]]},
                "outbox": {"$concatArrays": ["$outbox", [{"$mergeObjects": [{"$literal": entry}, {"data": data}]}]]},
            }
        }
    ]


def _entry(order: Backorder, event: str, now: datetime) -> Document:
    data = {
        "backorderId": order.id,
        "sku": order.sku,
        "locationId": order.location_id,
        "quantity": order.quantity,
        "mode": order.mode.value,
        "state": order.state.value,
        "reference": order.reference,
        "channel": order.actor.channel,
        "customerId": order.actor.customer,
        "reservationId": order.reservation_id,
        "promisedAt": None if order.promised_at is None else order.promised_at.isoformat(),
        "expectedAt": None if order.expected_at is None else order.expected_at.isoformat(),
    }
    id = f"{order.id}:{event}" if event != "at_risk" else f"{order.id}:at_risk:{data['expectedAt']}:{now.isoformat()}"
    return outbox_entry(id, f"{EVENTS}{event}.v1", order.id, now, data)


def _document(order: Backorder) -> Document:
    return {
        "id": order.id,
        "fingerprint": order.fingerprint,
        "sku": order.sku,
        "location_id": order.location_id,
        "quantity": order.quantity,
        "mode": order.mode.value,
        "actor": asdict(order.actor),
        "reference": order.reference,
        "state": order.state.value,
        "placed_at": order.placed_at,
        "promised_at": order.promised_at,
        "expected_at": order.expected_at,
        "at_risk": order.at_risk,
        "attempt": order.attempt,
        "reservation_id": order.reservation_id,
        "ended_at": order.ended_at,
        "ended_key": order.ended_key,
    }


def _order(document: Document) -> Backorder:
    kept = {**document, "mode": BackorderMode(document["mode"]), "state": BackorderState(document["state"])}
    return Backorder(**{**kept, "sku": Sku(document["sku"]), "actor": Actor(**document["actor"])})


def _backlog(document: Document) -> Backlog:
    orders = tuple(_order(each) for each in document["orders"])
    figures = (document["ordered"], document["preordered"], document["served"])
    return Backlog(StockId(document["_id"]), Sku(document["sku"]), document["location_id"], *figures, orders)
