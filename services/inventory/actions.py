"""Everything inventory can do, by noun: locations, stock, reservations; and the proof that the books are right."""

from collections.abc import Mapping

from kit.times import utc_now
from services.inventory.backorder.proof import audit_backorders
from services.inventory.fulfillment.proof import audit_picks
from services.inventory.location.actions import LocationEdit, import_locations, upsert_location
from services.inventory.paper.upkeep import audit_papers, sweep_papers, sweep_papers_for_ever
from services.inventory.reservation.actions import (
    Swept,
    commit,
    extend,
    find_reservation,
    move_all,
    release,
    reserve,
    sweep,
    sweep_for_ever,
)
from services.inventory.reservation.proof import audit_holds
from services.inventory.stock.actions import adjust_stock, import_opening_stock, move
from services.inventory.stock.model import audit_books
from services.inventory.store import InventoryStore
from services.inventory.sync.actions import resolve_discrepancy, sync

__all__ = [
    "LocationEdit",
    "Swept",
    "adjust_stock",
    "audit",
    "commit",
    "extend",
    "find_reservation",
    "import_locations",
    "import_opening_stock",
    "move",
    "move_all",
    "release",
    "reserve",
    "resolve_discrepancy",
    "sweep",
    "sweep_for_ever",
    "sweep_papers",
    "sweep_papers_for_ever",
    "sync",
    "upsert_location",
]


async def audit(store: InventoryStore) -> list[str]:
    """Every contradiction between stock, journal, outboxes and reservations at one instant; empty if there is none.

    Runs beside live traffic: all of it is read at one point of time.
    """
    problems: list[str] = []
    async with store.one_instant() as session:
        unfinished = await store.reservations.unfinished(session)
        holds: dict[str, Mapping[str, int]] = {}
        async for books in store.stock.books(session):
            problems += audit_books(books)
            if books.holds:
                holds[books.level.id] = books.holds
        problems += await audit_papers(store, session)
        problems += await audit_backorders(store, session)
        problems += await audit_picks(store, session, utc_now())
    return problems + audit_holds(unfinished, holds)
