"""Every MongoDB query of value; decides nothing.

`purchases`: an order as it was told, `_id` is its id; a return is a field of it under the return's id. Both are set and
not added, so that an event told twice or in another order leaves the same. An order whose return came first is counted
when it is told itself. `goods`: a SKU's categories, `shelves`: a category's parent; each by when that was written.
Shard key of all: `_id`; what a customer bought is asked of every shard.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from kit.mongo import Collection, Database, Document
from services.customer.value.model import FAVOURITE_ORDERS, Part, Sold, Visit

PURCHASES: Final = "purchases"
GOODS: Final = "goods"
SHELVES: Final = "shelves"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    PURCHASES: [IndexModel([("customer", ASCENDING), ("placed_at", DESCENDING)], name="by_customer")],
    GOODS: [],
    SHELVES: [],
}


@dataclass(frozen=True, slots=True)
class Line:
    """Goods that were sold or came back."""

    sku: str
    quantity: int
    minor: int


@dataclass(frozen=True, slots=True)
class Bought:
    """An order of somebody's."""

    order_id: str
    customer_id: str
    channel: str
    location_id: str | None
    placed_at: datetime
    currency: str
    gross_minor: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CameBack:
    """A return of an order."""

    return_id: str
    order_id: str
    gross_minor: int
    lines: tuple[Line, ...]


class ValueStore:
    """The projection."""

    def __init__(self, db: Database) -> None:
        self._purchases = db[PURCHASES]
        self._goods = db[GOODS]
        self._shelves = db[SHELVES]

    async def hear(self, bought: Sequence[Bought], back: Sequence[CameBack]) -> None:
        """Keep orders and returns."""
        updates = [UpdateOne({"_id": one.order_id}, {"$set": _order_fields(one)}, upsert=True) for one in bought]
        for each in back:
            told = {"gross": each.gross_minor, "lines": _lines(each.lines)}
            updates.append(
                UpdateOne({"_id": each.order_id}, {"$set": {f"returns.{each.return_id}": told}}, upsert=True)
            )
        if updates:
            await self._purchases.bulk_write(updates)

    async def hear_goods(self, heard: Mapping[str, tuple[int, Sequence[str]]]) -> None:
        """Keep which categories SKUs are in, each with the number of the write; the highest one stays."""
        told = {sku: (written, {"categories": list(categories)}) for sku, (written, categories) in heard.items()}
        await _keep_newer(self._goods, told)

    async def hear_shelves(self, heard: Mapping[str, tuple[int, str | None]]) -> None:
        """Keep which category is above which, alike."""
        await _keep_newer(self._shelves, {id: (written, {"parent": above}) for id, (written, above) in heard.items()})

    async def parts(self, customers: Iterable[str], since: datetime) -> list[Part]:
        """What these profiles bought, a row a profile, channel and currency."""
        rows = await self._purchases.aggregate(
            [{"$match": _of(customers)}, {"$set": {"back": _RETURNED}}, {"$group": _sums(since)}]
        )
        return [_part(row) async for row in rows]

    async def sold(self, customers: Iterable[str]) -> list[Sold]:
        """What stayed with them of their newest orders, by SKU."""
        found = self._purchases.find(_of(customers), {"lines": 1, "returns": 1}).sort("placed_at", DESCENDING)
        kept: dict[str, tuple[int, int]] = {}
        async for row in found.limit(FAVOURITE_ORDERS):
            back = [line for one in row.get("returns", {}).values() for line in one["lines"]]
            for sign, lines in ((1, row["lines"]), (-1, back)):
                for line in lines:
                    pieces, minor = kept.get(line["sku"], (0, 0))
                    kept[line["sku"]] = (pieces + sign * line["quantity"], minor + sign * line["minor"])
        return [Sold(sku, pieces, minor) for sku, (pieces, minor) in kept.items()]

    async def bought(self, customers: Iterable[str], limit: int) -> list[Bought]:
        """Their newest orders, so many."""
        found = self._purchases.find(_of(customers)).sort("placed_at", DESCENDING).limit(limit)
        return [_bought(row) async for row in found]

    async def last(self, customers: Iterable[str]) -> Visit | None:
        """Their newest order."""
        row = await self._purchases.find_one(_of(customers), sort=[("placed_at", DESCENDING)])
        return None if row is None else Visit(row["placed_at"], row["channel"], row["location"])

    async def categories(self, skus: Iterable[str]) -> dict[str, frozenset[str]]:
        """The categories of these SKUs, those above them included."""
        found = self._goods.find({"_id": {"$in": sorted(skus)}})
        return {row["_id"]: frozenset(row["categories"]) async for row in found}

    async def parents(self, categories: Iterable[str]) -> dict[str, str | None]:
        """What is above these categories."""
        found = self._shelves.find({"_id": {"$in": sorted(categories)}})
        return {row["_id"]: row["parent"] async for row in found}

    async def erase(self, customer_id: str) -> int:
        """Remove every order of a profile; how many there were."""
        return (await self._purchases.delete_many({"customer": customer_id})).deleted_count


def _of(customers: Iterable[str]) -> Document:
    return {"customer": {"$in": sorted(customers)}}


_RETURNED: Final[Document] = {
    "$sum": {
        "$map": {"input": {"$objectToArray": {"$ifNull": ["$returns", {}]}}, "in": "$$this.v.gross"},
    }
}
_IS_KEPT: Final[Document] = {"$or": [{"$gt": ["$gross", "$back"]}, {"$eq": ["$gross", 0]}]}
"""An order that did not come back whole; a gift for nothing is one."""


def _sums(since: datetime) -> Document:
    recent = {"$and": [_IS_KEPT, {"$gte": ["$placed_at", since]}]}
    return {
        "_id": {"customer": "$customer", "channel": "$channel", "currency": "$currency"},
        "orders": {"$sum": {"$cond": [_IS_KEPT, 1, 0]}},
        "gross": {"$sum": "$gross"},
        "returned": {"$sum": "$back"},
        "recent_orders": {"$sum": {"$cond": [recent, 1, 0]}},
        "recent": {"$sum": {"$cond": [recent, {"$subtract": ["$gross", "$back"]}, 0]}},
        "first_at": {"$min": {"$cond": [_IS_KEPT, "$placed_at", None]}},
        "last_at": {"$max": {"$cond": [_IS_KEPT, "$placed_at", None]}},
    }


def _part(row: Document) -> Part:
    key = row["_id"]
    return Part(
        key["customer"],
        key["channel"],
        key["currency"],
        row["orders"],
        row["gross"],
        row["returned"],
        row["recent_orders"],
        row["recent"],
        row["first_at"],
        row["last_at"],
    )


def _order_fields(one: Bought) -> Document:
    return {
        "customer": one.customer_id,
        "channel": one.channel,
        "location": one.location_id,
        "placed_at": one.placed_at,
        "currency": one.currency,
        "gross": one.gross_minor,
        "lines": _lines(one.lines),
    }


def _bought(row: Document) -> Bought:
    lines = tuple(Line(one["sku"], one["quantity"], one["minor"]) for one in row["lines"])
    where = (row["channel"], row["location"], row["placed_at"])
    return Bought(row["_id"], row["customer"], *where, row["currency"], row["gross"], lines)


def _lines(lines: Iterable[Line]) -> list[Document]:
    return [{"sku": line.sku, "quantity": line.quantity, "minor": line.minor} for line in lines]


async def _keep_newer(collection: Collection, told: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
    """Set the values of each id, unless a later write told others."""
    updates = []
    for id, (written, values) in sorted(told.items()):
        is_newer = {"$lt": [{"$ifNull": ["$written", -1]}, written]}
        new = {**{name: {"$literal": value} for name, value in values.items()}, "written": written}
        change = {name: {"$cond": [is_newer, value, f"${name}"]} for name, value in new.items()}
        updates.append(UpdateOne({"_id": id}, [{"$set": change}], upsert=True))
    if updates:
        await collection.bulk_write(updates, ordered=False)
