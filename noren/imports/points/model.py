"""What can become of a row of a file of balances; every row ends in exactly one outcome."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Where a row ended, in the order of the report."""

    READY = "READY"
    BROUGHT = "BROUGHT"
    UNCHANGED = "UNCHANGED"
    ROW_EMPTY = "ROW_EMPTY"
    DUPLICATE = "DUPLICATE"
    CELLS_UNEVEN = "CELLS_UNEVEN"
    ACCOUNT_MISSING = "ACCOUNT_MISSING"
    ACCOUNT_UNUSABLE = "ACCOUNT_UNUSABLE"
    POINTS_UNREADABLE = "POINTS_UNREADABLE"
    POINTS_NEGATIVE = "POINTS_NEGATIVE"
    POINTS_TOO_LARGE = "POINTS_TOO_LARGE"
    EXPIRY_UNREADABLE = "EXPIRY_UNREADABLE"
    EXPIRED = "EXPIRED"
    EXPIRY_TOO_FAR = "EXPIRY_TOO_FAR"
    ACCOUNT_REPEATED = "ACCOUNT_REPEATED"
    CUSTOMER_REFUSED = "CUSTOMER_REFUSED"
    WALLET_REFUSED = "WALLET_REFUSED"


TAKEN: Final = (Outcome.READY, Outcome.BROUGHT, Outcome.UNCHANGED)

MEANING: Final[Mapping[Outcome, str]] = {
    Outcome.READY: "would be taken; what it moves is known only when really importing",
    Outcome.BROUGHT: "the account is brought to this balance",
    Outcome.UNCHANGED: "the account was brought to this balance before",
    Outcome.ROW_EMPTY: "no cell holds anything",
    Outcome.DUPLICATE: "equal to an earlier row in every cell",
    Outcome.CELLS_UNEVEN: "more or fewer cells than the header has",
    Outcome.ACCOUNT_MISSING: "no account",
    Outcome.ACCOUNT_UNUSABLE: "an account that is too long or not printable",
    Outcome.POINTS_UNREADABLE: "points that are no whole number",
    Outcome.POINTS_NEGATIVE: "points below zero: a debt is not imported, a person decides",
    Outcome.POINTS_TOO_LARGE: "more points than one posting takes",
    Outcome.EXPIRY_UNREADABLE: "an expiry in no date format of the mapping",
    Outcome.EXPIRED: "points that have expired",
    Outcome.EXPIRY_TOO_FAR: "an expiry further away than ten years",
    Outcome.ACCOUNT_REPEATED: "an earlier row has the same account and lot",
    Outcome.CUSTOMER_REFUSED: "the customer service refused the account",
    Outcome.WALLET_REFUSED: "the wallet refused the points",
}
