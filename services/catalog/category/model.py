"""Categories: nodes of the tree products are filed in. No I/O."""

from dataclasses import dataclass
from typing import NewType

from kit.errors import Refusal
from services.catalog.model import Translations, check_names, check_slug, invalid

CategoryId = NewType("CategoryId", str)

MAX_CATEGORY_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree; `path` leads from the root to itself, ids included."""

    id: CategoryId
    slug: str
    names: Translations
    parent_id: CategoryId | None
    path: tuple[CategoryId, ...]
    version: int = 1


def check_category(slug: str, names: Translations, parent: Category | None) -> list[Refusal]:
    """A category has a slug, a name, and not too many above it."""
    problems = [*check_slug(slug, ("input", "slug")), *check_names(names, ("input", "names"))]
    if parent is not None and len(parent.path) >= MAX_CATEGORY_DEPTH:
        problems.append(invalid(("input", "parentId"), f"at most {MAX_CATEGORY_DEPTH} levels", len(parent.path) + 1))
    return problems
