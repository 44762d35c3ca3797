"""Finding, what is indexed of a product, and what staff teach the search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kit.errors import InvalidInput, Refused
from kit.pages import Page, PageArgs
from services.catalog.category.model import Category
from services.catalog.pricing.store import sku_key
from services.catalog.product.model import Product
from services.catalog.product.store import Parts
from services.catalog.search.entry import Facts, IndexedProduct, Shop, indexed_product
from services.catalog.search.model import Facet, FacetAsked
from services.catalog.search.query import Mode
from services.catalog.search.reader import Ask, Reader
from services.catalog.search.synonyms import MAX_TERMS, MAX_WORDS, phrase
from services.catalog.store import CatalogStore

SKU = sku_key("")
MAX_GROUPS = 1_000
"""Groups of staff's: every process holds them."""
MAX_TERM = 60
"""Characters of a word or phrase, and of a group's name."""


@dataclass(slots=True)
class Search:
    """One search in one state of the index; what is counted is counted when somebody asks."""

    reader: Reader
    ask: Ask
    asked: Sequence[FacetAsked]
    currency: str
    mode: Mode = field(default=Mode.EXACT)

    def count(self) -> int:
        """All products found."""
        return self.reader.count(self.ask)

    def facets(self) -> list[Facet]:
        """What was asked for."""
        return self.reader.facets(self.ask, self.asked)

    def prices(self) -> tuple[int, int] | None:
        """Lowest and highest in minor units."""
        return self.reader.price_range(self.ask)

    def correction(self) -> str | None:
        """What was probably meant."""
        return self.reader.correction(self.ask.narrow, self.ask.text)


async def load_page(store: CatalogStore, search: Search, args: PageArgs, parts: Parts) -> Page[Product]:
    """The page's products in one read; one that was deleted this very moment is left out."""
    found = search.reader.page(search.ask, args)
    search.mode = found.mode
    products = await store.product.by_id(found.ids, parts)
    kept = [(products[id], cursor) for id, cursor in zip(found.ids, found.cursors, strict=True) if id in products]

    async def count() -> int:
        return search.count()

    return Page(
        nodes=[row for row, _ in kept],
        cursors=[cursor for _, cursor in kept],
        has_next=found.has_next,
        has_previous=args.after is not None,
        count=count,
    )


async def set_synonyms(store: CatalogStore, name: str, terms: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Keep a group; without terms it takes a shipped one of its name away."""
    if not 1 <= len(name) <= MAX_TERM:
        raise Refused(InvalidInput(path=("input", "name"), expected=f"1 to {MAX_TERM} characters", got=name[:MAX_TERM]))
    if len(terms) == 1 or len(terms) > MAX_TERMS:
        expected = f"2 to {MAX_TERMS} terms, or none"
        raise Refused(InvalidInput(path=("input", "terms"), expected=expected, got=str(len(terms))))
    problems = [
        InvalidInput(path=("input", "terms", str(i)), expected=f"1 to {MAX_WORDS} words", got=term[:MAX_TERM])
        for i, term in enumerate(terms)
        if not 1 <= len(phrase(term)) <= MAX_WORDS or len(term) > MAX_TERM
    ]
    if problems:
        raise Refused(*problems)
    if not await store.search.put_synonyms(name, terms, MAX_GROUPS):
        expected = f"at most {MAX_GROUPS} groups"
        raise Refused(InvalidInput(path=("input", "name"), expected=expected, got="one more"))
    return name, terms


async def load_shop(store: CatalogStore) -> Shop:
    """What all products are indexed for."""
    return Shop(tuple(await store.channel.all()), await store.attribute.every())


async def indexed(
    store: CatalogStore, ids: Sequence[str], shop: Shop, now: datetime
) -> tuple[list[IndexedProduct], list[str]]:
    """The products as the index keeps them, read as they are now, and the ids of those that are gone."""
    products = await store.product.by_id(ids)
    filed = await store.category.by_id(sorted({id for row in products.values() for id in row.draft.category_ids}))
    above = await store.category.by_id(sorted({id for category in filed.values() for id in category.path}))
    skus = [variant.sku for row in products.values() for variant in row.draft.variants]
    in_stock = await store.availability.in_stock(skus)
    books = {key.removeprefix(SKU): book for key, book in (await store.pricing.books([*map(sku_key, skus)])).items()}
    standings = await store.standing.by_product(list(products))
    rows = []
    for row in products.values():
        own = [variant.sku for variant in row.draft.variants]
        facts = Facts(
            in_stock={sku: in_stock[sku] for sku in own if sku in in_stock},
            list_prices={sku: books[sku].prices for sku in own if sku in books},
            sold=standings[row.id].sold if row.id in standings else 0,
            rating_sum=standings[row.id].standing.sum if row.id in standings else 0,
            rating_count=standings[row.id].standing.count if row.id in standings else 0,
        )
        rows.append(indexed_product(row, _filed(row, filed | above), shop, facts, now))
    return rows, [id for id in ids if id not in products]


def _filed(row: Product, known: dict[str, Category]) -> Iterator[tuple[str, list[str]]]:
    """Slug and names of every category a product is filed under, ancestors included, each once."""
    ids = {above: None for id in row.draft.category_ids if id in known for above in known[id].path}
    for id in ids:
        if id in known:
            yield known[id].slug, list(known[id].names.values())
