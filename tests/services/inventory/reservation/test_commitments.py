"""What a commitment takes of a reservation: out at once, kept for later, or a part; and lines moved onward together."""

import asyncio

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.times import utc_now
from services.inventory.actions import commit, move_all
from services.inventory.model import InsufficientStock, MovementReason, StockState
from services.inventory.reservation.model import (
    LATER,
    Commitment,
    Line,
    Onward,
    Reservation,
    ReservationDraft,
    ReservationState,
)
from services.inventory.stock.model import Quantities
from tests.services.inventory.world import CUP, LAMP, MUG, STAFF, WEB, Shop


def part(shop: Shop, quantity: int) -> Commitment:
    return Commitment(StockState.COMMITTED, (Line(MUG, shop.ginza, quantity),))


async def committed(shop: Shop, held: Reservation, how: Commitment, key: str = "c") -> Reservation:
    return await commit(shop.store, held.id, key, actor=WEB, now=utc_now(), how=how)


async def test_paid_and_not_handed_over_stays_on_hand(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2})
    await committed(shop, held, LATER)
    assert await shop.quantities(MUG) == Quantities(5, 3, committed=2)
    assert (await committed(shop, held, LATER)).state is ReservationState.COMMITTED
    assert await shop.quantities(MUG) == Quantities(5, 3, committed=2)


async def test_a_part_is_committed_and_the_rest_goes_back(shop: Shop) -> None:
    await shop.stock({MUG: 5, CUP: 5})
    held = await shop.hold("k", {MUG: 3, CUP: 2})
    ended = await committed(shop, held, part(shop, 1))
    assert {line.sku: line.taken for line in ended.lines} == {MUG: 1, CUP: 0}
    assert await shop.quantities(MUG) == Quantities(5, 4, committed=1)
    assert await shop.quantities(CUP) == Quantities(5, 5)


async def test_a_commitments_key_belongs_to_its_input(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 3})
    await committed(shop, held, part(shop, 1))
    for other in (part(shop, 2), LATER, Commitment()):
        with pytest.raises(Refused) as caught:
            await committed(shop, held, other)
        assert caught.value.refusals == (IdempotencyKeyReused(key="c"),)


@pytest.mark.parametrize(
    ("quantity", "sku", "kind"), [(4, MUG, InsufficientStock), (0, MUG, InvalidInput), (1, LAMP, NotFound)]
)
async def test_more_than_is_held_cannot_be_committed(shop: Shop, quantity: int, sku: str, kind: type) -> None:
    await shop.stock({MUG: 5, LAMP: 5})
    held = await shop.hold("k", {MUG: 3})
    with pytest.raises(Refused) as caught:
        await committed(shop, held, Commitment(None, (Line(LAMP if sku == LAMP else MUG, shop.ginza, quantity),)))
    assert isinstance(caught.value.refusals[0], kind)
    assert await shop.quantities(MUG) == Quantities(5, 2, 3)


def onward(shop: Shop, key: str, into: StockState | None = StockState.COMMITTED, mugs: int = 2) -> ReservationDraft:
    lines = (
        Line(MUG, shop.ginza, mugs),
        Line(CUP, shop.ginza, 1, source=StockState.SAFETY),
    )
    return ReservationDraft(key, lines, reference="trf_1", onward=Onward(into, MovementReason.TRANSFERRED))


async def test_lines_move_onward_together_or_not_at_all(shop: Shop) -> None:
    await shop.stock({MUG: 5, CUP: 5})

    async def moved(draft: ReservationDraft) -> Reservation:
        return await move_all(shop.store, draft, actor=STAFF, now=utc_now())

    with pytest.raises(Refused) as caught:
        await moved(onward(shop, "k"))
    (refusal,) = caught.value.refusals
    assert isinstance(refusal, InsufficientStock)
    assert (refusal.sku, refusal.state, refusal.available) == (CUP, StockState.SAFETY, 0)
    assert await shop.quantities(MUG) == Quantities(5, 5)
    keep = ReservationDraft(
        "safe", (Line(CUP, shop.ginza, 2),), onward=Onward(StockState.SAFETY, MovementReason.PROTECTED)
    )
    await moved(keep)
    results = await asyncio.gather(*(moved(onward(shop, "k")) for _ in range(5)))
    assert len({result.id for result in results}) == 1
    assert await shop.quantities(MUG) == Quantities(5, 3, committed=2)
    assert await shop.quantities(CUP) == Quantities(5, 3, committed=1, safety=1)
    with pytest.raises(Refused) as caught:
        await moved(onward(shop, "k", into=None))
    assert caught.value.refusals == (IdempotencyKeyReused(key="k"),)
    await moved(onward(shop, "out", into=None, mugs=3))
    assert await shop.quantities(MUG) == Quantities(2, 0, committed=2)
