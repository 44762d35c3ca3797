"""Large changes by hand: one asks, another approves, all lines or none."""

import pytest

from kit.errors import InvalidInput, NotFound, Refused
from kit.mongo import Database
from services.inventory.adjustment import actions
from services.inventory.adjustment.model import (
    ALONE_PIECES,
    AdjustmentLine,
    AdjustmentRequest,
    AdjustmentState,
    ApprovalNeeded,
    check_alone,
)
from services.inventory.model import InsufficientStock
from services.inventory.paper.model import ApprovalNeedsAnother, By, WrongLocation, WrongState
from services.inventory.stock.model import AdjustmentReason, Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.paper.world import BOSS, CLERK, at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, Shop


async def asked(shop: Shop, *lines: tuple[str, int], by: By = CLERK) -> AdjustmentRequest:
    rows = [AdjustmentLine(sku, delta, place) for place, (sku, delta) in enumerate(lines)]
    command = step("", "request", by=by)
    return await actions.request_adjustment(shop.store, shop.ginza, AdjustmentReason.LOST, rows, command)


def test_one_person_changes_only_so_much() -> None:
    check_alone(-ALONE_PIECES)
    with pytest.raises(Refused) as caught:
        check_alone(ALONE_PIECES + 1)
    (needed,) = caught.value.refusals
    assert isinstance(needed, ApprovalNeeded)
    assert (needed.requested, needed.limit) == (ALONE_PIECES + 1, ALONE_PIECES)


async def test_another_person_approves_and_then_it_moves_once(shop: Shop) -> None:
    await shop.stock({MUG: 2_000})
    request = await asked(shop, (MUG, -1_500), ("CUP", 3))
    assert await shop.quantities(MUG) == Quantities(2_000, 2_000)
    own = await refusal(actions.approve_adjustment(shop.store, step(request.id, "approve")))
    assert isinstance(own, ApprovalNeedsAnother)
    approve = step(request.id, "approve", by=BOSS)
    for _ in range(2):
        assert (await actions.approve_adjustment(shop.store, approve)).state is AdjustmentState.APPROVED
    assert await shop.quantities(MUG) == Quantities(500, 500)
    assert await shop.quantities("CUP") == Quantities(3, 3)
    late = await refusal(actions.reject_adjustment(shop.store, step(request.id, "reject")))
    assert isinstance(late, WrongState)


async def test_what_is_promised_cannot_be_adjusted_away(shop: Shop) -> None:
    await shop.stock({MUG: 5, "CUP": 5})
    await shop.hold("k", {MUG: 3})
    request = await asked(shop, ("CUP", -5), (MUG, -4))
    short = await refusal(actions.approve_adjustment(shop.store, step(request.id, "approve", by=BOSS)))
    assert isinstance(short, InsufficientStock)
    assert (short.sku, short.requested, short.available) == (MUG, 4, 2)
    assert await shop.quantities("CUP") == Quantities(5, 5)
    rejected = await actions.reject_adjustment(shop.store, step(request.id, "reject", by=BOSS))
    assert rejected.state is AdjustmentState.REJECTED


async def test_a_request_that_cannot_be_names_its_path(shop: Shop) -> None:
    for lines, path in (
        ([], ("input", "lines")),
        ([(MUG, 0)], ("input", "lines", "0", "delta")),
        ([(MUG, 1), (MUG, 2)], ("input", "lines")),
    ):
        refused = await refusal(asked(shop, *lines))
        assert isinstance(refused, InvalidInput)
        assert refused.path == path
    assert isinstance(await refusal(asked(shop, (MUG, 1), by=at_location(shop.osaka))), WrongLocation)
    rows = [AdjustmentLine(MUG, 1)]
    work = actions.request_adjustment(shop.store, "loc_none", AdjustmentReason.FOUND, rows, step("", "request"))
    assert isinstance(await refusal(work), NotFound)


async def test_a_crash_while_approving_changes_all_or_nothing(shop: Shop, db: Database) -> None:
    async def prepare(name: str) -> AdjustmentRequest:
        await shop.stock({name: 5, f"{name}-b": 5})
        return await asked(shop, (name, -2), (f"{name}-b", 2))

    async def act(store: InventoryStore, request: AdjustmentRequest) -> object:
        return await actions.approve_adjustment(store, step(request.id, "approve", by=BOSS))

    async def check(request: AdjustmentRequest) -> None:
        there = await shop.store.adjustment_requests.by_id(request.id)
        assert there is not None
        done = there.state is AdjustmentState.APPROVED
        assert done or there.state is AdjustmentState.REQUESTED
        less, more = (line.sku for line in there.lines)
        assert (await shop.quantities(less)).on_hand == (3 if done else 5)
        assert (await shop.quantities(more)).on_hand == (7 if done else 5)

    assert await crash_everywhere(shop, db, prepare, act, check) > 5
