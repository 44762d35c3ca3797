"""GTINs: what is wrong with one, and the one form in which all its spellings are the same. No I/O.

A UPC of 12 digits, its EAN of 13 and its GTIN of 14 are one number with zeros in front (GS1 General Specifications
3.3): they are compared as 14 digits and shown as they were given.
"""

from enum import StrEnum
from unicodedata import normalize

GTIN_LENGTHS = (8, 12, 13, 14)
CANONICAL = 14
IN_STORE_PREFIXES = ("02", "04", *(str(prefix) for prefix in range(20, 30)))
"""GS1 prefixes of restricted circulation: weighed goods and a company's own labels, which mean something else next
door (GS1 General Specifications 1.4.2)."""
IN_STORE_GTIN_8 = ("0", "2")


class BarcodeFormat(StrEnum):
    """How a GTIN is written."""

    GTIN_8 = "GTIN_8"
    GTIN_12 = "GTIN_12"
    GTIN_13 = "GTIN_13"
    GTIN_14 = "GTIN_14"


def barcode_problem(barcode: str) -> str | None:
    """What is wrong with a GTIN (JAN, EAN, UPC, ITF), None if nothing: length, then check digit, then who it is for.

    The check digit is by GS1's weights 3 and 1 from the right.
    """
    if not (barcode.isascii() and barcode.isdigit()) or len(barcode) not in GTIN_LENGTHS:
        return "a GTIN of 8, 12, 13 or 14 digits"
    digits = [int(digit) for digit in reversed(barcode)]
    total = sum(digit * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    if total % 10:
        return f"check digit {(digits[0] - total) % 10}"
    return "a number for all shops, not an in-store code (prefix 02, 04 or 20 to 29)" if is_in_store(barcode) else None


def is_in_store(barcode: str) -> bool:
    """Whether the number is one of those every shop gives out for itself; `barcode` is a GTIN's digits."""
    if len(barcode) == 8:
        return barcode.startswith(IN_STORE_GTIN_8)
    return gtin_14(barcode)[1:].startswith(IN_STORE_PREFIXES)


def gtin_14(barcode: str) -> str:
    """The number in 14 digits, the form in which it is unique and found."""
    return barcode.zfill(CANONICAL)


def searched(text: str) -> str:
    """What somebody scanned or typed, as it would be kept: full-width digits and blanks around are forgiven."""
    plain = normalize("NFKC", text).strip()
    return gtin_14(plain) if plain.isascii() and plain.isdigit() else plain


def format_of(barcode: str) -> BarcodeFormat:
    """By its length; `barcode` is a GTIN's digits."""
    return BarcodeFormat(f"GTIN_{len(barcode)}")
