"""Bundles: no bundle in a bundle, however many try at once, and inventory hears exactly what they are made of."""

import asyncio
from typing import Any

import pytest

from kit.errors import Refused
from kit.events import EventLog
from kit.events.log import Position
from services.catalog.bundle.model import MAX_COMPONENTS, Component, changed_bundles, check_components
from services.catalog.events import drainers
from services.catalog.product.actions import ProductEdit, upsert_product
from services.catalog.product.documents import BUNDLE_CHANGED
from services.catalog.product.model import Product, ProductDraft
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft, variant


def bundle(slug: str, *components: Component) -> ProductDraft:
    return draft(slug, variants=(variant(slug.upper(), components=components),))


async def put(store: CatalogStore, wanted: ProductDraft, before: Product | None = None) -> Product:
    edit = None if before is None else ProductEdit(before.id, before.version)
    return await upsert_product(store, wanted, edit, now=NOW)


async def refused(store: CatalogStore, wanted: ProductDraft, before: Product | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        await put(store, wanted, before)
    return [(one.code, ".".join(one.path)) for one in caught.value.refusals]


async def test_a_bundle_is_made_of_variants_that_are_none(store: CatalogStore) -> None:
    mug = await put(store, draft("mug"))
    pair = await put(store, bundle("pair", Component("MUG", 2)))

    assert await refused(store, bundle("four", Component("PAIR", 2))) == [
        ("BUNDLE_NESTED", "input.variants.0.components.0.sku")
    ]
    assert await refused(store, bundle("ghost", Component("NONE", 1))) == [
        ("NOT_FOUND", "input.variants.0.components.0.sku")
    ]
    await put(store, draft("spoon"))
    assert await refused(store, bundle("mug", Component("SPOON", 1)), mug) == [
        ("BUNDLE_NESTED", "input.variants.0.components")
    ]
    assert await refused(store, draft("mug", variants=(variant("BEAKER"),)), mug) == [
        ("COMPONENT_IN_USE", "input.variants")
    ]
    plain = await put(store, draft("pair"), pair)
    assert (await put(store, draft("mug", variants=(variant("BEAKER"),)), mug)).version == 2
    assert plain.draft.bundles == {}


async def test_bundles_that_name_each_other_at_once_are_not_both_made(store: CatalogStore) -> None:
    for round in range(4):
        a, b = f"a{round}", f"b{round}"
        made = [await put(store, draft(a)), await put(store, draft(b))]
        tries = [(bundle(a, Component(b.upper(), 1)), made[0]), (bundle(b, Component(a.upper(), 1)), made[1])]

        ends = await asyncio.gather(*(put(store, *one) for one in tries), return_exceptions=True)

        assert sorted(type(end).__name__ for end in ends) == ["Product", "Refused"]


async def test_whoever_listens_hears_what_bundles_are_made_of(store: CatalogStore, event_log: EventLog) -> None:
    for slug in ("mug", "spoon"):
        await put(store, draft(slug))
    two = await put(store, bundle("set", Component("MUG", 1), Component("SPOON", 2)))
    same = await put(store, bundle("set", Component("MUG", 1), Component("SPOON", 2)), two)
    less = await put(store, bundle("set", Component("MUG", 1)), same)
    await put(store, draft("set", variants=(variant("OTHER"),)), less)
    for drainer in drainers(store, event_log):
        await drainer.drain()

    told = [event async for event, _ in event_log.backlog([BUNDLE_CHANGED], Position())]

    assert [(event.subject, event.data) for event in told] == [
        ("SET", {"sku": "SET", "version": 1, "components": [
            {"sku": "MUG", "quantity": 1}, {"sku": "SPOON", "quantity": 2}]}),
        ("SET", {"sku": "SET", "version": 3, "components": [{"sku": "MUG", "quantity": 1}]}),
        ("SET", {"sku": "SET", "version": 4, "components": []}),
    ]  # fmt: skip


def test_components_are_checked_one_by_one() -> None:
    many = [Component(f"C{number}", 1) for number in range(MAX_COMPONENTS + 1)]
    wrong = [Component("A", 0), Component("SET", 1), Component("A", 1)]

    assert [one.path for one in check_components("SET", many, ())] == [()]
    assert [one.path for one in check_components("SET", wrong, ())] == [("0", "quantity"), ("1", "sku"), ("2", "sku")]


def test_only_what_changed_is_told() -> None:
    one, two = (Component("A", 1),), (Component("B", 1),)

    assert changed_bundles({"X": one, "Y": one, "Z": one}, {"X": one, "Y": two, "N": one}) == {
        "Y": two,
        "N": one,
        "Z": (),
    }


async def test_the_graph_shows_components_and_variants_keep_their_id(store: CatalogStore, ask: Ask) -> None:
    mug = await put(store, draft("mug"))
    await put(store, bundle("set", Component("MUG", 2)))
    query = """{ variant(sku: "SET") { components { sku quantity variant { id sku product { slug } } } } }"""

    shown: Any = (await ask(query))["data"]["variant"]["components"]

    id = mug.draft.variants[0].id
    assert shown == [{"sku": "MUG", "quantity": 2, "variant": {"id": id, "sku": "MUG", "product": {"slug": "mug"}}}]
    upsert = """mutation($input: ProductUpsertInput!) { productUpsert(input: $input) {
      product { variants { nodes { id sku } } } userErrors { code path } } }"""
    other = {"slug": "cup", "names": [{"locale": "en", "text": "Cup"}], "variants": [{"sku": "CUP", "id": id}]}
    taken = (await ask(upsert, {"input": other}, scopes="catalog:write"))["data"]["productUpsert"]
    assert taken["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "variants", "0", "id"]}]
    cup = {**other, "variants": [{"sku": "CUP"}]}
    first = (await ask(upsert, {"input": cup}, scopes="catalog:write"))["data"]["productUpsert"]["product"]
    given = first["variants"]["nodes"][0]["id"]
    row = (await store.product.by_slug(["cup"]))["cup"]
    renamed = {**cup, "id": row.id, "expectedVersion": 1, "variants": [{"sku": "BOWL", "id": given}]}
    second = (await ask(upsert, {"input": renamed}, scopes="catalog:write"))["data"]["productUpsert"]["product"]
    assert second["variants"]["nodes"] == [{"id": given, "sku": "BOWL"}]
