"""Every row of a file of balances ends in one outcome, and every point in one sum."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from noren.imports.errors import ImportStopped
from noren.imports.points.mapping import Expiry, ExpiryRule, PointColumns, PointMapping, Rate
from noren.imports.points.model import Outcome
from noren.imports.points.rows import Row, classify, reconcile
from noren.imports.reading import csv_table

NOW = datetime(2026, 4, 1, tzinfo=UTC)
COLUMNS = PointColumns(account="会員番号", points="残高", expires="期限")
CARD = PointMapping(source="card", columns=COLUMNS, expiry=Expiry(rule=ExpiryRule.COLUMN))


def decided(*lines: str, mapping: PointMapping = CARD) -> list[Row]:
    text = "\n".join(("会員番号,残高,期限", *lines))
    return classify(csv_table(text, "card.csv"), mapping, now=NOW)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("1001,500,2026-12-31", None),
        ("１００１,５００,", None),
        ('1001,"1,500",', None),
        ("1001,500.0,", None),
        ("1001,0,", None),
        (",,", Outcome.ROW_EMPTY),
        ("1001,500", Outcome.CELLS_UNEVEN),
        (",500,", Outcome.ACCOUNT_MISSING),
        ("a|b,500,", Outcome.ACCOUNT_UNUSABLE),
        ("9" * 65 + ",500,", Outcome.ACCOUNT_UNUSABLE),
        ("1001,many,", Outcome.POINTS_UNREADABLE),
        ("1001,1.5,", Outcome.POINTS_UNREADABLE),
        ("1001,-5,", Outcome.POINTS_NEGATIVE),
        ("1001,10000001,", Outcome.POINTS_TOO_LARGE),
        ("1001,5,soon", Outcome.EXPIRY_UNREADABLE),
        ("1001,5,2026-03-31", Outcome.EXPIRED),
        ("1001,5,2099-03-31", Outcome.EXPIRY_TOO_FAR),
    ],
)
def test_a_row_ends_in_the_first_outcome_that_fits(line: str, outcome: Outcome | None) -> None:
    assert decided(line)[0].outcome == outcome


def test_points_can_be_spent_until_the_end_of_the_day_there() -> None:
    (row,) = decided("1001,5,2026-12-31")
    assert row.expires_at == datetime(2026, 12, 31, 15, tzinfo=UTC)


def test_an_account_has_one_row_a_lot() -> None:
    rows = decided("1001,5,2026-12-31", "1001,5,2027-12-31", "1001,6,2026-12-31", "1001,5,2026-12-31")
    assert [row.outcome for row in rows] == [None, None, Outcome.ACCOUNT_REPEATED, Outcome.DUPLICATE]


def test_a_rate_rounds_each_balance_down_and_says_what_is_left_over() -> None:
    half = CARD.model_copy(update={"rate": Rate(points=1, per=2)})
    rows = decided("1,5,", "2,4,", "3,x,", "4,-7,", mapping=half)
    assert [row.points for row in rows[:2]] == [2, 2]
    points = reconcile(rows, half)
    assert (points.total, points.taken, points.brought, points.rounded, points.unread) == (2, 9, 4, 1, 1)
    assert points.refused == {Outcome.POINTS_NEGATIVE: -7}
    assert points.is_whole


CELLS = st.tuples(
    st.sampled_from(["1", "2", "", "a|b"]),
    st.sampled_from(["0", "5", "70", "-3", "x", "1,000", "99999999"]),
    st.sampled_from(["", "2026-12-31", "2020-01-01", "?"]),
)


@given(st.lists(CELLS, max_size=30), st.integers(1, 9), st.integers(1, 9))
def test_every_point_of_a_file_is_taken_or_refused_by_reason(
    cells: list[tuple[str, str, str]], to: int, per: int
) -> None:
    mapping = CARD.model_copy(update={"rate": Rate(points=to, per=per)})
    rows = decided(*(f'{account},"{points}",{expires}' for account, points, expires in cells), mapping=mapping)
    points = reconcile(rows, mapping)
    assert points.is_whole
    assert points.taken * to == points.brought * per + points.rounded


def test_a_rule_may_set_one_day_for_all() -> None:
    columns = PointColumns(account="会員番号", points="残高")
    rule = Expiry(rule=ExpiryRule.DATE, last_day=date(2026, 6, 30))
    (row,) = decided("1,5,2020-01-01", mapping=PointMapping(source="card", columns=columns, expiry=rule))
    assert row.expires_at == datetime(2026, 6, 30, 15, tzinfo=UTC)


def test_what_cannot_be_a_mapping_is_refused(tmp_path: Path) -> None:
    columns = PointColumns(account="a", points="p")
    for wrong in ({"expiry": Expiry(rule=ExpiryRule.COLUMN)}, {"source": "a|b"}, {"time_zone": "Mars"}):
        with pytest.raises(ValidationError):
            PointMapping.model_validate({"source": "card", "columns": columns, **wrong})
    with pytest.raises(ImportStopped, match="columns missing: 'p' "):
        decided("1,5,", mapping=PointMapping(source="card", columns=PointColumns(account="残高", points="p")))
