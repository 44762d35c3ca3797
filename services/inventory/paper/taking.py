"""How a paper takes pieces that are still anybody's: all lines or none, and for good.

Every line is moved into COMMITTED under a key of the attempt's own. Where that is refused, the key is burnt before the
refusal counts, so that no other worker with the same key can take the pieces for a paper that has given up.
"""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import Refused, Unavailable
from services.inventory.model import MovementReason, StockState
from services.inventory.paper.actions import INVENTORY
from services.inventory.reservation.actions import MOVES, move_all
from services.inventory.reservation.model import Line, Onward, ReservationDraft, ReservationState
from services.inventory.store import InventoryStore

TAKEN = Onward(StockState.COMMITTED, MovementReason.COMMITTED)


async def never_taken(store: InventoryStore, key: str, *, now: datetime) -> bool:
    """Burn the key of a `take_pieces` that will not be made; False where another worker has begun it already."""
    return await store.reservations.burn(f"{MOVES}{key}", now=now) is None


async def take_pieces(
    store: InventoryStore, key: str, lines: Sequence[Line], reference: str, *, now: datetime, onward: Onward = TAKEN
) -> None:
    """Commit the pieces of every line, or move them `onward`; safe to repeat.

    Refused: none is taken, nor ever will be by this key.
    """
    draft = ReservationDraft(key, tuple(lines), reference=reference, onward=onward)
    try:
        await move_all(store, draft, actor=INVENTORY, now=now)
    except Refused:
        there = await store.reservations.burn(f"{MOVES}{key}", now=now)
        if there is None:
            raise
        if there.state is not ReservationState.COMMITTED:
            raise Unavailable("the pieces could not be taken yet; try again with the same key") from None
        await move_all(store, draft, actor=INVENTORY, now=now)
