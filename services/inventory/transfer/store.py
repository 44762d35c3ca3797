"""Every MongoDB query and index of transfers; decides nothing. Shard key: see `paper.store`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import MAX_CLAIMS, PaperStore, among, header
from services.inventory.transfer.model import KIND, Transfer, TransferFilter, TransferLine, TransferState

COLLECTION = "transfers"
OPEN = ["APPROVED", "SHIPPED"]
HANDING: Document = {"handing": True}

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("origin_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="origin"),
        IndexModel([("destination_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="destination"),
        IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="state"),
        IndexModel([("updated_at", ASCENDING)], name="handing", partialFilterExpression=HANDING),
    ],
}


class TransferStore(PaperStore[Transfer]):
    """The transfers of this installation."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _transfer)

    async def list_page(self, wanted: TransferFilter, args: PageArgs) -> Page[Transfer]:
        """One page of the transfers that match, newest first."""
        where: Document = {**among("state", wanted.states)}
        where |= {} if wanted.origin_id is None else {"origin_id": wanted.origin_id}
        where |= {} if wanted.destination_id is None else {"destination_id": wanted.destination_id}
        where |= {} if wanted.due_before is None else {"due_at": {"$lt": wanted.due_before}}
        if wanted.touching is not None:
            where["$or"] = [{"origin_id": wanted.touching}, {"destination_id": wanted.touching}]
        return await self.page(where, args)

    async def stalled(self, before: datetime) -> list[Transfer]:
        """The next batch of transfers whose approval was begun before then and never ended."""
        return await self.find({"state": "APPROVING", "updated_at": {"$lt": before}}, "updated_at")

    async def unhanded(self, before: datetime) -> list[Transfer]:
        """The next batch that came to their end before then, and whose fulfilments may not know it."""
        return await self.find({**HANDING, "state": "COMPLETED", "updated_at": {"$lt": before}}, "updated_at")

    async def handed_on(self, id: str) -> None:
        """Its fulfilment has what arrived."""
        await self.collection.update_one({"_id": id, **HANDING}, {"$set": {"handing": False}})

    async def claiming(self, sku: str, location_id: str) -> list[Transfer]:
        """Those that have committed pieces of this SKU at their origin, or may have brought some for a fulfilment."""
        ends = [{"origin_id": location_id, "state": {"$in": OPEN}}, {"destination_id": location_id, **HANDING}]
        return await self.find({"$or": ends, "lines.sku": sku}, "_id", MAX_CLAIMS)

    async def on_the_books(self, session: AsyncClientSession) -> list[Transfer]:
        """Every transfer that holds committed stock, or has posts to make, at the session's one instant."""
        where: Document = {"$or": [{"state": {"$in": OPEN}}, HANDING, {"pending.0": {"$exists": True}}]}
        return await self.open_at(where, session)


def _body(transfer: Transfer) -> Document:
    return {
        "origin_id": transfer.origin_id,
        "destination_id": transfer.destination_id,
        "state": transfer.state.value,
        "lines": [asdict(line) for line in transfer.lines],
        "due_at": transfer.due_at,
        "tracking": transfer.tracking,
        "reservation_key": transfer.reservation_key,
        "fulfillment_id": transfer.fulfillment_id,
        "handing": transfer.handing,
    }


def _transfer(document: Document) -> Transfer:
    return Transfer(
        **header(document),
        origin_id=document["origin_id"],
        destination_id=document["destination_id"],
        state=TransferState(document["state"]),
        lines=tuple(TransferLine(**line) for line in document["lines"]),
        due_at=document["due_at"],
        tracking=document["tracking"],
        reservation_key=document["reservation_key"],
        fulfillment_id=document.get("fulfillment_id"),
        handing=document.get("handing", False),
    )
