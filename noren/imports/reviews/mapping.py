"""The mapping of a file of reviews: which column is which, and how its products are known."""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from noren.imports.mapping import MAX_NAME, FileFormat, Strict, read_mapping

FOLDER: Final = "reviews/mappings"
"""Of the mappings for reviews that come with Noren."""


class ReviewColumns(Strict):
    """The file's name of each column."""

    id: str
    product: str
    rating: str
    title: str | None = None
    body: str | None = None
    nickname: str | None = None
    date: str | None = None
    helpful: str | None = None

    def named(self) -> dict[str, str]:
        """Role to column name, of those there are."""
        return {role: name for role, name in self.model_dump().items() if name is not None}


class ReviewMapping(Strict):
    """A mapping file, checked. `source` and a row's id are the review's external id.

    A product is the one whose slug is made of `slug_prefix` and the cell, as the import of products makes it; with
    `product_source`, the one that has the cell as its external id of that source.
    """

    source: str = Field(min_length=1, max_length=MAX_NAME)
    slug_prefix: str = ""
    product_source: str | None = Field(default=None, min_length=1, max_length=MAX_NAME)
    time_zone: str = "UTC"
    file: FileFormat = FileFormat()
    columns: ReviewColumns

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/London or Asia/Tokyo") from None
        return name


def load_review_mapping(name: str) -> ReviewMapping:
    """The mapping of this name or path; ImportStopped names what is wrong with it, key by key."""
    return read_mapping(name, ReviewMapping, FOLDER)
