"""What a draft refers to: whether it is there, and whether the attributes fit. No I/O: the facts are given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kit.errors import NotFound, Path, Refusal
from services.catalog.attribute.model import (
    AttributeDefinition,
    AttributeLevel,
    ReferenceKind,
    check_values,
    missing_values,
    references_of,
)
from services.catalog.category.model import Category, CategoryId, path_of
from services.catalog.offer.model import ProductStatus
from services.catalog.product.model import ProductDraft

Mention = tuple[Path, str, str]
"""Where something is named, its kind, and its id."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is of all that some drafts refer to."""

    definitions: Mapping[str, AttributeDefinition] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()

    def has(self, kind: str, id: str) -> bool:
        """Whether it is there."""
        known = {"Category": self.categories, "Channel": self.channels, "Product": self.products}
        return id in known[kind]

    def path_of(self, draft: ProductDraft) -> list[CategoryId]:
        """Every category the product is in or below."""
        return path_of(draft.category_ids, self.categories)


def mentions(draft: ProductDraft, definitions: Mapping[str, AttributeDefinition], at: Path) -> Iterator[Mention]:
    """Everything outside of the product that the draft names, with its place."""
    for index, category in enumerate(draft.category_ids):
        yield (*at, "categoryIds", str(index)), "Category", category
    for index, related in enumerate(draft.related):
        yield (*at, "related", str(index), "productId"), "Product", related.product_id
    for index, publication in enumerate(draft.offer.publications or ()):
        yield (*at, "offer", "publications", str(index), "channel"), "Channel", publication.channel
    owners = [(draft.attributes, at)]
    for v, variant in enumerate(draft.variants):
        owners.append((variant.attributes, (*at, "variants", str(v))))
        for p, entry in enumerate(variant.prices):
            if entry.channel is not None:
                yield (*at, "variants", str(v), "prices", str(p), "channel"), "Channel", entry.channel
    for values, owner in owners:
        for path, kind, id in references_of(values, definitions, (*owner, "attributes")):
            yield path, "Product" if kind is ReferenceKind.PRODUCT else "Category", id


def check_facts(draft: ProductDraft, facts: Facts, at: Path) -> list[Refusal]:
    """Every mention of what is not there, and every attribute that does not fit its definition."""
    problems: list[Refusal] = [
        NotFound(path=path, kind=kind, id=id)
        for path, kind, id in mentions(draft, facts.definitions, at)
        if not facts.has(kind, id)
    ]
    category_path = set(facts.path_of(draft))
    owners = [(draft.attributes, AttributeLevel.PRODUCT, (*at, "attributes"))]
    owners += [
        (variant.attributes, AttributeLevel.VARIANT, (*at, "variants", str(index), "attributes"))
        for index, variant in enumerate(draft.variants)
    ]
    complete = draft.offer.status is not ProductStatus.DRAFT
    for values, level, here in owners:
        if values:
            problems += check_values(values, level, category_path, facts.definitions, here)
        if complete and facts.definitions:
            problems += missing_values(values, level, category_path, facts.definitions, here)
    return problems
