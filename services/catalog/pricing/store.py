"""Every MongoDB query and index of price books, tax policies and the price history; decides nothing.

A book is one document a SKU (`sku:MUG`), or a product for its tax class (`product:prd_…`): the compare-and-set on its
version is what keeps overlapping prices out. Shard key of all three: `_id`, but `price_history` by `sku`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from services.catalog.pricing.history import Snapshot
from services.catalog.pricing.model import ListPrice, PriceBook, Scope, base_price
from services.catalog.pricing.tax import Rounding, TaxBasis, TaxClass, TaxMode, TaxPolicy, TaxRate

LIST_PRICES_CHANGED = "noren.catalog.list_prices_changed.v1"
BOOKS, POLICIES, HISTORY = "price_books", "tax_policies", "price_history"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    BOOKS: [OUTBOX_INDEX],
    POLICIES: [],
    HISTORY: [IndexModel([("sku", ASCENDING), ("at", ASCENDING)], name="sku_at")],
}


def sku_key(sku: str) -> str:
    """The `_id` of a SKU's book."""
    return f"sku:{sku}"


def product_key(product_id: str) -> str:
    """The `_id` of a product's book, which holds its tax class."""
    return f"product:{product_id}"


class PricingStore:
    """Books, policies and history; `on_book` hears the key of every book that was written, `on_policy` of policies."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self.books_collection = db[BOOKS]
        self._policies = db[POLICIES]
        self._history = db[HISTORY]
        self._changed = changed
        self.on_book: Callable[[str], None] = lambda key: None
        self.on_policy: Callable[[], None] = lambda: None

    async def books(self, keys: Sequence[str]) -> dict[str, PriceBook]:
        """The books there are, by key: one query for all."""
        found = await self.books_collection.find({"_id": {"$in": list(keys)}}, {"outbox": 0}).to_list()
        return {document["_id"]: _book(document) for document in found}

    async def put_prices(
        self, sku: str, version: int, prices: Sequence[ListPrice], *, now: datetime
    ) -> PriceBook | None:
        """These list prices instead of those of `version`; None if the book has another version by now."""
        rows = [price_document(price) for price in prices]
        told: Document = {"sku": sku, "version": version + 1, "prices": [_plain(row) for row in rows]}
        entry = outbox_entry(f"{sku_key(sku)}:v{version + 1}", LIST_PRICES_CHANGED, sku, now, told)
        return await self._put(sku_key(sku), version, {"prices": rows}, entry)

    async def put_tax_class(self, key: str, version: int, tax_class: TaxClass) -> PriceBook | None:
        """This tax class; None if the book has another version by now."""
        return await self._put(key, version, {"tax_class": tax_class.value}, None)

    async def _put(self, key: str, version: int, values: Document, entry: Document | None) -> PriceBook | None:
        update: Document = {"$set": {**values, "version": version + 1}}
        if entry is not None:
            update["$push"] = {"outbox": entry}
        seen: Document = {"_id": key, "version": version}
        try:
            kept = await self.books_collection.find_one_and_update(
                seen, update, upsert=version == 0, return_document=True, projection={"outbox": 0}
            )
        except DuplicateKeyError:
            return None
        self.on_book(key)
        self._changed()
        return None if kept is None else _book(kept)

    async def policies(self, channels: Sequence[str]) -> dict[str, Document]:
        """What was said of these channels' tax, for `policy_of`."""
        found = await self._policies.find({"_id": {"$in": list(channels)}}).to_list()
        return {document["_id"]: document for document in found}

    async def all_policies(self) -> dict[str, Document]:
        """What was said of every channel's tax: channels are few."""
        return {document["_id"]: document for document in await self._policies.find().to_list()}

    async def put_policy(self, policy: TaxPolicy) -> bool:
        """Keep a policy as `version` + 1; whether its version was still the kept one."""
        document: Document = {
            "mode": policy.mode.value,
            "rounding": policy.rounding.value,
            "basis": policy.basis.value,
            "rates": [_rate_document(rate) for rate in policy.rates],
            "version": policy.version + 1,
        }
        seen = {"_id": policy.channel, "version": policy.version}
        try:
            done = await self._policies.update_one(seen, {"$set": document}, upsert=policy.version == 0)
        except DuplicateKeyError:
            return False
        self.on_policy()
        return done.matched_count == 1 or done.upserted_id is not None

    async def histories(self, skus: Sequence[str]) -> dict[str, list[Snapshot]]:
        """What was known of these SKUs' prices, oldest first: one query for all."""
        rows = self._history.find({"sku": {"$in": list(skus)}}).sort([("sku", ASCENDING), ("at", ASCENDING)])
        found: dict[str, list[Snapshot]] = {}
        for document in await rows.to_list():
            found.setdefault(document["sku"], []).append(_snapshot(document))
        return found

    async def append_history(self, rows: Sequence["HistoryRow"]) -> None:
        """Append every row that says something else than the one before it of the same SKU and part."""
        where = {"sku": {"$in": sorted({row.sku for row in rows})}}
        last: dict[tuple[str, str], Document] = {}
        for known in await self._history.find(where).sort([("sku", ASCENDING), ("at", ASCENDING)]).to_list():
            last[known["sku"], known["part"]] = known
        fresh: list[Document] = []
        for row in rows:
            document = _history_document(row)
            before = last.get((row.sku, row.part))
            if before is None or before["prices"] != document["prices"]:
                fresh.append(document)
                last[row.sku, row.part] = document
        await insert_new(self._history, fresh)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Prices of one part of a SKU, `base` or `listed`, as they were told by an event."""

    event_id: str
    sku: str
    at: datetime
    part: str
    prices: tuple[Mapping[str, Any], ...]


def _history_document(row: HistoryRow) -> Document:
    prices = [price_document(price_of_document(price)) for price in row.prices]
    return {"_id": f"{row.event_id}:{row.sku}", "sku": row.sku, "at": row.at, "part": row.part, "prices": prices}


def base_documents(prices: Iterable[Mapping[str, Any]]) -> list[Document]:
    """A variant's own prices as an event tells them, in the form of list prices."""
    return [
        price_document(base_price(price["currency"], price["grossMinor"], price.get("channel"))) for price in prices
    ]


def policy_of(channel: str, channel_rate_bp: int, document: Document | None) -> TaxPolicy:
    """A channel's policy: what was said of it, else tax inside prices at the channel's rate."""
    if document is None:
        return TaxPolicy(channel, channel_rate_bp)
    return TaxPolicy(
        channel=channel,
        channel_rate_bp=channel_rate_bp,
        mode=TaxMode(document["mode"]),
        rounding=Rounding(document["rounding"]),
        basis=TaxBasis(document["basis"]),
        rates=tuple(
            TaxRate(TaxClass(rate["tax_class"]), rate["rate_bp"], rate["valid_from"], rate["valid_until"])
            for rate in document["rates"]
        ),
        version=document["version"],
    )


def price_document(price: ListPrice) -> Document:
    """A list price as it is kept: without what it does not say."""
    scope = price.scope
    values: Document = {
        "id": price.id,
        "currency": scope.currency,
        "amount_minor": price.amount_minor,
        "channel": scope.channel,
        "location": scope.location,
        "segment": scope.segment,
        "rank": scope.rank,
        "min_quantity": scope.min_quantity if scope.min_quantity > 1 else None,
        "valid_from": price.valid_from,
        "valid_until": price.valid_until,
        "compare_at_minor": price.compare_at_minor,
        "price_list": price.price_list,
    }
    return {name: value for name, value in values.items() if value is not None}


def price_of_document(document: Mapping[str, Any]) -> ListPrice:
    """The other way; times may be RFC 3339, as events have them."""
    get = document.get
    scope = Scope(
        document["currency"], get("channel"), get("location"), get("segment"), get("rank"), get("min_quantity", 1)
    )
    return ListPrice(
        id=document["id"],
        scope=scope,
        amount_minor=document["amount_minor"],
        valid_from=_time(get("valid_from")),
        valid_until=_time(get("valid_until")),
        compare_at_minor=get("compare_at_minor"),
        price_list=get("price_list"),
    )


def _time(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _plain(row: Document) -> Document:
    """For an event: partners read JSON."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _book(document: Document) -> PriceBook:
    tax_class = document.get("tax_class")
    return PriceBook(
        prices=tuple(price_of_document(row) for row in document.get("prices", ())),
        tax_class=None if tax_class is None else TaxClass(tax_class),
        version=document["version"],
    )


def _rate_document(rate: TaxRate) -> Document:
    return {
        "tax_class": rate.tax_class.value,
        "rate_bp": rate.rate_bp,
        "valid_from": rate.valid_from,
        "valid_until": rate.valid_until,
    }


def _snapshot(document: Document) -> Snapshot:
    prices = tuple(price_of_document(row) for row in document["prices"])
    return (
        Snapshot(document["at"], base=prices) if document["part"] == "base" else Snapshot(document["at"], listed=prices)
    )
