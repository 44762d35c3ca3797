"""What is heard of erasures: that a customer was erased, and that a fulfilment is over, whose address may go then.

`noren.customer.erased.v1` {customerId}; its own `noren.inventory.fulfillment_*.v1` {customerId}.
"""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.inventory.erasure.store import ErasureStore

CUSTOMER_ERASED: Final = "noren.customer.erased.v1"
OVER: Final = tuple(
    f"noren.inventory.fulfillment_{how}.v1" for how in ("collected", "delivered", "no_show", "cancelled", "unavailable")
)
HEARD: Final = (CUSTOMER_ERASED, *OVER)


async def hear_erasures(store: ErasureStore, events: Sequence[Event]) -> None:
    """Let go. The same events again, or in another order, leave the same."""
    named = {event.data.get("customerId") for event in events if event.type in OVER}
    gone = [str(event.data["customerId"]) for event in events if event.type == CUSTOMER_ERASED]
    if gone:
        await store.remember(gone)
    erased = await store.erased([*gone, *(id for id in named if id is not None)])
    if erased:
        await store.let_go(erased)
