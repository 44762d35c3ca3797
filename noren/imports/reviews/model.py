"""What can become of a row of a file of reviews; every row ends in exactly one outcome."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Where a row ended, in the order of the report."""

    TAKEN = "TAKEN"
    READY = "READY"
    ROW_EMPTY = "ROW_EMPTY"
    CELLS_UNEVEN = "CELLS_UNEVEN"
    ID_MISSING = "ID_MISSING"
    ID_REPEATED = "ID_REPEATED"
    PRODUCT_MISSING = "PRODUCT_MISSING"
    RATING_UNREADABLE = "RATING_UNREADABLE"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    HELPFUL_UNREADABLE = "HELPFUL_UNREADABLE"
    REVIEW_REFUSED = "REVIEW_REFUSED"


TAKEN: Final = (Outcome.TAKEN, Outcome.READY)

MEANING: Final[Mapping[Outcome, str]] = {
    Outcome.TAKEN: "is in the catalog now, or was already",
    Outcome.READY: "would be taken; whether its product is there is known only when really importing",
    Outcome.ROW_EMPTY: "no cell holds anything",
    Outcome.CELLS_UNEVEN: "more or fewer cells than the header has",
    Outcome.ID_MISSING: "no id, by which the review would be known again",
    Outcome.ID_REPEATED: "an earlier row has the same id",
    Outcome.PRODUCT_MISSING: "no product",
    Outcome.RATING_UNREADABLE: "a rating that is no whole number",
    Outcome.DATE_UNREADABLE: "a date that is not ISO 8601",
    Outcome.HELPFUL_UNREADABLE: "a number of helpful votes that is no whole number from 0",
    Outcome.REVIEW_REFUSED: "the catalog refused it: no such product, a rating beyond 1 to 5, a text too long",
}
