"""The price history as the service hears its own changes: one row a SKU whose prices are others than before."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.events import Event
from services.catalog.pricing.store import (
    LIST_PRICES_CHANGED,
    HistoryRow,
    PricingStore,
    base_documents,
)
from services.catalog.product.documents import PRODUCT_CHANGED

HEARD = (PRODUCT_CHANGED, LIST_PRICES_CHANGED)


async def hear_prices(store: PricingStore, events: Sequence[Event]) -> None:
    """Append what changed; the same events again change nothing."""
    rows = [row for event in events for row in _rows(event)]
    if rows:
        await store.append_history(rows)


def _rows(event: Event) -> list[HistoryRow]:
    if event.type == LIST_PRICES_CHANGED:
        sku, prices = event.data["sku"], event.data["prices"]
        return [HistoryRow(event.id, sku, event.time, "listed", tuple(prices))]
    return [
        HistoryRow(event.id, sku, event.time, "base", tuple(base_documents(prices)))
        for sku, prices in _by_sku(event.data.get("prices", ())).items()
    ]


def _by_sku(prices: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for price in prices:
        found.setdefault(price["sku"], []).append(price)
    return found
