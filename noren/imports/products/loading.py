"""From rows to the catalog: batch by batch, each product judged alone. Run again after a stop, it goes on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from kit.errors import Refused
from kit.ids import new_id
from noren.imports.products.drafts import Facts, Unfit, category_slugs, item_of
from noren.imports.products.mapping import ProductMapping
from noren.imports.products.model import Outcome
from noren.imports.products.rows import Row
from services.catalog.bulk.actions import upsert_many
from services.catalog.bulk.model import BulkItem, BulkOutcome
from services.catalog.bulk.store import Call
from services.catalog.category.actions import create_category
from services.catalog.category.model import CategoryId
from services.catalog.store import CatalogStore

BATCH = 500
"""Products of one write: some megabytes."""


@dataclass(slots=True)
class Loaded:
    """What became of the products."""

    created: int = 0
    replaced: int = 0
    unchanged: int = 0
    refused: int = 0
    variants: int = 0
    """Of products that are in the catalog now as the file has them."""
    categories: int = 0
    """Made, because the mapping says so."""


async def load_products(
    store: CatalogStore,
    products: Sequence[list[Row]],
    mapping: ProductMapping,
    advance: Callable[[int], None],
    *,
    now: datetime,
) -> Loaded:
    """Bring the products into the catalog; every row of theirs gets its outcome."""
    loaded = Loaded()
    facts = await _facts(store, products, mapping, loaded, now)
    for batch in _batches(products):
        items, groups = _items(batch, mapping, facts, loaded)
        call = Call(new_id("imp"), "", [new_id("prd") for _ in items])
        for result, group in zip(await upsert_many(store, items, call, now=now), groups, strict=True):
            _tell(group, result.outcome, "; ".join(one.message for one in result.refusals), loaded)
        advance(len(batch))
    return loaded


def _items(
    batch: Sequence[list[Row]], mapping: ProductMapping, facts: Facts, loaded: Loaded
) -> tuple[list[BulkItem], list[list[Row]]]:
    items: list[BulkItem] = []
    groups: list[list[Row]] = []
    for group in batch:
        unknown = [slug for slug in category_slugs(group[0], mapping) if slug not in facts.categories]
        try:
            if unknown:
                raise Unfit(f"there is no category {', '.join(unknown)}")
            items.append(item_of(group, mapping, facts))
            groups.append(group)
        except Unfit as unfit:
            _tell(group, BulkOutcome.REFUSED, str(unfit), loaded)
    return items, groups


def _tell(group: Sequence[Row], outcome: BulkOutcome, detail: str, loaded: Loaded) -> None:
    ended = Outcome.PRODUCT_REFUSED if outcome is BulkOutcome.REFUSED else Outcome(outcome.value)
    for row in group:
        row.refuse(ended, detail)
    loaded.created += outcome is BulkOutcome.CREATED
    loaded.replaced += outcome is BulkOutcome.REPLACED
    loaded.unchanged += outcome is BulkOutcome.UNCHANGED
    loaded.refused += outcome is BulkOutcome.REFUSED
    loaded.variants += 0 if outcome is BulkOutcome.REFUSED else len(group)


async def _facts(
    store: CatalogStore, products: Sequence[list[Row]], mapping: ProductMapping, loaded: Loaded, now: datetime
) -> Facts:
    """The catalog's definitions and the categories the file names, made where the mapping says so."""
    named = {slug: text for group in products for slug, text in _named(group[0], mapping)}
    known = await store.category.by_slug(list(named)) if named else {}
    ids: dict[str, CategoryId] = {slug: category.id for slug, category in known.items()}
    if mapping.create_categories:
        for slug, text in named.items():
            if slug not in ids:
                try:
                    ids[slug] = (await create_category(store, slug, {"en": text}, now=now)).id
                    loaded.categories += 1
                except Refused:
                    continue  # its products are refused with the name of the category
    return Facts(await store.attribute.every(), ids)


def _named(row: Row, mapping: ProductMapping) -> Iterator[tuple[str, str]]:
    texts = [one.strip() for one in row.cells.get("category", "").split(mapping.separator) if one.strip()]
    return zip(category_slugs(row, mapping), texts, strict=True)


def _batches(products: Sequence[list[Row]]) -> Iterator[list[list[Row]]]:
    iterator = iter(products)
    while batch := list(islice(iterator, BATCH)):
        yield batch
