"""The category tree as the graph shows it."""

from collections.abc import Sequence

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field
from services.catalog.category import model
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.types import Locale, Translation


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

    @batch_field(description="In the locale asked for.")
    @staticmethod
    async def name(categories: "Sequence[Category]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.names, locale, chain) or one.row.slug for one in categories]

    @strawberry.field(description="Its name in every language there is.")
    def names(self) -> list[Translation]:
        """In the order they were given."""
        return Translation.all(self.row.names)

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

    @strawberry.field(description="Its place among siblings; equal ones stand by slug.")
    def position(self) -> int:
        """From 0."""
        return self.row.position

    @strawberry.field(description="Whether it, or one above it, is archived; shoppers do not see it then.")
    def is_hidden(self) -> bool:
        """For staff."""
        return self.row.is_hidden

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


@strawberry.type(description="The category at its new place, or why not.")
class CategoryMovePayload(Payload):
    """Of categoryMove."""

    category: Category | None = strawberry.field(default=None, description="The category as it is kept now.")

    @classmethod
    def of(cls, row: model.Category) -> "CategoryMovePayload":
        """From the model."""
        return cls(category=Category(row=row))


@strawberry.type(description="The category as it is now, or why not.")
class CategoryArchivePayload(Payload):
    """Of categoryArchive."""

    category: Category | None = strawberry.field(default=None, description="The category as it is kept now.")

    @classmethod
    def of(cls, row: model.Category) -> "CategoryArchivePayload":
        """From the model."""
        return cls(category=Category(row=row))
