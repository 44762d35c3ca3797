"""Which of several sourced values is shown."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.model import PersonName
from services.customer.profile.model import Rule, Survivorship, Trait, survivors

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def said(source: str, day: int, value: object, *, field: str = "language", edited: bool = False) -> Trait:
    return Trait(field, source, DAY + timedelta(days=day), value, edited)


@pytest.mark.parametrize(("rule", "shown"), [(Rule.LATEST, "en"), (Rule.TRUSTED, "fr"), (Rule.FREQUENT, "ja")], ids=str)
def test_each_rule_chooses_its_value(rule: Rule, shown: str) -> None:
    traits = [said("web", 1, "ja"), said("line", 2, "ja"), said("pos", 0, "fr"), said("app", 3, "en")]
    rules = Survivorship({"language": rule}, trust=("pos", "web"))
    assert survivors(traits, rules) == {"language": shown}


def test_a_source_is_taken_by_its_latest_word() -> None:
    assert survivors([said("web", 2, "ja"), said("web", 1, "en")]) == {"language": "ja"}


@pytest.mark.parametrize("rule", list(Rule), ids=str)
def test_an_edit_puts_what_was_known_before_out_of_the_race(rule: Rule) -> None:
    rules = Survivorship({"language": rule}, trust=("pos",))
    known = [said("pos", 0, "fr"), said("line", 1, "fr"), said("web", 2, None, edited=True)]
    assert survivors(known, rules) == {"language": None}
    assert survivors([*known, said("pos", 3, "de")], Survivorship({}, ())) == {"language": "de"}


def test_lists_show_every_source_the_surviving_first_and_after_an_edit_only_it() -> None:
    mails = [
        said("pos", 0, ("a@example.jp", "b@example.jp"), field="emails"),
        said("web", 1, ("c@example.jp", "a@example.jp"), field="emails"),
    ]
    assert survivors(mails)["emails"] == ("c@example.jp", "a@example.jp", "b@example.jp")
    assert survivors([*mails, said("web", 2, (), field="emails", edited=True)])["emails"] == ()


TRAITS = st.lists(
    st.builds(said, st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["x", "y", None]), edited=st.booleans()),
    min_size=1,
    max_size=4,
)


@given(traits=TRAITS, rule=st.sampled_from(list(Rule)))
def test_what_is_shown_does_not_depend_on_the_order(traits: list[Trait], rule: Rule) -> None:
    rules = Survivorship({"language": rule}, trust=("b", "a"))
    assert len({survivors(order, rules)["language"] for order in permutations(traits)}) == 1


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (
            [PersonName("花子", "高橋"), PersonName("花子", "髙橋", given_kana="ハナコ", family_kana="タカハシ")],
            PersonName("花子", "高橋", given_kana="ハナコ", family_kana="タカハシ"),
        ),
        (
            [PersonName("花子", "高橋"), PersonName("花子", "鈴木", given_kana="ハナコ", family_kana="スズキ")],
            PersonName("花子", "高橋"),
        ),
        (
            [PersonName(given_kana="ハナコ"), PersonName("花子", "高橋", given_kana="ハナコ")],
            PersonName("花子", "高橋", given_kana="ハナコ"),
        ),
        ([PersonName("花子"), PersonName(family="高橋")], PersonName("花子")),
    ],
    ids=["readings", "maiden", "spelling", "nothing-in-common"],
)
def test_a_name_gets_the_parts_it_lacks_from_the_same_name(names: list[PersonName], shown: PersonName) -> None:
    traits = [said(f"s{place}", -place, name, field="name") for place, name in enumerate(names)]

    assert {repr(survivors(order)) for order in permutations(traits)} == {repr({"name": shown})}
