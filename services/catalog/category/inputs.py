"""Inputs of categories, each read once into the model."""

import strawberry

from kit.errors import InvalidInput, Refused
from services.catalog.inputs import TranslationInput, needed_version, translations
from services.catalog.model import Translations


@strawberry.input(description="A category: new with slug and place, or renamed by id.")
class CategoryUpsertInput:
    """See `model.Category`."""

    names: list[TranslationInput] = strawberry.field(description="At least one.")
    slug: str | None = strawberry.field(default=None, description="Of a new category.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="Of a new category: what is above.")
    id: strawberry.ID | None = strawberry.field(default=None, description="To rename a category.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that was read; needed with `id`."
    )

    position: int = strawberry.field(
        default=0, description="Of a new category: its place among siblings; equal ones stand by slug."
    )

    def names_by_locale(self) -> Translations:
        """For the model."""
        return translations(self.names)

    def needed_slug(self) -> str:
        """A new category's slug, refused if it is missing."""
        if self.slug is None:
            raise Refused(InvalidInput(path=("input", "slug"), expected="a slug for a new category", got="null"))
        return self.slug

    def read_version(self) -> int:
        """The version to rename, refused if it is missing."""
        return needed_version(self.expected_version)


@strawberry.input(description="Where a category goes, with all below it.")
class CategoryMoveInput:
    """See `actions.move_category`."""

    id: strawberry.ID = strawberry.field(description="cat_…")
    expected_version: int = strawberry.field(description="The version that was read.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="What is above; null: the root.")
    position: int = strawberry.field(default=0, description="Its place among siblings; equal ones stand by slug.")


@strawberry.input(description="Whether shoppers see a category and all below it.")
class CategoryArchiveInput:
    """See `actions.archive_category`."""

    id: strawberry.ID = strawberry.field(description="cat_…")
    expected_version: int = strawberry.field(description="The version that was read.")
    archived: bool = strawberry.field(default=True, description="False shows it again.")
