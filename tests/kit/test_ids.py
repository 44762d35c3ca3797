"""Ids: readable, prefixed, in the order of time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kit.ids import BODY_LENGTH, derived_id, new_id

DAYS = st.integers(min_value=0, max_value=20_000)


def test_an_id_is_its_prefix_and_a_body_of_fixed_length() -> None:
    prefix, body = new_id("cus").split("_")

    assert prefix == "cus"
    assert len(body) == BODY_LENGTH
    assert body.isalnum()
    assert body == body.upper()


def test_ids_differ_even_in_one_millisecond() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)

    assert len({new_id("ord", at=at) for _ in range(1_000)}) == 1_000


@given(DAYS, DAYS)
def test_ids_of_imported_history_sort_by_the_time_they_are_given(one: int, other: int) -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC)
    ids = {day: new_id("ord", at=start + timedelta(days=day)) for day in (one, other)}

    assert [ids[day] for day in sorted(ids)] == sorted(ids.values())


def test_an_id_of_the_past_sorts_before_one_of_now() -> None:
    assert new_id("ord", at=datetime(2013, 1, 29, tzinfo=UTC)) < new_id("ord")


def test_a_derived_id_is_its_digest_and_its_instants() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    ids = [derived_id("quo", digest, at=when) for digest in (b"a" * 10, b"b" * 16) for when in (at, at + timedelta(1))]

    assert len(set(ids)) == 4
    assert derived_id("quo", b"a" * 32, at=at) == ids[0]
    assert ids[0][:14] == new_id("quo", at=at)[:14], "time-ordered like a fresh one"
