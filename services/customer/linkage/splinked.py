"""The comparison by splink, in DuckDB, in this process. Needs the extra `linkage`.

Only pairs that share something are looked at (`BLOCKING`), each part of a pair is put on a level of agreement, and the
weights of the levels are estimated by expectation maximisation from the records, without labels (Fellegi and Sunter
1969; splink's documentation names the formulas). Address, phone and e-mail are one part with one level counted: people
of one household share them together, so they say it once.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import duckdb
import pyarrow
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI
from splink.internals.exceptions import EMTrainingException

from kit.log import logger
from services.customer.linkage.model import REVIEW_FROM, Evidence, Link, Person
from services.customer.linkage.parts import PARTS

log = logger(__name__)

TEXT: Final = pyarrow.string()
LISTS: Final = ("phones", "emails", "few_phones", "few_emails")
TEXTS: Final = ("unique_id", "family", "given", "family_kana", "given_kana", "birthday", "postal", "street")
FEW: Final = ("few_birthday", "few_postal", "few_street")
SCHEMA: Final = pyarrow.schema(
    [(name, TEXT) for name in (*TEXTS, *FEW)] + [(name, pyarrow.list_(TEXT)) for name in LISTS]
)
MIN_TRAINED: Final = 1_000
"""Fewer people have too few pairs to estimate weights from."""
SAMPLED_PAIRS: Final = 1_000_000.0
"""For how often strangers agree by chance."""
SEED: Final = 1
RECALL_OF_RULES: Final = 0.7
"""How many of the true pairs the sure rules are taken to find; the result depends on it little."""

MAX_BLOCK: Final = 500
"""A value that more have (a placeholder, a care home's address) brings no pairs together: they grow with its square."""
BLOCKING: Final = (
    block_on("few_birthday"),
    block_on("few_postal"),
    block_on("few_street"),
    block_on("family", "given"),
    block_on("family_kana", "given_kana"),
    block_on("substr(family, 1, 3)", "substr(birthday, 1, 4)"),
    block_on("substr(given, 1, 3)", "substr(birthday, 5, 4)"),
    block_on("few_phones", arrays_to_explode=["few_phones"]),
    block_on("few_emails", arrays_to_explode=["few_emails"]),
)
"""A pair is looked at if one of these holds."""
SURE: Final = (
    block_on("birthday", "family", "given"),
    block_on("birthday", "family_kana", "given_kana"),
    block_on("given", "few_emails", arrays_to_explode=["few_emails"]),
)
"""Pairs that are of one person nearly always: how frequent matches are is estimated from them."""
TRAINING: Final = (("birthday",), ("family_kana", "given_kana"), ("family", "given"))
"""Weights are estimated among pairs that agree in one of these, each time those of the other parts."""


def link(people: Iterable[Person], *, least: float = REVIEW_FROM, threads: int = 2) -> list[Link]:
    """Every pair with at least this probability, likeliest first; fewer than two people give none."""
    table = pyarrow.Table.from_pylist(_rows(people), schema=SCHEMA)
    if table.num_rows < 2:
        return []
    with duckdb.connect(":memory:", config={"threads": threads}) as connection:
        connection.register("arrived", table)
        connection.execute("CREATE TABLE people AS SELECT * FROM arrived")
        rows = _predicted(connection, table.num_rows, least)
    return sorted(map(_link, rows), key=lambda one: (-one.probability, one.left, one.right))


def _predicted(connection: duckdb.DuckDBPyConnection, people: int, least: float) -> list[dict[str, Any]]:
    """With weights of these records; with usual ones where they are too few, or too much alike, to estimate from."""
    if people >= MIN_TRAINED:
        try:
            return _trained(connection, people).inference.predict(threshold_match_probability=least).as_record_list()
        except (EMTrainingException, ValueError) as error:
            log.warning("linkage is not estimated from these records", reason=type(error).__name__)
    return _linker(connection, people).inference.predict(threshold_match_probability=least).as_record_list()


def _trained(connection: duckdb.DuckDBPyConnection, people: int) -> Linker:
    linker = _linker(connection, people)
    training = linker.training
    training.estimate_probability_two_random_records_match(list(SURE), recall=RECALL_OF_RULES)
    training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for columns in TRAINING:
        if _agreed(connection, columns):
            training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    return linker


def _linker(connection: duckdb.DuckDBPyConnection, people: int) -> Linker:
    return Linker(DuckDBAPI(connection).register("people"), _settings(people), log_level=logging.ERROR)


def _settings(people: int) -> SettingsCreator:
    """Before anything is estimated, as many pairs are taken to match as there are people."""
    return SettingsCreator(
        link_type="dedupe_only",
        probability_two_random_records_match=1 / people,
        comparisons=[part.comparison() for part in PARTS],
        blocking_rules_to_generate_predictions=list(BLOCKING),
        retain_intermediate_calculation_columns=True,
    )


def _agreed(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> bool:
    """Whether any two agree in all of these; without a pair splink cannot estimate from them."""
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    query = f"SELECT 1 FROM people WHERE {known} GROUP BY {', '.join(columns)} HAVING count(*) > 1 LIMIT 1"
    return connection.execute(query).fetchall() != []


def _rows(people: Iterable[Person]) -> list[dict[str, Any]]:
    rows = [_row(person) for person in people]
    for name in ("birthday", "postal", "street"):
        counts = Counter(row[name] for row in rows)
        for row in rows:
            row[f"few_{name}"] = row[name] if counts[row[name]] <= MAX_BLOCK else None
    for name in ("phones", "emails"):
        counts = Counter(value for row in rows for value in row[name])
        for row in rows:
            row[f"few_{name}"] = [value for value in row[name] if counts[value] <= MAX_BLOCK]
    return rows


def _row(person: Person) -> dict[str, Any]:
    birthday = None if person.birthday is None else f"{person.birthday:%Y%m%d}"
    return {**asdict(person), "unique_id": person.id, "birthday": birthday}


def _link(row: dict[str, Any]) -> Link:
    left, right = sorted((row["unique_id_l"], row["unique_id_r"]))
    return Link(left, right, row["match_probability"], tuple(_evidence(row)))


def _evidence(row: dict[str, Any]) -> Iterator[Evidence]:
    """Of every part that says something; a value that few have weighs more than a frequent one."""
    for part in PARTS:
        if (finding := part.finding(row[f"gamma_{part.name}"])) is not None:
            weight = row[f"mw_{part.name}"] + row.get(f"mw_tf_adj_{part.name}", 0.0)
            yield Evidence(part.name, finding, round(weight, 2))
