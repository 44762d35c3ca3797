"""The list of rows not taken, as CSV and as JSON Lines."""

import csv
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from noren.imports.accounting import not_taken
from noren.imports.errors import ImportStopped
from noren.imports.report import check_report, write_not_taken

Make = Callable[..., dict[str, str]]
Decide = Callable[..., pl.DataFrame]


def test_both_kinds_name_line_outcome_and_reason(row: Make, decide: Decide, tmp_path: Path) -> None:
    refused = not_taken(decide([row(), row(), row(quantity="-3")]))
    assert write_not_taken(refused, tmp_path / "t.csv") == 2
    assert write_not_taken(refused, tmp_path / "t.jsonl") == 2
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        in_csv = list(csv.DictReader(file))
    in_json = [orjson.loads(line) for line in (tmp_path / "t.jsonl").read_bytes().splitlines()]
    assert [(told["line"], told["outcome"], told["detail"]) for told in in_json] == [
        (3, "DUPLICATE", "repeats line 2"),
        (4, "QUANTITY_NEGATIVE", None),
    ]
    assert in_csv[1]["meaning"] == in_json[1]["meaning"] != ""
    assert (in_csv[1]["quantity"], in_csv[1]["invoice"]) == ("-3", "536365")
    assert "17850" not in (tmp_path / "t.csv").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ImportStopped, match=r"ends in \.csv or \.jsonl"):
        check_report(tmp_path / "t.txt")
    with pytest.raises(ImportStopped, match="--report"):
        check_report(tmp_path / "none" / "t.csv")
