"""The proof that orders, returns and what was told of them agree; changes nothing."""

from collections.abc import Sequence
from typing import Final

from kit.mongo import Document
from services.order.bulk import BATCH
from services.order.events import order_recorded, order_returned, recorded_id, returned_id
from services.order.model import Order, totals_of
from services.order.returns.model import Return, ReturnState, refund_lines, return_totals_of
from services.order.store import OrderStore

MAX_FINDINGS: Final = 1_000
"""An audit that finds more has found enough."""

Told = tuple[str, Document, Sequence[Document]]
"""An event id, the data it should carry, and the document's undrained outbox."""


async def audit(store: OrderStore) -> list[str]:
    """Every contradiction, one sentence each: sums, returned quantities, refund amounts, events told or waiting."""
    findings: list[str] = []
    batch: list[tuple[Order, list[Document]]] = []
    async for item in store.every_order():
        batch.append(item)
        if len(batch) == BATCH:
            findings += await _audit_orders(store, batch)
            batch = []
    findings += await _audit_orders(store, batch)
    returns: list[tuple[Return, list[Document]]] = []
    async for made in store.returns.every_return():
        returns.append(made)
        if len(returns) == BATCH:
            findings += await _audit_returns(store, returns)
            returns = []
    findings += await _audit_returns(store, returns)
    return findings[:MAX_FINDINGS]


async def _audit_orders(store: OrderStore, batch: Sequence[tuple[Order, list[Document]]]) -> list[str]:
    findings = [finding for order, _ in batch for finding in _contradictions(order)]
    told = [(recorded_id(order.id), order_recorded(order)["data"], outbox) for order, outbox in batch]
    findings += await _untold(store, told)
    turns = [applied.id for order, _ in batch for applied in order.returns]
    there = await store.returns.by_ids(turns) if turns else {}
    findings += [f"{id}: counted by its order, but there is no such return" for id in turns if id not in there]
    return findings


async def _audit_returns(store: OrderStore, batch: Sequence[tuple[Return, list[Document]]]) -> list[str]:
    recorded = [(made, outbox) for made, outbox in batch if made.state is ReturnState.RECORDED]
    orders = await store.by_ids([made.order for made, _ in recorded if made.order is not None])
    findings: list[str] = []
    for made, _ in recorded:
        if made.totals != return_totals_of(made.lines):
            findings.append(f"{made.id}: totals are not the sums of its lines")
        if made.order is None:
            continue
        turn = next((turn for turn in orders[made.order].returns if turn.id == made.id), None)
        if turn is None:
            findings.append(f"{made.id}: recorded, but not counted by {made.order}")
        elif made.lines != refund_lines(orders[made.order], turn):
            findings.append(f"{made.id}: amounts are not what follows from {made.order}")
    told = [(returned_id(made.id), order_returned(made)["data"], outbox) for made, outbox in recorded]
    return findings + await _untold(store, told)


def _contradictions(order: Order) -> list[str]:
    findings: list[str] = []
    if order.totals != totals_of(order.lines, order.shipping):
        findings.append(f"{order.id}: totals are not the sums of its lines")
    counted = [0] * len(order.lines)
    for applied in order.returns:
        for piece in applied.pieces:
            counted[piece.line - 1] += piece.quantity
    for number, (line, returned, pieces) in enumerate(zip(order.lines, order.returned, counted, strict=True), 1):
        if returned != pieces:
            findings.append(f"{order.id} line {number}: {returned} returned, its returns say {pieces}")
        if returned > line.quantity:
            findings.append(f"{order.id} line {number}: {returned} returned of {line.quantity}")
    return findings


async def _untold(store: OrderStore, told: Sequence[Told]) -> list[str]:
    """Events that are neither in the journal nor in the outbox, or say something else than the document."""
    journal = await store.journaled([id for id, _, _ in told]) if told else {}
    findings: list[str] = []
    for id, data, outbox in told:
        heard = journal.get(id) or next((entry["data"] for entry in outbox if entry["id"] == id), None)
        if heard is None:
            findings.append(f"{id}: neither in the journal nor waiting in the outbox")
        elif heard != data:
            findings.append(f"{id}: told otherwise than the document says")
    return findings
