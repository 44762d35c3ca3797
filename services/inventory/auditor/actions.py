"""One slice after another, for ever, at a pace that nobody notices; what contradicts is logged, kept and told.

A pass looks at every stock (its states against its movements, its holds against their reservations), then at every held
reservation (its lines against the holds), then at every line of back-orders (its sums against its orders). Each slice
is one instant, so that live traffic is no contradiction.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import PyMongoError

from kit.log import logger
from kit.times import utc_now
from services.inventory.auditor.model import AuditState
from services.inventory.backorder.proof import ended_slice, line_slice
from services.inventory.fulfillment.picks import LAPSES
from services.inventory.fulfillment.proof import audit_picks
from services.inventory.paper.upkeep import audit_papers
from services.inventory.reservation.proof import audit_holds
from services.inventory.stock.model import audit_books
from services.inventory.store import InventoryStore

log = logger(__name__)

SLICE = 100
"""Stocks or reservations looked at together: some milliseconds."""
PAUSE_S = 1.0
"""Between two slices: about one part in a hundred of a database's time; 100,000 stocks take a quarter of an hour."""


@dataclass(slots=True)
class Pass:
    """One pass over everything, as far as it has come."""

    began_at: datetime
    stocks: int = 0
    problems: int = 0


async def audit_for_ever(store: InventoryStore, *, pause_s: float = PAUSE_S) -> None:
    """Pass after pass; any number of instances may, a finding is kept once; an unreachable database is waited for."""
    while True:
        try:
            await audit_pass(store, pause_s=pause_s)
        except PyMongoError as error:
            log.warning("auditor waits", error=type(error).__name__)
        await asyncio.sleep(pause_s)


async def audit_pass(store: InventoryStore, *, pause_s: float = 0.0) -> AuditState:
    """Everything once, slice by slice."""
    done = Pass(utc_now())
    for part in (_stock_slice, _reservation_slice, _line_slice, _ended_slice):
        after: str | None = ""
        while after is not None:
            after = await part(store, after, done)
            await asyncio.sleep(pause_s)
    await _papers(store, done)
    await store.auditor.finish_pass(done.stocks, done.began_at, utc_now())
    return await store.auditor.state()


async def _stock_slice(store: InventoryStore, after: str, done: Pass) -> str | None:
    """The last stock of the next slice; None if there is none."""
    async with store.one_instant() as session:
        books = await store.auditor.slice(after, SLICE, session)
        holding = {id for each in books for id in each.holds}
        explained = await store.auditor.explained(sorted(holding), session)
    wrong = {each.level.id: audit_books(each) for each in books}
    ids = {each.level.id for each in books}
    # Only in this direction: a reservation's other lines lie in other slices.
    held: dict[str, Mapping[str, int]] = {each.level.id: each.holds for each in books if each.holds}
    problems = [problem for each in wrong.values() for problem in each]
    problems += [problem for problem in audit_holds(explained, held) if problem.split(": ", 1)[0] in ids]
    await store.auditor.mark([each for each in books if not wrong[each.level.id]])
    await _report(store, problems, done)
    done.stocks += len(books)
    return books[-1].level.id if books else None


async def _reservation_slice(store: InventoryStore, after: str, done: Pass) -> str | None:
    """The last reservation of the next slice; None if there is none."""
    async with store.one_instant() as session:
        reservations = await store.auditor.held(after, SLICE, session)
        holds = await store.auditor.holds_of(reservations, session)
    await _report(store, audit_holds({each.id: each for each in reservations}, holds), done)
    return reservations[-1].id if reservations else None


async def _line_slice(store: InventoryStore, after: str, done: Pass) -> str | None:
    """The last line of back-orders of the next slice; None if there is none."""
    async with store.one_instant() as session:
        last, problems = await line_slice(store, after, session)
    await _report(store, problems, done)
    return last


async def _ended_slice(store: InventoryStore, after: str, done: Pass) -> str | None:
    """The last back-order that has left its line of the next slice; None if there is none."""
    async with store.one_instant() as session:
        last, problems = await ended_slice(store, after, session)
    await _report(store, problems, done)
    return last


async def _papers(store: InventoryStore, done: Pass) -> None:
    """Open papers, what is owed, and the days of picks that are not over: together, for they explain each other."""
    now = utc_now()
    async with store.one_instant() as session:
        problems = await audit_papers(store, session)
        problems += await audit_picks(store, session, now, since=(now - LAPSES).date())
    await _report(store, problems, done)


async def _report(store: InventoryStore, problems: list[str], done: Pass) -> None:
    if problems:
        done.problems += len(problems)
        await store.auditor.report(problems, utc_now())
        log.error("the books contradict each other", problems=problems[:20], count=len(problems))
