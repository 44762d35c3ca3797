"""Every MongoDB query and index of products; decides nothing.

A product is one document with its variants and their prices, so that any edit of it is one atomic update. Shard
key: `_id`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Database, Document, duplicates
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.barcode.model import searched
from services.catalog.category.model import CategoryId
from services.catalog.conflict import Conflict, conflict_of
from services.catalog.model import ExternalRef
from services.catalog.offer.model import Viewer
from services.catalog.offer.store import offered_to
from services.catalog.product.documents import Write, content_of, outbox_of, parse_product, product_document
from services.catalog.product.model import MAX_VARIANTS, Product

COLLECTION = "products"
"""MongoDB's code of a unique index that says no."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("variants.sku", ASCENDING)], name="sku", unique=True),
        IndexModel([("variants.id", ASCENDING)], name="variant_id", unique=True),
        IndexModel(
            [("variants.gtins", ASCENDING)],
            name="gtin",
            unique=True,
            partialFilterExpression={"variants.gtins": {"$type": "string"}},
        ),
        IndexModel(
            [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)],
            name="external_id",
            unique=True,
            partialFilterExpression={"external_ids.0": {"$exists": True}},
        ),
        IndexModel(
            [("variants.components.sku", ASCENDING)],
            name="component",
            partialFilterExpression={"variants.components.sku": {"$exists": True}},
        ),
        IndexModel([("category_ids", ASCENDING), ("_id", ASCENDING)], name="filed"),
        IndexModel([("sort_name", ASCENDING), ("_id", ASCENDING)], name="by_name"),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)], name="by_update"),
        IndexModel([("category_path", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="category_name"),
        IndexModel([("brand", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="brand_name"),
        IndexModel([("tags", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="tag_name"),
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


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a product is filed, and what it is kept to be in or below."""

    id: str
    category_ids: tuple[str, ...]
    category_path: tuple[str, ...]


Parts = frozenset[str]
"""Stored fields of products that somebody will read, such as names or variants.prices; and `first_variants`."""
VARIANTS = "variants."
FIRST = "first variants: "
"""Begins the part that says how many of the variants will be read; without one, all are."""
ALWAYS: Parts = frozenset({"slug", "version", "updated_at", "offer"})
"""Small, and read wherever a product is: who may see it is among it."""
_HIDDEN = {"outbox": 0, "sort_name": 0}


class ProductStore:
    """Products; `on_change` is called after every write that left an event, `on_write` with what was written."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self.products = db[COLLECTION]
        self._on_change = on_change
        self.on_write: Callable[[Collection[str]], None] = lambda ids: None

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

    async def by_variant_id(self, ids: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products whose variants have these ids, by variant id; see `by_id`."""
        found = await self._find({"variants.id": {"$in": list(ids)}}, parts)
        return {v.id: product for product in found for v in product.draft.variants if v.id is not None}

    async def by_barcode(self, barcodes: Sequence[str], parts: Parts | None = None) -> dict[str, Product]:
        """The products that have these barcodes, however written, by what was asked for; see `by_id`."""
        asked = {searched(barcode): barcode for barcode in barcodes}
        found = await self._find({"variants.gtins": {"$in": list(asked)}}, parts)
        by_gtin = {searched(one): row for row in found for v in row.draft.variants for one in v.barcodes}
        return {barcode: by_gtin[searched(barcode)] for barcode in barcodes if searched(barcode) in by_gtin}

    async def by_external_id(self, refs: Sequence[ExternalRef]) -> dict[ExternalRef, Product]:
        """The products other systems call so, by what they call them."""
        by_source: dict[str, list[str]] = {}
        for ref in refs:
            by_source.setdefault(ref.source, []).append(ref.value)
        clauses = [
            {"external_ids": {"$elemMatch": {"source": source, "value": {"$in": values}}}}
            for source, values in by_source.items()
        ]
        found = await self._find({"$or": clauses}, None) if clauses else []
        return {ref: product for product in found for ref in product.draft.external_ids}

    async def existing(self, ids: Sequence[str]) -> set[str]:
        """Which of these products there are."""
        return {row["_id"] for row in await self.products.find({"_id": {"$in": list(ids)}}, {"_id": 1}).to_list()}

    async def page(
        self,
        narrow: ProductFilter,
        sort: Sort,
        page: PageArgs,
        parts: Parts | None = None,
        viewer: Viewer | None = None,
    ) -> Page[Product]:
        """One page of the listing, of what the viewer may see; see `by_id`."""
        where: Document = dict(offered_to(viewer))
        if narrow.category_ids is not None:
            where["category_path"] = {"$in": list(narrow.category_ids)}
        if narrow.brand is not None:
            where["brand"] = narrow.brand
        if narrow.options:
            chosen = {f"options.{name}": {"$in": list(values)} for name, values in narrow.options.items()}
            where["variants"] = {"$elemMatch": chosen}
        projection = None if parts is None else projection_of(parts | {name for name, _ in sort})
        return await find_page(self.products, where, sort, page, parse_product, projection=projection)

    async def insert(self, write: Write, session: AsyncClientSession | None = None) -> Product:
        """Keep a new product, or raise Conflict."""
        document = product_document(write)
        try:
            await self.products.insert_one(document, session=session)
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self.on_write([write.id])
        self._on_change()
        return parse_product(document)

    async def replace(self, write: Write, session: AsyncClientSession | None = None) -> Product | None:
        """Replace the version before the write's, if the product still has it; None if it has not."""
        try:
            kept = await self.products.find_one_and_update(
                {"_id": write.id, "version": write.version - 1}, _edit(write), return_document=True, session=session
            )
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self.on_write([write.id])
        self._on_change()
        return None if kept is None else parse_product(kept)

    async def write_many(self, writes: Sequence[Write]) -> dict[int, Conflict | None]:
        """Insert and replace, each alone; what was not written, by its place: the conflict, or None for a version
        that is gone. A product whose `step` is the write's counts as written: this call did it before."""
        operations = [
            InsertOne(product_document(write))
            if write.version == 1
            else UpdateOne({"_id": write.id, "version": write.version - 1}, _edit(write))
            for write in writes
        ]
        failed: dict[int, Conflict | None] = {}
        matched = sum(write.version > 1 for write in writes)
        try:
            done = await self.products.bulk_write(operations, ordered=False)
            complete = done.matched_count == matched
        except BulkWriteError as error:
            duplicates(error)
            failed = {one["index"]: conflict_of(one) for one in (error.details or {})["writeErrors"]}
            complete = False
        finally:
            self.on_write([write.id for write in writes])
            self._on_change()
        if not complete:
            failed = await self._missed(writes, failed)
        return failed

    async def steps(self, ids: Sequence[str]) -> dict[str, tuple[int, str | None]]:
        """Version, and what wrote it, of the products there are, by id."""
        found = await self.products.find({"_id": {"$in": list(ids)}}, {"version": 1, "step": 1}).to_list()
        return {row["_id"]: (row["version"], row.get("step")) for row in found}

    async def filed_in(self, category_ids: Sequence[str], after: str, limit: int) -> list[Filed]:
        """Products filed in any of these categories itself, by id, behind `after`."""
        where = {"category_ids": {"$in": list(category_ids)}, "_id": {"$gt": after}}
        fields = {"category_ids": 1, "category_path": 1}
        found = await self.products.find(where, fields).sort("_id", ASCENDING).limit(limit).to_list()
        return [Filed(row["_id"], tuple(row["category_ids"]), tuple(row["category_path"])) for row in found]

    async def refile(self, changes: Sequence[tuple[Filed, Sequence[str]]]) -> int:
        """Give each its new path, unless it is filed elsewhere by now; return how many were changed."""
        updates = [
            UpdateOne({"_id": row.id, "category_ids": list(row.category_ids)}, {"$set": {"category_path": list(path)}})
            for row, path in changes
        ]
        done = (await self.products.bulk_write(updates, ordered=False)).modified_count if updates else 0
        self.on_write([row.id for row, _ in changes])
        return done

    async def count(self) -> int:
        """How many products there are, estimated from the collection's own count."""
        return await self.products.estimated_document_count()

    async def _missed(
        self, writes: Sequence[Write], conflicts: Mapping[int, Conflict | None]
    ) -> dict[int, Conflict | None]:
        there = await self.steps([write.id for write in writes])
        return {
            place: conflicts.get(place)
            for place, write in enumerate(writes)
            if there.get(write.id) != (write.version, write.step)
        }

    async def _find(self, where: Document, parts: Parts | None) -> list[Product]:
        projection = _HIDDEN if parts is None else projection_of(parts)
        return [parse_product(document) for document in await self.products.find(where, projection).to_list()]


def first_variants(count: int) -> str:
    """The part for those who read so many variants and no more; of several, the largest counts."""
    return f"{FIRST}{count}"


def projection_of(parts: Parts) -> Document:
    """What MongoDB sends of a product. A page of products with a hundred variants each, of which the first is shown,
    costs no more than one of products with a few."""
    bounds = {part for part in parts if part.startswith(FIRST)}
    fields = sorted((ALWAYS | parts) - bounds)
    most = max((int(bound.removeprefix(FIRST)) for bound in bounds), default=MAX_VARIANTS)
    if most >= MAX_VARIANTS:
        return dict.fromkeys(fields, 1)
    own = {name.removeprefix(VARIANTS): f"$$one.{name.removeprefix(VARIANTS)}" for name in fields if _of_variants(name)}
    first = {"$map": {"input": {"$slice": ["$variants", most]}, "as": "one", "in": own}}
    return {**dict.fromkeys([name for name in fields if not _of_variants(name)], 1), "variants": first}


def _of_variants(field: str) -> bool:
    return field.startswith(VARIANTS)


def _edit(write: Write) -> Document:
    return {"$set": content_of(write), "$push": {"outbox": {"$each": outbox_of(write)}}}
