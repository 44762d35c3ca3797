"""Related products, and every reason why they cannot be kept. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kit.errors import Path, Refusal
from services.catalog.model import invalid

MAX_RELATED = 100
"""Of one product, all kinds together: what anybody curates."""


class RelationKind(StrEnum):
    """What the other product is to this one."""

    ACCESSORY = "ACCESSORY"
    SIMILAR = "SIMILAR"
    UPSELL = "UPSELL"
    REPLACEMENT = "REPLACEMENT"


@dataclass(frozen=True, slots=True)
class Related:
    """Another product, by id."""

    kind: RelationKind
    product_id: str


def check_related(related: Sequence[Related], at: Path) -> list[Refusal]:
    """Not too many, and each once a kind; whether they exist is not known here. `at` is the list's path."""
    if len(related) > MAX_RELATED:
        return [invalid(at, f"at most {MAX_RELATED}", len(related))]
    problems: list[Refusal] = []
    seen: set[Related] = set()
    for index, one in enumerate(related):
        if one in seen:
            problems.append(invalid((*at, str(index), "productId"), "a product once a kind", one.product_id))
        seen.add(one)
    return problems
