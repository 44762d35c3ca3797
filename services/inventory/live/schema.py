"""Live stock's part of Subscription."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from kit.errors import Refused
from services.inventory.context import Info
from services.inventory.live.model import MAX_LOCATIONS, MAX_SKUS, Watch, check_watch
from services.inventory.live.types import StockChange, changes


@strawberry.type
class LiveSubscription:
    """What may be watched."""

    @strawberry.subscription(
        description="Stock as it is now, and each time it changes: every change once, or, for who is slower than the "
        "stock moves, the newest of each. Shoppers hear of what they may see, staff (stock:read) of every movement."
    )
    async def stock_changed(
        self,
        info: Info,
        skus: Annotated[list[strawberry.ID], strawberry.argument(description=f"Of what; at most {MAX_SKUS}.")],
        location_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description=f"Where; at most {MAX_LOCATIONS}, everywhere if null."),
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="The last cursor that was given, to go on from there.")
        ] = None,
    ) -> AsyncGenerator[StockChange, None]:
        """See `live.hub.Hub.watch`."""
        if problems := check_watch(skus, location_ids, after):
            raise Refused(*problems)
        where = None if location_ids is None else frozenset(map(str, location_ids))
        watch = Watch(frozenset(map(str, skus)), where)
        async with aclosing(changes(info.context, watch, after)) as seen:
            async for change in seen:
                yield change
