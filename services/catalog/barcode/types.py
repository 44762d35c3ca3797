"""Barcodes as the graph shows them."""

import strawberry

from services.catalog.barcode.model import BarcodeFormat, format_of, gtin_14

strawberry.enum(BarcodeFormat, description="How a GTIN is written: GTIN_12 is a UPC, GTIN_13 an EAN or JAN.")


@strawberry.type(description="A GTIN as it was given. The same number with zeros in front is the same barcode.")
class Barcode:
    """See `barcode.model`."""

    value: str = strawberry.field(description="As it was given.")
    format: BarcodeFormat = strawberry.field(description="By its length.")
    gtin: str = strawberry.field(description="In 14 digits, the form in which it is unique.")

    @classmethod
    def of(cls, value: str) -> "Barcode":
        """From its digits."""
        return cls(value=value, format=format_of(value), gtin=gtin_14(value))
