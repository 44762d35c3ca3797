import unicodedata
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, Refused
from services.customer.checks import MAX_CONTACTS, check_changes, check_draft
from services.customer.identity import IdentityType
from services.customer.model import (
    Customer,
    CustomerChanges,
    CustomerDraft,
    CustomerId,
    ExternalId,
    IdentityDraft,
    PersonName,
    PostalAddress,
    TooManyIdentities,
)


def check(draft: CustomerDraft, now: datetime) -> Customer:
    return check_draft(draft, CustomerId("cus_1"), region="JP", now=now)


def problems(draft: CustomerDraft, now: datetime) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        check(draft, now)
    return {".".join(refusal.path): refusal.message for refusal in refused.value.refusals}


@pytest.mark.parametrize("family", ["髙橋", "高橋", "山﨑", "山崎", "\ufa19谷", "㈱髙島屋", "ﾔﾏﾀﾞ", "葛\U000e0100城"])
def test_a_name_is_shown_as_its_bearer_writes_it(family: str, now: datetime) -> None:
    kept = check(CustomerDraft(name=PersonName(family=family)), now)
    assert kept.name is not None
    assert kept.name.family == family


def test_a_name_typed_in_pieces_is_composed(now: datetime) -> None:
    kept = check(CustomerDraft(display_name=unicodedata.normalize("NFD", " がぎ é\u3000")), now)
    assert kept.display_name == "がぎ é"


@pytest.mark.parametrize("reading", ["ﾔﾏﾀﾞ", "やまだ", "ヤマダ", " やまﾀﾞ "])
def test_readings_become_full_width_katakana(reading: str, now: datetime) -> None:
    kept = check(CustomerDraft(name=PersonName(family_kana=reading)), now)
    assert kept.name is not None
    assert kept.name.family_kana == "ヤマダ"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (PersonName(given="花子", family="山田"), "山田 花子"),
        (PersonName(given="Jon", middle="V", family="Yang"), "Jon V Yang"),
        (PersonName(family="山田"), "山田"),
        (PersonName(), None),
    ],
)
def test_the_display_name_is_made_of_the_parts(name: PersonName, shown: str | None, now: datetime) -> None:
    kept = check(CustomerDraft(name=name), now)
    assert kept.shown_name == shown
    assert replace(kept, display_name="Hana").shown_name == "Hana"


def test_every_problem_is_named_by_its_path_and_no_value_is_repeated(now: datetime) -> None:
    draft = CustomerDraft(
        name=PersonName(given="a\x00b", given_kana="山田"),
        emails=("x" * 300,),
        phones=tuple(str(n) for n in range(MAX_CONTACTS + 1)),
        addresses=(PostalAddress("Japan"),),
        birthday=now.date() + timedelta(days=2),
        language="Japanese",
        member_since=now + timedelta(seconds=1),
        external_ids=(ExternalId("pos", " "),),
        identities=(
            IdentityDraft(IdentityType.EMAIL, "hanako@example.jp"),
            IdentityDraft(IdentityType.PHONE, "my secret number"),
        ),
    )
    found = problems(draft, now)
    assert sorted(found) == [
        "input.addresses.0.country",
        "input.birthday",
        "input.emails.0",
        "input.externalIds.0",
        "input.identities.1.value",
        "input.language",
        "input.memberSince",
        "input.name.given",
        "input.name.givenKana",
        "input.phones",
    ]
    assert "secret" not in " ".join(found.values())


def test_born_today_where_the_day_begins_first_and_not_before_1900(now: datetime) -> None:
    assert check(CustomerDraft(birthday=date(1900, 1, 1)), now).birthday == date(1900, 1, 1)
    assert check(CustomerDraft(birthday=now.date()), now).birthday == now.date()
    assert list(problems(CustomerDraft(birthday=date(1899, 12, 31)), now)) == ["input.birthday"]


def test_an_identity_given_twice_counts_once(now: datetime) -> None:
    twice = (IdentityDraft(IdentityType.PHONE, "090-1234-5678"), IdentityDraft(IdentityType.PHONE, "+819012345678"))
    assert [identity.value for identity in check(CustomerDraft(identities=twice), now).identities] == ["+819012345678"]


def test_too_many_of_a_type_and_too_many_at_all_are_told_apart(now: datetime) -> None:
    mails = tuple(IdentityDraft(IdentityType.EMAIL, f"h{n}@example.jp") for n in range(6))
    with pytest.raises(Refused) as refused:
        check(CustomerDraft(identities=mails), now)
    path = ("input", "identities", "5")
    assert list(refused.value.refusals) == [TooManyIdentities(path=path, type=IdentityType.EMAIL, limit=5)]
    phones = tuple(IdentityDraft(IdentityType.PHONE, f"090-1234-567{n}") for n in range(5))
    cards = tuple(IdentityDraft(IdentityType.CARD, f"CARD{n}") for n in range(10))
    line = (IdentityDraft(IdentityType.LINE, "U" + "0123456789abcdef" * 2),)
    tills = tuple(IdentityDraft(IdentityType.POS, f"till-{n}") for n in range(10))
    systems = tuple(IdentityDraft(IdentityType.EXTERNAL, f"shop:65{n}") for n in range(10))
    with pytest.raises(Refused) as refused:
        check(CustomerDraft(identities=mails[:5] + phones + cards + line + tills + systems), now)
    assert list(refused.value.refusals) == [TooManyIdentities(path=("input", "identities", "40"), type=None, limit=40)]


def test_an_edit_touches_what_it_names_and_clears_what_it_nulls(now: datetime) -> None:
    changes = CustomerChanges(display_name=None, emails=(" a@example.jp ", "a@example.jp"), birthday=date(1980, 5, 1))
    assert check_changes(changes, now=now) == {
        "display_name": None,
        "emails": ("a@example.jp",),
        "birthday": date(1980, 5, 1),
    }
    with pytest.raises(Refused) as refused:
        check_changes(CustomerChanges(addresses=(PostalAddress("jp"),)), now=now)
    assert isinstance(refused.value.refusals[0], InvalidInput)
    assert refused.value.refusals[0].path == ("input", "addresses", "0", "country")


@given(st.text(max_size=40))
def test_checking_a_text_again_changes_nothing(text: str) -> None:
    now = datetime.fromisoformat("2026-11-22T05:00:00+00:00")
    try:
        first = check(CustomerDraft(display_name=text, tags=(text,), name=PersonName(family_kana=text)), now)
    except Refused:
        return
    again = check(CustomerDraft(display_name=first.display_name, tags=first.tags, name=first.name), now)
    assert again == first
