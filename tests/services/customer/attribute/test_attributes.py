"""Custom attributes: typed, sealed, shown to whom they are for."""

from datetime import date
from typing import Any

import bson
import pytest

from kit.errors import InvalidInput
from services.customer.attribute.model import AttributeDefinition, AttributeType, check_definition, check_value
from services.customer.store import CustomerStore
from tests.services.customer.conftest import Ask
from tests.services.customer.test_graph import code, make

READ, WRITE = "customers:read", "customers:write"
DEFINE = """mutation ($input: CustomerAttributeDefineInput!) { customerAttributeDefine(input: $input) {
  definition { key label type choices visibility version } userErrors { __typename code path } } }"""
SET = """mutation ($input: CustomerAttributesSetInput!) { customerAttributesSet(input: $input) {
  customer { attributes { definition { key } value } } userErrors { __typename code path } } }"""
SHOWN = "query ($id: ID!) { customer(id: $id) { attributes { definition { key label } value } } }"
SHOE = {"key": "shoe_size", "label": "靴のサイズ", "type": "NUMBER"}
FIT = {"key": "fit", "label": "Fit", "type": "CHOICE", "choices": ["slim", "wide"], "visibility": "CUSTOMER"}


async def define(ask: Ask, **input: Any) -> dict[str, Any]:
    return dict((await ask(DEFINE, {"input": input}, scopes=WRITE))["data"]["customerAttributeDefine"])


async def set_values(ask: Ask, id: str, *values: tuple[str, str | None]) -> dict[str, Any]:
    rows = [{"key": key, "value": value} for key, value in values]
    answer = await ask(SET, {"input": {"customerId": id, "values": rows}}, scopes=f"{READ} {WRITE}")
    return dict(answer["data"]["customerAttributesSet"])


async def test_values_are_typed_sealed_and_shown_to_whom_they_are_for(ask: Ask, store: CustomerStore) -> None:
    id = await make(ask)
    assert (await define(ask, **SHOE))["definition"] | {"choices": []} == {
        **SHOE, "choices": [], "visibility": "STAFF", "version": 1,
    }  # fmt: skip
    await define(ask, **FIT)
    done = await set_values(ask, id, ("shoe_size", "23.50"), ("fit", "wide"))
    assert done["userErrors"] == []
    assert [(one["definition"]["key"], one["value"]) for one in done["customer"]["attributes"]] == [
        ("fit", "wide"),
        ("shoe_size", "23.5"),
    ]
    mine = (await ask(SHOWN, {"id": id}, customer=id))["data"]["customer"]["attributes"]
    assert mine == [{"definition": {"key": "fit", "label": "Fit"}, "value": "wide"}]
    kept = b"".join([bson.encode(document) async for document in store.profiles.find()])
    assert b"23.5" not in kept
    gone = await set_values(ask, id, ("shoe_size", None))
    assert [one["definition"]["key"] for one in gone["customer"]["attributes"]] == ["fit"]


async def test_a_definition_changes_by_version_and_never_its_type(ask: Ask) -> None:
    await define(ask, **FIT)
    assert (await define(ask, **FIT))["definition"]["version"] == 1
    wider = FIT | {"choices": ["slim", "wide", "boxy"]}
    [conflict] = (await define(ask, **wider))["userErrors"]
    assert conflict["__typename"] == "VersionConflict"
    assert (await define(ask, **wider, expectedVersion=1))["definition"]["version"] == 2
    [other] = (await define(ask, **(FIT | {"type": "TEXT", "choices": []}), expectedVersion=2))["userErrors"]
    assert other["path"] == ["input", "type"]
    listed = await ask("{ customerAttributes { key choices } }", scopes=READ)
    assert listed["data"]["customerAttributes"] == [{"key": "fit", "choices": ["slim", "wide", "boxy"]}]


async def test_what_is_not_defined_or_no_such_value_is_refused_and_nothing_is_set(ask: Ask) -> None:
    id = await make(ask)
    await define(ask, **SHOE)
    refused = await set_values(ask, id, ("shoe_size", "23"), ("hat_size", "7"), ("shoe_size", "large"))
    assert [(one["code"], one["path"][-2:]) for one in refused["userErrors"]] == [
        ("INVALID_INPUT", ["0", "value"]),
        ("NOT_FOUND", ["1", "key"]),
    ]
    assert (await ask(SHOWN, {"id": id}, scopes=READ))["data"]["customer"]["attributes"] == []
    for query, variables in [(DEFINE, {"input": SHOE}), (SET, {"input": {"customerId": id, "values": []}})]:
        assert code(await ask(query, variables, scopes=READ, customer=id)) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        (AttributeType.TEXT, "  red  ", "red"),
        (AttributeType.TEXT, " ", None),
        (AttributeType.TEXT, "x" * 501, None),
        (AttributeType.NUMBER, "1e3", "1000"),
        (AttributeType.NUMBER, "-0.50", "-0.5"),
        (AttributeType.NUMBER, "NaN", None),
        (AttributeType.NUMBER, "1e99", None),
        (AttributeType.BOOLEAN, "true", "true"),
        (AttributeType.BOOLEAN, "yes", None),
        (AttributeType.DATE, date(2026, 2, 28).isoformat(), "2026-02-28"),
        (AttributeType.DATE, "2026-02-29", None),
        (AttributeType.DATE, "20260228", None),
    ],
    ids=str,
)
def test_a_value_has_one_spelling(type: AttributeType, text: str, value: str | None) -> None:
    checked = check_value(AttributeDefinition("a", "A", type), text, ("input",))
    assert isinstance(checked, InvalidInput) if value is None else checked == value


@pytest.mark.parametrize(
    "draft",
    [
        AttributeDefinition("Shoe", "A", AttributeType.TEXT),
        AttributeDefinition("a", " ", AttributeType.TEXT),
        AttributeDefinition("a", "A", AttributeType.CHOICE),
        AttributeDefinition("a", "A", AttributeType.TEXT, ("x",)),
        AttributeDefinition("a", "A", AttributeType.CHOICE, ("x", "x ")),
    ],
    ids=["key", "label", "no-choice", "choices-of-text", "twice"],
)
def test_a_definition_that_cannot_be_is_refused(draft: AttributeDefinition) -> None:
    assert len(check_definition(draft)) == 1
