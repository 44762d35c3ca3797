"""Linkage against generated people whose truth is known, and what its evidence adds up to."""

import math
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.identity.__main__ import measure
from benchmarks.identity.sets import japanese
from services.customer.linkage import splinked
from services.customer.linkage.model import Link, Person, fold_address
from services.customer.linkage.splinked import link

RECORDS = 1_500
Linked = tuple[list[Link], dict[str, str], dict[str, Person]]


@pytest.fixture(scope="module")
def linked() -> Linked:
    people, truth = japanese(RECORDS, seed=7)
    return link(people), truth, {one.id: one for one in people}


def test_it_finds_most_and_is_wrong_seldom(linked: Linked) -> None:
    links, truth, _ = linked

    precision, recall = measure(links, truth, 0.9)

    assert precision > 0.98
    assert recall > 0.6


def test_a_pair_is_told_once_the_likeliest_first(linked: Linked) -> None:
    links, _, _ = linked

    assert all(one.left < one.right for one in links)
    assert len({(one.left, one.right) for one in links}) == len(links)
    assert [one.probability for one in links] == sorted((one.probability for one in links), reverse=True)


def test_the_evidence_adds_up_to_the_probability(linked: Linked) -> None:
    """log2 odds = those of any two records + the weights: the first is the same for every pair."""
    unsure = [one for one in linked[0] if one.probability < 0.9999]

    priors = [
        math.log2(one.probability / (1 - one.probability)) - sum(part.weight for part in one.evidence) for one in unsure
    ]

    assert len(unsure) > 50
    assert max(priors) - min(priors) < 0.05
    assert max(priors) < -5


def test_people_of_one_household_are_told_apart(linked: Linked) -> None:
    links, truth, people = linked
    others = [
        one
        for one in links
        if one.probability >= 0.9
        and truth[one.left] != truth[one.right]
        and people[one.left].street == people[one.right].street is not None
        and people[one.left].birthday != people[one.right].birthday
    ]

    assert others == []


def test_what_too_many_share_brings_no_pairs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splinked, "MAX_BLOCK", 2)
    one = Person("a", birthday=date(1970, 1, 1), phones=("0312345678",), emails=("a@example.jp",))

    rows = splinked._rows([one, replace(one, id="b", emails=()), replace(one, id="c", emails=())])

    assert [row["few_birthday"] for row in rows] == [None] * 3
    assert [row["few_phones"] for row in rows] == [[]] * 3
    assert [row["few_emails"] for row in rows] == [["a@example.jp"], [], []]


def test_fewer_than_two_make_no_pair() -> None:
    assert link([]) == []
    assert link([Person("a")]) == []


@pytest.mark.parametrize(
    "written",
    [
        "東京都千代田区丸の内1丁目2番3号",
        "東京都 千代田区丸の内１−２−３",
        "東京都千代田区丸の内1-2-3",
        "東京都千代田区丸の内1丁目2の3",
    ],
)
def test_one_address_however_it_is_written(written: str) -> None:
    assert fold_address(written) == "東京都千代田区丸の内1-2-3"
