"""Who is one person, from the merges that hold."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.customer.kin.model import Bond, Person, persons_of

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
ids = st.sampled_from("abcdef")


def test_a_profile_without_merges_is_a_person_of_its_own() -> None:
    assert persons_of(["a"], []) == {"a": Person(frozenset("a"))}


def test_merges_of_merges_are_one_person_seen_from_each_and_joined_when_the_last_was() -> None:
    bonds = [Bond("m1", "a", "b", NOW), Bond("m2", "c", "a", NOW + timedelta(days=1)), Bond("m3", "x", "y", NOW)]
    for order in permutations(bonds):
        persons = persons_of("abcz", order)
        assert {persons[id] for id in "abc"} == {Person(frozenset("abc"), NOW + timedelta(days=1))}
        assert persons["z"] == Person(frozenset("z"))


@given(st.lists(st.tuples(ids, ids), max_size=8), st.integers(0, 7))
def test_parting_what_was_merged_leaves_who_there_was_before(pairs: list[tuple[str, str]], last: int) -> None:
    bonds = [Bond(f"m{n}", into, merged, NOW) for n, (into, merged) in enumerate(pairs)]
    before = persons_of("abcdef", bonds)
    merged = persons_of("abcdef", [*bonds, Bond("more", "a", "b", NOW)])
    assert merged["a"].ids == before["a"].ids | before["b"].ids
    assert all(person.ids == persons_of([id], bonds)[id].ids for id, person in before.items())
