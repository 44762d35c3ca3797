"""The category tree as the graph shows it."""

import strawberry

from kit.graphql.errors import Payload
from services.catalog.category import model
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.types import Locale


@strawberry.type(description="A node of the category tree.")
class Category:
    """See `model.Category`."""

    row: strawberry.Private[model.Category]

    @strawberry.field(description="cat_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Unique, for addresses: road-bikes.")
    def slug(self) -> str:
        """The slug."""
        return self.row.slug

    @strawberry.field(description="In the locale asked for.")
    def name(self, locale: Locale = None) -> str:
        """Translated."""
        return translated(self.row.names, locale) or self.row.slug

    @strawberry.field(description="The category above; null at the root.")
    async def parent(self, info: Info) -> "Category | None":
        """One level up."""
        if self.row.parent_id is None:
            return None
        parent = await info.context.loaders.category_by_id.load(self.row.parent_id)
        return None if parent is None else Category(row=parent)

    @strawberry.field(description="From the root to this one.")
    async def path(self, info: Info) -> "list[Category]":
        """All levels."""
        rows = await info.context.loaders.category_by_id.load_many(self.row.path)
        return [Category(row=row) for row in rows if row is not None]

    @strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version


@strawberry.type(description="The category as it is now, or why not.")
class CategoryUpsertPayload(Payload):
    """Of categoryUpsert."""

    category: Category | None = strawberry.field(default=None, description="The category as it is kept now.")

    @classmethod
    def of(cls, row: model.Category) -> "CategoryUpsertPayload":
        """From the model."""
        return cls(category=Category(row=row))
