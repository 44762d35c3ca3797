"""Every MongoDB query and index of categories; decides nothing.

What changes the shape of the tree is rare and takes turns: each change is a transaction that writes the one document
`locks.tree`, so two moves can never make a cycle together. Products' `category_path` follows afterwards: the
transaction leaves a note in `refilings`, and `refile` works through the products until the note may go.
Small, on every shard's primary: no shard key.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document, transact
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.category.model import Category, CategoryId
from services.catalog.conflict import conflict_of

COLLECTION = "categories"
REFILINGS = "refilings"
LOCKS = "locks"
TREE = "tree"
CATEGORY_CHANGED = "noren.catalog.category_changed.v1"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        OUTBOX_INDEX,
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("sort_path", ASCENDING), ("_id", ASCENDING)], name="by_path"),
        IndexModel([("path", ASCENDING)], name="subtree"),
    ],
    REFILINGS: [IndexModel([("due_at", ASCENDING)], name="due")],
    LOCKS: [],
}
BY_PATH: Sort = (("sort_path", ASCENDING), ("_id", ASCENDING))
Session = AsyncClientSession
T = TypeVar("T")


class CategoryStore:
    """Categories; `on_change` is called after every write that left an event."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self._db = db
        self._on_change = on_change
        self.categories = db[COLLECTION]
        self._refilings = db[REFILINGS]
        self._locks = db[LOCKS]

    async def by_id(self, ids: Sequence[str], session: Session | None = None) -> dict[str, Category]:
        """The categories there are, by id."""
        found = await self.categories.find({"_id": {"$in": list(ids)}}, session=session).to_list()
        return {document["_id"]: _category(document) for document in found}

    async def by_slug(self, slugs: Sequence[str]) -> dict[str, Category]:
        """The categories there are, by slug."""
        found = await self.categories.find({"slug": {"$in": list(slugs)}}).to_list()
        return {document["slug"]: _category(document) for document in found}

    async def page(self, page: PageArgs, *, hidden: bool = True) -> Page[Category]:
        """The tree in order, every category before its children; without those that are hidden, if so asked."""
        where: Document = {} if hidden else {"is_hidden": {"$ne": True}}
        return await find_page(self.categories, where, BY_PATH, page, _category)

    async def subtree(self, id: str, session: Session | None = None) -> list[Category]:
        """The category and all below it, as far as it is there."""
        return [_category(row) for row in await self.categories.find({"path": id}, session=session).to_list()]

    async def in_turn(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """The work's result; it sees and changes the tree alone, wholly or not at all."""

        async def alone(session: Session) -> T:
            await self._locks.update_one({"_id": TREE}, {"$inc": {"turn": 1}}, upsert=True, session=session)
            return await work(session)

        result = await transact(self._db, alone)
        self._on_change()
        return result

    async def insert(self, category: Category, now: datetime, session: Session) -> Category:
        """Keep a new category, in its turn, or raise Conflict."""
        document = {"_id": category.id, "names": dict(category.names), "version": 1, **_place(category)}
        document["outbox"] = [_told(category, 1, now)]
        try:
            await self.categories.insert_one({**document, "slug": category.slug}, session=session)
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        return category

    async def replant(self, root: Category, below: Sequence[Category], now: datetime, session: Session) -> Category:
        """Keep the places of a changed category, whose version rises, and of all below it; in its turn."""
        told = {"outbox": _told(root, root.version + 1, now)}
        changes = [UpdateOne({"_id": root.id}, {"$set": _place(root), "$inc": {"version": 1}, "$push": told})]
        changes += [UpdateOne({"_id": one.id}, {"$set": _place(one)}) for one in below]
        await self.categories.bulk_write(changes, ordered=False, session=session)
        return (await self.by_id([root.id], session))[root.id]

    async def note_refiling(self, id: str, now: datetime, session: Session) -> None:
        """Remember, with the change itself, that products in and below this category are to follow."""
        note = {"$set": {"moved_at": now, "due_at": now}}
        await self._refilings.update_one({"_id": id}, note, upsert=True, session=session)

    async def refilings(self, now: datetime) -> list[tuple[str, datetime]]:
        """The categories whose products are to be looked at by now, with the instant of the last move."""
        due = await self._refilings.find({"due_at": {"$lte": now}}).sort("due_at", ASCENDING).to_list()
        return [(note["_id"], note["moved_at"]) for note in due]

    async def postpone_refiling(self, id: str, moved_at: datetime, due_at: datetime) -> None:
        """Look again later, unless it moved again meanwhile."""
        await self._refilings.update_one({"_id": id, "moved_at": moved_at}, {"$set": {"due_at": due_at}})

    async def end_refiling(self, id: str, moved_at: datetime) -> None:
        """All have followed, unless it moved again meanwhile."""
        await self._refilings.delete_one({"_id": id, "moved_at": moved_at})

    async def rename(self, category: Category, names: Mapping[str, str], now: datetime) -> Category | None:
        """Change the names if the category still is as it was read; None if it has another version."""
        told = _told(replace(category, names=names), category.version + 1, now)
        kept = await self.categories.find_one_and_update(
            {"_id": category.id, "version": category.version},
            {"$set": {"names": dict(names)}, "$inc": {"version": 1}, "$push": {"outbox": told}},
            return_document=True,
        )
        self._on_change()
        return None if kept is None else _category(kept)


def _told(category: Category, version: int, now: datetime) -> Document:
    """What is below it is moved or hidden with it, and not told again."""
    data = {
        "categoryId": category.id,
        "version": version,
        "slug": category.slug,
        "names": dict(category.names),
        "parentId": category.parent_id,
        "path": list(category.path),
        "isHidden": category.is_hidden,
    }
    return outbox_entry(f"{category.id}:v{version}", CATEGORY_CHANGED, category.id, now, data)


def _place(category: Category) -> Document:
    return {
        "parent_id": category.parent_id,
        "path": list(category.path),
        "position": category.position,
        "sort_path": category.sort_path,
        "is_archived": category.is_archived,
        "is_hidden": category.is_hidden,
    }


def _category(document: Document) -> Category:
    return Category(
        id=CategoryId(document["_id"]),
        slug=document["slug"],
        names=document["names"],
        parent_id=document["parent_id"],
        path=tuple(document["path"]),
        version=document["version"],
        position=document["position"],
        is_archived=document["is_archived"],
        is_hidden=document["is_hidden"],
        sort_path=document["sort_path"],
    )
