"""What is heard of erasures: `noren.customer.erased.v1` {customerId}, one event for each profile of a person."""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.catalog.erasure.store import ErasureStore

CUSTOMER_ERASED: Final = "noren.customer.erased.v1"


async def hear_erasures(store: ErasureStore, events: Sequence[Event]) -> None:
    """Let go. The same events again, or in another order, leave the same."""
    await store.let_go([str(event.data["customerId"]) for event in events])
