"""What catalog hears of stock: `noren.inventory.stock_changed.v1`, of whose data it reads four facts."""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.catalog.availability.model import Level
from services.catalog.availability.store import AvailabilityStore

STOCK_CHANGED: Final = "noren.inventory.stock_changed.v1"


class EventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_stock(store: AvailabilityStore, events: Sequence[Event]) -> None:
    """Keep the latest level of every SKU and location; the same events again, or in another order, leave the same."""
    latest: dict[str, Level] = {}
    for event in events:
        level = _level(event)
        if level.id not in latest or latest[level.id].version < level.version:
            latest[level.id] = level
    await store.keep(list(latest.values()))


def _level(event: Event) -> Level:
    data = event.data
    try:
        level = Level(data["sku"], data["locationId"], data["available"], data["version"])
    except KeyError as error:
        raise EventNotUnderstood(f"{event.type} {event.id}: {error} is missing") from error
    if not isinstance(level.available, int) or not isinstance(level.version, int):
        raise EventNotUnderstood(f"{event.type} {event.id}: available and version are not whole numbers")
    return level
