"""Imports: fast, by the same rules, and twice the same."""

from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import NotFound
from services.order.actions import import_orders, record_order
from services.order.bulk import BATCH, MAX_REPORTED
from services.order.identity.model import AlreadyRecorded
from services.order.line.model import Line, line_of_gross
from services.order.model import Piece, ReturnId
from services.order.returns.actions import import_returns
from services.order.returns.model import ReturnExceedsSold
from services.order.store import OrderStore
from tests.services.order.conftest import NewDraft, NewReturn


async def everything(store: OrderStore) -> list[dict[str, object]]:
    orders = await store.orders.find().sort("_id").to_list()
    return orders + await store.returns.collection.find().sort("_id").to_list()


async def test_an_import_again_changes_nothing(store: OrderStore, new_draft: NewDraft, now: datetime) -> None:
    drafts = [
        new_draft(f"A-{n}", placed_at=now - timedelta(minutes=n), customer=None if n % 5 == 0 else f"cus_{n % 7}")
        for n in range(2 * BATCH + 1)
    ]
    first = await import_orders(store, iter(drafts), now=now)
    assert (first.recorded, first.known, first.conflicting, first.refused) == (len(drafts), 0, 0, 0)
    before = await everything(store)
    again = await import_orders(store, drafts, now=now + timedelta(days=1))
    assert (again.recorded, again.known, again.conflicting, again.refused) == (0, len(drafts), 0, 0)
    assert await everything(store) == before


async def test_an_import_reports_what_is_recorded_otherwise_and_what_breaks_the_rules(
    store: OrderStore, new_draft: NewDraft, now: datetime, mug: Line
) -> None:
    order = await record_order(store, new_draft("A-1"), "key", now=now)
    drafts = [
        new_draft("A-1"),
        new_draft("A-1", channel="web"),
        new_draft("A-2"),
        new_draft("A-2"),
        new_draft("A-3", lines=(replace(mug, gross_minor=1),)),
        new_draft("A-4", external_ids=()),
    ]
    result = await import_orders(store, drafts, now=now)
    assert (result.recorded, result.known, result.conflicting, result.refused) == (1, 2, 1, 2)
    by_id = {problem.external_id: problem.refusals for problem in result.problems}
    assert by_id["till:A-1"] == (AlreadyRecorded(source="till", value="A-1", recorded_id=order.id),)
    assert by_id["till:A-3"][0].path == ("input", "lines", "0", "gross")
    assert "(no external id)" in by_id


async def test_an_import_counts_all_problems_and_tells_some(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    drafts = (new_draft(f"A-{n}", currency="XXX") for n in range(MAX_REPORTED + 5))
    result = await import_orders(store, drafts, now=now)
    assert result.refused == MAX_REPORTED + 5
    assert len(result.problems) == MAX_REPORTED


async def test_returns_are_imported_with_and_without_their_order_once(
    store: OrderStore, new_draft: NewDraft, new_return: NewReturn, now: datetime
) -> None:
    order = await record_order(store, new_draft("A-1", customer="cus_1"), "key", now=now)
    (named,) = order.identity.external_ids
    own = (line_of_gross("22423", "CAKESTAND", 12, 1_275),)
    drafts = [
        *[new_return(f"C-{n}", currency="GBP", lines=own) for n in range(50)],
        new_return("R-1", order=named, pieces=(Piece(1, 2),)),
        new_return("R-2", order=named, pieces=(Piece(1, 3),)),
        new_return("R-3", order=named, pieces=(Piece(1, 6),)),
        new_return("R-4", order=replace(named, value="nobody's"), pieces=(Piece(1, 1),)),
    ]
    first = await import_returns(store, drafts, now=now)
    assert (first.recorded, first.known, first.conflicting, first.refused) == (52, 0, 0, 2)
    refused = {problem.external_id: type(problem.refusals[0]) for problem in first.problems}
    assert refused == {"till:R-3": ReturnExceedsSold, "till:R-4": NotFound}
    before = await everything(store)
    again = await import_returns(store, drafts, now=now)
    assert (again.recorded, again.known, again.conflicting, again.refused) == (0, 52, 0, 2)
    assert await everything(store) == before
    assert (await store.by_ids([order.id]))[order.id].returned == (5,)


async def test_an_imported_return_with_other_content_is_reported(
    store: OrderStore, new_draft: NewDraft, new_return: NewReturn, now: datetime
) -> None:
    order = await record_order(store, new_draft("A-1"), "key", now=now)
    one = new_return("R-1", order=order.id, pieces=(Piece(1, 1),))
    await import_returns(store, [one], now=now)
    result = await import_returns(store, [replace(one, pieces=(Piece(1, 2),))], now=now)
    assert (result.recorded, result.known, result.conflicting, result.refused) == (0, 0, 1, 0)
    recorded = (await store.returns.by_orders([order.id]))[order.id]
    assert [made.pieces for made in recorded] == [(Piece(1, 1),)]
    assert ReturnId(recorded[0].id).startswith("ret_")
