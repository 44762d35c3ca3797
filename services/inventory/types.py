"""Inventory's part of a variant, and what all of its types share."""

from typing import Annotated, Any

import strawberry

from kit.graphql.errors import UserError, presents
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory import model
from services.inventory.context import Info
from services.inventory.loaders import NEAREST, Around
from services.inventory.location.types import GeoPointInput, check_radius
from services.inventory.stock.types import Availability, StockLevel, page_levels, page_near

READ = "stock:read"

AVAILABILITY_RADIUS_KM = 50.0
"""A day's trip; who wants another says so."""
AVAILABILITY_ROWS = 5
"""What fits below a product on a telephone."""


@presents(model.InsufficientStock)
@strawberry.type(description="More was asked for than may still be promised.")
class InsufficientStock(UserError):
    """See `model.InsufficientStock`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    requested: int = strawberry.field(description="Pieces that were asked for, all lines of the input together.")
    available: int = strawberry.field(description="Pieces there were of that state when it was refused.")
    state: model.StockState = strawberry.field(description="The state they were asked of; mostly AVAILABLE.")


@strawberry.federation.type(keys=["sku"], description="What is bought; inventory knows where it lies.")
class Variant:
    """Catalog's entity, by its key; a SKU that was never stocked has empty lists here."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit, unique.")

    @strawberry.field(
        description="Where it is stocked and how much may be promised there: around a point nearest first, among the "
        f"{NEAREST} nearest locations; else by location id. A location that has sold out is listed with 0."
    )
    async def availability(
        self,
        info: Info,
        near: Annotated[GeoPointInput | None, strawberry.argument(description="Around this point.")] = None,
        radius_km: Annotated[
            float, strawberry.argument(description="No further away than this; without a point it means nothing.")
        ] = AVAILABILITY_RADIUS_KM,
        first: First = AVAILABILITY_ROWS,
        after: After = None,
    ) -> Connection[Availability] | None:
        """For all variants of the request together: two queries."""
        page = PageArgs.parse(first, after)
        if near is None:
            return Connection.of(await page_levels(info, self.sku, page), Availability.of)
        around = Around(near.to_point("near"), check_radius(radius_km))
        return Connection.of(await page_near(info, self.sku, around, page), Availability.near)

    @strawberry.field(description="Where it lies, held pieces included; for staff: needs the scope stock:read.")
    async def stock(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[StockLevel] | None:
        """By location id."""
        info.context.caller.require(READ)
        return Connection.of(await page_levels(info, self.sku, PageArgs.parse(first, after)), StockLevel.of)

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Variant]":
        """Without a query: whether the SKU exists is the catalog's matter."""
        return [cls(sku=strawberry.ID(each["sku"])) for each in representations]
