"""What a variant costs, what it is called, and every reason why a product cannot be kept."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, Refusal
from kit.money import MAX_MINOR_UNITS, Money
from services.catalog.barcode.model import barcode_problem, is_in_store
from services.catalog.category.model import MAX_CATEGORY_DEPTH, Category, CategoryId, check_category
from services.catalog.model import (
    MAX_EXTERNAL_IDS,
    MAX_LOCALES,
    MAX_NAME,
    MAX_PRICES,
    MAX_TEXT,
    Channel,
    ExternalRef,
    PriceEntry,
    check_channel,
    check_price,
    price_of,
    translated,
)
from services.catalog.product.model import MAX_OPTIONS, MAX_SKU, MAX_VARIANTS, Option, check_product
from tests.services.catalog.shop import COLORS, GTINS, SIZES, TOKYO, WEB, draft, shirt, variant

PRICED = variant(
    "A", prices=(PriceEntry("EUR", 1_190), PriceEntry("EUR", 1_071, "web"), PriceEntry("JPY", 1_650, "tokyo"))
)


@pytest.mark.parametrize(
    ("channel", "currency", "gross"),
    [
        (WEB, None, Money(1_071, "EUR")),
        (replace(WEB, id="app"), None, Money(1_190, "EUR")),
        (WEB, "JPY", None),
        (TOKYO, None, Money(1_650, "JPY")),
        (TOKYO, "EUR", Money(1_190, "EUR")),
        (WEB, "USD", None),
    ],
)
def test_the_channels_own_price_goes_before_the_general_one(
    channel: Channel, currency: str | None, gross: Money | None
) -> None:
    price = price_of(PRICED.prices, channel, currency)

    assert (price and price.gross) == gross


def test_the_order_of_the_entries_does_not_matter() -> None:
    turned = replace(PRICED, prices=PRICED.prices[::-1])

    assert price_of(turned.prices, WEB) == price_of(PRICED.prices, WEB)


def test_a_price_has_the_channels_tax_inside() -> None:
    price = price_of(PRICED.prices, replace(WEB, id="app"))

    assert price is not None
    assert (price.gross, price.net, price.tax_rate_bp, price.channel) == (
        Money(1_190, "EUR"),
        Money(1_000, "EUR"),
        1_900,
        "app",
    )


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        (None, "Mug"),
        ("en", "Mug"),
        ("ja", "マグ"),
        ("ja-JP", "マグ"),
        ("pt-BR", "Caneca BR"),
        ("pt-PT", "Mug"),
        ("fr", "Mug"),
    ],
)
def test_a_text_falls_back_to_its_language_and_then_to_english(locale: str | None, text: str) -> None:
    assert translated({"ja": "マグ", "en": "Mug", "pt-BR": "Caneca BR"}, locale) == text


def test_without_english_the_first_text_is_taken_and_without_any_none() -> None:
    assert translated({"ja": "マグ", "fr": "Tasse"}, "de") == "マグ"
    assert translated({}, "de") is None


@pytest.mark.parametrize("barcode", GTINS)
def test_a_gtin_with_its_check_digit_is_taken(barcode: str) -> None:
    assert barcode_problem(barcode) is None


@given(st.sampled_from(GTINS), st.data())
def test_one_wrong_digit_is_always_found(barcode: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(barcode) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != barcode[place]]))

    wrong = barcode[:place] + digit + barcode[place + 1 :]

    assert (barcode_problem(wrong) or "").startswith("check digit ")


@given(st.sampled_from([7, 11, 12, 13]), st.data())
def test_the_check_digit_it_expects_would_be_taken(length: int, data: st.DataObject) -> None:
    body = data.draw(st.text("0123456789", min_size=length, max_size=length))
    problem = barcode_problem(body + "0") or ""
    expected = problem.removeprefix("check digit ") if problem.startswith("check") else "0"

    assert (barcode_problem(body + expected) is None) != is_in_store(body + expected)


@pytest.mark.parametrize(
    "barcode", ["", "123", "40063813339310", "400638133393x", "４００６３８１３３３９３１", "1" * 15]
)
def test_what_is_no_gtin_is_told_what_one_is(barcode: str) -> None:
    problem = barcode_problem(barcode)

    assert problem is not None
    assert problem == "a GTIN of 8, 12, 13 or 14 digits" or problem.startswith("check digit")


def paths(problems: list[Refusal]) -> list[str]:
    return [".".join(problem.path) for problem in problems]


LONG = "x" * (MAX_NAME + 1)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Mug"}, "input.slug"),
    ({"slug": "mug--red"}, "input.slug"),
    ({"slug": ""}, "input.slug"),
    ({"slug": "becher-grün"}, "input.slug"),
    ({"names": {}}, "input.names"),
    ({"names": {"en": "  "}}, "input.names.en"),
    ({"names": {"en": LONG}}, "input.names.en"),
    ({"names": {"en": "Mug", "$set": "x"}}, "input.names"),
    ({"names": {"en": "Mug", "a.b": "x"}}, "input.names"),
    ({"names": {f"e{chr(97 + n % 26)}-a{n}b": "x" for n in range(MAX_LOCALES + 1)}}, "input.names"),
    ({"descriptions": {"en": "x" * (MAX_TEXT + 1)}}, "input.descriptions.en"),
    ({"descriptions": {"": "x"}}, "input.descriptions"),
    ({"brand": ""}, "input.brand"),
    ({"brand": LONG}, "input.brand"),
    ({"variants": ()}, "input.variants"),
    ({"category_ids": tuple(CategoryId(f"cat_{n}") for n in range(21))}, "input.categoryIds"),
    ({"options": (Option("a.b", ("x",)),), "variants": (variant("A", {"a.b": "x"}),)}, "input.options.0.name"),
    ({"options": (Option("$a", ("x",)),), "variants": (variant("A", {"$a": "x"}),)}, "input.options.0.name"),
    ({"options": (Option("a", ()),), "variants": ()}, "input.options.0.values"),
    ({"options": (COLORS, COLORS), "variants": ()}, "input.options.1.name"),
    ({"options": (Option("a", ("x", "x")),), "variants": (variant("A", {"a": "x"}),)}, "input.options.0.values"),
    (
        {"options": tuple(Option(f"o{n}", ("x",)) for n in range(MAX_OPTIONS + 1)), "variants": ()},
        "input.options",
    ),
    ({"external_ids": (ExternalRef("erp", "1"), ExternalRef("erp", "2"))}, "input.externalIds.1.source"),
    ({"external_ids": (ExternalRef("erp", ""),)}, "input.externalIds.0"),
    (
        {"external_ids": tuple(ExternalRef(f"s{n}", "1") for n in range(MAX_EXTERNAL_IDS + 1))},
        "input.externalIds",
    ),
    ({"variants": (variant(""),)}, "input.variants.0.sku"),
    ({"variants": (variant(" A"),)}, "input.variants.0.sku"),
    ({"variants": (variant("A\n"),)}, "input.variants.0.sku"),
    ({"variants": (variant("A" * (MAX_SKU + 1)),)}, "input.variants.0.sku"),
    ({"variants": (variant("A", barcodes=("4006381333930",)),)}, "input.variants.0.barcodes.0"),
    ({"variants": (variant("A", names={"en": LONG}),)}, "input.variants.0.names.en"),
    ({"variants": (variant("A", {"color": "Red"}),)}, "input.variants.0.options"),
    ({"variants": (variant("A", prices=(PriceEntry("EUR", -1),)),)}, "input.variants.0.prices.0.amount"),
    (
        {"variants": (variant("A", prices=(PriceEntry("EUR", 1), PriceEntry("EUR", 2))),)},
        "input.variants.0.prices.1",
    ),
    (
        {"variants": (variant("A", prices=tuple(PriceEntry("EUR", 1, f"c{n}") for n in range(MAX_PRICES + 1))),)},
        "input.variants.0.prices",
    ),
]


@pytest.mark.parametrize(("wrong", "path"), WRONG)
def test_what_cannot_be_kept_is_refused_at_its_place(wrong: dict[str, Any], path: str) -> None:
    assert check_product(draft()) == []

    problems = check_product(draft(**wrong))

    assert path in paths(problems)
    assert all(isinstance(problem, InvalidInput) and problem.expected for problem in problems)


def test_every_reason_is_told_at_once() -> None:
    both = draft(slug="NO", names={"en": ""}, variants=(variant(""), variant("", barcodes=("1",))))

    assert {"input.slug", "input.names.en", "input.variants.0.sku", "input.variants.1.barcodes.0"} <= set(
        paths(check_product(both))
    )


def test_a_path_begins_where_the_caller_says() -> None:
    assert paths(check_product(draft(slug="NO"), ("row 7",))) == ["row 7.slug"]


def test_every_variant_chooses_one_value_of_every_option_and_no_two_the_same() -> None:
    assert check_product(shirt(("Red", "S"), ("Red", "M"), ("Blue", "S"))) == []
    assert paths(check_product(shirt(("Red", "S"), ("Green", "S")))) == ["input.variants.1.options"]
    twice = shirt(("Red", "S"), ("Red", "S"))
    assert "input.variants.1.options" in paths(check_product(twice))
    lacking = draft(options=(COLORS, SIZES), variants=(variant("A", {"color": "Red"}),))
    assert paths(check_product(lacking)) == ["input.variants.0.options"]


def test_two_variants_of_one_product_share_no_sku_and_no_barcode() -> None:
    one, other = shirt(("Red", "S"), ("Blue", "S")).variants
    same_sku = replace(shirt(("Red", "S")), variants=(one, replace(other, sku=one.sku)))
    same_barcode = replace(
        same_sku, variants=(replace(one, barcodes=(GTINS[0],)), replace(other, barcodes=(GTINS[0],)))
    )

    assert paths(check_product(same_sku)) == ["input.variants.1.sku"]
    assert paths(check_product(same_barcode)) == ["input.variants.1.barcodes.0"]


def test_as_many_variants_as_the_limit_and_no_more() -> None:
    sizes = Option("size", tuple(str(n) for n in range(MAX_VARIANTS)))
    variants = tuple(variant(f"S{value}", {"size": value}) for value in sizes.values)

    assert check_product(draft(options=(sizes,), variants=variants)) == []
    more = (*variants, variant("ONE-MORE", {"size": "0"}))
    assert "input.variants" in paths(check_product(draft(options=(sizes,), variants=more)))


@pytest.mark.parametrize(
    ("gross", "good"), [(0, True), (MAX_MINOR_UNITS, True), (-1, False), (MAX_MINOR_UNITS + 1, False)]
)
def test_a_price_is_from_nothing_to_what_the_graph_carries(gross: int, good: bool) -> None:
    assert (check_price(PriceEntry("EUR", gross), ("input", "amount")) == []) is good


@pytest.mark.parametrize(
    ("channel", "path"),
    [
        (replace(WEB, id="Web Shop"), ["input.id"]),
        (replace(WEB, tax_rate_bp=-1), ["input.taxRate"]),
        (replace(WEB, tax_rate_bp=10_001), ["input.taxRate"]),
        (WEB, []),
    ],
)
def test_a_channel_has_a_slug_and_a_share_of_tax(channel: Channel, path: list[str]) -> None:
    assert paths(check_channel(channel)) == path


def test_a_category_lies_only_so_deep() -> None:
    ids = tuple(CategoryId(f"cat_{n}") for n in range(MAX_CATEGORY_DEPTH))
    deep = Category(ids[-1], "deep", {"en": "Deep"}, ids[-2], ids)
    above = replace(deep, path=ids[:-1])

    assert check_category("below", {"en": "Below"}, above) == []
    assert paths(check_category("below", {"en": "Below"}, deep)) == ["input.parentId"]
    assert paths(check_category("No", {}, None)) == ["input.slug", "input.names"]
