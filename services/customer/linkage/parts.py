"""The parts of a profile that linkage compares, their levels of agreement, and what each level usually weighs.

`m` is how often two records of one person are on a level, `u` how often two of anybody are: the weight of a level is
log2(m / u). What is given here was estimated from 20,000 generated Japanese records (`benchmarks.identity.people`);
it is where the estimation begins, and what counts where there are too few people to estimate from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from splink.comparison_level_library import CustomLevel, ElseLevel
from splink.comparison_library import CustomComparison
from splink.internals.comparison_level_creator import ComparisonLevelCreator

CLOSE: Final = 0.88
"""Jaro-Winkler similarity from which two names or streets are the same with a typing error."""


@dataclass(frozen=True, slots=True)
class Level:
    """What is found on it, DuckDB's condition for it, and what it weighs; `column`: one whose rare values say more."""

    finding: str
    condition: str
    m: float
    u: float
    column: str | None = None

    def creator(self) -> ComparisonLevelCreator:
        """For splink."""
        level = CustomLevel(self.condition, self.finding).configure(m_probability=self.m, u_probability=self.u)
        return level if self.column is None else level.configure(tf_adjustment_column=self.column)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is compared: when it says nothing, and its levels, the closest first. Who fits none is against it."""

    name: str
    silent: str
    levels: Sequence[Level]
    against: str

    def comparison(self) -> CustomComparison:
        """For splink."""
        silent = CustomLevel(self.silent).configure(is_null_level=True)
        against = ElseLevel().configure(
            m_probability=round(1 - sum(level.m for level in self.levels), 6),
            u_probability=round(1 - sum(level.u for level in self.levels), 6),
        )
        return CustomComparison([silent, *(level.creator() for level in self.levels), against], self.name)

    def finding(self, gamma: int) -> str | None:
        """What splink's number of a level stands for; None where the part is silent."""
        if gamma < 0:
            return None
        return self.against if gamma == 0 else self.levels[len(self.levels) - gamma].finding


def _both(column: str) -> str:
    return f"{column}_l IS NOT NULL AND {column}_r IS NOT NULL"


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _close(column: str) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {CLOSE}"


def _near(column: str, typos: int = 1) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {typos}"


def _shared(column: str) -> str:
    return f"len(list_intersect({column}_l, {column}_r)) > 0"


def _name(part: str, u: tuple[float, float, float], against: float) -> Part:
    kana = f"{part}_kana"
    return Part(
        part,
        silent=f"NOT ({_both(part)}) AND NOT ({_both(kana)})",
        levels=(
            Level("the same spelling", _equal(part), 0.93 - against - 0.37, u[0], part),
            Level("the same reading", _equal(kana), 0.37, u[1], kana),
            Level("nearly the same", f"{_near(kana)} OR {_close(kana)} OR {_close(part)}", 0.07, u[2]),
        ),
        against="another name",
    )


PARTS: Final = (
    _name("family", (0.0025, 0.0009, 0.0037), against=0.04),
    _name("given", (0.0002, 0.0005, 0.0021), against=0.01),
    Part(
        "birthday",
        silent=f"NOT ({_both('birthday')})",
        levels=(
            Level("the same", _equal("birthday"), 0.93, 0.0001),
            Level("one digit differs", _near("birthday"), 0.06, 0.0015),
            Level("two digits differ", _near("birthday", 2), 0.007, 0.0157),
        ),
        against="another day",
    ),
    Part(
        "contact",
        silent=" AND ".join(
            [f"NOT ({_both(one)})" for one in ("street", "postal")]
            + [f"(len({one}_l) = 0 OR len({one}_r) = 0)" for one in ("phones", "emails")]
        ),
        levels=(
            Level("a shared e-mail address", _shared("emails"), 0.17, 0.00002),
            Level("a shared phone number", _shared("phones"), 0.40, 0.00003),
            Level("the same address", _equal("street"), 0.12, 0.00002),
            Level("nearly the same address", f"{_close('street')} AND {_near('postal')}", 0.05, 0.00009),
            Level("nearly the same street", _close("street"), 0.01, 0.00005),
            Level("the same postal code", _equal("postal"), 0.14, 0.00018),
            Level("nearly the same postal code", _near("postal"), 0.01, 0.00009),
        ),
        against="nothing shared",
    ),
)
