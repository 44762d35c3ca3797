"""Every MongoDB query and index of products; decides nothing.

A product is one document with its variants and their prices, so that any edit of it is one atomic update. Shard
key: `_id`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.category.model import CategoryId
from services.catalog.conflict import conflict_of
from services.catalog.model import ExternalRef, PriceEntry
from services.catalog.product.model import Option, Product, ProductDraft, ProductId, Sku, Variant

COLLECTION = "products"
PRODUCT_CHANGED = "noren.catalog.product_changed.v1"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("variants.sku", ASCENDING)], name="sku", unique=True),
        IndexModel(
            [("variants.barcode", ASCENDING)],
            name="barcode",
            unique=True,
            partialFilterExpression={"variants.barcode": {"$type": "string"}},
        ),
        IndexModel(
            [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)],
            name="external_id",
            unique=True,
            partialFilterExpression={"external_ids.0": {"$exists": True}},
        ),
        IndexModel([("sort_name", ASCENDING), ("_id", ASCENDING)], name="by_name"),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)], name="by_update"),
        IndexModel([("category_path", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="category_name"),
        IndexModel([("brand", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="brand_name"),
        OUTBOX_INDEX,
    ],
}

BY_NAME: Sort = (("sort_name", ASCENDING), ("_id", ASCENDING))
BY_UPDATE: Sort = (("updated_at", DESCENDING), ("_id", DESCENDING))


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What a listing is narrowed to, every part that is set. A category stands for all below it,
    and any of `category_ids` will do.

    Options: a variant that has, of every name, any of its values.
    """

    category_ids: Sequence[CategoryId] | None = None
    brand: str | None = None
    options: Mapping[str, Sequence[str]] | None = None


Parts = frozenset[str]
"""Stored fields of products that somebody will read, such as names or variants.prices."""
ALWAYS: Parts = frozenset({"slug", "version", "updated_at"})
"""Small, and read wherever a product is."""


class ProductStore:
    """Products; `on_change` is called after every write that left an event."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self.products = db[COLLECTION]
        self._on_change = on_change

    async def by_id(self, ids: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products there are, by id; of `parts` only, if given, and then other fields are empty."""
        return {product.id: product for product in await self._find({"_id": {"$in": list(ids)}}, parts)}

    async def by_slug(self, slugs: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products there are, by slug; see `by_id`."""
        return {product.draft.slug: product for product in await self._find({"slug": {"$in": list(slugs)}}, parts)}

    async def by_sku(self, skus: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products that have these SKUs, by SKU: one query for all; see `by_id`."""
        found = await self._find({"variants.sku": {"$in": list(skus)}}, parts)
        return {variant.sku: product for product in found for variant in product.draft.variants}

    async def by_barcode(self, barcodes: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products that have these barcodes, by barcode; see `by_id`."""
        found = await self._find({"variants.barcode": {"$in": list(barcodes)}}, parts)
        return {v.barcode: product for product in found for v in product.draft.variants if v.barcode is not None}

    async def page(
        self, narrow: ProductFilter, sort: Sort, page: PageArgs, parts: Parts | None = None
    ) -> Page[Product]:
        """One page of the listing; see `by_id`."""
        where: Document = {}
        if narrow.category_ids is not None:
            where["category_path"] = {"$in": list(narrow.category_ids)}
        if narrow.brand is not None:
            where["brand"] = narrow.brand
        if narrow.options:
            chosen = {f"options.{name}": {"$in": list(values)} for name, values in narrow.options.items()}
            where["variants"] = {"$elemMatch": chosen}
        projection = None if parts is None else projection_of(parts | {name for name, _ in sort})
        return await find_page(self.products, where, sort, page, _product, projection=projection)

    async def insert(self, draft: ProductDraft, paths: Sequence[CategoryId], now: datetime) -> Product:
        """Keep a new product, or raise Conflict."""
        document = _product_document(ProductId(new_id("prd")), draft, paths, now)
        try:
            await self.products.insert_one(document)
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self._on_change()
        return _product(document)

    async def insert_many(self, drafts: Sequence[tuple[ProductDraft, Sequence[CategoryId]]], now: datetime) -> int:
        """Keep the products whose identifiers are all new, and say how many were."""
        rows = [_product_document(ProductId(new_id("prd")), draft, paths, now) for draft, paths in drafts]
        try:
            return await insert_new(self.products, rows)
        finally:
            self._on_change()

    async def replace(
        self, id: str, version: int, draft: ProductDraft, paths: Sequence[CategoryId], now: datetime
    ) -> Product | None:
        """Replace the product if it still has `version`; None if it has not."""
        document = _product_document(ProductId(id), draft, paths, now, version=version + 1)
        entries = document.pop("outbox")
        document.pop("_id")
        try:
            kept = await self.products.find_one_and_update(
                {"_id": id, "version": version},
                {"$set": document, "$push": {"outbox": {"$each": entries}}},
                return_document=True,
            )
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self._on_change()
        return None if kept is None else _product(kept)

    async def count(self) -> int:
        """How many products there are, estimated from the collection's own count."""
        return await self.products.estimated_document_count()

    async def _find(self, where: Document, parts: Parts | None) -> list[Product]:
        projection = _PRODUCT_FIELDS if parts is None else projection_of(parts)
        return [_product(document) for document in await self.products.find(where, projection).to_list()]


_PRODUCT_FIELDS = {"outbox": 0, "category_path": 0, "sort_name": 0}


def projection_of(parts: Parts) -> dict[str, int]:
    """What MongoDB sends of a product."""
    return dict.fromkeys(sorted(ALWAYS | parts), 1)


def _product_document(
    id: ProductId, draft: ProductDraft, paths: Sequence[CategoryId], now: datetime, version: int = 1
) -> Document:
    changed = {"productId": id, "version": version, "prices": _prices_told(draft)}
    return {
        "_id": id,
        "slug": draft.slug,
        "names": dict(draft.names),
        "descriptions": dict(draft.descriptions),
        "brand": draft.brand,
        "category_ids": list(draft.category_ids),
        "category_path": list(paths),
        "options": [{"name": option.name, "values": list(option.values)} for option in draft.options],
        "variants": [_variant_document(variant) for variant in draft.variants],
        "external_ids": [asdict(ref) for ref in draft.external_ids],
        "sort_name": next(iter(draft.names.values())).casefold(),
        "version": version,
        "updated_at": now,
        "outbox": [outbox_entry(f"{id}:v{version}", PRODUCT_CHANGED, id, now, changed)],
    }


def _prices_told(draft: ProductDraft) -> list[Document]:
    """The variants' prices for the event: the price history is made of them."""
    return [
        {"sku": variant.sku, "currency": entry.currency, "grossMinor": entry.gross_minor, "channel": entry.channel}
        for variant in draft.variants
        for entry in variant.prices
    ]


def _variant_document(variant: Variant) -> Document:
    document: Document = {
        "sku": variant.sku,
        "options": dict(variant.options),
        "prices": [asdict(entry) for entry in variant.prices],
    }
    if variant.barcode is not None:
        document["barcode"] = variant.barcode
    if variant.names:
        document["names"] = dict(variant.names)
    return document


def _product(document: Document) -> Product:
    draft = ProductDraft(
        slug=document["slug"],
        names=document.get("names", {}),
        descriptions=document.get("descriptions", {}),
        brand=document.get("brand"),
        category_ids=tuple(document.get("category_ids", ())),
        options=tuple(Option(option["name"], tuple(option["values"])) for option in document.get("options", ())),
        variants=tuple(_variant(variant) for variant in document.get("variants", ())),
        external_ids=tuple(ExternalRef(**ref) for ref in document.get("external_ids", ())),
    )
    return Product(document["_id"], draft, document["version"], document["updated_at"])


def _variant(document: Document) -> Variant:
    return Variant(
        sku=Sku(document["sku"]),
        options=document.get("options", {}),
        barcode=document.get("barcode"),
        names=document.get("names"),
        prices=tuple(PriceEntry(**entry) for entry in document.get("prices", ())),
    )
