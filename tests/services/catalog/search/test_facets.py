"""Filters and facets against an oracle of a few lines over the whole catalog."""

import random
from collections import Counter
from dataclasses import replace
from itertools import product as every

import pytest

from services.catalog.availability.model import Level
from services.catalog.category.actions import create_category
from services.catalog.model import PriceEntry
from services.catalog.product.actions import import_products
from services.catalog.product.model import Option, Product, ProductDraft, Variant
from services.catalog.search import entry
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import ANYWHERE, FacetAsked, FacetKind, Narrow
from services.catalog.search.reader import Ask
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Index
from tests.services.catalog.search.conftest import Find
from tests.services.catalog.shop import NOW, draft, variant

COLORS, SIZES, BRANDS = ("Red", "Blue", "Green"), ("S", "M", "L"), ("Acme", "Noren", None)
SHOPS = ("loc_1", "loc_2")
PRODUCTS, CASES = 60, 120
ASKED = [
    FacetAsked(FacetKind.BRAND), FacetAsked(FacetKind.CATEGORY), FacetAsked(FacetKind.OPTION, "color"),
    FacetAsked(FacetKind.OPTION, "size"), FacetAsked(FacetKind.IN_STOCK),
]  # fmt: skip
Stock = dict[str, frozenset[str]]


def made(rng: random.Random, number: int, category: str) -> ProductDraft:
    chosen = rng.sample(list(every(COLORS, SIZES)), rng.randint(1, 5))
    variants = tuple(
        variant(f"P{number}-{c}-{s}", {"color": c, "size": s}, prices=(PriceEntry("EUR", rng.randrange(1, 9) * 100),))
        for c, s in chosen
    )
    options = (Option("color", COLORS), Option("size", SIZES))
    name = {"en": f"{rng.choice(['Shirt', 'Coat'])} {number}"}
    filed = (category,) if rng.random() < 0.6 else ()
    return draft(
        f"p{number}", names=name, options=options, variants=variants, brand=rng.choice(BRANDS), category_ids=filed
    )


async def shop(store: CatalogStore, rng: random.Random) -> tuple[list[Product], Stock]:
    top = await create_category(store, "top", {"en": "Top"}, now=NOW)
    below = await create_category(store, "below", {"en": "Below"}, top.id, now=NOW)
    await import_products(store, [made(rng, n, rng.choice([top.id, below.id])) for n in range(PRODUCTS)], now=NOW)
    products = list((await store.product.by_slug([f"p{n}" for n in range(PRODUCTS)])).values())
    skus = [v.sku for p in products for v in p.draft.variants]
    await store.availability.keep([Level(s, place, rng.choice([0, 0, 2]), 1) for s in skus for place in SHOPS])
    paths = {top.id: ("top",), below.id: ("top", "below")}
    for product in products:
        FILED[product.id] = tuple(slug for id in product.draft.category_ids for slug in paths[id])
    return products, await store.availability.in_stock(skus)


FILED: dict[str, tuple[str, ...]] = {}


def narrowed(rng: random.Random) -> Narrow:
    def some(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(rng.sample(values, rng.randint(1, 2))) if rng.random() < 0.5 else ()

    options = {"color": some(COLORS), "size": some(SIZES)}
    return Narrow(
        channel="web",
        categories=some(("top", "below")),
        brands=some(("Acme", "Noren")),
        options={name: values for name, values in options.items() if values},
        price_from=rng.choice([None, None, 300]),
        price_to=rng.choice([None, None, 600]),
        in_stock_at=rng.choice([None, ANYWHERE, *SHOPS]),
    )


def matches(product: Product, narrow: Narrow, stock: Stock, without: FacetAsked | None = None) -> bool:
    draft = product.draft
    kind = None if without is None else without.kind
    if narrow.categories and kind is not FacetKind.CATEGORY and not set(narrow.categories) & set(FILED[product.id]):
        return False
    if narrow.brands and kind is not FacetKind.BRAND and draft.brand not in narrow.brands:
        return False
    prices = [v.prices[0].gross_minor for v in draft.variants]
    low, high = narrow.price_from or 0, narrow.price_to if narrow.price_to is not None else 10**9
    if not any(low <= price <= high for price in prices):
        return False
    return any(offered(v, narrow, stock, without) for v in draft.variants)


def offered(one: Variant, narrow: Narrow, stock: Stock, without: FacetAsked | None) -> bool:
    """One and the same variant has the options and is in stock."""
    where = None if without is not None and without.kind is FacetKind.IN_STOCK else narrow.in_stock_at
    places = stock.get(one.sku, frozenset())
    if where is not None and not (places if where == ANYWHERE else where in places):
        return False
    skipped = without.name if without is not None and without.kind is FacetKind.OPTION else ""
    return all(one.options[name] in values for name, values in narrow.options.items() if name != skipped)


def counted(products: list[Product], narrow: Narrow, stock: Stock, asked: FacetAsked) -> dict[str, int]:
    found: Counter[str] = Counter()
    for product in products:
        if not matches(product, narrow, stock, asked):
            continue
        if asked.kind is FacetKind.BRAND and product.draft.brand:
            found[product.draft.brand] += 1
        elif asked.kind is FacetKind.CATEGORY:
            found.update(set(FILED[product.id]))
        elif asked.kind is FacetKind.OPTION:
            variants = [v for v in product.draft.variants if offered(v, narrow, stock, asked)]
            found.update({v.options[asked.name] for v in variants})
        elif asked.kind is FacetKind.IN_STOCK:
            place = narrow.in_stock_at or ANYWHERE
            fixed = replace(narrow, in_stock_at=place)
            found[place] += matches(product, fixed, stock)
    return dict(found)


async def test_filters_and_counts_are_the_oracles(
    store: CatalogStore, engine: SearchEngine, index: Index, find: Find
) -> None:
    rng = random.Random(11)
    products, stock = await shop(store, rng)
    await index()

    for _ in range(CASES):
        narrow = narrowed(rng)
        fields = {name: getattr(narrow, name) for name in Narrow.__slots__ if name != "channel"}
        expected = sorted(p.draft.slug for p in products if matches(p, narrow, stock))
        assert sorted(await find(**fields)) == expected, narrow
        assert engine.reader.count(Ask(narrow)) == len(expected)
        for facet in engine.reader.facets(Ask(narrow), ASKED):
            values = {value.value: value.count for value in facet.values if value.count}
            want = counted(products, narrow, stock, facet.asked)
            assert values == {value: count for value, count in want.items() if count}, (narrow, facet.asked)


async def test_too_many_places_leave_options_and_stock_apart(
    store: CatalogStore, index: Index, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the limit a product is still found where it is in stock, if maybe by another variant's options."""
    monkeypatch.setattr(entry, "MAX_OFFERS", 3)
    rng = random.Random(3)
    products, stock = await shop(store, rng)
    await index()

    for narrow in (narrowed(rng) for _ in range(40)):
        fields = {name: getattr(narrow, name) for name in Narrow.__slots__ if name != "channel"}
        found = set(await find(**fields))
        assert {p.draft.slug for p in products if matches(p, narrow, stock)} <= found
        loose = FacetAsked(FacetKind.IN_STOCK)
        assert found <= {p.draft.slug for p in products if matches(p, narrow, stock, loose)}


async def test_a_facet_of_very_many_values_counts_the_most_frequent(
    store: CatalogStore, engine: SearchEngine, index: Index
) -> None:
    drafts = [draft(f"p{n}", brand=f"Brand {n % 130}") for n in range(260)]
    await import_products(store, [*drafts, draft("one-more", brand="Brand 7", names={"en": "Rare"})], now=NOW)
    await index()

    (brands,) = engine.reader.facets(Ask(Narrow("web")), [FacetAsked(FacetKind.BRAND)])
    (rare,) = engine.reader.facets(Ask(Narrow("web", brands=("Brand 129",)), "rare"), [FacetAsked(FacetKind.BRAND)])

    assert (brands.values[0].value, brands.values[0].count) == ("Brand 7", 3)
    assert len(brands.values) == 100
    assert {(v.value, v.count, v.selected) for v in rare.values} == {("Brand 7", 1, False), ("Brand 129", 0, True)}
