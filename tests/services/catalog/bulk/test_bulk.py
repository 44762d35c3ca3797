"""A thousand at once: each judged alone, written wholly or not at all, and the same call again changes nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, Refused
from kit.ids import new_id
from services.catalog.bulk.actions import call_bulk, upsert_many
from services.catalog.bulk.model import BulkItem, BulkOutcome, ItemResult, parse_result, plain_result
from services.catalog.bulk.store import Call
from services.catalog.bundle.model import Component
from services.catalog.model import ExternalRef
from services.catalog.product.actions import upsert_product
from services.catalog.product.documents import Write
from services.catalog.product.model import ProductDraft
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import GTINS, NOW, draft, variant

BULK = """mutation($input: ProductBulkUpsertInput!) { productBulkUpsert(input: $input) {
  results { row outcome version product { slug } userErrors { code path } } userErrors { code path }
} }"""


def item(row: int, wanted: ProductDraft, **values: Any) -> BulkItem:
    return BulkItem(draft=lambda before: wanted, at=("input", "items", str(row)), slug=wanted.slug, **values)


async def run(store: CatalogStore, *drafts: ProductDraft, key: str = "key", **values: Any) -> Sequence[ItemResult]:
    return await call_bulk(store, [item(row, one, **values) for row, one in enumerate(drafts)], key, "print", now=NOW)


def ends(results: Sequence[ItemResult]) -> list[str]:
    return [one.outcome.value for one in results]


async def test_each_item_is_judged_alone(store: CatalogStore, ask: Ask) -> None:
    await upsert_product(store, draft("there"), None, now=NOW)
    names = [{"locale": "en", "text": "Name"}]

    def product(slug: str, **values: Any) -> dict[str, Any]:
        return {"slug": slug, "names": names, "variants": [{"sku": slug.upper()}], **values}

    items = [
        product("good"),
        product("bad slug"),
        product("there"),
        product("wrong", variants=[{"sku": "W", "barcodes": ["4006381333930"]}]),
        product("fine", variants=[{"sku": "F", "prices": [{"amount": "0.001", "currency": "EUR"}]}]),
        product("gone", id="prd_none", expectedVersion=1),
        product("blind", id="prd_none"),
        product("also-good"),
        product("twin", variants=[{"sku": "GOOD"}]),
        product("nowhere", categoryIds=["cat_none"]),
    ]
    answer: Any = (await ask(BULK, {"input": {"idempotencyKey": "k", "items": items}}, scopes="catalog:write"))["data"]
    results = answer["productBulkUpsert"]["results"]

    assert [one["outcome"] for one in results] == ["CREATED", *["REFUSED"] * 6, "CREATED", *["REFUSED"] * 2]
    assert [(row, error["code"], ".".join(error["path"][3:]))
            for row, one in enumerate(results) for error in one["userErrors"]] == [
        (1, "INVALID_INPUT", "slug"),
        (2, "TAKEN", "slug"),
        (3, "INVALID_INPUT", "variants.0.barcodes.0"),
        (4, "INVALID_INPUT", "variants.0.prices.0.amount"),
        (5, "NOT_FOUND", "id"),
        (6, "INVALID_INPUT", "expectedVersion"),
        (8, "TAKEN", "variants.0.sku"),
        (9, "NOT_FOUND", "categoryIds.0"),
    ]  # fmt: skip
    assert all(error["path"][:3] == ["input", "items", str(row)]
               for row, one in enumerate(results) for error in one["userErrors"])  # fmt: skip
    assert [one["product"] and one["product"]["slug"] for one in results if one["product"]] == ["good", "also-good"]
    assert await store.product.count() == 3


async def test_the_same_call_again_gives_the_same_results(store: CatalogStore) -> None:
    wanted = [draft("mug"), draft("mug"), draft("cup")]

    first = await run(store, *wanted)
    again = await run(store, *wanted)

    assert ends(first) == ["CREATED", "REFUSED", "CREATED"]
    assert again == first
    assert await store.product.count() == 2
    with pytest.raises(Refused) as caught:
        await call_bulk(store, [item(0, draft("bowl"))], "key", "another print", now=NOW)
    assert caught.value.refusals == (IdempotencyKeyReused(key="key"),)


async def test_a_call_that_broke_off_goes_on_where_it_was(store: CatalogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await upsert_product(store, draft("old"), None, now=NOW)
    items = [
        item(0, draft("mug")),
        item(1, draft("old", brand="New"), id=made.id, expected_version=1),
        item(2, draft("cup")),
    ]
    real = store.product.write_many

    async def half(writes: Sequence[Write]) -> dict[int, Any]:
        await real(writes[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr(store.product, "write_many", half)
    with pytest.raises(KeyboardInterrupt):
        await call_bulk(store, items, "key", "print", now=NOW)
    monkeypatch.undo()

    results = await call_bulk(store, items, "key", "print", now=NOW)

    assert ends(results) == ["CREATED", "REPLACED", "CREATED"]
    assert [one.version for one in results] == [1, 2, 1]
    assert await store.product.count() == 3
    assert await call_bulk(store, items, "key", "print", now=NOW) == results


async def test_of_many_at_once_with_one_key_each_product_is_made_once(store: CatalogStore) -> None:
    wanted = [draft(f"p{number}") for number in range(20)]

    everybody = await asyncio.gather(*(run(store, *wanted) for _ in range(6)))

    assert await store.product.count() == 20
    assert {one.product_id for results in everybody for one in results if one.product_id} == {
        row["_id"] async for row in store.product.products.find({}, {"_id": 1})
    }
    assert ends(await run(store, *wanted)) == ["CREATED"] * 20


async def test_what_is_matched_and_the_same_is_left_alone(store: CatalogStore) -> None:
    ref = ExternalRef("erp", "7")
    mug = draft("mug", external_ids=(ref,))

    async def bring(wanted: ProductDraft) -> list[ItemResult]:
        call = Call(new_id("imp"), "", [new_id("prd")])
        one = item(0, wanted, matched=True, external_ids=[ref])
        return list(await upsert_many(store, [one], call, now=NOW))

    assert ends([*await bring(mug), *await bring(mug)]) == ["CREATED", "UNCHANGED"]
    renamed = draft("beaker", external_ids=(ref,))
    (changed,) = await bring(renamed)
    assert (changed.outcome, changed.version) == (BulkOutcome.REPLACED, 2)
    assert await store.product.count() == 1


async def test_bundles_of_a_call_are_made_in_turn(store: CatalogStore) -> None:
    await upsert_product(store, draft("mug"), None, now=NOW)
    good = draft("pair", variants=(variant("PAIR", components=(Component("MUG", 2),)),))
    nested = draft("four", variants=(variant("FOUR", components=(Component("PAIR", 2),)),))

    results = await run(store, good, nested, draft("cup"))

    assert ends(results) == ["CREATED", "REFUSED", "CREATED"]
    assert results[1].refusals[0].code == "BUNDLE_NESTED"
    assert parse_result(plain_result(results[1])) == results[1]


async def test_a_call_has_its_bounds(store: CatalogStore) -> None:
    for drafts in ([], [draft(variants=(variant("X", barcodes=(GTINS[0],)),))] * 1_001):
        with pytest.raises(Refused) as caught:
            await run(store, *drafts, key=f"k{len(drafts)}")
        assert caught.value.refusals[0].path == ("input", "items")
