"""The comparison by splink, in DuckDB, in this process. Needs the extra `linkage`.

Only pairs that share something are looked at (`BLOCKING`), each part of a pair is put on a level of agreement, and the
weights of the levels are estimated by expectation maximisation from the records, without labels (Fellegi and Sunter
1969; splink's documentation names the formulas). Address, phone and e-mail are one part with one level counted: people
of one household share them together, so they say it once.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import duckdb
import pyarrow
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI
from splink.comparison_level_library import CustomLevel, ElseLevel
from splink.comparison_library import CustomComparison

from services.customer.linkage.model import REVIEW_FROM, Evidence, Link, Person

TEXT: Final = pyarrow.string()
LISTS: Final = ("phones", "emails", "few_phones", "few_emails")
TEXTS: Final = ("unique_id", "family", "given", "family_kana", "given_kana", "birthday", "postal", "street")
FEW: Final = ("few_birthday", "few_postal", "few_street")
SCHEMA: Final = pyarrow.schema(
    [(name, TEXT) for name in (*TEXTS, *FEW)] + [(name, pyarrow.list_(TEXT)) for name in LISTS]
)
CLOSE: Final = 0.88
"""Jaro-Winkler similarity from which two names or streets are the same with a typing error."""
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


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a profile that is compared: when it says nothing, and its levels of agreement, the closest first, each
    with what is found and DuckDB's condition for it. What fits none of them speaks against."""

    name: str
    silent: str
    levels: Sequence[tuple[str, str, str | None]]
    against: str

    def comparison(self) -> CustomComparison:
        """For splink. The third of a level names the column whose rare values say more than its frequent ones."""
        known = [
            CustomLevel(condition, finding).configure(tf_adjustment_column=column)
            if column is not None
            else CustomLevel(condition, finding)
            for finding, condition, column in self.levels
        ]
        return CustomComparison(
            [CustomLevel(self.silent).configure(is_null_level=True), *known, ElseLevel()], self.name
        )

    def finding(self, gamma: int) -> str | None:
        """What splink's number of a level stands for; None where the part is silent."""
        if gamma < 0:
            return None
        return self.against if gamma == 0 else self.levels[len(self.levels) - gamma][0]


def _both(column: str) -> str:
    return f"{column}_l IS NOT NULL AND {column}_r IS NOT NULL"


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _close(column: str) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {CLOSE}"


def _near(column: str) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= 1"


def _shared(column: str) -> str:
    return f"len(list_intersect({column}_l, {column}_r)) > 0"


def _name(part: str) -> _Part:
    kana = f"{part}_kana"
    return _Part(
        part,
        silent=f"NOT ({_both(part)}) AND NOT ({_both(kana)})",
        levels=(
            ("the same spelling", _equal(part), part),
            ("the same reading", _equal(kana), kana),
            ("nearly the same", f"{_near(kana)} OR {_close(kana)} OR {_close(part)}", None),
        ),
        against="another name",
    )


PARTS: Final = (
    _name("family"),
    _name("given"),
    _Part(
        "birthday",
        silent=f"NOT ({_both('birthday')})",
        levels=(
            ("the same", _equal("birthday"), None),
            ("one digit differs", "damerau_levenshtein(birthday_l, birthday_r) <= 1", None),
            ("two digits differ", "damerau_levenshtein(birthday_l, birthday_r) <= 2", None),
        ),
        against="another day",
    ),
    _Part(
        "contact",
        silent=" AND ".join(
            [f"NOT ({_both(one)})" for one in ("street", "postal")]
            + [f"(len({one}_l) = 0 OR len({one}_r) = 0)" for one in ("phones", "emails")]
        ),
        levels=(
            ("a shared e-mail address", _shared("emails"), None),
            ("a shared phone number", _shared("phones"), None),
            ("the same address", _equal("street"), None),
            ("nearly the same address", f"{_close('street')} AND {_near('postal')}", None),
            ("nearly the same street", _close("street"), None),
            ("the same postal code", _equal("postal"), None),
            ("nearly the same postal code", _near("postal"), None),
        ),
        against="nothing shared",
    ),
)


def link(people: Iterable[Person], *, least: float = REVIEW_FROM, threads: int = 2) -> list[Link]:
    """Every pair with at least this probability, likeliest first; fewer than two people give none."""
    table = pyarrow.Table.from_pylist(_rows(people), schema=SCHEMA)
    if table.num_rows < 2:
        return []
    with duckdb.connect(":memory:", config={"threads": threads}) as connection:
        connection.register("arrived", table)
        connection.execute("CREATE TABLE people AS SELECT * FROM arrived")
        linker = Linker(DuckDBAPI(connection).register("people"), _settings(), log_level=logging.ERROR)
        _train(linker, [rule for rule in TRAINING if _agreed(connection, rule)])
        rows = linker.inference.predict(threshold_match_probability=least).as_record_list()
    return sorted(map(_link, rows), key=lambda one: (-one.probability, one.left, one.right))


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[part.comparison() for part in PARTS],
        blocking_rules_to_generate_predictions=list(BLOCKING),
        retain_intermediate_calculation_columns=True,
    )


def _agreed(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> bool:
    """Whether any two agree in all of these; without a pair splink cannot estimate from them."""
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    query = f"SELECT 1 FROM people WHERE {known} GROUP BY {', '.join(columns)} HAVING count(*) > 1 LIMIT 1"
    return connection.execute(query).fetchall() != []


def _train(linker: Linker, rules: Iterable[Sequence[str]]) -> None:
    training = linker.training
    training.estimate_probability_two_random_records_match(list(SURE), recall=RECALL_OF_RULES)
    training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for columns in rules:
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))


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
