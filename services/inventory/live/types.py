"""Live stock in the graph: what a caller may see of each change."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import strawberry

from services.inventory.context import READ, Context
from services.inventory.live.model import LiveLevel, Watch
from services.inventory.model import StockId
from services.inventory.promise.availability import Available
from services.inventory.promise.types import Availability, View
from services.inventory.stock.model import StockLevel as Level
from services.inventory.stock.types import StockLevel
from services.inventory.types import Variant


@strawberry.type(description="Stock of a variant at a location as it is from now on.")
class StockChange:
    """See `live.model.LiveLevel`."""

    variant: Variant | None = strawberry.field(description="Of what.")
    availability: Availability = strawberry.field(description="What may be promised there, as shoppers see it.")
    level: StockLevel | None = strawberry.field(description="All of it; null without the scope stock:read.")
    changed_at: datetime = strawberry.field(description="When it moved.")
    is_snapshot: bool = strawberry.field(
        description="Whether it is how things stood when the subscription began, not a change since."
    )
    cursor: str | None = strawberry.field(
        description="Give it as `after` to go on from here without a snapshot; null while the snapshot is not behind."
    )

    @classmethod
    def of(cls, told: LiveLevel, availability: Availability, is_staff: bool) -> "StockChange":
        """From the model, as this caller may see it."""
        return cls(
            variant=Variant(sku=strawberry.ID(told.level.sku)),
            availability=availability,
            level=StockLevel.of(told.level) if is_staff else None,
            changed_at=told.level.updated_at,
            is_snapshot=told.is_snapshot,
            cursor=told.cursor,
        )


async def changes(context: Context, watch: Watch, after: str | None) -> AsyncGenerator[StockChange, None]:
    """Every change as this caller may see it; one that changes nothing they may see is not shown to them."""
    is_staff = READ in context.caller.scopes
    shown: dict[StockId, tuple[object, object]] = {}
    async with aclosing(context.store.live.watch(watch, after)) as levels:
        async for told in levels:
            availability = _availability(told.level, await View.of(context))
            seen = (availability.available, availability.band)
            if is_staff or shown.get(told.level.id) != seen:
                shown[told.level.id] = seen
                yield StockChange.of(told, availability, is_staff)


def _availability(level: Level, view: View) -> Availability:
    """As the channel may sell it: less what its policy keeps back."""
    pieces = max(0, level.quantities.available - view.policy.keeps_back(level.sku, level.location_id))
    return Availability.of(Available(level.location_id, pieces), view)
