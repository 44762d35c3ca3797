"""Every MongoDB query and index of returns; decides nothing. Shard key: `_id`."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Database, Document
from services.order.customer.store import CustomerPages
from services.order.identity.model import Claim, Identity
from services.order.identity.store import (
    IDENTITY_INDEXES,
    find_claims,
    identity_document,
    insert_fresh,
    insert_once,
    parse_identity,
)
from services.order.line.store import line_document, parse_line
from services.order.model import Piece
from services.order.returns.model import Return, ReturnLine, ReturnState, ReturnTotals

PENDING: Document = {"state": ReturnState.PENDING.value}
RECORDED: Document = {"state": ReturnState.RECORDED.value}

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "returns": [
        *IDENTITY_INDEXES,
        IndexModel(
            [("customer", ASCENDING), ("returned_at", DESCENDING), ("_id", DESCENDING)],
            name="customer_returned",
            partialFilterExpression={"customer": {"$exists": True}},
        ),
        IndexModel(
            [("order", ASCENDING), ("returned_at", ASCENDING), ("_id", ASCENDING)],
            name="order_returned",
            partialFilterExpression={"order": {"$exists": True}},
        ),
        IndexModel([("recorded_at", ASCENDING)], name="pending", partialFilterExpression=PENDING),
        OUTBOX_INDEX,
    ],
}

_HIDDEN = {"outbox": 0}


class ReturnStore:
    """The returns of one database."""

    def __init__(self, db: Database) -> None:
        self.collection = db["returns"]
        self.by_customer = CustomerPages(self.collection, "returned_at", parse_return, RECORDED)

    async def add(self, made: Return, outbox: Sequence[Document]) -> bool:
        """Insert, or say False if its key or one of its external ids is taken."""
        return await insert_once(self.collection, _document(made, outbox))

    async def add_many(self, made: Sequence[tuple[Return, Sequence[Document]]]) -> list[int]:
        """Insert those whose identity is fresh; the indexes of the others."""
        return await insert_fresh(self.collection, [_document(one, outbox) for one, outbox in made])

    async def claims(self, identities: Sequence[Identity]) -> list[Claim]:
        """Which returns hold a key or external id of these."""
        return await find_claims(self.collection, identities)

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Return]:
        """The returns there are, pending ones too, by id."""
        found = await self.collection.find({"_id": {"$in": list(ids)}}, _HIDDEN).to_list()
        return {document["_id"]: parse_return(document) for document in found}

    async def by_orders(self, order_ids: Sequence[str]) -> dict[str, list[Return]]:
        """The recorded returns of each order, oldest first."""
        where = {"order": {"$in": list(order_ids)}, **RECORDED}
        cursor = self.collection.find(where, _HIDDEN).sort([("returned_at", ASCENDING), ("_id", ASCENDING)])
        grouped: dict[str, list[Return]] = defaultdict(list)
        async for document in cursor:
            grouped[document["order"]].append(parse_return(document))
        return grouped

    async def every_return(self) -> AsyncIterator[tuple[Return, list[Document]]]:
        """All returns with their undrained events, for audits."""
        async for document in self.collection.find().sort("_id", ASCENDING):
            yield parse_return(document), document["outbox"]

    async def pending_before(self, instant: datetime, limit: int) -> list[Return]:
        """Returns somebody began and did not finish, oldest first."""
        where = {**PENDING, "recorded_at": {"$lt": instant}}
        found = await self.collection.find(where, _HIDDEN).sort("recorded_at", ASCENDING).limit(limit).to_list()
        return [parse_return(document) for document in found]

    async def complete(self, recorded: Return, outbox: Sequence[Document]) -> None:
        """PENDING → RECORDED with what is given back; whoever comes second changes nothing."""
        fields = {name: value for name, value in _document(recorded, outbox).items() if name != "_id"}
        await self.collection.update_one({"_id": recorded.id, **PENDING}, {"$set": fields})

    async def withdraw(self, id: str) -> None:
        """Remove a pending return its order refused: its ids are free again."""
        await self.collection.delete_one({"_id": id, **PENDING})


def _document(made: Return, outbox: Sequence[Document]) -> Document:
    totals = made.totals
    document: Document = {
        "_id": made.id,
        "state": made.state.value,
        **identity_document(made.identity),
        "pieces": [{"line": piece.line, "quantity": piece.quantity} for piece in made.pieces],
        "channel": made.channel,
        "location": made.location,
        "staff": made.staff,
        "returned_at": made.returned_at,
        "recorded_at": made.recorded_at,
        "currency": made.currency,
        "reason": made.reason,
        "lines": [{**line_document(one.line), "order_line": one.order_line} for one in made.lines],
        "totals": {
            "goods_gross": totals.goods_gross_minor,
            "non_goods_gross": totals.non_goods_gross_minor,
            "net": totals.net_minor,
            "tax": totals.tax_minor,
            "total": totals.total_minor,
        },
        "outbox": list(outbox),
    }
    if made.order is not None:
        document["order"] = made.order
    if made.customer is not None:
        document["customer"] = made.customer
    return document


def parse_return(document: Document) -> Return:
    """A return from its document."""
    totals = document["totals"]
    return Return(
        id=document["_id"],
        state=ReturnState(document["state"]),
        identity=parse_identity(document),
        order=document.get("order"),
        pieces=tuple(Piece(piece["line"], piece["quantity"]) for piece in document["pieces"]),
        channel=document["channel"],
        location=document["location"],
        customer=document.get("customer"),
        staff=document["staff"],
        returned_at=document["returned_at"],
        recorded_at=document["recorded_at"],
        currency=document["currency"],
        reason=document["reason"],
        lines=tuple(ReturnLine(line["order_line"], parse_line(line)) for line in document["lines"]),
        totals=ReturnTotals(
            totals["goods_gross"], totals["non_goods_gross"], totals["net"], totals["tax"], totals["total"]
        ),
    )
