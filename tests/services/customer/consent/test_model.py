"""Which answer decides."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput
from services.customer.consent.model import (
    ConsentRecord,
    ContactChannel,
    Ground,
    Purpose,
    check_record,
    current,
    decide,
    refused_subjects,
)
from services.customer.kin.model import Person

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALONE = Person(frozenset({"a"}))
MERGED = Person(frozenset({"a", "b"}), NOW)


def said(
    granted: bool,
    hours: float,
    subject: str = "a",
    channel: ContactChannel | None = None,
    purpose: Purpose = Purpose.MARKETING,
) -> ConsentRecord:
    at = NOW + hours * HOUR
    return ConsentRecord(
        id=f"{subject}{hours}{granted}",
        subject=subject,
        purpose=purpose,
        channel=channel,
        granted=granted,
        text_version="v1",
        source="web",
        at=at,
        recorded_at=at,
        actor="staff:s",
    )


def mail(records: list[ConsentRecord], person: Person = ALONE) -> tuple[bool, Ground, str | None]:
    found = decide(records, person, Purpose.MARKETING, ContactChannel.EMAIL)
    return found.allowed, found.ground, None if found.record is None else found.record.id


def test_nobody_is_written_to_who_was_never_asked_and_what_people_do_is_noted_until_they_say_no() -> None:
    assert mail([]) == (False, Ground.NEVER_ASKED, None)
    assert decide([], ALONE, Purpose.BEHAVIOUR, None).allowed
    assert not decide([said(False, 0, purpose=Purpose.BEHAVIOUR)], ALONE, Purpose.BEHAVIOUR, None).allowed


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([said(True, 0)], (True, Ground.GRANTED, "a0True")),
        ([said(True, 0), said(False, 1)], (False, Ground.REFUSED, "a1False")),
        ([said(False, 0), said(True, 1)], (True, Ground.GRANTED, "a1True")),
        ([said(True, 0), said(False, 0)], (False, Ground.REFUSED, "a0False")),
        ([said(False, 0), said(True, 1, channel=ContactChannel.EMAIL)], (True, Ground.GRANTED, "a1True")),
        ([said(True, 0, channel=ContactChannel.EMAIL), said(False, 1)], (False, Ground.REFUSED, "a1False")),
        ([said(True, 0), said(False, 1, channel=ContactChannel.LINE)], (True, Ground.GRANTED, "a0True")),
        ([said(True, 0, purpose=Purpose.SURVEY)], (False, Ground.NEVER_ASKED, None)),
    ],
    ids=range(8),
)
def test_the_latest_answer_holds_and_of_one_instant_the_no(
    records: list[ConsentRecord], expected: tuple[bool, Ground, str | None]
) -> None:
    for order in permutations(records):
        assert mail(list(order)) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([said(True, -2), said(False, -3, "b")], (False, Ground.REFUSED_BEFORE_MERGE, "b-3False")),
        ([said(True, -3), said(False, -2, "b")], (False, Ground.REFUSED, "b-2False")),
        ([said(True, -2)], (True, Ground.GRANTED, "a-2True")),
        ([said(True, -2), said(True, -3, "b")], (True, Ground.GRANTED, "a-2True")),
        ([said(True, 1), said(False, -3, "b")], (True, Ground.GRANTED, "a1True")),
        ([said(True, -1), said(True, -2, "b"), said(False, 1, "b")], (False, Ground.REFUSED, "b1False")),
    ],
    ids=range(6),
)
def test_after_a_merge_the_no_of_either_holds_until_the_person_is_asked_again(
    records: list[ConsentRecord], expected: tuple[bool, Ground, str | None]
) -> None:
    for order in permutations(records):
        assert mail(list(order), MERGED) == expected


answers = st.lists(
    st.builds(
        said,
        st.booleans(),
        st.integers(-3, 3),
        st.sampled_from("ab"),
        st.sampled_from([None, ContactChannel.EMAIL, ContactChannel.LINE]),
    ),
    max_size=6,
)


@given(answers)
def test_a_merge_never_allows_what_neither_allowed_and_unmerging_is_as_if_it_never_was(
    records: list[ConsentRecord],
) -> None:
    apart = {id: decide([r for r in records if r.subject == id], Person(frozenset(id)), *MAIL) for id in "ab"}
    merged = decide(records, MERGED, *MAIL)
    if merged.allowed:
        assert any(one.allowed for one in apart.values())
        assert merged.record is not None
        assert merged.record.granted
    if not any(record.at > NOW for record in records):
        assert merged.allowed is (
            any(one.allowed for one in apart.values())
            and not any(one.record is not None and not one.allowed for one in apart.values())
        )
    again = {id: decide([r for r in records if r.subject == id], Person(frozenset(id)), *MAIL) for id in "ab"}
    assert again == apart
    assert all(state == decide(records, MERGED, state.purpose, state.channel) for state in current(records, MERGED))


MAIL = (Purpose.MARKETING, ContactChannel.EMAIL)


def test_the_door_finds_all_profiles_of_who_said_no() -> None:
    persons = {"a": MERGED, "b": MERGED, "c": Person(frozenset("c"))}
    no = said(False, -1, "b", purpose=Purpose.BEHAVIOUR)
    assert refused_subjects([no], persons, Purpose.BEHAVIOUR) == {"a", "b"}
    assert refused_subjects([], persons, Purpose.BEHAVIOUR) == set()


def test_an_answer_of_tomorrow_or_without_a_text_is_refused() -> None:
    from dataclasses import replace

    record = said(True, 0)
    bad = replace(record, at=NOW + timedelta(minutes=6), text_version="", source="x" * 101)
    problems = check_record(bad)
    assert [problem.path[-1] for problem in problems] == ["textVersion", "source", "at"]
    assert all(isinstance(problem, InvalidInput) for problem in problems)
    assert check_record(record) == []
