"""A shoe its buyer designs: what may be chosen, what it costs more, and a design that never changes."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import Refusal
from services.catalog.design.actions import price_designs
from services.catalog.design.model import (
    Choice,
    ChoiceRef,
    Customization,
    Exclusion,
    Group,
    GroupKind,
    Requirement,
    Selection,
    check_customization,
    check_selections,
    surcharge,
)
from services.catalog.offer.model import Offer, ProductStatus
from services.catalog.product.actions import ProductEdit, upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft

N = {"en": "x"}


def group(code: str, *choices: str, **values: Any) -> Group:
    made = tuple(Choice(choice, N, values.pop("deltas", {}).get(choice, {})) for choice in choices)
    return Group(code=code, names=N, choices=made, **values)


def ref(text: str) -> ChoiceRef:
    return ChoiceRef(*text.split(":"))


UPPER = Group(
    code="upper",
    names=N,
    minimum=1,
    choices=(Choice("mesh", N, {}), Choice("leather", N, {"JPY": 1_500, "EUR": 900})),
)
SOLE = Group(code="sole", names=N, minimum=1, choices=(Choice("flat", N, {}), Choice("spiked", N, {"JPY": -200})))
LACES = group("laces", "red", "blue", "white", maximum=2)
NAME = Group(
    code="name", names=N, kind=GroupKind.TEXT, maximum=8, pattern="[A-Z]+|[ァ-ヶー]+", deltas={"JPY": 500, "EUR": 300}
)
SHOE = Customization(
    product_id="prd_1",
    version=1,
    groups=(UPPER, SOLE, LACES, NAME),
    exclusions=(Exclusion(ref("upper:mesh"), ref("sole:spiked")),),
    requirements=(Requirement(ref("sole:spiked"), (ref("laces:red"), ref("laces:white"))),),
)


def selected(*chosen: str, name: str | None = None) -> list[Selection]:
    by_group: dict[str, list[str]] = {}
    for one in chosen:
        by_group.setdefault(ref(one).group, []).append(ref(one).choice)
    made = [Selection(code, tuple(choices)) for code, choices in by_group.items()]
    return made if name is None else [*made, Selection("name", text=name)]


def codes(problems: list[Refusal]) -> list[tuple[str, str]]:
    return [(one.code, ".".join(one.path).removeprefix("input.selections.")) for one in problems]


@pytest.mark.parametrize(
    ("chosen", "problems"),
    [
        (selected("upper:mesh", "sole:flat"), []),
        (selected("upper:leather", "sole:spiked", "laces:red", "laces:blue", name="NOREN"), []),
        (selected("upper:mesh", "sole:flat", name="ノレン"), []),
        (selected("upper:mesh"), [("CHOICE_COUNT", "input.selections")]),
        (selected("upper:mesh", "upper:leather", "sole:flat"), [("CHOICE_COUNT", "0.choices")]),
        (selected("upper:silk", "sole:flat"), [("NOT_FOUND", "0.choices.0")]),
        (selected("upper:mesh", "sole:flat", "hat:top"), [("NOT_FOUND", "2.group")]),
        (selected("upper:mesh", "sole:spiked", "laces:red"), [("CHOICES_EXCLUDED", "1")]),
        (selected("upper:leather", "sole:spiked", "laces:blue"), [("CHOICE_REQUIRED", "1")]),
        (selected("upper:mesh", "sole:flat", name="TOOLONGNAME"), [("CHOICE_COUNT", "2.text")]),
        (selected("upper:mesh", "sole:flat", name="noren"), [("INVALID_INPUT", "2.text")]),
        (selected("upper:mesh", "sole:flat", name="A\u202eB"), [("INVALID_INPUT", "2.text")]),
        ([*selected("upper:mesh", "sole:flat"), Selection("sole", ("flat",))], [("INVALID_INPUT", "2.group")]),
        ([*selected("upper:mesh"), Selection("sole", ("flat",), "words")], [("INVALID_INPUT", "1.text")]),
        ([*selected("upper:mesh", "sole:flat"), Selection("name", ("A",))], [("INVALID_INPUT", "2.choices")]),
    ],
)
def test_choices_are_allowed_or_refused_at_their_place(
    chosen: list[Selection], problems: list[tuple[str, str]]
) -> None:
    assert check_customization(SHOE) == []
    assert codes(check_selections(SHOE, chosen)) == problems


def test_a_surcharge_is_the_sum_of_what_was_chosen() -> None:
    chosen = selected("upper:leather", "sole:spiked", "laces:red", name="NOREN")

    assert surcharge(SHOE, chosen, "JPY") == 1_500 - 200 + 500
    assert surcharge(SHOE, chosen, "EUR") is None  # the spikes have no price in it
    assert surcharge(SHOE, selected("upper:leather", "sole:flat"), "EUR") == 900
    assert surcharge(SHOE, selected("upper:mesh", "sole:flat"), "USD") == 0


@settings(deadline=None)
@given(st.permutations(selected("upper:leather", "sole:spiked", "laces:red", name="NOREN")))
def test_the_order_of_choices_makes_no_difference(chosen: list[Selection]) -> None:
    assert check_selections(SHOE, chosen) == []
    assert surcharge(SHOE, chosen, "JPY") == 1_800


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (Customization("p", 1, ()), "groups"),
        (Customization("p", 1, (LACES, LACES)), "groups.1.code"),
        (Customization("p", 1, (group("a", "x", minimum=2, maximum=1),)), "groups.0.max"),
        (Customization("p", 1, (group("a", "x", "x"),)), "groups.0.choices.1.code"),
        (Customization("p", 1, (group("a"),)), "groups.0.choices"),
        (Customization("p", 1, (group("a", "x", pattern="x"),)), "groups.0.pattern"),
        (Customization("p", 1, (Group(code="t", names=N, kind=GroupKind.TEXT, pattern="("),)), "groups.0.pattern"),
        (Customization("p", 1, (group("a", "x", kind=GroupKind.TEXT),)), "groups.0.choices"),
        (Customization("p", 1, (Group(code="a", names=N, choices=(Choice("x", N, {"XXX": 1}),)),)),
         "groups.0.choices.0.deltas.XXX"),
        (Customization("p", 1, (LACES,), (Exclusion(ref("laces:red"), ref("laces:red")),)), "exclusions.0"),
        (Customization("p", 1, (LACES,), (Exclusion(ref("laces:red"), ref("sole:x")),)), "exclusions.0.second"),
        (Customization("p", 1, (LACES,), (), (Requirement(ref("laces:red"), ()),)), "requirements.0.needs"),
        (Customization("p", 1, (LACES,), (Exclusion(ref("laces:red"), ref("laces:blue")),),
                       (Requirement(ref("laces:red"), (ref("laces:blue"),)),)), "requirements.0.needs"),
    ],
)  # fmt: skip
def test_what_can_never_be_chosen_is_refused(wrong: Customization, where: str) -> None:
    assert [".".join(one.path) for one in check_customization(wrong)] == [f"input.{where}"]


SET = """mutation($input: ProductCustomizationSetInput!) { productCustomizationSet(input: $input) {
  customization { version } userErrors { code path ... on VersionConflict { actualVersion } } } }"""
SAVE = """mutation($input: DesignSaveInput!) { designSave(input: $input) {
  design { id sku customizationVersion isOrderable surcharge { minorUnits currency } }
  userErrors { code path ... on ChoicesExcluded { first second } ... on ChoiceRequired { needs } }
} }"""
OPEN = """query($id: ID!, $r: [_Any!]!) {
  design(id: $id) { sku customizationVersion isOrderable selections { group choices text }
    surcharge { minorUnits } yen: surcharge(currency: JPY) { minorUnits } customization { groups { code } } }
  _entities(representations: $r) { ... on Design { sku } }
  product(slug: "shoe") { customization { version groups { code kind min max surcharge { minorUnits }
    choices { code surcharge(currency: JPY) { amount } } } exclusions { first second } requirements { needs } } }
}"""


def customization(product_id: str, version: int, *, spikes: bool = True) -> dict[str, Any]:
    names = [{"locale": "en", "text": "x"}]
    soles = [{"code": "flat", "names": names}]
    if spikes:
        soles.append({"code": "spiked", "names": names, "surcharges": [{"amount": "2.50", "currency": "EUR"}]})
    name = {"code": "name", "names": names, "kind": "TEXT", "max": 5}
    rule = {"first": {"group": "sole", "choice": "spiked"}, "second": {"group": "laces", "choice": "red"}}
    return {
        "productId": product_id,
        "expectedVersion": version,
        "groups": [
            {"code": "sole", "names": names, "min": 1, "choices": soles},
            {"code": "laces", "names": names, "choices": [{"code": "red", "names": names}]},
            name,
        ],
        "exclusions": [rule] if spikes else [],
    }


SPIKED = [{"group": "sole", "choices": ["spiked"]}, {"group": "name", "text": "ANN"}]


async def save(ask: Ask, key: str = "key", version: int = 1, selections: Any = SPIKED, **who: Any) -> Any:
    input = {"sku": "SHOE", "customizationVersion": version, "selections": selections, "idempotencyKey": key}
    return (await ask(SAVE, {"input": input}, **who))["data"]["designSave"]


async def test_a_saved_design_is_opened_on_any_channel_and_outlives_the_customization(
    store: CatalogStore, ask: Ask
) -> None:
    shoe = await upsert_product(store, draft("shoe"), None, now=NOW)
    done: Any = await ask(SET, {"input": customization(shoe.id, 0)}, scopes="catalog:write")
    assert done["data"]["productCustomizationSet"] == {"customization": {"version": 1}, "userErrors": []}

    saved = (await save(ask))["design"]
    assert saved.pop("id").startswith("dsg_")
    assert saved == {
        "sku": "SHOE",
        "customizationVersion": 1,
        "isOrderable": True,
        "surcharge": {"minorUnits": 250, "currency": "EUR"},
    }
    id = (await save(ask))["design"]["id"]
    variables = {"id": id, "r": [{"__typename": "Design", "id": id}, {"__typename": "Design", "id": "dsg_none"}]}
    opened: Any = (await ask(OPEN, variables, channel="tokyo"))["data"]
    assert opened["design"]["selections"][1] == {"group": "name", "choices": [], "text": "ANN"}
    assert opened["design"]["yen"] is None
    assert opened["_entities"] == [{"sku": "SHOE"}, None]
    assert opened["product"]["customization"]["exclusions"] == [{"first": "sole:spiked", "second": "laces:red"}]

    await ask(SET, {"input": customization(shoe.id, 1, spikes=False)}, scopes="catalog:write")
    later: Any = (await ask(OPEN, variables))["data"]["design"]
    assert (later["customizationVersion"], later["isOrderable"]) == (1, False)
    assert later["surcharge"] == {"minorUnits": 250}
    assert (await save(ask))["design"]["id"] == id  # the same key, even now
    assert [one["code"] for one in (await save(ask, "other"))["userErrors"]] == ["VERSION_CONFLICT"]
    prices = await price_designs(store, [id, "dsg_none"], "EUR")
    assert {key: (one.sku, one.surcharge_minor, one.is_orderable) for key, one in prices.items()} == {
        id: ("SHOE", 250, False)
    }


async def test_a_design_is_checked_by_the_server(store: CatalogStore, ask: Ask) -> None:
    shoe = await upsert_product(store, draft("shoe"), None, now=NOW)
    assert (await save(ask))["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "sku"]}]
    await ask(SET, {"input": customization(shoe.id, 0)}, scopes="catalog:write")

    both = await save(ask, selections=[*SPIKED, {"group": "laces", "choices": ["red"]}])
    assert both["userErrors"] == [
        {
            "code": "CHOICES_EXCLUDED",
            "path": ["input", "selections", "2"],
            "first": "sole:spiked",
            "second": "laces:red",
        }
    ]
    await save(ask)
    assert (await save(ask, selections=SPIKED[:1]))["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    await upsert_product(
        store, draft("shoe", offer=Offer(status=ProductStatus.DRAFT)), ProductEdit(shoe.id, 1), now=NOW
    )
    assert (await save(ask, "k2"))["userErrors"][0]["code"] == "NOT_FOUND"
    assert (await save(ask, "k2", scopes="catalog:read"))["design"]


async def test_of_many_who_set_a_customization_one_wins(store: CatalogStore, ask: Ask) -> None:
    shoe = await upsert_product(store, draft("shoe"), None, now=NOW)
    tries = [ask(SET, {"input": customization(shoe.id, 0)}, scopes="catalog:write") for _ in range(8)]

    ends: list[Any] = [one["data"]["productCustomizationSet"] for one in await asyncio.gather(*tries)]

    assert sum(one["customization"] is not None for one in ends) == 1
    assert [one["userErrors"][0]["actualVersion"] for one in ends if one["userErrors"]] == [1] * 7
    assert "errors" in await ask(SET, {"input": customization(shoe.id, 1)})
