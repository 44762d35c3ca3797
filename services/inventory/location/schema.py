"""Where locations are found in the graph."""

from datetime import datetime
from typing import Annotated

import strawberry

from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.location.near import NearSearch, page_near
from services.inventory.location.types import GeoPointInput, LocationService, NearbyLocation, check_radius
from services.inventory.promise.actions import stocked_locations

NEAR_RADIUS_KM = 20.0
"""Across a city."""


@strawberry.type
class LocationQuery:
    """What may be read of locations."""

    @strawberry.field(description="The nearest locations in business, nearest first.")
    async def locations_near(
        self,
        info: Info,
        point: Annotated[GeoPointInput, strawberry.argument(description="Around this point.")],
        radius_km: Annotated[float, strawberry.argument(description="No further away than this.")] = NEAR_RADIUS_KM,
        sku: Annotated[strawberry.ID | None, strawberry.argument(description="That have this to sell.")] = None,
        services: Annotated[
            list[LocationService] | None, strawberry.argument(description="That offer all of these.")
        ] = None,
        open_at: Annotated[datetime | None, strawberry.argument(description="That are open then.")] = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[NearbyLocation]:
        """A page."""
        page = PageArgs.parse(first, after)
        context = info.context
        search = NearSearch(
            point=point.to_point("point"),
            radius_km=check_radius(radius_km),
            now=context.caller.at,
            services=frozenset(services or ()),
            stocked=None if sku is None else await stocked_locations(context.store, await context.policy(), sku),
            open_at=open_at,
        )
        return Connection.of(await page_near(context.store, search, page), NearbyLocation.of)
