"""The proof that lines say what is so, and that orders which are said to have their pieces have them committed."""

from collections.abc import Sequence

from pymongo.asynchronous.client_session import AsyncClientSession

from services.inventory.backorder.model import Backorder, audit_allocated, audit_backlog
from services.inventory.store import InventoryStore

SLICE = 100
"""Lines, or orders that have left theirs, looked at together."""


async def line_slice(store: InventoryStore, after: str, session: AsyncClientSession) -> tuple[str | None, list[str]]:
    """The last line of the next slice (None: there is none), and what is wrong in it."""
    lines = await store.backorders.lines_after(after, SLICE, session)
    problems = [problem for line in lines for problem in audit_backlog(line)]
    problems += await _allocated(store, [order for line in lines for order in line.orders], session)
    return (lines[-1].id if lines else None), problems


async def ended_slice(store: InventoryStore, after: str, session: AsyncClientSession) -> tuple[str | None, list[str]]:
    """The same of orders that have left their lines."""
    orders = await store.backorders.ended_after(after, SLICE, session)
    return (orders[-1].id if orders else None), await _allocated(store, orders, session)


async def audit_backorders(store: InventoryStore, session: AsyncClientSession) -> list[str]:
    """All that is wrong at the session's one instant."""
    problems: list[str] = []
    for part in (line_slice, ended_slice):
        last: str | None = ""
        while last is not None:
            last, found = await part(store, last, session)
            problems += found
    return problems


async def _allocated(store: InventoryStore, orders: Sequence[Backorder], session: AsyncClientSession) -> list[str]:
    having = [order for order in orders if order.has_pieces]
    reservations = await store.auditor.reservations([str(order.reservation_id) for order in having], session)
    return audit_allocated(having, reservations)
