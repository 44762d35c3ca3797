"""Every MongoDB query and index of categories; decides nothing.

Small, on every shard's primary: no shard key.
"""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.category.model import Category, CategoryId
from services.catalog.conflict import conflict_of

COLLECTION = "categories"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("slug", ASCENDING)], name="slug", unique=True),
        IndexModel([("sort_path", ASCENDING), ("_id", ASCENDING)], name="by_path"),
    ],
}
BY_PATH: Sort = (("sort_path", ASCENDING), ("_id", ASCENDING))
BELOW = " "
"""Between the slugs of `sort_path`: sorts before every character of a slug, so that a subtree stays together."""


class CategoryStore:
    """Categories."""

    def __init__(self, db: Database) -> None:
        self.categories = db[COLLECTION]

    async def by_id(self, ids: Sequence[str]) -> dict[str, Category]:
        """The categories there are, by id."""
        found = await self.categories.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _category(document) for document in found}

    async def by_slug(self, slugs: Sequence[str]) -> dict[str, Category]:
        """The categories there are, by slug."""
        found = await self.categories.find({"slug": {"$in": list(slugs)}}).to_list()
        return {document["slug"]: _category(document) for document in found}

    async def page(self, page: PageArgs) -> Page[Category]:
        """The tree in order: every category before its children."""
        return await find_page(self.categories, {}, BY_PATH, page, _category)

    async def insert(self, slug: str, names: Mapping[str, str], parent: Category | None) -> Category:
        """Keep a new category below `parent`, or raise Conflict."""
        id = CategoryId(new_id("cat"))
        above = parent.path if parent else ()
        sort_path = f"{await self._sort_path(parent)}{BELOW}{slug}"
        document: Document = {"_id": id, "slug": slug, "names": dict(names), "path": [*above, id], "version": 1}
        document |= {"parent_id": parent.id if parent else None, "sort_path": sort_path}
        try:
            await self.categories.insert_one(document)
        except DuplicateKeyError as error:
            raise conflict_of(error.details) from error
        return _category(document)

    async def rename(self, id: str, version: int, names: Mapping[str, str]) -> Category | None:
        """Change the names if the category still has `version`; None if it has not."""
        kept = await self.categories.find_one_and_update(
            {"_id": id, "version": version},
            {"$set": {"names": dict(names)}, "$inc": {"version": 1}},
            return_document=True,
        )
        return None if kept is None else _category(kept)

    async def _sort_path(self, category: Category | None) -> str:
        if category is None:
            return ""
        document = await self.categories.find_one({"_id": category.id}, {"sort_path": 1})
        return str(document["sort_path"]) if document else ""


def _category(document: Document) -> Category:
    return Category(
        id=document["_id"],
        slug=document["slug"],
        names=document["names"],
        parent_id=document["parent_id"],
        path=tuple(document["path"]),
        version=document["version"],
    )
