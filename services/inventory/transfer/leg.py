"""A transfer that is the way of a fulfilment's pieces to the shop where they are picked up. No I/O.

It begins SHIPPED, because the fulfilment's own step has taken its pieces out of the origin's stock; what arrives whole
stays committed, and is claimed here until the fulfilment has it (`handing`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.inventory.model import stock_id
from services.inventory.paper.model import (
    By,
    Claim,
    Count,
    Decision,
    check_counts,
    need_location,
    need_state,
    refuse,
)
from services.inventory.transfer.model import (
    KIND,
    LINES,
    Transfer,
    TransferLine,
    TransferState,
    beyond,
    told,
    whole,
)


def send(
    id: str,
    origin_id: str,
    destination_id: str,
    pieces: Sequence[tuple[str, int]],
    fulfillment_id: str,
    *,
    tracking: str | None,
    due_at: datetime | None,
    at: datetime,
) -> Decision[Transfer]:
    """The transfer of a fulfilment's pieces, which have left the origin's stock already."""
    transfer = Transfer(
        id=id,
        created_at=at,
        updated_at=at,
        origin_id=origin_id,
        destination_id=destination_id,
        state=TransferState.SHIPPED,
        lines=tuple(TransferLine(sku, count, shipped=count) for sku, count in pieces if count),
        due_at=due_at,
        tracking=tracking,
        fulfillment_id=fulfillment_id,
        handing=True,
    )
    return told(transfer, "transfer_shipped")


def arrive(transfer: Transfer, counts: Sequence[Count] | None, by: By) -> Decision[Transfer]:
    """All that is on the way arrives, or so much of it and the rest is given up: one step to COMPLETED."""
    need_location(by, transfer.destination_id)
    need_state(KIND, transfer, transfer.state, TransferState.SHIPPED)
    came = {line.sku: line.in_transit for line in transfer.lines}
    if counts is not None:
        refuse(check_counts(counts, LINES, least=0))
        refuse(beyond(counts, came, "are on the way"))
        came = dict.fromkeys(came, 0) | {count.sku: count.quantity for count in counts}
    lines = tuple(
        replace(line, received=line.received + came[line.sku], lost=line.lost + line.in_transit - came[line.sku])
        for line in transfer.lines
    )
    moves = [whole(transfer, sku, pieces) for sku, pieces in came.items()]
    return told(replace(transfer, lines=lines, state=TransferState.COMPLETED), "transfer_completed", moves)


def committed_on_arrival(transfer: Transfer) -> list[Claim]:
    """What has arrived of a fulfilment that is on the way: committed at the shop, until the fulfilment has it."""
    at = transfer.destination_id
    return [Claim(transfer.id, stock_id(line.sku, at), line.received) for line in transfer.lines if transfer.handing]
