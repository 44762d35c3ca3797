"""Categories: nodes of the tree products are filed in. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NewType

from kit.errors import Refusal, Refused, VersionConflict
from services.catalog.model import Translations, check_names, check_slug, invalid

CategoryId = NewType("CategoryId", str)

MAX_CATEGORY_DEPTH = 10
MAX_POSITION = 999_999
"""Six digits: positions are compared as text."""
BELOW = " "
"""Between the parts of a sort path: sorts before every character of one, so that a subtree stays together."""


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree; `path` leads from the root to itself, ids included.

    Siblings stand in the order of their `position`, then of their slug. `is_hidden`: it or one above is archived, so
    shoppers do not see it; what is filed in it is sold all the same.
    """

    id: CategoryId
    slug: str
    names: Translations
    parent_id: CategoryId | None
    path: tuple[CategoryId, ...]
    version: int = 1
    position: int = 0
    is_archived: bool = False
    is_hidden: bool = False
    sort_path: str = ""


def check_category(slug: str, names: Translations, parent: Category | None, position: int = 0) -> list[Refusal]:
    """A category has a slug, a name, and not too many above it."""
    problems = [*check_slug(slug, ("input", "slug")), *check_names(names, ("input", "names"))]
    if parent is not None and len(parent.path) >= MAX_CATEGORY_DEPTH:
        problems.append(invalid(("input", "parentId"), f"at most {MAX_CATEGORY_DEPTH} levels", len(parent.path) + 1))
    return problems + check_position(position)


def check_position(position: int) -> list[Refusal]:
    """A place among siblings."""
    if 0 <= position <= MAX_POSITION:
        return []
    return [invalid(("input", "position"), f"0 to {MAX_POSITION}", position)]


def planted(category: Category, parent: Category | None) -> Category:
    """The category below `parent` (None: at the root), with everything that follows from that."""
    above = () if parent is None else parent.path
    before = "" if parent is None else parent.sort_path
    return replace(
        category,
        parent_id=None if parent is None else parent.id,
        path=(*above, category.id),
        sort_path=f"{before}{BELOW}{category.position:06}-{category.slug}",
        is_hidden=category.is_archived or (parent is not None and parent.is_hidden),
    )


def replanted(root: Category, subtree: Iterable[Category]) -> list[Category]:
    """All below `root`, which has moved already, as they are now; `subtree` as they were, parents before children."""
    done: dict[CategoryId, Category] = {root.id: root}
    for category in sorted(subtree, key=lambda one: len(one.path)):
        if category.id != root.id and category.parent_id is not None:
            done[category.id] = planted(category, done[category.parent_id])
    return [category for id, category in done.items() if id != root.id]


def check_version(category: Category, expected: int) -> None:
    """Refused if somebody changed it since."""
    if category.version != expected:
        raise Refused(VersionConflict(expected_version=expected, actual_version=category.version))


def check_move(category: Category, parent: Category | None, levels: int) -> list[Refusal]:
    """Why the category, which has `levels` of levels with its own, cannot go below `parent`: a cycle, or too deep."""
    if parent is None:
        return []
    here = ("input", "parentId")
    if category.id in parent.path:
        return [invalid(here, "a category that is not below the moved one", parent.id)]
    if len(parent.path) + levels > MAX_CATEGORY_DEPTH:
        return [invalid(here, f"at most {MAX_CATEGORY_DEPTH} levels", len(parent.path) + levels)]
    return []


def path_of(category_ids: Iterable[str], known: Mapping[str, Category]) -> list[CategoryId]:
    """Every category that something filed in these is in or below, in one order."""
    return sorted({above for id in category_ids if id in known for above in known[id].path})
