"""Moving pieces by hand: what is committed to a paper, or for somebody's order, is moved by papers alone."""

from datetime import datetime

from kit.errors import Refused, Unavailable
from services.inventory.model import Actor, StockState
from services.inventory.paper.claims import claims_of
from services.inventory.paper.model import CommittedToPapers
from services.inventory.stock.actions import move
from services.inventory.stock.model import StockLevel, StockMove, change_of
from services.inventory.store import InventoryStore


async def move_by_hand(store: InventoryStore, wanted: StockMove, *, actor: Actor, now: datetime) -> StockLevel:
    """As `stock.actions.move`; refused with `CommittedToPapers` where it would take pieces from under a paper or
    from what a reservation has committed for later.

    Who commits pieces between the look and the move is not seen; the auditor tells of it then.
    """
    if wanted.source is StockState.COMMITTED:
        seen = await store.stock.see(change_of(wanted))
        if seen is not None and not seen.has_happened:
            await _refuse_what_papers_have(store, wanted, seen.level.quantities.committed)
    return await move(store, wanted, actor=actor, now=now)


async def _refuse_what_papers_have(store: InventoryStore, wanted: StockMove, committed: int) -> None:
    transfers = await store.transfers.claiming(wanted.sku, wanted.location_id)
    going = await store.fulfillments.on_the_way([str(each.fulfillment_id) for each in transfers])
    fulfillments = await store.fulfillments.claiming(wanted.sku, wanted.location_id)
    owed = await store.owed.at(wanted.sku, wanted.location_id)
    await store.owed.clear([each.reservation.id for each in owed if each.is_over])
    claims = claims_of(transfers, going, fulfillments, owed)
    mine = [claim for claim in claims if claim.stock_id == wanted.stock_id]
    if any(claim.quantity is None for claim in mine):
        raise Unavailable("a paper is just moving pieces of this stock; try again")
    taken = sum(claim.quantity or 0 for claim in mine)
    if committed >= wanted.quantity > committed - taken:
        papers = tuple(sorted({claim.paper_id for claim in mine if claim.quantity}))
        raise Refused(
            CommittedToPapers(
                sku=wanted.sku,
                location_id=wanted.location_id,
                requested=wanted.quantity,
                free=max(committed - taken, 0),
                paper_ids=papers,
            )
        )
