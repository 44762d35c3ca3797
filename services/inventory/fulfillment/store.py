"""Every MongoDB query and index of fulfilments; decides nothing. Shard key: see `paper.store`."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.fulfillment.model import (
    KIND,
    Code,
    Fulfillment,
    FulfillmentFilter,
    FulfillmentKind,
    FulfillmentLine,
    FulfillmentState,
    GivenBack,
    GivenBackLine,
    Picks,
    Replacement,
)
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import MAX_CLAIMS, NEWEST, PaperStore, among, header

COLLECTION = "fulfillments"
HOLDING = ["ALLOCATED", "PICKING", "PICKED", "ARRIVED", "READY"]
VISIBLE: Document = {"state": {"$ne": "ALLOCATING"}}
PLAIN = (
    *("order_id", "reservation_id", "source_id", "place_id", "sold_at", "customer_id", "channel", "address"),
    *("promised_at", "hold_days", "parent_id", "picker", "wave_id", "carrier", "tracking", "collect_by"),
    *("resourcing", "rounds"),
)
"""Fields that are kept as they are."""
MAX_OF_ORDER = 100
"""Fulfilments of one order: one a location, and their replacements."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("source_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="source"),
        IndexModel([("place_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="place"),
        IndexModel([("customer_id", ASCENDING), ("_id", ASCENDING)], name="customer"),
        IndexModel([("order_id", ASCENDING), ("_id", ASCENDING)], name="order"),
        IndexModel([("reservation_id", ASCENDING)], name="reservation"),
        IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="state"),
        IndexModel([("collect_by", ASCENDING)], name="ready", partialFilterExpression={"state": "READY"}),
        IndexModel([("updated_at", ASCENDING)], name="resourcing", partialFilterExpression={"resourcing": True}),
        IndexModel([("updated_at", ASCENDING)], name="unsent", partialFilterExpression={"unsent": True}),
        IndexModel([("updated_at", ASCENDING)], name="picks", partialFilterExpression={"picks.untold": True}),
    ],
}


class FulfillmentStore(PaperStore[Fulfillment]):
    """The fulfilments of this installation."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _fulfillment)

    async def list_page(self, wanted: FulfillmentFilter, args: PageArgs) -> Page[Fulfillment]:
        """One page of the fulfilments that match, newest first."""
        where: Document = {**VISIBLE} if wanted.states is None else among("state", wanted.states)
        where |= among("kind", wanted.kinds) | among("order_id", wanted.order_ids)
        where |= {} if wanted.customer_id is None else {"customer_id": wanted.customer_id}
        where |= {} if wanted.due_before is None else {"promised_at": {"$lt": wanted.due_before}}
        if wanted.location_id is not None:
            where["$or"] = [{name: wanted.location_id} for name in ("source_id", "place_id", "sold_at")]
        return await self.page(where, args)

    async def of_orders(self, order_ids: Sequence[str]) -> dict[str, list[Fulfillment]]:
        """The fulfilments of these orders, newest first: one query for all."""
        found: dict[str, list[Fulfillment]] = defaultdict(list)
        where = {**VISIBLE, "order_id": {"$in": list(order_ids)}}
        cursor = self.collection.find(where, {"outbox": 0}).sort(list(NEWEST)).limit(MAX_OF_ORDER * len(order_ids))
        async for document in cursor:
            found[document["order_id"]].append(_fulfillment(document))
        return found

    async def of_reservation(self, reservation_id: str) -> list[Fulfillment]:
        """Those that were made from this reservation, ALLOCATING or later."""
        return await self.find({"reservation_id": reservation_id}, "_id")

    async def drop_allocating(self, ids: Sequence[str]) -> None:
        """Remove those that never came to hold anything."""
        await self.collection.delete_many({"_id": {"$in": list(ids)}, "state": "ALLOCATING"})

    async def stalled(self, before: datetime) -> list[Fulfillment]:
        """The next batch that was begun before then and never came to hold anything."""
        return await self.find({"state": "ALLOCATING", "updated_at": {"$lt": before}}, "updated_at")

    async def not_collected(self, now: datetime) -> list[Fulfillment]:
        """The next batch whose days at the counter are over."""
        return await self.find({"state": "READY", "collect_by": {"$lte": now}}, "collect_by")

    async def resourcing(self, before: datetime) -> list[Fulfillment]:
        """The next batch whose missing pieces have been nobody's business since then."""
        return await self.find({"resourcing": True, "updated_at": {"$lt": before}}, "updated_at")

    async def unsent(self) -> list[Fulfillment]:
        """The next batch that has left for its shop and whose transfer may not be opened."""
        return await self.find({"unsent": True}, "updated_at")

    async def sent(self, id: str) -> None:
        """Its transfer is opened."""
        await self.collection.update_one({"_id": id}, {"$set": {"unsent": False}})

    async def on_the_way(self, ids: Sequence[str], session: AsyncClientSession | None = None) -> set[str]:
        """Those of these that have not arrived."""
        rows = self.collection.find({"_id": {"$in": list(ids)}, "state": "IN_TRANSIT"}, {"_id": 1}, session=session)
        return {row["_id"] async for row in rows}

    async def untold(self) -> list[Fulfillment]:
        """The next batch whose picks are over and whose day does not know it yet."""
        return await self.find({"picks.untold": True}, "updated_at")

    async def told_day(self, id: str) -> None:
        """Its day knows now what became of its picks."""
        await self.collection.update_one({"_id": id, "picks.untold": True}, {"$set": {"picks.untold": False}})

    async def replan(self, before: Fulfillment, picks: Picks) -> Fulfillment | None:
        """Other picks for what is still ALLOCATING, and not sure to be made, if it is still as it was `before`."""
        return await self._while_making(before, {"picks": _picks_document(picks)})

    async def sure(self, before: Fulfillment) -> Fulfillment | None:
        """From now on it is only finished, never given up for want of room, if it is still as it was `before`."""
        return await self._while_making(before, {"is_sure": True})

    async def give_up(self, id: str) -> bool:
        """Remove what is still ALLOCATING and not sure to be made."""
        where = {"_id": id, "state": "ALLOCATING", "is_sure": {"$ne": True}}
        return (await self.collection.delete_one(where)).deleted_count == 1

    async def _while_making(self, before: Fulfillment, values: Document) -> Fulfillment | None:
        where = {"_id": before.id, "version": before.version, "state": "ALLOCATING", "is_sure": {"$ne": True}}
        change: Document = {"$set": values, "$inc": {"version": 1}}
        kept = await self.collection.find_one_and_update(where, change, {"outbox": 0}, return_document=True)
        return None if kept is None else _fulfillment(kept)

    async def spend_attempt(self, id: str, most: int) -> Fulfillment | None:
        """Use up one attempt at the code of what is READY; None if there is none left, or it is not READY."""
        document = await self.collection.find_one_and_update(
            {"_id": id, "state": "READY", "code.attempts": {"$lt": most}},
            {"$inc": {"code.attempts": 1, "version": 1}},
            {"outbox": 0},
            return_document=True,
        )
        return None if document is None else _fulfillment(document)

    async def in_progress_at(self, location_id: str, states: Sequence[str], limit: int) -> list[Fulfillment]:
        """The oldest at a location in these states."""
        return await self.find({"source_id": location_id, **among("state", states)}, "_id", limit)

    async def claiming(self, sku: str, location_id: str) -> list[Fulfillment]:
        """Those that may have committed pieces of this SKU there."""
        places = [{"source_id": location_id}, {"place_id": location_id}]
        return await self.find({"$or": places, "state": {"$in": HOLDING}, "lines.sku": sku}, "_id", MAX_CLAIMS)

    async def on_the_books(self, session: AsyncClientSession) -> list[Fulfillment]:
        """Every fulfilment that holds committed stock, or has posts to make, at the session's one instant."""
        return await self.open_at({"$or": [{"state": {"$in": HOLDING}}, {"pending.0": {"$exists": True}}]}, session)


def _body(fulfillment: Fulfillment) -> Document:
    return {
        **{name: getattr(fulfillment, name) for name in PLAIN},
        "kind": fulfillment.kind.value,
        "state": fulfillment.state.value,
        "lines": [asdict(line) for line in fulfillment.lines],
        "unsent": fulfillment.unsent,
        "code": None if fulfillment.code is None else asdict(fulfillment.code),
        "missing": [{"sku": sku, "quantity": pieces} for sku, pieces in fulfillment.missing],
        "replacements": [asdict(each) for each in fulfillment.replacements],
        "returns": [asdict(each) for each in fulfillment.returns],
        "picks": None if fulfillment.picks is None else _picks_document(fulfillment.picks),
    }


def _fulfillment(document: Document) -> Fulfillment:
    return Fulfillment(
        **header(document),
        **{name: document[name] for name in PLAIN},
        kind=FulfillmentKind(document["kind"]),
        state=FulfillmentState(document["state"]),
        lines=tuple(FulfillmentLine(**line) for line in document["lines"]),
        code=None if document["code"] is None else Code(**document["code"]),
        missing=tuple((each["sku"], each["quantity"]) for each in document["missing"]),
        replacements=tuple(_replacement(each) for each in document["replacements"]),
        returns=tuple(_given_back(each) for each in document["returns"]),
        picks=_picks(document.get("picks")),
        is_sure=document.get("is_sure", False),
        unsent=document.get("unsent", False),
    )


def _replacement(document: Document) -> Replacement:
    lines = tuple((sku, pieces) for sku, pieces in document["lines"])
    return Replacement(document["id"], document["location_id"], lines)


def _picks_document(picks: Picks) -> Document:
    return {**asdict(picks), "day": picks.day.isoformat()}


def _picks(document: Document | None) -> Picks | None:
    return None if document is None else Picks(**{**document, "day": date.fromisoformat(document["day"])})


def _given_back(document: Document) -> GivenBack:
    lines = tuple(GivenBackLine(**line) for line in document["lines"])
    return GivenBack(document["id"], document["location_id"], document["at"], lines)
