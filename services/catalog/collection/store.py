"""Every MongoDB query and index of collections; decides nothing. Small, on every shard's primary: no shard key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from bson import Decimal128
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.collection.model import (
    Collection,
    CollectionDraft,
    CollectionId,
    CollectionKind,
    Condition,
    ConditionKind,
    Match,
)
from services.catalog.conflict import conflict_of
from services.catalog.offer.model import Viewer
from services.catalog.offer.store import offered_to
from services.catalog.product.documents import parse_product
from services.catalog.product.model import Product
from services.catalog.product.store import BY_NAME, Parts, projection_of
from services.catalog.product.store import COLLECTION as PRODUCTS

COLLECTION = "collections"
COLLECTION_CHANGED = "noren.catalog.collection_changed.v1"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        OUTBOX_INDEX,
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("sort_name", ASCENDING), ("_id", ASCENDING)], name="by_name"),
    ],
}
BY_COLLECTION_NAME: Sort = (("sort_name", ASCENDING), ("_id", ASCENDING))


class CollectionStore:
    """Collections, and the products in one; `on_change` and `on_write` are called after every write."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.on_write: Callable[[], None] = lambda: None
        self._collections = db[COLLECTION]
        self._products = db[PRODUCTS]

    async def by_id(self, ids: Sequence[str]) -> dict[str, Collection]:
        """The collections there are, by id."""
        found = await self._collections.find({"_id": {"$in": list(ids)}}).to_list()
        return {row["_id"]: _collection(row) for row in found}

    async def by_slug(self, slugs: Sequence[str]) -> dict[str, Collection]:
        """The collections there are, by slug."""
        found = await self._collections.find({"slug": {"$in": list(slugs)}}).to_list()
        return {row["slug"]: _collection(row) for row in found}

    async def stamps(self, ids: Sequence[str]) -> list[tuple[str, int]]:
        """What tells whether these collections are still the same: id and version, by id; no query for none."""
        if not ids:
            return []
        found = await self._collections.find({"_id": {"$in": list(ids)}}, {"version": 1}).to_list()
        return sorted((row["_id"], row["version"]) for row in found)

    async def page(self, page: PageArgs) -> Page[Collection]:
        """By name."""
        return await find_page(self._collections, {}, BY_COLLECTION_NAME, page, _collection)

    async def insert(self, id: CollectionId, draft: CollectionDraft, now: datetime) -> Collection:
        """Keep a new collection, or raise Conflict."""
        document = {**_document(draft, now), "_id": id, "version": 1, "outbox": [_told(id, draft, 1, now)]}
        try:
            await self._collections.insert_one(document)
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self.on_write()
        self._on_change()
        return _collection(document)

    async def replace(self, id: str, version: int, draft: CollectionDraft, now: datetime) -> Collection | None:
        """Replace the collection if it still has `version`; None if it has not."""
        try:
            kept = await self._collections.find_one_and_update(
                {"_id": id, "version": version},
                {
                    "$set": {**_document(draft, now), "version": version + 1},
                    "$push": {"outbox": _told(id, draft, version + 1, now)},
                },
                return_document=True,
            )
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        self.on_write()
        self._on_change()
        return None if kept is None else _collection(kept)

    async def found_by_rule(
        self, draft: CollectionDraft, viewer: Viewer, page: PageArgs, parts: Parts
    ) -> Page[Product]:
        """One page of the products that fit the rule and are offered to the viewer, by name."""
        clauses = [_clause(one, viewer.at) for one in draft.conditions]
        rule: Document = {"$and" if draft.match is Match.ALL else "$or": clauses}
        where = {"$and": [rule, offered_to(viewer)]}
        projection = projection_of(parts | {name for name, _ in BY_NAME})
        return await find_page(self._products, where, BY_NAME, page, parse_product, projection=projection)

    async def offered(self, ids: Sequence[str], viewer: Viewer) -> set[str]:
        """Which of these products the viewer is offered."""
        where = {"$and": [{"_id": {"$in": list(ids)}}, offered_to(viewer)]}
        return {row["_id"] for row in await self._products.find(where, {"_id": 1}).to_list()}


def _clause(one: Condition, at: datetime) -> Document:
    values = {"$in": list(one.values)}
    match one.kind:
        case ConditionKind.CATEGORY:
            return {"category_path": values}
        case ConditionKind.BRAND:
            return {"brand": values}
        case ConditionKind.TAG:
            return {"tags": values}
        case ConditionKind.OPTION:
            return {f"variants.options.{one.name}": values}
        case ConditionKind.NEW_SINCE:
            return {"created_at": {"$gte": at - timedelta(days=one.days or 0)}}
        case ConditionKind.PRICE:
            entry = {"currency": one.name, "gross_minor": _within(one)}
            return {"variants": {"$elemMatch": {"prices": {"$elemMatch": entry}}}}
        case ConditionKind.ATTRIBUTE:
            given = {"$elemMatch": {"code": one.name, "value": values if one.values else _within(one)}}
            return {"$or": [{"attributes": given}, {"variants": {"$elemMatch": {"attributes": given}}}]}


def _within(one: Condition) -> Document:
    bounds = {"$gte": one.minimum, "$lte": one.maximum}
    return {operator: float(bound) for operator, bound in bounds.items() if bound is not None}


def _document(draft: CollectionDraft, now: datetime) -> Document:
    return {
        "slug": draft.slug,
        "names": dict(draft.names),
        "descriptions": dict(draft.descriptions),
        "kind": draft.kind,
        "product_ids": list(draft.product_ids),
        "match": draft.match,
        "conditions": [_condition_document(one) for one in draft.conditions],
        "sort_name": next(iter(draft.names.values())).casefold(),
        "updated_at": now,
    }


def _told(id: str, draft: CollectionDraft, version: int, now: datetime) -> Document:
    """Which products are in it is asked of catalog: those of a rule come and go without it."""
    data = {"collectionId": id, "version": version, "slug": draft.slug, "names": dict(draft.names), "kind": draft.kind}
    return outbox_entry(f"{id}:v{version}", COLLECTION_CHANGED, id, now, data)


def _condition_document(one: Condition) -> Document:
    bounds = {name: None if bound is None else Decimal128(bound) for name, bound in
              (("minimum", one.minimum), ("maximum", one.maximum))}  # fmt: skip
    return {**asdict(one), "values": list(one.values), **bounds}


def _condition(document: Document) -> Condition:
    bounds = {name: document[name] and document[name].to_decimal() for name in ("minimum", "maximum")}
    kind, values = ConditionKind(document["kind"]), tuple(document["values"])
    return Condition(**{**document, "kind": kind, "values": values, **bounds})


def _collection(document: Document) -> Collection:
    draft = CollectionDraft(
        slug=document["slug"],
        names=document["names"],
        descriptions=document["descriptions"],
        kind=CollectionKind(document["kind"]),
        product_ids=tuple(document["product_ids"]),
        match=Match(document["match"]),
        conditions=tuple(_condition(one) for one in document["conditions"]),
    )
    return Collection(document["_id"], draft, document["version"], document["updated_at"])
