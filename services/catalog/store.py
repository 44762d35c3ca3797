"""Every MongoDB query and index of catalog; decides nothing.

A product is one document with its variants and their prices, so that any edit of it is one atomic update. Shard
keys: products `_id`, categories and channels are small and stay on every shard's primary.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.model import (
    Category,
    CategoryId,
    Channel,
    ExternalRef,
    Option,
    PriceEntry,
    Product,
    ProductDraft,
    ProductId,
    Sku,
    Variant,
)

PRODUCT_CHANGED = "noren.catalog.product_changed.v1"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "products": [
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
    "categories": [
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("sort_path", ASCENDING), ("_id", ASCENDING)], name="by_path"),
    ],
    "channels": [],
    "journal": [],
}

BY_NAME: Sort = (("sort_name", ASCENDING), ("_id", ASCENDING))
BY_UPDATE: Sort = (("updated_at", DESCENDING), ("_id", DESCENDING))
BY_PATH: Sort = (("sort_path", ASCENDING), ("_id", ASCENDING))
BELOW = " "
"""Between the slugs of `sort_path`: sorts before every character of a slug, so that a subtree stays together."""


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What a listing is narrowed to, every part that is set. `category` is a slug, and stands for all below it.

    Options: a variant that has, of every name, any of its values.
    """

    category: str | None = None
    brand: str | None = None
    options: Mapping[str, Sequence[str]] | None = None


Parts = frozenset[str]
"""Stored fields of products that somebody will read, such as names or variants.prices."""
ALWAYS: Parts = frozenset({"slug", "version", "updated_at"})
"""Small, and read wherever a product is."""


class Conflict(Exception):
    """A unique index refused the write; `index` is its name, `value` what collided."""

    def __init__(self, index: str, value: str) -> None:
        super().__init__(f"{index}: {value}")
        self.index = index
        self.value = value


class CatalogStore:
    """Catalog's collections."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.products = db["products"]
        self.categories = db["categories"]
        self.channels = db["channels"]
        self.journal = db["journal"]
        self.on_change: Callable[[], None] = lambda: None

    async def products_by_id(self, ids: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products there are, by id; of `parts` only, if given, and then other fields are empty."""
        return {product.id: product for product in await self._find({"_id": {"$in": list(ids)}}, parts)}

    async def products_by_slug(self, slugs: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products there are, by slug; see `products_by_id`."""
        return {product.draft.slug: product for product in await self._find({"slug": {"$in": list(slugs)}}, parts)}

    async def products_by_sku(self, skus: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products that have these SKUs, by SKU: one query for all; see `products_by_id`."""
        found = await self._find({"variants.sku": {"$in": list(skus)}}, parts)
        return {variant.sku: product for product in found for variant in product.draft.variants}

    async def products_by_barcode(self, barcodes: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products that have these barcodes, by barcode; see `products_by_id`."""
        found = await self._find({"variants.barcode": {"$in": list(barcodes)}}, parts)
        return {v.barcode: product for product in found for v in product.draft.variants if v.barcode is not None}

    async def list_products(
        self, narrow: ProductFilter, sort: Sort, page: PageArgs, parts: Parts | None = None
    ) -> Page[Product]:
        """One page of the listing; see `products_by_id`."""
        where: Document = {}
        if narrow.category is not None:
            found = await self.categories_by_slug([narrow.category])
            where["category_path"] = {"$in": [category.id for category in found.values()]}
        if narrow.brand is not None:
            where["brand"] = narrow.brand
        if narrow.options:
            chosen = {f"options.{name}": {"$in": list(values)} for name, values in narrow.options.items()}
            where["variants"] = {"$elemMatch": chosen}
        projection = None if parts is None else projection_of(parts | {name for name, _ in sort})
        return await find_page(self.products, where, sort, page, _product, projection=projection)

    async def insert_product(self, draft: ProductDraft, paths: Sequence[CategoryId], now: datetime) -> Product:
        """Keep a new product, or raise Conflict."""
        document = _product_document(ProductId(new_id("prd")), draft, paths, now)
        try:
            await self.products.insert_one(document)
        except DuplicateKeyError as error:
            raise _conflict(error.details or {}) from error
        self.on_change()
        return _product(document)

    async def insert_products(self, drafts: Sequence[tuple[ProductDraft, Sequence[CategoryId]]], now: datetime) -> int:
        """Keep the products whose identifiers are all new, and say how many were."""
        rows = [_product_document(ProductId(new_id("prd")), draft, paths, now) for draft, paths in drafts]
        try:
            return await insert_new(self.products, rows)
        finally:
            self.on_change()

    async def replace_product(
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
            raise _conflict(error.details or {}) from error
        self.on_change()
        return None if kept is None else _product(kept)

    async def categories_by_id(self, ids: Sequence[str]) -> dict[str, Category]:
        """The categories there are, by id."""
        found = await self.categories.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _category(document) for document in found}

    async def categories_by_slug(self, slugs: Sequence[str]) -> dict[str, Category]:
        """The categories there are, by slug."""
        found = await self.categories.find({"slug": {"$in": list(slugs)}}).to_list()
        return {document["slug"]: _category(document) for document in found}

    async def list_categories(self, page: PageArgs) -> Page[Category]:
        """The tree in order: every category before its children."""
        return await find_page(self.categories, {}, BY_PATH, page, _category)

    async def insert_category(self, slug: str, names: Mapping[str, str], parent: Category | None) -> Category:
        """Keep a new category below `parent`, or raise Conflict."""
        id = CategoryId(new_id("cat"))
        above = parent.path if parent else ()
        sort_path = f"{await self._sort_path(parent)}{BELOW}{slug}"
        document: Document = {"_id": id, "slug": slug, "names": dict(names), "path": [*above, id], "version": 1}
        document |= {"parent_id": parent.id if parent else None, "sort_path": sort_path}
        try:
            await self.categories.insert_one(document)
        except DuplicateKeyError as error:
            raise _conflict(error.details or {}) from error
        return _category(document)

    async def rename_category(self, id: str, version: int, names: Mapping[str, str]) -> Category | None:
        """Change the names if the category still has `version`; None if it has not."""
        kept = await self.categories.find_one_and_update(
            {"_id": id, "version": version},
            {"$set": {"names": dict(names)}, "$inc": {"version": 1}},
            return_document=True,
        )
        return None if kept is None else _category(kept)

    async def channels_by_id(self, ids: Sequence[str]) -> dict[str, Channel]:
        """The channels there are, by id."""
        found = await self.channels.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _channel(document) for document in found}

    async def put_channel(self, channel: Channel) -> Channel:
        """Keep a channel, new or changed."""
        values = asdict(channel)
        values["_id"] = values.pop("id")
        await self.channels.replace_one({"_id": channel.id}, values, upsert=True)
        return channel

    async def count_products(self) -> int:
        """How many products there are, estimated from the collection's own count."""
        return await self.products.estimated_document_count()

    async def _find(self, where: Document, parts: Parts | None) -> list[Product]:
        projection = _PRODUCT_FIELDS if parts is None else projection_of(parts)
        return [_product(document) for document in await self.products.find(where, projection).to_list()]

    async def _sort_path(self, category: Category | None) -> str:
        if category is None:
            return ""
        document = await self.categories.find_one({"_id": category.id}, {"sort_path": 1})
        return str(document["sort_path"]) if document else ""


_PRODUCT_FIELDS = {"outbox": 0, "category_path": 0, "sort_name": 0}


def projection_of(parts: Parts) -> dict[str, int]:
    """What MongoDB sends of a product."""
    return dict.fromkeys(sorted(ALWAYS | parts), 1)


def _product_document(
    id: ProductId, draft: ProductDraft, paths: Sequence[CategoryId], now: datetime, version: int = 1
) -> Document:
    changed = {"productId": id, "version": version}
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


def _category(document: Document) -> Category:
    return Category(
        id=document["_id"],
        slug=document["slug"],
        names=document["names"],
        parent_id=document["parent_id"],
        path=tuple(document["path"]),
        version=document["version"],
    )


def _channel(document: Document) -> Channel:
    return Channel(document["_id"], document["name"], document["currency"], document["tax_rate_bp"])


def _conflict(details: Mapping[str, Any]) -> Conflict:
    pattern = details.get("keyPattern") or {}
    value = details.get("keyValue") or {}
    last = next(reversed(pattern), "?")
    return Conflict(last, str(value.get(last, "")))
