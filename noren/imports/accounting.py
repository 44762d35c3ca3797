"""The account of a file: how many rows ended where, and the proof that none is missing. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from noren.imports.errors import CountsDisagree
from noren.imports.model import TAKEN, Outcome, Remark, Trouble

DETAIL = "detail"
LISTED = ("line", "outcome", DETAIL, "invoice", "sku", "quantity", "unit_price", "date")
"""What the list of rows not taken tells of each, as the file has it. No customer: the line number leads to them."""


@dataclass(frozen=True, slots=True)
class Account:
    """Rows read and where they ended; remarks count rows that were taken: those with an outcome of `taking`."""

    rows_read: int
    outcomes: Mapping[StrEnum, int]
    remarks: Mapping[StrEnum, int]
    taking: Collection[StrEnum] = TAKEN

    @property
    def taken(self) -> int:
        """Rows whose content is kept."""
        return sum(self.outcomes.get(outcome, 0) for outcome in self.taking)

    @property
    def not_taken(self) -> int:
        """Duplicates and refused rows."""
        return sum(self.outcomes.values()) - self.taken


def account_of(rows: pl.DataFrame, rows_read: int) -> Account:
    """Count the outcomes; in the order in which `Outcome` lists them, only those that occur."""
    counts: dict[str, int] = dict(rows.group_by("outcome").len().iter_rows())
    outcomes: dict[StrEnum, int] = {one: counts[one.value] for one in Outcome if one.value in counts}
    remarks: dict[StrEnum, int] = {remark: int(rows[remark.value].sum()) for remark in Remark}
    return Account(rows_read, outcomes, {remark: count for remark, count in remarks.items() if count})


def with_troubles(rows: pl.DataFrame, troubles: Mapping[str, Trouble]) -> pl.DataFrame:
    """The rows again, those of invoices that the services did not take now refused with their words."""
    taken = pl.col("outcome").is_in([outcome.value for outcome in TAKEN])
    outcomes = {invoice: trouble.outcome.value for invoice, trouble in troubles.items()}
    details = {invoice: trouble.detail for invoice, trouble in troubles.items()}
    told = taken & pl.col("invoice").is_in(list(troubles))
    new_outcome = pl.col("invoice").replace_strict(outcomes, default=None, return_dtype=pl.String)
    new_detail = pl.col("invoice").replace_strict(details, default=None, return_dtype=pl.String)
    return rows.with_columns(
        outcome=pl.when(told).then(new_outcome).otherwise("outcome"),
        trouble=pl.when(told).then(new_detail),
        **{remark.value: pl.col(remark.value) & ~told for remark in Remark},
    )


def not_taken(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not taken, in the file's order, with what explains them further."""
    duplicate = pl.col("outcome") == Outcome.DUPLICATE.value
    uneven = pl.col("outcome") == Outcome.CELLS_UNEVEN.value
    detail = (
        pl.when(duplicate).then(pl.format("repeats line {}", "first_line"))
        .when(uneven).then(pl.format("{} cells", "uneven"))
        .otherwise(pl.col("trouble") if "trouble" in rows.columns else pl.lit(None, pl.String))
    )  # fmt: skip
    refused = ~pl.col("outcome").is_in([outcome.value for outcome in TAKEN])
    return rows.filter(refused).with_columns(detail.alias(DETAIL)).select(LISTED).sort("line")


def prove(account: Account, *, lines_handed_over: int, rows_listed: int) -> None:
    """Rows read = lines handed to the services + rows on the list; CountsDisagree tells what was counted."""
    agree = account.taken == lines_handed_over and account.not_taken == rows_listed
    if agree and account.rows_read == lines_handed_over + rows_listed:
        return
    raise CountsDisagree(
        f"{account.rows_read} rows were read, but {lines_handed_over} became lines and {rows_listed} are listed as not "
        f"taken (counted by outcome: {account.taken} and {account.not_taken})"
    )
