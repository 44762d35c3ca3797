"""A review, and what a product's reviews amount to. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from kit.errors import InvalidInput, Refusal
from services.catalog.model import ExternalRef
from services.catalog.moderation.model import Answer, Moderation, Verdict, check_body, check_line, check_media

STARS: Final = (1, 2, 3, 4, 5)
MAX_VOTERS: Final = 5_000
"""Customers who found one review helpful; they live in its document, some 30 bytes each."""


class ReviewSort(Enum):
    """Orders of a product's reviews."""

    HELPFUL = "helpful"
    NEWEST = "newest"
    BEST = "best"
    WORST = "worst"


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """What a customer writes; a rating alone will do. `media` are https addresses."""

    rating: int
    title: str | None = None
    body: str = ""
    nickname: str | None = None
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and through which door; an imported review may have no customer."""

    customer_id: str | None
    channel: str | None = None
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it is kept. `verified`: its customer bought the product. `helpful`: customers who say so."""

    id: str
    product_id: str
    author: Author
    draft: ReviewDraft
    verdict: Verdict
    created_at: datetime
    updated_at: datetime
    version: int = 1
    verified: bool = False
    helpful: int = 0
    answer: Answer | None = None
    external: ExternalRef | None = None

    @property
    def is_published(self) -> bool:
        """Whether everybody may read it."""
        return self.verdict.state is Moderation.PUBLISHED


@dataclass(frozen=True, slots=True)
class Standing:
    """What a product's published reviews amount to: how many gave one star, two, up to five."""

    stars: tuple[int, ...] = (0, 0, 0, 0, 0)

    @property
    def count(self) -> int:
        """Published reviews."""
        return sum(self.stars)

    @property
    def sum(self) -> int:
        """All their stars."""
        return sum(star * count for star, count in zip(STARS, self.stars, strict=True))


@dataclass(frozen=True, slots=True)
class ImportedReview:
    """A review from elsewhere; `external` makes importing it again change nothing."""

    external: ExternalRef
    slug: str
    draft: ReviewDraft
    created_at: datetime
    customer_id: str | None = None
    helpful: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import: how many are new, and which rows were refused, by their number, from 0."""

    added: int
    refused: Mapping[int, Sequence[Refusal]] = field(default_factory=dict)


def check_review(draft: ReviewDraft) -> list[Refusal]:
    """Every reason why a review cannot be kept."""
    problems: list[Refusal] = []
    if draft.rating not in STARS:
        problems.append(InvalidInput(path=("input", "rating"), expected="1 to 5", got=str(draft.rating)))
    problems += check_line(draft.title, ("input", "title")) + check_line(draft.nickname, ("input", "nickname"))
    problems += check_body(draft.body, ("input", "body"), least=0)
    return problems + check_media(draft.media, ("input", "media"))
