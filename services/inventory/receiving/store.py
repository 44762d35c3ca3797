"""Every MongoDB query and index of deliveries; decides nothing. Shard key: see `paper.store`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import PaperStore, among, header
from services.inventory.receiving.model import KIND, Delivery, DeliveryFilter, DeliveryLine, DeliveryState, Incoming

COLLECTION = "deliveries"
OPEN = ["EXPECTED", "RECEIVING"]
MAX_INCOMING = 10_000
"""Open delivery lines read at a time: a large house's next weeks for one page of variants."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("location_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="location"),
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="state"),
        IndexModel(
            [("lines.sku", ASCENDING), ("location_id", ASCENDING)],
            name="incoming",
            partialFilterExpression={"state": {"$in": OPEN}},
        ),
    ],
}


class DeliveryStore(PaperStore[Delivery]):
    """The deliveries of this installation."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _delivery)

    async def list_page(self, wanted: DeliveryFilter, args: PageArgs) -> Page[Delivery]:
        """One page of the deliveries that match, newest first."""
        where: Document = {**among("state", wanted.states)}
        where |= {} if wanted.location_id is None else {"location_id": wanted.location_id}
        where |= {} if wanted.supplier is None else {"supplier": wanted.supplier}
        where |= {} if wanted.due_before is None else {"lines.due_at": {"$lt": wanted.due_before}}
        return await self.page(where, args)

    async def incoming(self, skus: Sequence[str], location_ids: Sequence[str] | None = None) -> list[Incoming]:
        """What is expected of these SKUs, at these locations or anywhere, soonest first: one query for all."""
        where: Document = {"state": {"$in": OPEN}, "lines.sku": {"$in": list(skus)}}
        where |= among("location_id", location_ids)
        still = {"$max": [{"$subtract": ["$lines.expected", "$lines.arrived"]}, 0]}
        rows = await self.collection.aggregate(
            [
                {"$match": where},
                {"$unwind": "$lines"},
                {"$match": {"lines.sku": {"$in": list(skus)}}},
                {"$project": {"location_id": 1, "sku": "$lines.sku", "due_at": "$lines.due_at", "quantity": still}},
                {"$match": {"quantity": {"$gt": 0}}},
                {"$sort": {"due_at": 1, "_id": 1}},
                {"$limit": MAX_INCOMING},
            ]
        )
        return [
            Incoming(row["sku"], row["location_id"], row["quantity"], row["due_at"], row["_id"]) async for row in rows
        ]


def _body(delivery: Delivery) -> Document:
    return {
        "location_id": delivery.location_id,
        "supplier": delivery.supplier,
        "order_number": delivery.order_number,
        "tolerance_percent": delivery.tolerance_percent,
        "state": delivery.state.value,
        "lines": [asdict(line) for line in delivery.lines],
    }


def _delivery(document: Document) -> Delivery:
    return Delivery(
        **header(document),
        location_id=document["location_id"],
        supplier=document["supplier"],
        order_number=document["order_number"],
        tolerance_percent=document["tolerance_percent"],
        state=DeliveryState(document["state"]),
        lines=tuple(DeliveryLine(**line) for line in document["lines"]),
    )
