"""Stock as listings show it: a word, not a promise; the exact figure is inventory's `Variant.availability`."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated

import strawberry

from kit.graphql.execution import batch_field
from services.catalog.availability.model import LOW_AT, band_of
from services.catalog.context import Info
from services.catalog.product.model import Variant as VariantRow


@strawberry.enum(description="How much there is, in words.")
class StockBand(Enum):
    """See `model.StockBand`."""

    IN_STOCK = strawberry.enum_value("in_stock", description=f"More than {LOW_AT} pieces.")
    LOW = strawberry.enum_value("low", description=f"1 to {LOW_AT} pieces.")
    OUT = strawberry.enum_value("out", description="None.")


@strawberry.type(description="What a variant shows of stock.")
class VariantStock:
    """Inherited by `Variant`."""

    row: strawberry.Private[VariantRow]

    @batch_field(
        description="How much there is at a location, or anywhere, as of moments ago; null if nobody counts it there."
    )
    @staticmethod
    async def stock_band(
        variants: "Sequence[VariantStock]",
        info: Info,
        location: Annotated[strawberry.ID | None, strawberry.argument(description="loc_…; null: anywhere.")] = None,
    ) -> list[StockBand | None]:
        """One query for all variants."""
        skus = [variant.row.sku for variant in variants]
        found = await info.context.store.availability.available(skus, location)
        return [StockBand(band_of(found[sku]).value) if sku in found else None for sku in skus]
