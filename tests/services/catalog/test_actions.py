"""Edits of the catalog on a real MongoDB: what is unique stays unique, and of two editors one wins."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kit.errors import InvalidInput, NotFound, Refusal, Refused, VersionConflict
from services.catalog.barcode.model import gtin_14
from services.catalog.category.actions import create_category, rename_category
from services.catalog.category.model import CategoryId
from services.catalog.channel.actions import put_channel
from services.catalog.model import MAX_PRICES, ExternalRef, PriceEntry, Taken
from services.catalog.product.actions import PriceEdit, ProductEdit, import_products, set_price, upsert_product
from services.catalog.product.model import ProductDraft
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import GTINS, NOW, WEB, draft, plain, shirt, variant


async def refusals(action: Any) -> list[Refusal]:
    with pytest.raises(Refused) as caught:
        await action
    return list(caught.value.refusals)


async def test_a_new_product_is_kept_as_it_was_described(store: CatalogStore) -> None:
    wanted = replace(
        shirt(("Red", "S"), ("Blue", "M")),
        names={"en": "Shirt", "ja": "シャツ"},
        descriptions={"en": "Cotton."},
        brand="Noren",
        external_ids=(ExternalRef("erp", "77"),),
    )

    made = await upsert_product(store, wanted, None, now=NOW)

    assert made.id.startswith("prd_")
    assert (plain(made.draft), made.version, made.updated_at, made.created_at) == (wanted, 1, NOW, NOW)
    assert await store.product.by_id([made.id]) == {made.id: made}
    assert await store.product.by_slug(["shirt", "none"]) == {"shirt": made}
    assert set(await store.product.by_sku(["SHIRT-RED-S"])) >= {"SHIRT-RED-S"}


async def test_an_edit_replaces_the_product_whole_and_raises_its_version(store: CatalogStore) -> None:
    made = await upsert_product(store, draft(brand="Noren"), None, now=NOW)

    edited = await upsert_product(store, draft("cup"), ProductEdit(made.id, 1), now=NOW)

    assert (edited.id, edited.version, plain(edited.draft)) == (made.id, 2, draft("cup"))
    assert await store.product.by_slug(["mug"]) == {}


async def test_an_edit_of_a_version_that_is_gone_says_both_versions(store: CatalogStore) -> None:
    made = await upsert_product(store, draft(), None, now=NOW)
    await upsert_product(store, draft(), ProductEdit(made.id, 1), now=NOW)

    assert await refusals(upsert_product(store, draft("cup"), ProductEdit(made.id, 1), now=NOW)) == [
        VersionConflict(expected_version=1, actual_version=2)
    ]
    assert await refusals(upsert_product(store, draft("cup"), ProductEdit("prd_none", 1), now=NOW)) == [
        NotFound(path=("input", "id"), kind="Product", id="prd_none")
    ]


async def test_of_many_editors_of_one_version_exactly_one_wins(store: CatalogStore) -> None:
    made = await upsert_product(store, draft(), None, now=NOW)
    edits = [draft(brand=f"Brand {number}") for number in range(16)]

    results = await asyncio.gather(
        *(upsert_product(store, edit, ProductEdit(made.id, 1), now=NOW) for edit in edits), return_exceptions=True
    )

    won = [result for result in results if not isinstance(result, BaseException)]
    lost = [result for result in results if isinstance(result, Refused)]
    assert (len(won), len(lost)) == (1, 15)
    assert all(error.refusals == (VersionConflict(expected_version=1, actual_version=2),) for error in lost)
    assert (await store.product.by_id([made.id]))[made.id] == won[0]


ONE = draft(
    variants=(variant("MUG", barcodes=(GTINS[0],)),), external_ids=(ExternalRef("erp", "1"), ExternalRef("pos", "1"))
)
OTHER = draft("cup", variants=(variant("CUP", barcodes=(GTINS[1],)),), external_ids=(ExternalRef("erp", "2"),))


@pytest.mark.parametrize(
    ("clash", "refusal"),
    [
        (replace(OTHER, slug="mug"), Taken(path=("input", "slug"), value="mug")),
        (replace(OTHER, variants=(variant("MUG"),)), Taken(path=("input", "variants", "0", "sku"), value="MUG")),
        (
            replace(OTHER, variants=(variant("CUP", barcodes=(GTINS[0],)),)),
            Taken(path=("input", "variants", "0", "barcodes", "0"), value=gtin_14(GTINS[0])),
        ),
        (replace(OTHER, external_ids=(ExternalRef("erp", "1"),)), Taken(path=("input", "externalIds"), value="1")),
    ],
)
async def test_what_another_product_has_is_taken(store: CatalogStore, clash: ProductDraft, refusal: Taken) -> None:
    await upsert_product(store, ONE, None, now=NOW)

    assert await refusals(upsert_product(store, clash, None, now=NOW)) == [refusal]

    other = await upsert_product(store, OTHER, None, now=NOW)
    assert await refusals(upsert_product(store, clash, ProductEdit(other.id, 1), now=NOW)) == [refusal]
    assert (await store.product.by_id([other.id]))[other.id].version == 1


async def test_the_same_value_in_another_source_is_another_external_id(store: CatalogStore) -> None:
    await upsert_product(store, ONE, None, now=NOW)

    kept = await upsert_product(store, replace(OTHER, external_ids=(ExternalRef("web", "1"),)), None, now=NOW)

    assert kept.draft.external_ids == (ExternalRef("web", "1"),)


async def test_products_without_barcode_or_external_id_do_not_clash(store: CatalogStore) -> None:
    for slug in ("mug", "cup", "bowl"):
        await upsert_product(store, draft(slug), None, now=NOW)

    assert await store.product.count() == 3


async def test_of_many_who_claim_one_slug_exactly_one_gets_it(store: CatalogStore) -> None:
    claims = [draft(variants=(variant(f"SKU-{number}"),)) for number in range(12)]

    results = await asyncio.gather(
        *(upsert_product(store, claim, None, now=NOW) for claim in claims), return_exceptions=True
    )

    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(r.refusals == (Taken(path=("input", "slug"), value="mug"),) for r in results if isinstance(r, Refused))


async def test_two_variants_of_one_product_with_the_same_barcode_are_refused(store: CatalogStore) -> None:
    one, other = shirt(("Red", "S"), ("Blue", "S")).variants
    twice = replace(
        shirt(("Red", "S")), variants=(replace(one, barcodes=(GTINS[0],)), replace(other, barcodes=(GTINS[0],)))
    )

    (refusal,) = await refusals(upsert_product(store, twice, None, now=NOW))

    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("input", "variants", "1", "barcodes", "0")
    assert await store.product.count() == 0


async def test_a_product_lies_in_its_categories_and_all_above(store: CatalogStore) -> None:
    root = await create_category(store, "bikes", {"en": "Bikes"}, now=NOW)
    road = await create_category(store, "road", {"en": "Road"}, root.id, now=NOW)
    await upsert_product(store, draft(category_ids=(road.id,)), None, now=NOW)

    document = await store.db["products"].find_one({"slug": "mug"})
    assert document is not None
    assert sorted(document["category_path"]) == sorted([root.id, road.id])


async def test_categories_and_channels_nobody_made_are_named(store: CatalogStore) -> None:
    wanted = draft(
        category_ids=(CategoryId("cat_1"), CategoryId("cat_2")),
        variants=(variant("A", prices=(PriceEntry("EUR", 1, "web"), PriceEntry("EUR", 2, "kiosk"))),),
    )

    assert await refusals(upsert_product(store, wanted, None, now=NOW)) == [
        NotFound(path=("input", "categoryIds", "0"), kind="Category", id="cat_1"),
        NotFound(path=("input", "categoryIds", "1"), kind="Category", id="cat_2"),
        NotFound(path=("input", "variants", "0", "prices", "1", "channel"), kind="Channel", id="kiosk"),
    ]


async def test_a_price_is_set_beside_all_others(store: CatalogStore) -> None:
    two = shirt(("Red", "S"), ("Blue", "S"))
    await upsert_product(store, two, None, now=NOW)

    general = await set_price(store, PriceEdit("SHIRT-RED-S", PriceEntry("EUR", 2_000), 1), now=NOW)
    special = await set_price(store, PriceEdit("SHIRT-RED-S", PriceEntry("EUR", 1_800, "web"), 2), now=NOW)
    changed = await set_price(store, PriceEdit("SHIRT-RED-S", PriceEntry("EUR", 1_700, "web"), 3), now=NOW)

    assert (general.version, special.version, changed.version) == (2, 3, 4)
    red, blue = changed.draft.variants
    assert set(red.prices) == {PriceEntry("EUR", 2_000), PriceEntry("EUR", 1_700, "web")}
    assert replace(blue, id=None) == two.variants[1]


async def test_a_price_that_cannot_be_set_says_why(store: CatalogStore) -> None:
    await upsert_product(store, draft(), None, now=NOW)

    async def tried(entry: PriceEntry, sku: str = "MUG", version: int = 1) -> Refusal:
        (refusal,) = await refusals(set_price(store, PriceEdit(sku, entry, version), now=NOW))
        return refusal

    assert await tried(PriceEntry("EUR", 1), sku="NONE") == NotFound(path=("input", "sku"), kind="Variant", id="NONE")
    assert await tried(PriceEntry("EUR", 1, "kiosk")) == NotFound(path=("input", "channel"), kind="Channel", id="kiosk")
    assert await tried(PriceEntry("EUR", 1), version=7) == VersionConflict(expected_version=7, actual_version=1)
    assert (await tried(PriceEntry("EUR", -1))).path == ("input", "amount")
    assert (await store.product.by_sku(["MUG"]))["MUG"].version == 1


async def test_one_price_more_than_the_limit_is_refused(store: CatalogStore) -> None:
    for number in range(MAX_PRICES):
        await put_channel(store, replace(WEB, id=f"c{number}"))
    full = tuple(PriceEntry("EUR", 1, f"c{number}") for number in range(MAX_PRICES))
    await upsert_product(store, draft(variants=(variant("MUG", prices=full),)), None, now=NOW)

    (refusal,) = await refusals(set_price(store, PriceEdit("MUG", PriceEntry("EUR", 1), 1), now=NOW))

    assert refusal.path == ("input", "variants", "0", "prices")


async def test_of_many_who_price_one_version_exactly_one_wins(store: CatalogStore) -> None:
    await upsert_product(store, draft(), None, now=NOW)

    results = await asyncio.gather(
        *(set_price(store, PriceEdit("MUG", PriceEntry("EUR", 100 + n), 1), now=NOW) for n in range(12)),
        return_exceptions=True,
    )

    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, Refused) for result in results) == 11


async def test_a_category_is_made_below_another_and_renamed(store: CatalogStore) -> None:
    root = await create_category(store, "bikes", {"en": "Bikes"}, now=NOW)
    road = await create_category(store, "road", {"en": "Road"}, root.id, now=NOW)

    renamed = await rename_category(store, road.id, {"en": "Road bikes"}, 1, now=NOW)

    assert (road.parent_id, road.path) == (root.id, (root.id, road.id))
    assert (renamed.names, renamed.version, renamed.path) == ({"en": "Road bikes"}, 2, road.path)
    assert await refusals(rename_category(store, road.id, {"en": "x"}, 1, now=NOW)) == [
        VersionConflict(expected_version=1, actual_version=2)
    ]
    assert await refusals(rename_category(store, "cat_none", {"en": "x"}, 1, now=NOW)) == [
        NotFound(path=("input", "id"), kind="Category", id="cat_none")
    ]
    assert await refusals(create_category(store, "road", {"en": "x"}, now=NOW)) == [
        Taken(path=("input", "slug"), value="road")
    ]
    assert await refusals(create_category(store, "x", {"en": "x"}, "cat_none", now=NOW)) == [
        NotFound(path=("input", "parentId"), kind="Category", id="cat_none")
    ]


async def test_a_channel_is_put_again_to_change_it(store: CatalogStore) -> None:
    await put_channel(store, replace(WEB, tax_rate_bp=700))

    assert (await store.channel.by_id(["web"]))["web"].tax_rate_bp == 700
    assert [r.path for r in await refusals(put_channel(store, replace(WEB, id="No")))] == [("input", "id")]


async def test_importing_twice_changes_nothing(store: CatalogStore) -> None:
    drafts = [draft(f"p{number}", external_ids=(ExternalRef("erp", str(number)),)) for number in range(40)]

    assert await import_products(store, drafts[:30], now=NOW) == 30
    before = await store.db["products"].find().sort("_id").to_list()
    assert await import_products(store, drafts[:30], now=NOW) == 0
    assert await store.db["products"].find().sort("_id").to_list() == before
    assert await import_products(store, drafts, now=NOW) == 10


async def test_an_import_with_a_wrong_row_names_it(store: CatalogStore) -> None:
    wrong = draft("mug", variants=(variant("MUG", barcodes=("123",)),))

    (refusal,) = await refusals(import_products(store, [draft("cup"), wrong], now=NOW))

    assert refusal.path == ("mug", "variants", "0", "barcodes", "0")
