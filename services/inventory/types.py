"""Inventory's part of a variant, and what all of its types share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import UserError, presents
from kit.graphql.execution.batch import batch_field
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory import model
from services.inventory.backorder.actions import offers
from services.inventory.backorder.types import BackorderOffer
from services.inventory.context import READ, Info
from services.inventory.loaders import NEAREST, Around
from services.inventory.location.types import GeoPointInput, LocationService, check_radius
from services.inventory.promise.availability import Shelf, available_anywhere, available_near
from services.inventory.promise.types import Availability, VariantPromise, View, WhereArgument, promises_of
from services.inventory.stock.types import StockLevel, page_levels

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
    available: int | None = strawberry.field(
        description="Pieces there were of that state when it was refused; null where the channel shows bands only."
    )
    band: model.StockBand | None = strawberry.field(
        description="What shoppers see of it where the channel shows bands only; null where the number is told."
    )
    state: model.StockState = strawberry.field(description="The state they were asked of; mostly AVAILABLE.")


@strawberry.federation.type(keys=["sku"], description="What is bought; inventory knows where it lies.")
class Variant:
    """Catalog's entity, by its key; a SKU that was never stocked has empty lists here."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit, unique.")

    @batch_field(
        description="Where it is stocked and how much may be promised there: around a point nearest first, among the "
        f"{NEAREST} nearest locations in business; else by location id. A location that has sold out is listed too."
    )
    @staticmethod
    async def availability(
        variants: "Sequence[Variant]",
        info: Info,
        near: Annotated[GeoPointInput | None, strawberry.argument(description="Around this point.")] = None,
        radius_km: Annotated[
            float, strawberry.argument(description="No further away than this; without a point it means nothing.")
        ] = AVAILABILITY_RADIUS_KM,
        services: Annotated[
            list[LocationService] | None,
            strawberry.argument(description="At locations that offer all of these; needs a point."),
        ] = None,
        open_at: Annotated[
            datetime | None, strawberry.argument(description="At locations that are open then; needs a point.")
        ] = None,
        in_stock: Annotated[
            bool, strawberry.argument(description="Only where there is a piece to sell; needs a point.")
        ] = False,
        first: First = AVAILABILITY_ROWS,
        after: After = None,
    ) -> "list[Connection[Availability] | None]":
        """For all variants of the request together: two queries, one more for what bundles consist of (kept in memory),
        or a few more where some are at few places."""
        view = await View.of(info.context)
        shelf = Shelf(view.policy, PageArgs.parse(first, after), in_stock)
        skus = [variant.sku for variant in variants]
        if near is None:
            if services or open_at or in_stock:
                raise BadUserInput("services, openAt and inStock need the argument near")
            pages = await available_anywhere(info.context.store, skus, shelf)
        else:
            active = info.context.caller.at
            around = Around(near.to_point("near"), check_radius(radius_km), active, frozenset(services or ()), open_at)
            places = await info.context.loaders.nearby.load(around)
            pages = await available_near(info.context.store, skus, places, shelf)
        return [Connection.of(page, lambda row: Availability.of(row, view)) for page in pages]

    @batch_field(
        description="When so many pieces can be had at a shop, or delivered. On a channel that shows bands, more than "
        "1 needs the scope stock:read."
    )
    @staticmethod
    async def promise(
        variants: "Sequence[Variant]",
        info: Info,
        where: WhereArgument,
        quantity: Annotated[int, strawberry.argument(description="Pieces.")] = 1,
    ) -> "list[VariantPromise | None]":
        """For all variants of the request together."""
        promises = await promises_of(info, [(variant.sku, quantity) for variant in variants], where)
        return [*promises]

    @batch_field(
        description="What can be ordered at a location before it is there, by the channel's policy; null: nothing."
    )
    @staticmethod
    async def backorder(
        variants: "Sequence[Variant]",
        info: Info,
        location_id: Annotated[strawberry.ID, strawberry.argument(description="Where it is to arrive.")],
    ) -> "list[BackorderOffer | None]":
        """For all variants of the request together: two queries."""
        context = info.context
        policy = await context.policy()
        skus = [variant.sku for variant in variants]
        found = await offers(context.store, skus, str(location_id), policy, now=context.caller.at)
        shows = context.sees_numbers(policy)
        return [BackorderOffer.of(found[sku], shows) if sku in found else None for sku in skus]

    @strawberry.field(
        description="Where it lies, held pieces included; for staff: needs the scope stock:read.",
        directives=[needs(READ)],
    )
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
