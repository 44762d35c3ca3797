"""Every MongoDB query and index of orders; decides nothing. Returns have their own, reached as `store.returns`.

Of a recorded order only `returns` and `lines.n.returned` change, both by one conditional update. Shard key: `_id`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Database, Document
from services.order.customer.store import CustomerPages
from services.order.identity.model import Claim, ExternalId, Identity
from services.order.identity.store import (
    IDENTITY_INDEXES,
    find_claims,
    identity_document,
    insert_fresh,
    insert_once,
    parse_identity,
)
from services.order.line.model import Line
from services.order.line.store import line_document, parse_line
from services.order.model import AppliedReturn, Order, Piece, Shipping, Totals
from services.order.returns.model import MAX_RETURNS
from services.order.returns.store import INDEXES as RETURN_INDEXES
from services.order.returns.store import ReturnStore

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "orders": [
        *IDENTITY_INDEXES,
        IndexModel(
            [("customer", ASCENDING), ("placed_at", DESCENDING), ("_id", DESCENDING)],
            name="customer_placed",
            partialFilterExpression={"customer": {"$exists": True}},
        ),
        OUTBOX_INDEX,
    ],
    **RETURN_INDEXES,
    "journal": [],
}

_HIDDEN = {"outbox": 0}


class OrderStore:
    """Orders, their returns and the journal. `on_change` is called after every write that has something to tell."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.orders = db["orders"]
        self.by_customer = CustomerPages(self.orders, "placed_at", parse_order, {})
        self.returns = ReturnStore(db)
        self.journal = db["journal"]
        self.on_change: Callable[[], None] = lambda: None

    async def add(self, order: Order, outbox: Sequence[Document]) -> bool:
        """Insert, or say False if its key or one of its external ids is taken."""
        return await insert_once(self.orders, _document(order, outbox))

    async def add_many(self, orders: Sequence[tuple[Order, Sequence[Document]]]) -> list[int]:
        """Insert those whose identity is fresh; the indexes of the others."""
        return await insert_fresh(self.orders, [_document(order, outbox) for order, outbox in orders])

    async def claims(self, identities: Sequence[Identity]) -> list[Claim]:
        """Which orders hold a key or external id of these."""
        return await find_claims(self.orders, identities)

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Order]:
        """The orders there are, by id."""
        found = await self.orders.find({"_id": {"$in": list(ids)}}, _HIDDEN).to_list()
        return {document["_id"]: parse_order(document) for document in found}

    async def by_external_ids(self, external_ids: Sequence[ExternalId]) -> dict[ExternalId, Order]:
        """The orders there are, by those of the external ids that lead to them."""
        pairs = [{"external_ids": {"$elemMatch": {"source": one.source, "value": one.value}}} for one in external_ids]
        found = await self.orders.find({"$or": pairs}, _HIDDEN).to_list() if pairs else []
        orders = [parse_order(document) for document in found]
        return {one: order for order in orders for one in order.identity.external_ids if one in external_ids}

    async def take_back(self, order: Order, return_id: str, pieces: Sequence[Piece]) -> Order | None:
        """Count the pieces as returned if, in that moment, no line has more returned than sold; None if not.

        The decision lies in the filter. The return's place in `returns` is its turn, which its amounts follow from.
        """
        where: Document = {
            "_id": order.id,
            "returns.id": {"$ne": return_id},
            f"returns.{MAX_RETURNS - 1}": {"$exists": False},
        }
        for piece in pieces:
            left = order.lines[piece.line - 1].quantity - piece.quantity
            where[f"lines.{piece.line - 1}.returned"] = {"$lte": left}
        turn = {"id": return_id, "pieces": [{"line": piece.line, "quantity": piece.quantity} for piece in pieces]}
        change = {
            "$inc": {f"lines.{piece.line - 1}.returned": piece.quantity for piece in pieces},
            "$push": {"returns": turn},
        }
        after = await self.orders.find_one_and_update(
            where, change, projection=_HIDDEN, return_document=ReturnDocument.AFTER
        )
        return None if after is None else parse_order(after)

    async def every_order(self) -> AsyncIterator[tuple[Order, list[Document]]]:
        """All orders with their undrained events, for audits."""
        async for document in self.orders.find().sort("_id", ASCENDING):
            yield parse_order(document), document["outbox"]

    async def journaled(self, event_ids: Sequence[str]) -> dict[str, Document]:
        """The data of those events that are in the journal, by event id."""
        found = await self.journal.find({"_id": {"$in": list(event_ids)}}, {"data": 1}).to_list()
        return {document["_id"]: document["data"] for document in found}


def _document(order: Order, outbox: Sequence[Document]) -> Document:
    shipping, totals = order.shipping, order.totals
    document: Document = {
        "_id": order.id,
        **identity_document(order.identity),
        "number": order.number,
        "channel": order.channel,
        "location": order.location,
        "staff": order.staff,
        "placed_at": order.placed_at,
        "recorded_at": order.recorded_at,
        "currency": order.currency,
        "lines": [_sold_line(*line) for line in zip(order.lines, order.returned, strict=True)],
        "shipping": {
            "gross": shipping.gross_minor,
            "net": shipping.net_minor,
            "tax": shipping.tax_minor,
            "tax_rate_bp": shipping.tax_rate_bp,
        },
        "totals": {
            "goods_gross": totals.goods_gross_minor,
            "non_goods_gross": totals.non_goods_gross_minor,
            "shipping": totals.shipping_minor,
            "net": totals.net_minor,
            "tax": totals.tax_minor,
            "total": totals.total_minor,
        },
        "returns": [],
        "outbox": list(outbox),
    }
    if order.customer is not None:
        document["customer"] = order.customer
    if order.payment_methods:
        document["payment_methods"] = list(order.payment_methods)
    return document


def _sold_line(line: Line, returned: int) -> Document:
    document = line_document(line)
    document["returned"] = returned
    return document


def parse_order(document: Document) -> Order:
    """An order from its document."""
    shipping, totals = document["shipping"], document["totals"]
    return Order(
        id=document["_id"],
        identity=parse_identity(document),
        number=document["number"],
        channel=document["channel"],
        location=document["location"],
        customer=document.get("customer"),
        staff=document["staff"],
        payment_methods=tuple(document.get("payment_methods", ())),
        placed_at=document["placed_at"],
        recorded_at=document["recorded_at"],
        currency=document["currency"],
        lines=tuple(parse_line(line) for line in document["lines"]),
        shipping=Shipping(shipping["gross"], shipping["net"], shipping["tax"], shipping["tax_rate_bp"]),
        totals=Totals(
            totals["goods_gross"],
            totals["non_goods_gross"],
            totals["shipping"],
            totals["net"],
            totals["tax"],
            totals["total"],
        ),
        returned=tuple(line["returned"] for line in document["lines"]),
        returns=tuple(_applied(turn) for turn in document["returns"]),
    )


def _applied(turn: Document) -> AppliedReturn:
    return AppliedReturn(turn["id"], tuple(Piece(piece["line"], piece["quantity"]) for piece in turn["pieces"]))
