"""Found at the counter by less than an identity, and only who it is."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.customer import actions
from services.customer.counter.code import LIFETIME, member_code, read_code
from services.customer.counter.model import kana_terms, spoken_name, terms_of
from services.customer.folding import fold, fold_kana
from services.customer.identity import IdentityType
from services.customer.model import Customer, CustomerChanges, CustomerDraft, ExternalId, IdentityDraft, PersonName
from services.customer.store import CustomerStore
from tests.services.customer.conftest import Ask

READ = "customers:read"
SEARCH = """
query ($kana: String, $name: String, $digits: String) {
  customerSearch(kana: $kana, name: $name, lastDigits: $digits) { displayName spokenName warnings }
}
"""
KEY = b"k" * 32


async def make(store: CustomerStore, now: datetime, name: PersonName, phone: str, n: int) -> Customer:
    draft = CustomerDraft(
        name=name,
        language="ja",
        phones=(phone,) if n % 2 else (),
        identities=() if n % 2 else (IdentityDraft(IdentityType.PHONE, phone, verified=True),),
    )
    return await actions.create(store, draft, f"k{n}", region="JP", reveal=False, now=now + timedelta(seconds=n))


@pytest.fixture
async def people(store: CustomerStore, now: datetime) -> list[Customer]:
    names = [
        PersonName(family="髙橋", given="花子", family_kana="タカハシ", given_kana="ハナコ"),
        PersonName(family="高橋", given="太郎", family_kana="ﾀｶﾊｼ", given_kana="たろう"),
        PersonName(family="高田", given="花", family_kana="タカダ", given_kana="ハナ"),
        PersonName(family="Smith", given="Anna", given_kana="サクラコマチコ", family_kana="ヤ"),
    ]
    phones = ["090-1234-5678", "03-3211-5678", "090-8765-4321", "+44 20 7946 5678"]
    return [await make(store, now, name, phone, n) for n, (name, phone) in enumerate(zip(names, phones, strict=True))]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kana": "たか"}, ["髙橋 花子", "高橋 太郎", "高田 花"]),
        ({"kana": "ﾀｶﾊｼﾊ"}, ["髙橋 花子"]),
        ({"kana": "たかはしたろうまる"}, []),
        ({"kana": "ハナ"}, ["髙橋 花子", "高田 花"]),
        ({"kana": "さくらこまち"}, ["Anna Smith"]),
        ({"digits": "5678", "name": "高橋"}, ["髙橋 花子", "高橋 太郎"]),
        ({"digits": "５６７８", "name": "たかはし た"}, ["高橋 太郎"]),
        ({"digits": "5678", "name": "ANNA"}, ["Anna Smith"]),
        ({"digits": "4321", "name": "髙橋"}, []),
    ],
    ids=[
        "prefix",
        "half-width",
        "longer-than-the-index",
        "given-name",
        "long-given-name",
        "variant",
        "wide-digits",
        "latin",
        "nobody",
    ],
)
async def test_who_stands_there_is_found(ask: Ask, people: Any, asked: dict[str, str], found: list[str]) -> None:
    answer = await ask(SEARCH, asked, scopes=READ)
    assert [one["displayName"] for one in answer["data"]["customerSearch"]] == found


async def test_what_no_longer_fits_finds_nobody(store: CustomerStore, ask: Ask, people: list[Customer]) -> None:
    await actions.update(
        store, people[2].id, 1, CustomerChanges(name=PersonName(family_kana="オカ")), now=people[2].updated_at
    )
    assert [
        one["spokenName"] for one in (await ask(SEARCH, {"kana": "おか"}, scopes=READ))["data"]["customerSearch"]
    ] == ["オカ様"]
    assert (await ask(SEARCH, {"kana": "たかだ"}, scopes=READ))["data"]["customerSearch"] == []


@pytest.mark.parametrize(
    "asked",
    [{}, {"kana": ""}, {"kana": "た", "name": "た"}, {"digits": "5678"}, {"digits": "567", "name": "た"},
     {"digits": "56a8", "name": "た"}, {"name": "た"}],
    ids=["nothing", "empty", "both", "digits-alone", "three-digits", "no-digits", "name-alone"],
)  # fmt: skip
async def test_too_little_to_go_by_is_refused(ask: Ask, asked: dict[str, str]) -> None:
    answer = await ask(SEARCH, asked, scopes=READ)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_warnings_say_what_staff_should_know(ask: Ask, people: Any) -> None:
    answer = await ask(SEARCH, {"kana": "たかはし"}, scopes=READ)
    assert [one["warnings"] for one in answer["data"]["customerSearch"]] == [[], ["NOTHING_PROVEN"]]
    refused = await ask(SEARCH, {"kana": "た"}, customer="cus_1")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_member_shows_a_code_that_finds_them_for_a_few_minutes(ask: Ask, people: list[Customer]) -> None:
    me = people[0].id
    mine = await ask("{ me { memberCode { value goodUntil } } }", customer=me)
    code = mine["data"]["me"]["memberCode"]["value"]
    lookup = "query ($code: String) { customerLookup(code: $code) { id } }"
    assert (await ask(lookup, {"code": code}, scopes=READ))["data"] == {"customerLookup": {"id": me}}
    altered = code.replace(me, people[1].id)
    assert (await ask(lookup, {"code": altered}, scopes=READ))["data"] == {"customerLookup": None}
    theirs = "query ($id: ID!) { customer(id: $id) { memberCode { value } } }"
    answer = await ask(theirs, {"id": me}, scopes=READ)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_code_is_over_after_its_time_and_opens_with_its_key_only(now: datetime) -> None:
    code = member_code(KEY, "cus_1", now)
    assert read_code(KEY, code, now + LIFETIME) == "cus_1"
    assert read_code(KEY, f" {code}\n", now) == "cus_1"
    assert read_code(KEY, code, now + LIFETIME + timedelta(seconds=1)) is None
    assert read_code(b"x" * 32, code, now) is None
    for malformed in ("", "NRN1", "NRN1.cus_1..", "NRN1.cus_1.９.x", code + "0", code[:-1], "x" * 10_000, code + "é"):
        assert read_code(KEY, malformed, now) is None


def test_variants_are_one_when_compared(now: datetime) -> None:
    assert fold("髙﨑 齋藤") == fold("高崎斎藤") == "高崎斉藤"
    assert fold_kana("キョウ") == fold_kana("ｷﾖｳ") == fold_kana("きょう")
    assert fold("葛\U000e0100城") == "葛城"
    assert kana_terms(" ・ ") == []
    assert terms_of({"phones": ("123", "090-1234-5678")}) == {"4:5678"}


def test_a_name_is_spoken_as_it_is_read(now: datetime) -> None:
    from dataclasses import replace

    from services.customer.checks import check_draft
    from services.customer.model import CustomerId

    draft = CustomerDraft(name=PersonName(family="髙橋", given="花子", family_kana="タカハシ"), language="ja")
    read = check_draft(draft, CustomerId("cus_1"), region="JP", now=now)
    assert spoken_name(read) == "タカハシ様"
    assert spoken_name(replace(read, language="en", name=PersonName(family="Smith", given="Anna"))) == "Anna Smith"
    assert spoken_name(replace(read, name=PersonName(family="髙橋"))) == "髙橋様"
    assert spoken_name(replace(read, name=None)) is None


async def test_looking_up_walks_an_index_and_no_collection(store: CustomerStore, people: Any) -> None:
    await store.db.command("profile", 2)
    await store.customers_by_terms(["k:タカ"], 100)
    await store.holders([ExternalId("pos", "M-1")])
    await actions.look_up(store, IdentityType.PHONE, "phone", "090-1234-5678", region="JP")
    await store.db.command("profile", 0)
    plans = [one["planSummary"] async for one in store.db["system.profile"].find({"planSummary": {"$exists": True}})]
    assert len(plans) >= 5
    assert [plan for plan in plans if "COLLSCAN" in plan] == []
