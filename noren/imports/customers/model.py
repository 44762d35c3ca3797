"""What can become of a row of a file of customers; every row ends in exactly one outcome."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Where a row ended, in the order of the report."""

    READY = "READY"
    CREATED = "CREATED"
    MATCHED = "MATCHED"
    MERGED = "MERGED"
    ROW_EMPTY = "ROW_EMPTY"
    DUPLICATE = "DUPLICATE"
    CELLS_UNEVEN = "CELLS_UNEVEN"
    NOBODY = "NOBODY"
    CUSTOMER_REFUSED = "CUSTOMER_REFUSED"


class Remark(StrEnum):
    """What of a row that was taken was left out, because it cannot be kept."""

    IDENTITY_LEFT_OUT = "IDENTITY_LEFT_OUT"
    BIRTHDAY_LEFT_OUT = "BIRTHDAY_LEFT_OUT"
    DATE_LEFT_OUT = "DATE_LEFT_OUT"
    EMAIL_LEFT_OUT = "EMAIL_LEFT_OUT"
    PHONE_LEFT_OUT = "PHONE_LEFT_OUT"
    ADDRESS_LEFT_OUT = "ADDRESS_LEFT_OUT"
    NAME_LEFT_OUT = "NAME_LEFT_OUT"
    LANGUAGE_LEFT_OUT = "LANGUAGE_LEFT_OUT"


TAKEN: Final = (Outcome.READY, Outcome.CREATED, Outcome.MATCHED, Outcome.MERGED)

MEANING: Final[Mapping[Outcome, str]] = {
    Outcome.READY: "would be taken; who it is is known only when really importing",
    Outcome.CREATED: "somebody new",
    Outcome.MATCHED: "somebody who was known",
    Outcome.MERGED: "proved that several who were known are one, who were merged",
    Outcome.ROW_EMPTY: "no cell holds anything",
    Outcome.DUPLICATE: "equal to an earlier row in every cell",
    Outcome.CELLS_UNEVEN: "more or fewer cells than the header has",
    Outcome.NOBODY: "nothing that could tell whom it is about",
    Outcome.CUSTOMER_REFUSED: "the customer service refused it",
}

REMARK_MEANING: Final[Mapping[Remark, str]] = {
    Remark.IDENTITY_LEFT_OUT: "an identifier that is none was left out",
    Remark.BIRTHDAY_LEFT_OUT: "a birthday that is none was left out",
    Remark.DATE_LEFT_OUT: "a date in no format of the mapping was left out",
    Remark.EMAIL_LEFT_OUT: "an e-mail address that is none was left out",
    Remark.PHONE_LEFT_OUT: "a phone number that is none was left out",
    Remark.ADDRESS_LEFT_OUT: "an address that cannot be kept was left out",
    Remark.NAME_LEFT_OUT: "a name that cannot be kept was left out",
    Remark.LANGUAGE_LEFT_OUT: "a language that is none was left out",
}
