"""What is wrong with a GTIN. No I/O."""

GTIN_LENGTHS = (8, 12, 13, 14)


def barcode_problem(barcode: str) -> str | None:
    """What is wrong with a GTIN (JAN, EAN, UPC), None if nothing: length and check digit by GS1's weights 3 and 1."""
    if not (barcode.isascii() and barcode.isdigit()) or len(barcode) not in GTIN_LENGTHS:
        return "a GTIN of 8, 12, 13 or 14 digits"
    digits = [int(digit) for digit in reversed(barcode)]
    total = sum(digit * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return None if total % 10 == 0 else f"check digit {(digits[0] - total) % 10}"
