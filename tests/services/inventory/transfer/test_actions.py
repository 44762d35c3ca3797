"""Transfers: what moves at which step, what is refused, and that no piece is in two places or in none."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, move, sweep_papers
from services.inventory.model import InsufficientStock, MovementReason, Sku, StockState
from services.inventory.paper.hand import move_by_hand
from services.inventory.paper.model import CommittedToPapers, Count, QuantityExceeded, Step, WrongLocation, WrongState
from services.inventory.stock.model import Quantities, StockMove
from services.inventory.store import InventoryStore
from services.inventory.transfer import actions, model
from services.inventory.transfer.model import Arrival, Transfer, TransferDraft, TransferState
from tests.services.inventory.paper.world import CLERK, at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, STAFF, Shop


def draft(shop: Shop, *lines: tuple[str, int]) -> TransferDraft:
    """From Ginza to Shibuya."""
    counts = tuple(Count(sku, pieces, place) for place, (sku, pieces) in enumerate(lines))
    return TransferDraft(shop.ginza, shop.shibuya, counts)


async def request(shop: Shop, *lines: tuple[str, int]) -> Transfer:
    return await actions.request_transfer(shop.store, draft(shop, *lines), step("", "request"))


async def approved(shop: Shop, *lines: tuple[str, int]) -> Transfer:
    asked = await request(shop, *lines)
    return await actions.approve_transfer(shop.store, step(asked.id, "approve"))


async def shipped(shop: Shop, *lines: tuple[str, int]) -> Transfer:
    ready = await approved(shop, *lines)
    return await actions.ship_transfer(shop.store, None, "TRK-1", step(ready.id, "ship"))


async def test_pieces_move_from_shelf_to_lorry_to_shelf(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    asked = await request(shop, (MUG, 4))
    assert (asked.state, await shop.quantities(MUG)) == (TransferState.REQUESTED, Quantities(10, 10))
    ready = await actions.approve_transfer(shop.store, step(asked.id, "approve"))
    assert (ready.state, await shop.quantities(MUG)) == (TransferState.APPROVED, Quantities(10, 6, committed=4))
    sent = await actions.ship_transfer(shop.store, None, "TRK-1", step(asked.id, "ship"))
    assert (sent.state, sent.lines[0].in_transit, sent.tracking) == (TransferState.SHIPPED, 4, "TRK-1")
    assert await shop.quantities(MUG) == Quantities(6, 6)
    first = await actions.receive_transfer(shop.store, [Arrival(MUG, 1, 1)], step(asked.id, "receive"))
    assert (first.state, first.lines[0].in_transit) == (TransferState.SHIPPED, 2)
    last = await actions.receive_transfer(shop.store, [Arrival(MUG, 2)], step(asked.id, "receive"))
    assert last.state is TransferState.COMPLETED
    assert await shop.quantities(MUG, shop.shibuya) == Quantities(4, 3, damaged=1)
    assert [each.action for each in last.steps] == ["request", "approve", "approved", "ship", "receive", "receive"]


async def test_what_does_not_fit_on_the_lorry_is_available_again(shop: Shop) -> None:
    await shop.stock({MUG: 10, "CUP": 2})
    ready = await approved(shop, (MUG, 4), ("CUP", 2))
    await actions.ship_transfer(shop.store, [Count(MUG, 3)], None, step(ready.id, "ship"))
    assert await shop.quantities(MUG) == Quantities(7, 7)
    assert await shop.quantities("CUP") == Quantities(2, 2)


async def test_lost_pieces_are_told_and_may_be_found_at_either_end(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    sent = await shipped(shop, (MUG, 5))
    await actions.receive_transfer(shop.store, [Arrival(MUG, 2)], step(sent.id, "receive"))
    closed = await actions.close_transfer(shop.store, step(sent.id, "close"))
    assert (closed.state, closed.lines[0].lost, closed.lines[0].in_transit) == (TransferState.COMPLETED, 3, 0)
    there = await actions.find_lost(shop.store, [Count(MUG, 1)], shop.shibuya, step(sent.id, "find"))
    here = await actions.find_lost(shop.store, [Count(MUG, 1)], shop.ginza, step(sent.id, "find"))
    assert (there.lines[0].lost, here.lines[0].lost) == (2, 1)
    assert (await shop.quantities(MUG)).available == 6
    assert (await shop.quantities(MUG, shop.shibuya)).available == 3
    too_many = await refusal(actions.find_lost(shop.store, [Count(MUG, 2)], shop.ginza, step(sent.id, "find")))
    assert isinstance(too_many, QuantityExceeded)
    assert (too_many.requested, too_many.allowed, too_many.what) == (2, 1, "were lost")


async def test_an_approval_without_the_pieces_is_refused_with_facts_and_leaves_its_key_free(shop: Shop) -> None:
    await shop.stock({MUG: 3, "CUP": 9})
    asked = await request(shop, ("CUP", 9), (MUG, 4))
    approve = step(asked.id, "approve", key="k")
    short = await refusal(actions.approve_transfer(shop.store, approve))
    assert isinstance(short, InsufficientStock)
    assert (short.sku, short.requested, short.available) == (MUG, 4, 3)
    assert short.path == ("input", "lines", "1", "quantity")
    there = await shop.store.transfers.by_id(asked.id)
    assert there is not None
    assert (there.state, len(there.steps)) == (TransferState.REQUESTED, 1)
    assert await shop.quantities("CUP") == Quantities(9, 9)
    await shop.stock({MUG: 1}, at=shop.osaka)
    await shop.stock_more(MUG, 1)
    assert (await actions.approve_transfer(shop.store, approve)).state is TransferState.APPROVED


async def test_more_than_is_on_the_way_is_refused_whole(shop: Shop) -> None:
    await shop.stock({MUG: 5, "CUP": 5})
    sent = await shipped(shop, (MUG, 2), ("CUP", 2))
    arrivals = [Arrival("CUP", 2, 0, 0), Arrival(MUG, 2, 1, 1)]
    refused = await refusal(actions.receive_transfer(shop.store, arrivals, step(sent.id, "receive")))
    assert isinstance(refused, QuantityExceeded)
    assert (refused.sku, refused.requested, refused.allowed) == (MUG, 3, 2)
    there = await shop.store.transfers.by_id(sent.id)
    assert there is not None
    assert there.version == sent.version
    unknown = await refusal(actions.receive_transfer(shop.store, [Arrival("LAMP", 1)], step(sent.id, "receive")))
    assert isinstance(unknown, NotFound)
    assert unknown.path == ("input", "lines", "0", "sku")


async def test_a_step_in_the_wrong_state_says_which_would_be_right(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    asked = await request(shop, (MUG, 2))
    early = await refusal(actions.ship_transfer(shop.store, None, None, step(asked.id, "ship")))
    assert isinstance(early, WrongState)
    assert (early.current_state, early.allowed_states) == ("REQUESTED", ("APPROVED",))
    await actions.reject_transfer(shop.store, step(asked.id, "reject"))
    late = await refusal(actions.approve_transfer(shop.store, step(asked.id, "approve")))
    assert isinstance(late, WrongState)
    assert late.current_state == "REJECTED"


async def test_a_till_bound_to_a_location_touches_only_its_own_end(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    foreign = draft(shop, (MUG, 1))
    osaka, shibuya, ginza = (at_location(each) for each in (shop.osaka, shop.shibuya, shop.ginza))
    wrong = await refusal(actions.request_transfer(shop.store, foreign, step("", "request", by=osaka)))
    assert isinstance(wrong, WrongLocation)
    assert wrong.bound_to == shop.osaka
    asked = await actions.request_transfer(shop.store, foreign, step("", "request", by=shibuya))
    wrong = await refusal(actions.approve_transfer(shop.store, step(asked.id, "approve", by=shibuya)))
    assert isinstance(wrong, WrongLocation)
    assert (wrong.location_id, wrong.bound_to) == (shop.ginza, shop.shibuya)
    await actions.approve_transfer(shop.store, step(asked.id, "approve", by=ginza))
    await actions.ship_transfer(shop.store, None, None, step(asked.id, "ship", by=ginza))
    wrong = await refusal(actions.receive_transfer(shop.store, [Arrival(MUG, 1)], step(asked.id, "r", by=ginza)))
    assert isinstance(wrong, WrongLocation)


async def test_cancelling_gives_committed_pieces_back(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    ready = await approved(shop, (MUG, 2))
    await actions.cancel_transfer(shop.store, step(ready.id, "cancel"))
    assert await shop.quantities(MUG) == Quantities(5, 5)


async def test_the_same_key_replays_and_other_input_is_refused(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    sent = await shipped(shop, (MUG, 2))
    receive = step(sent.id, "receive", 1, key="k")
    for _ in range(3):
        await actions.receive_transfer(shop.store, [Arrival(MUG, 1)], receive)
    assert (await shop.quantities(MUG, shop.shibuya)).on_hand == 1
    other = await refusal(actions.receive_transfer(shop.store, [Arrival(MUG, 2)], step(sent.id, "receive", 2, key="k")))
    assert isinstance(other, IdempotencyKeyReused)
    again = await shipped(shop, (MUG, 1))
    elsewhere = await refusal(
        actions.receive_transfer(shop.store, [Arrival(MUG, 1)], step(again.id, "receive", 1, key="k"))
    )
    assert isinstance(elsewhere, IdempotencyKeyReused)
    asked = [await actions.request_transfer(shop.store, draft(shop, (MUG, 1)), step("", "q", key="q")) for _ in "ab"]
    assert asked[0].id == asked[1].id


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"lines": ()}, ("input", "lines")),
        ({"lines": (Count(MUG, 0),)}, ("input", "lines", "0", "quantity")),
        ({"lines": (Count(MUG, 1), Count(MUG, 1, 1))}, ("input", "lines", "1", "sku")),
        ({"lines": (Count(" ", 1),)}, ("input", "lines", "0", "sku")),
        ({"lines": tuple(Count(f"S{n}", 1, n) for n in range(101))}, ("input", "lines")),
        ({"destination_id": "loc_none"}, ("input", "destinationId")),
    ],
)
async def test_what_can_never_be_names_its_path(shop: Shop, change: dict[str, object], path: tuple[str, ...]) -> None:
    wanted = replace(draft(shop, (MUG, 1)), **change)  # type: ignore[arg-type]
    assert (await refusal(actions.request_transfer(shop.store, wanted, step("", "request")))).path == path
    same = replace(draft(shop, (MUG, 1)), destination_id=shop.ginza)
    there = await refusal(actions.request_transfer(shop.store, same, step("", "request")))
    assert there.path == ("input", "destinationId")


async def test_of_many_who_receive_at_once_no_piece_arrives_twice(shop: Shop) -> None:
    await shop.stock({MUG: 6})
    sent = await shipped(shop, (MUG, 6))

    async def receive() -> bool:
        try:
            await actions.receive_transfer(shop.store, [Arrival(MUG, 1)], step(sent.id, "receive"))
        except Refused:
            return False
        return True

    done = await asyncio.gather(*(receive() for _ in range(9)))
    assert done.count(True) == 6
    assert (await shop.quantities(MUG, shop.shibuya)).on_hand == 6


async def test_many_approvals_of_one_transfer_commit_once(shop: Shop) -> None:
    await shop.stock({MUG: 9})
    asked = await request(shop, (MUG, 2))
    work = [actions.approve_transfer(shop.store, step(asked.id, "approve", key="k")) for _ in range(6)]
    work += [actions.approve_transfer(shop.store, step(asked.id, "approve")) for _ in range(3)]
    done = await asyncio.gather(*work, return_exceptions=True)
    refused = sum(isinstance(each, Refused) for each in done)
    assert refused in (3, 8)  # whoever comes first approves: the six of one key, or one of the others
    assert await shop.quantities(MUG) == Quantities(9, 7, committed=2)


async def test_a_crash_in_an_approval_leaks_nothing(shop: Shop, db: Database) -> None:
    async def prepare(name: str) -> Transfer:
        await shop.stock({name: 5, f"{name}-b": 5})
        return await request(shop, (name, 2), (f"{name}-b", 2))

    async def act(store: InventoryStore, asked: Transfer) -> object:
        return await actions.approve_transfer(store, step(asked.id, "approve"))

    async def check(asked: Transfer) -> None:
        there = await shop.store.transfers.by_id(asked.id)
        assert there is not None
        assert there.state in (TransferState.REQUESTED, TransferState.APPROVED)
        taken = 2 if there.state is TransferState.APPROVED else 0
        for line in there.lines:
            assert await shop.quantities(line.sku) == Quantities(5, 5 - taken, committed=taken)

    assert await crash_everywhere(shop, db, prepare, act, check) > 5


async def test_a_crash_on_the_way_leaves_no_piece_in_two_places_or_none(shop: Shop, db: Database) -> None:
    async def prepare(name: str) -> Transfer:
        await shop.stock({name: 5})
        return await approved(shop, (name, 4))

    async def act(store: InventoryStore, ready: Transfer) -> object:
        sku = ready.lines[0].sku
        await actions.ship_transfer(store, [Count(sku, 3)], None, step(ready.id, "ship"))
        return await actions.receive_transfer(store, [Arrival(sku, 1, 1)], step(ready.id, "receive"))

    async def check(ready: Transfer) -> None:
        there = await shop.store.transfers.by_id(ready.id)
        assert there is not None
        line = there.lines[0]
        levels = (await shop.store.stock.levels_at([Sku(line.sku)], [shop.ginza, shop.shibuya]))[line.sku]
        assert sum(level.quantities.on_hand for level in levels) + line.in_transit == 5
        assert line.received + line.damaged == sum(
            level.quantities.on_hand for level in levels if level.location_id == shop.shibuya
        )

    assert await crash_everywhere(shop, db, prepare, act, check) > 8


async def test_a_paper_that_is_stuck_is_seen_and_holds_up_no_other(shop: Shop) -> None:
    await shop.stock({MUG: 5, "CUP": 5})
    stuck, other = await approved(shop, (MUG, 2)), await approved(shop, ("CUP", 2))
    for each in (stuck, other):  # decided by a worker that dies before it moves anything
        decision = model.ship(each, None, None, CLERK)
        dead = Step(new_id("key"), "", "ship", decision.after.state, utc_now() - timedelta(minutes=6), "staff:stf_1")
        await shop.store.transfers.decide(each, decision, dead, CLERK.actor)
    gone = StockMove("gone", MUG, shop.ginza, StockState.COMMITTED, None, 2, MovementReason.LOST)
    await move(shop.store, gone, actor=CLERK.actor, now=utc_now())
    await sweep_papers(shop.store, now=utc_now())
    assert await shop.quantities("CUP") == Quantities(3, 3)
    (problem,) = await audit(shop.store)
    assert problem.startswith(f"{stuck.id}: has movements of stock to make since")
    await shop.stock_more(MUG, 2)
    back = StockMove("back", MUG, shop.ginza, StockState.AVAILABLE, StockState.COMMITTED, 2, MovementReason.FOUND)
    await move(shop.store, back, actor=CLERK.actor, now=utc_now())
    await sweep_papers(shop.store, now=utc_now())


async def test_the_audit_sees_committed_pieces_that_are_gone(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    await approved(shop, (MUG, 2))
    tampered = {"$inc": {"committed": -1, "available": 1}}
    await shop.store.db["stock"].update_one({"sku": MUG}, tampered)
    problems = await audit(shop.store)
    assert f"{MUG}@{shop.ginza}: papers have committed 2, the stock only 1" in problems
    await shop.store.db["stock"].update_one({"sku": MUG}, {"$inc": {"committed": 1, "available": -1}})


async def test_nobody_takes_committed_pieces_from_under_a_paper(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    ready = await approved(shop, (MUG, 2))
    await move(
        shop.store, hand("paid", 1, StockState.AVAILABLE, StockState.COMMITTED, shop), actor=STAFF, now=utc_now()
    )
    back = hand("back", 1, StockState.COMMITTED, StockState.AVAILABLE, shop)
    assert (await move_by_hand(shop.store, back, actor=STAFF, now=utc_now())).quantities.committed == 2
    assert (await move_by_hand(shop.store, back, actor=STAFF, now=utc_now())).quantities.committed == 2
    more = hand("more", 1, StockState.COMMITTED, StockState.AVAILABLE, shop)
    assert await refusal(move_by_hand(shop.store, more, actor=STAFF, now=utc_now())) == CommittedToPapers(
        sku=MUG, location_id=shop.ginza, requested=1, free=0, paper_ids=(ready.id,)
    )
    await actions.ship_transfer(shop.store, None, None, step(ready.id, "ship"))
    none = await refusal(move_by_hand(shop.store, more, actor=STAFF, now=utc_now()))
    assert isinstance(none, InsufficientStock)


def hand(key: str, pieces: int, source: StockState, target: StockState, shop: Shop) -> StockMove:
    return StockMove(key, MUG, shop.ginza, source, target, pieces, MovementReason.CORRECTED)
