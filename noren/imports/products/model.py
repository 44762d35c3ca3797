"""What can become of a row of a product file; every row ends in exactly one outcome."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Where a row ended, in the order of the report."""

    CREATED = "CREATED"
    REPLACED = "REPLACED"
    UNCHANGED = "UNCHANGED"
    READY = "READY"
    DUPLICATE = "DUPLICATE"
    SUPERSEDED = "SUPERSEDED"
    ROW_EMPTY = "ROW_EMPTY"
    CELLS_UNEVEN = "CELLS_UNEVEN"
    SKU_MISSING = "SKU_MISSING"
    SKU_REPEATED = "SKU_REPEATED"
    NAME_MISSING = "NAME_MISSING"
    BARCODE_WRONG = "BARCODE_WRONG"
    PRICE_UNREADABLE = "PRICE_UNREADABLE"
    OPTION_MISSING = "OPTION_MISSING"
    OPTION_REPEATED = "OPTION_REPEATED"
    SIBLING_REFUSED = "SIBLING_REFUSED"
    PRODUCT_REFUSED = "PRODUCT_REFUSED"


TAKEN: Final = (Outcome.CREATED, Outcome.REPLACED, Outcome.UNCHANGED, Outcome.READY)

MEANING: Final[Mapping[Outcome, str]] = {
    Outcome.CREATED: "variant of a new product",
    Outcome.REPLACED: "variant of a product that was there and is changed",
    Outcome.UNCHANGED: "variant of a product that was there and says the same",
    Outcome.READY: "would be taken; whether the catalog agrees is known only when really importing",
    Outcome.DUPLICATE: "equal to an earlier row in every cell",
    Outcome.SUPERSEDED: "a later row has the same SKU, and the mapping takes the last",
    Outcome.ROW_EMPTY: "no cell holds anything",
    Outcome.CELLS_UNEVEN: "more or fewer cells than the header has",
    Outcome.SKU_MISSING: "no SKU, and nothing the mapping makes one of",
    Outcome.SKU_REPEATED: "an earlier row has the same SKU",
    Outcome.NAME_MISSING: "no name in any language",
    Outcome.BARCODE_WRONG: "a barcode that is no GTIN, has a wrong check digit or is an in-store code",
    Outcome.PRICE_UNREADABLE: "a price that is no plain decimal number from 0, or finer than its currency",
    Outcome.OPTION_MISSING: "no value in an option that the product's other rows have",
    Outcome.OPTION_REPEATED: "the same values in every option as another row of the product",
    Outcome.SIBLING_REFUSED: "another row of the same product was refused, and a product is taken whole",
    Outcome.PRODUCT_REFUSED: "the catalog refused the product",
}


class Remark(StrEnum):
    """Something about a row that was taken nevertheless."""

    TEXT_NORMALISED = "TEXT_NORMALISED"
    SKU_DERIVED = "SKU_DERIVED"
    BARCODE_DROPPED = "BARCODE_DROPPED"
    IMAGE_DROPPED = "IMAGE_DROPPED"


REMARK_MEANING: Final[Mapping[Remark, str]] = {
    Remark.TEXT_NORMALISED: "half-width kana or full-width letters in a name, brought to their usual width (NFKC)",
    Remark.SKU_DERIVED: "no SKU in the file: made from what the mapping says",
    Remark.BARCODE_DROPPED: "a wrong barcode was left out, as the mapping says",
    Remark.IMAGE_DROPPED: "an image whose URL is not https or whose kind is unknown was left out",
}
