"""Attributes through the graph: defined, validated with every write, shown to whom they are for."""

from typing import Any

from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask

WRITE = "catalog:write"
DEFINE = """mutation($input: AttributeUpsertInput!) { attributeUpsert(input: $input) {
  attribute { code name(locale: "ja") type level unit isFacet isRequired version options { code name } }
  userErrors { code path ... on NotFound { kind } ... on VersionConflict { actualVersion } }
} }"""
UPSERT = """mutation($input: ProductUpsertInput!) { productUpsert(input: $input) {
  product { id version } userErrors { code path message } } }"""
SHOWN = """query($slug: String) { product(slug: $slug) {
  attributes { code display(locale: "ja") text number boolean date values { code name(locale: "ja") } reference }
  variants { nodes { attributes(codes: ["fit"]) { code display } } }
} }"""
NAMES = [{"locale": "en", "text": "Name"}]


async def define(ask: Ask, code: str, type: str, **values: Any) -> Any:
    given = {"code": code, "type": type, "names": NAMES, **values}
    return (await ask(DEFINE, {"input": given}, scopes=WRITE))["data"]["attributeUpsert"]


def mug(*attributes: Any, **values: Any) -> dict[str, Any]:
    return {"slug": "mug", "names": NAMES, "variants": [{"sku": "MUG"}], "attributes": list(attributes), **values}


async def put(ask: Ask, input: dict[str, Any]) -> Any:
    return (await ask(UPSERT, {"input": input}, scopes=WRITE))["data"]["productUpsert"]


RED = {"code": "red", "names": [{"locale": "en", "text": "Red"}, {"locale": "ja", "text": "赤"}]}


async def test_values_of_every_type_are_kept_and_shown(store: CatalogStore, ask: Ask) -> None:
    await define(ask, "material", "TEXT")
    await define(ask, "care", "LOCALIZED_TEXT")
    await define(ask, "height", "NUMBER", unit="cm", isFacet=True)
    await define(ask, "organic", "BOOLEAN")
    await define(ask, "since", "DATE")
    await define(ask, "shade", "ENUM", options=[RED])
    await define(ask, "fit", "TEXT", level="VARIANT")
    other = await put(ask, {**mug(), "slug": "cup", "variants": [{"sku": "CUP"}]})
    await define(ask, "goes-with", "REFERENCE", referenceKind="PRODUCT")

    made = await put(
        ask,
        mug(
            {"code": "material", "text": "bone china"},
            {"code": "care", "texts": [{"locale": "ja", "text": "手洗い"}, {"locale": "en", "text": "by hand"}]},
            {"code": "height", "number": "12.50"},
            {"code": "organic", "boolean": False},
            {"code": "since", "date": "2026-11-25"},
            {"code": "shade", "values": ["red"]},
            {"code": "goes-with", "reference": other["product"]["id"]},
            variants=[{"sku": "MUG", "attributes": [{"code": "fit", "text": "wide"}]}],
        ),
    )
    assert made["userErrors"] == []

    shown = (await ask(SHOWN, {"slug": "mug"}))["data"]["product"]
    by_code = {one["code"]: one for one in shown["attributes"]}
    assert {code: one["display"] for code, one in by_code.items()} == {
        "material": "bone china",
        "care": "手洗い",
        "height": "12.5 cm",
        "organic": "false",
        "since": "2026-11-25",
        "shade": "赤",
        "goes-with": other["product"]["id"],
    }
    assert (by_code["height"]["number"], by_code["organic"]["boolean"]) == ("12.5", False)
    assert by_code["shade"]["values"] == [{"code": "red", "name": "赤"}]
    assert shown["variants"]["nodes"] == [{"attributes": [{"code": "fit", "display": "wide"}]}]


async def test_a_value_that_does_not_fit_writes_nothing_and_says_where(store: CatalogStore, ask: Ask) -> None:
    await define(ask, "height", "NUMBER", max="10")
    await define(ask, "fit", "TEXT", level="VARIANT", isRequired=True)

    refused = await put(
        ask, mug({"code": "nonsense", "text": "x"}, {"code": "height", "number": "11"}, {"code": "fit", "text": "x"})
    )
    two = await put(ask, mug({"code": "height", "number": "1", "text": "1"}))
    no_date = await put(ask, mug({"code": "height", "date": "2026-02-30"}))

    assert [(one["code"], ".".join(one["path"])) for one in refused["userErrors"]] == [
        ("NOT_FOUND", "input.attributes.0.code"),
        ("INVALID_INPUT", "input.attributes.1.number"),
        ("INVALID_INPUT", "input.attributes.2.code"),
        ("INVALID_INPUT", "input.variants.0.attributes.fit"),
    ]
    assert [one["path"] for one in two["userErrors"]] == [["input", "attributes", "0"]]
    assert [one["path"] for one in no_date["userErrors"]] == [["input", "attributes", "0", "date"]]
    assert await store.product.count() == 0


async def test_a_draft_may_lack_what_is_required(store: CatalogStore, ask: Ask) -> None:
    await define(ask, "material", "TEXT", isRequired=True)

    whole = await put(ask, mug())
    draft = await put(ask, mug(offer={"status": "DRAFT"}))

    assert [one["path"] for one in whole["userErrors"]] == [["input", "attributes", "material"]]
    assert draft["userErrors"] == []


async def test_what_is_for_staff_is_shown_to_staff_only(store: CatalogStore, ask: Ask) -> None:
    await define(ask, "margin", "NUMBER", visibility="STAFF")
    await put(ask, mug({"code": "margin", "number": "0.4"}))
    listed = '{ attribute(code: "margin") { code } attributes { nodes { code } } }'

    assert (await ask(SHOWN, {"slug": "mug"}))["data"]["product"]["attributes"] == []
    assert (await ask(listed))["data"] == {"attribute": None, "attributes": {"nodes": []}}
    staff = (await ask(SHOWN, {"slug": "mug"}, scopes="catalog:read"))["data"]["product"]["attributes"]
    assert [one["number"] for one in staff] == ["0.4"]
    assert (await ask(listed, scopes="catalog:read"))["data"]["attribute"] == {"code": "margin"}


async def test_a_definition_is_edited_by_version_and_keeps_its_type(store: CatalogStore, ask: Ask) -> None:
    made = await define(ask, "height", "NUMBER", categoryIds=["cat_none"])
    assert made["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "categoryIds", "0"], "kind": "Category"}]

    assert (await define(ask, "height", "NUMBER"))["attribute"]["version"] == 1
    assert (await define(ask, "height", "NUMBER"))["userErrors"][0]["code"] == "TAKEN"
    assert (await define(ask, "height", "NUMBER", unit="mm", expectedVersion=1))["attribute"]["version"] == 2
    stale = await define(ask, "height", "NUMBER", expectedVersion=1)
    assert stale["userErrors"] == [
        {"code": "VERSION_CONFLICT", "path": ["input", "expectedVersion"], "actualVersion": 2}
    ]
    turned = await define(ask, "height", "TEXT", expectedVersion=2)
    assert [one["path"] for one in turned["userErrors"]] == [["input", "type"]]
    assert "errors" in await ask(DEFINE, {"input": {"code": "x", "type": "TEXT", "names": NAMES}})
