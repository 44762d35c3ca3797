"""Every reason why a value does not fit its definition, and a definition is none."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import Refusal
from services.catalog.attribute.documents import attribute_documents, parse_attributes
from services.catalog.attribute.model import (
    MAX_ATTRIBUTES,
    Attribute,
    AttributeDefinition,
    AttributeLevel,
    AttributeOption,
    AttributeType,
    Reference,
    ReferenceKind,
    check_change,
    check_definition,
    check_values,
    missing_values,
)
from services.catalog.category.model import CategoryId
from services.catalog.model import MAX_TEXT

COLORS = (AttributeOption("red", {"en": "Red"}), AttributeOption("blue", {"en": "Blue"}))
KINDS = {
    AttributeType.ENUM: {"options": COLORS},
    AttributeType.MULTI_ENUM: {"options": COLORS},
    AttributeType.REFERENCE: {"reference_kind": ReferenceKind.PRODUCT},
}


def define(type: AttributeType = AttributeType.TEXT, code: str = "a", **values: Any) -> AttributeDefinition:
    return AttributeDefinition(code=code, names={"en": code}, type=type, **{**KINDS.get(type, {}), **values})


def problems(definition: AttributeDefinition, value: Any) -> list[str]:
    found = check_values([Attribute("a", value)], definition.level, (), {"a": definition}, ("input", "attributes"))
    return [".".join(refusal.path).removeprefix("input.attributes.") for refusal in found]


@pytest.mark.parametrize(
    ("definition", "good", "bad", "where"),
    [
        (define(), "wool", "", "0.text"),
        (define(minimum=Decimal(2), maximum=Decimal(3)), "ab", "abcd", "0.text"),
        (define(pattern="[A-Z]{2}"), "AB", "ABC", "0.text"),
        (define(AttributeType.LOCALIZED_TEXT), {"ja": "綿"}, {"ja!": "綿"}, "0.texts"),
        (define(AttributeType.LOCALIZED_TEXT, maximum=Decimal(1)), {"ja": "綿"}, {"en": "cotton"}, "0.texts.en"),
        (define(AttributeType.NUMBER, unit="cm"), Decimal("12.5"), Decimal("1.2345678901234567"), "0.number"),
        (define(AttributeType.NUMBER, minimum=Decimal("0.5")), Decimal("0.5"), Decimal("0.49"), "0.number"),
        (define(AttributeType.BOOLEAN), False, "no", "0.boolean"),
        (define(AttributeType.DATE), date(2026, 2, 28), Decimal(1), "0.date"),
        (define(AttributeType.ENUM), ("red",), ("green",), "0.values.0"),
        (define(AttributeType.ENUM), ("red",), ("red", "blue"), "0.values"),
        (define(AttributeType.MULTI_ENUM), ("red", "blue"), ("red", "red"), "0.values"),
        (define(AttributeType.MULTI_ENUM, maximum=Decimal(1)), (), ("red", "blue"), "0.values"),
        (define(AttributeType.REFERENCE), Reference("prd_1"), "prd_1", "0.reference"),
        (define(AttributeType.NUMBER), Decimal(1), True, "0.number"),
    ],
)
def test_a_value_fits_its_definition_or_is_refused_at_its_place(
    definition: AttributeDefinition, good: Any, bad: Any, where: str
) -> None:
    assert check_definition(definition) == []
    assert problems(definition, good) == []
    assert problems(definition, bad) == [where]


@pytest.mark.parametrize("pattern", [r"(?<=a)b", r"(a)\1", "a{1001}", "((a{100}){10}){10}"])
def test_a_pattern_that_could_take_for_ever_is_refused_when_it_is_defined(pattern: str) -> None:
    (refusal,) = check_definition(define(pattern=pattern))

    assert refusal.path == ("input", "pattern")
    assert "RE2" in refusal.message


def test_a_pattern_that_stalls_others_for_ever_is_matched_at_once() -> None:
    catastrophic = define(pattern=r"(([a-z])+.)+[A-Z]([a-z])+$|(a+)+b|(\p{Han}|[ぁ-ん]+)+")

    assert check_definition(catastrophic) == []
    assert problems(catastrophic, "a" * MAX_TEXT) == ["0.text"]
    assert problems(catastrophic, "青いしゃつ") == []


def test_a_pattern_kept_from_before_that_is_not_taken_any_more_lets_nothing_pass() -> None:
    assert problems(define(pattern=r"(a)\1"), "aa") == ["0.text"]


def test_an_attribute_nobody_defined_is_named() -> None:
    (refusal,) = check_values([Attribute("x", "y")], AttributeLevel.PRODUCT, (), {}, ("input", "attributes"))

    assert (refusal.code, refusal.path) == ("NOT_FOUND", ("input", "attributes", "0", "code"))


def test_an_attribute_is_for_its_level_and_its_categories_only() -> None:
    shoes = define(category_ids=(CategoryId("cat_shoes"),))
    value = [Attribute("a", "leather")]

    def paths(level: AttributeLevel, path: tuple[str, ...]) -> list[Refusal]:
        return check_values(value, level, path, {"a": shoes}, ())

    assert paths(AttributeLevel.PRODUCT, ("cat_root", "cat_shoes")) == []
    assert [one.path for one in paths(AttributeLevel.PRODUCT, ("cat_root",))] == [("0", "code")]
    assert [one.path for one in paths(AttributeLevel.VARIANT, ("cat_shoes",))] == [("0", "code")]


def test_what_is_required_is_missed_where_it_applies() -> None:
    definitions = {
        "a": define(is_required=True, category_ids=(CategoryId("cat_1"),)),
        "b": define(code="b", is_required=True, level=AttributeLevel.VARIANT),
        "c": define(code="c"),
    }

    def missing(level: AttributeLevel, path: tuple[str, ...], *there: Attribute) -> list[tuple[str, ...]]:
        return [one.path for one in missing_values(there, level, path, definitions, ("at",))]

    assert missing(AttributeLevel.PRODUCT, ("cat_1",)) == [("at", "a")]
    assert missing(AttributeLevel.PRODUCT, ("cat_1",), Attribute("a", "x")) == []
    assert missing(AttributeLevel.PRODUCT, ()) == []
    assert missing(AttributeLevel.VARIANT, ()) == [("at", "b")]


def test_a_value_is_given_once_and_not_too_many_of_them() -> None:
    twice = check_values([Attribute("a", "x")] * 2, AttributeLevel.PRODUCT, (), {"a": define()}, ())
    many = check_values([Attribute("a", "x")] * (MAX_ATTRIBUTES + 1), AttributeLevel.PRODUCT, (), {"a": define()}, ())

    assert [one.path for one in twice] == [("1", "code")]
    assert [one.path for one in many] == [()]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (define(code="No"), "code"),
        (define(unit="cm"), "unit"),
        (define(AttributeType.NUMBER, pattern="x"), "pattern"),
        (define(pattern="("), "pattern"),
        (define(AttributeType.DATE, minimum=Decimal(1)), "min"),
        (define(minimum=Decimal("0.5")), "min"),
        (define(AttributeType.NUMBER, minimum=Decimal(2), maximum=Decimal(1)), "max"),
        (define(AttributeType.ENUM, options=()), "options"),
        (define(options=COLORS), "options"),
        (define(AttributeType.ENUM, options=(*COLORS, COLORS[0])), "options.2.code"),
        (define(AttributeType.REFERENCE, reference_kind=None), "referenceKind"),
        (define(AttributeType.LOCALIZED_TEXT, is_facet=True), "isFacet"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(wrong: AttributeDefinition, where: str) -> None:
    assert [".".join(one.path) for one in check_definition(wrong)] == [f"input.{where}"]


def test_type_level_and_reference_stay_for_ever() -> None:
    before = define(AttributeType.REFERENCE)
    other = replace(before, type=AttributeType.TEXT, level=AttributeLevel.VARIANT, reference_kind=None)

    assert check_change(before, replace(before, is_required=True)) == []
    assert [one.path[-1] for one in check_change(before, other)] == ["type", "level", "referenceKind"]


NUMBERS = st.decimals(-(10**9), 10**9, places=5, allow_nan=False)
VALUES = st.one_of(
    st.text(),
    st.booleans(),
    NUMBERS,
    st.dates(),
    st.lists(st.text()).map(tuple),
    st.builds(Reference, st.text()),
    st.dictionaries(st.sampled_from(["en", "ja"]), st.text()),
)


@settings(deadline=None)
@given(st.lists(st.builds(Attribute, st.text(), VALUES)))
def test_what_is_stored_is_read_back_the_same(values: list[Attribute]) -> None:
    assert parse_attributes(attribute_documents(values)) == tuple(values)
