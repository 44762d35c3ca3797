"""Sourcing over a real database: what it looks at, and that what it proposes is then held, by somebody, once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import LocationEdit, reserve, upsert_location
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import InsufficientStock, LocationId, Sku
from services.inventory.policy.model import LeadRule, Policy, PolicyDraft, SafetyRule
from services.inventory.promise.model import Destination
from services.inventory.reservation.model import Line, ReservationDraft, ReservationState
from services.inventory.sourcing.actions import Order, reserve_sourced
from services.inventory.sourcing.gathering import Target, Wish, propose
from services.inventory.sourcing.model import Demand, SourcingRule, SourcingShort
from services.inventory.store import InventoryStore
from tests.services.inventory.world import CUP, GINZA, MUG, WEB, Shop, watched_store

POLICY = Policy("web", PolicyDraft(leads=(LeadRule(1, country="JP"),)), 1)
HOME = Target(destination=Destination("JP", "100-0001"), point=GINZA)


@pytest.fixture
async def chain(shop: Shop) -> Shop:
    """All three locations ship."""
    for id in (shop.ginza, shop.shibuya, shop.osaka):
        await works(shop, id, Operation(services=frozenset({LocationService.SHIP_FROM})))
    return shop


async def works(shop: Shop, id: LocationId, operation: Operation) -> None:
    row = (await shop.store.locations.by_id([id]))[id]
    draft = replace(row.draft, operation=operation)
    await upsert_location(shop.store, draft, LocationEdit(id, row.version), now=utc_now())


def wish(pieces: dict[Sku, int], target: Target = HOME) -> Wish:
    return Wish(tuple(Demand(sku, count) for sku, count in pieces.items()), target)


async def hold(shop: Shop, key: str, pieces: dict[Sku, int], policy: Policy = POLICY, store: Any = None) -> Any:
    order = Order(key, wish(pieces))
    return await reserve_sourced(store or shop.store, order, policy, actor=WEB, now=utc_now())


async def test_the_nearest_that_has_all_of_it_is_proposed(chain: Shop) -> None:
    await chain.stock({MUG: 1}, chain.ginza)
    await chain.stock({MUG: 1, CUP: 1}, chain.shibuya)
    await chain.stock({MUG: 9, CUP: 9}, chain.osaka)
    found = await propose(chain.store, wish({MUG: 1, CUP: 1}), POLICY, now=utc_now())
    assert found.plan.location_ids == (chain.shibuya,)
    assert found.plan.values[0] == 1
    assert 5_000 < found.plan.values[1] < 10_000, "metres from Ginza to Shibuya"


async def test_who_does_not_ship_is_not_asked_and_a_pickup_shop_is(chain: Shop) -> None:
    await chain.stock({MUG: 5}, chain.ginza)
    await chain.stock({MUG: 5}, chain.osaka)
    await works(chain, chain.ginza, Operation())
    assert (await propose(chain.store, wish({MUG: 1}), POLICY, now=utc_now())).plan.location_ids == (chain.osaka,)
    there = Target(pickup_location_id=chain.ginza)
    assert (await propose(chain.store, wish({MUG: 1}, there), POLICY, now=utc_now())).plan.location_ids == (
        chain.ginza,
    )


async def test_what_the_channel_keeps_back_or_cannot_deliver_is_not_proposed(chain: Shop) -> None:
    await chain.stock({MUG: 3}, chain.ginza)
    await chain.stock({MUG: 3}, chain.osaka)
    keeps = replace(POLICY, draft=replace(POLICY.draft, safety=(SafetyRule(3, location=chain.ginza),)))
    assert (await propose(chain.store, wish({MUG: 1}), keeps, now=utc_now())).plan.location_ids == (chain.osaka,)
    only_osaka = Policy("web", PolicyDraft(leads=(LeadRule(1, location=chain.osaka),)), 1)
    assert (await propose(chain.store, wish({MUG: 1}), only_osaka, now=utc_now())).plan.location_ids == (chain.osaka,)


async def test_the_dearer_parcel_loses_where_the_rules_say_so(chain: Shop) -> None:
    await chain.stock({MUG: 3}, chain.ginza)
    await chain.stock({MUG: 3}, chain.osaka)
    leads = (LeadRule(1, parcel_cost=900), LeadRule(1, location=chain.osaka, parcel_cost=300, piece_cost=10))
    policy = Policy("web", PolicyDraft(leads=leads, sourcing=(SourcingRule.COST,)), 1)
    plan = (await propose(chain.store, wish({MUG: 2}), policy, now=utc_now())).plan
    assert (plan.location_ids, plan.values) == ((chain.osaka,), (320,))


async def test_a_sourced_reservation_is_held_once_a_key(chain: Shop) -> None:
    await chain.stock({MUG: 2}, chain.ginza)
    await chain.stock({CUP: 2}, chain.osaka)
    held = await asyncio.gather(*[hold(chain, "basket", {MUG: 1, CUP: 2}) for _ in range(8)])
    assert len({one.reservation.id for one in held}) == 1
    assert held[0].reservation.state is ReservationState.HELD
    assert (await chain.quantities(MUG, chain.ginza)).reserved == 1
    assert (await chain.quantities(CUP, chain.osaka)).reserved == 2
    again = await hold(chain, "basket", {MUG: 1, CUP: 2})
    assert again.reservation.id == held[0].reservation.id
    with pytest.raises(Refused) as refused:
        await hold(chain, "basket", {MUG: 2})
    assert refused.value.refusals == (IdempotencyKeyReused(key="basket"),)


async def test_what_nobody_has_is_refused_with_the_facts_and_the_key_may_come_again(chain: Shop) -> None:
    await chain.stock({MUG: 1}, chain.ginza)
    await chain.stock({MUG: 1}, chain.osaka)
    with pytest.raises(Refused) as refused:
        await hold(chain, "basket", {CUP: 1, MUG: 3})
    assert set(refused.value.refusals) == {
        SourcingShort(path=("input", "lines", "1", "quantity"), sku=MUG, requested=3, available=2),
        SourcingShort(path=("input", "lines", "0", "quantity"), sku=CUP, requested=1, available=0),
    }
    await chain.stock({CUP: 1, MUG: 5}, chain.shibuya)
    assert (await hold(chain, "basket", {CUP: 1, MUG: 3})).reservation.state is ReservationState.HELD


async def test_where_it_is_gone_by_then_another_location_is_chosen(chain: Shop, db: Database) -> None:
    """Somebody takes Ginza's last mug after it was proposed and before it is held."""
    await chain.stock({MUG: 1}, chain.ginza)
    await chain.stock({MUG: 1}, chain.osaka)
    taken = []

    async def hook(call: str, run: Callable[[], Awaitable[Any]]) -> Any:
        if call == "sourced.find_one_and_update" and len(taken) < 2:
            taken.append(call)
            if len(taken) == 2:
                line = Line(MUG, chain.ginza, 1)
                await reserve(chain.store, ReservationDraft("rival", (line,)), actor=WEB, now=utc_now())
        return await run()

    watched, _ = watched_store(db, hook)
    held = await hold(chain, "basket", {MUG: 1}, store=watched)
    assert [line.location_id for line in held.reservation.lines] == [chain.osaka]
    assert held.proposal.plan.location_ids == (chain.osaka,)


async def test_forty_buyers_of_twenty_pieces_at_three_places_get_exactly_twenty(chain: Shop) -> None:
    for pieces, at in ((9, chain.ginza), (6, chain.shibuya), (5, chain.osaka)):
        await chain.stock({MUG: pieces}, at)

    async def buy(number: int) -> bool:
        try:
            await hold(chain, f"buyer-{number}", {MUG: 1})
        except Refused as refused:
            return not all(isinstance(one, SourcingShort | InsufficientStock) for one in refused.refusals)
        return True

    won = await asyncio.gather(*[buy(number) for number in range(40)])
    left = sum([(await chain.quantities(MUG, at)).available for at in (chain.ginza, chain.shibuya, chain.osaka)])
    assert sum(won) + left == 20
    for number, has_won in enumerate(won):
        if not has_won and left:
            left -= 1
            assert await buy(number), "whoever was too slow may come again with the same key"
    assert left == 0


async def test_a_location_without_picks_left_is_passed_over(chain: Shop) -> None:
    await works(chain, chain.ginza, Operation(services=frozenset({LocationService.SHIP_FROM}), daily_picks=2))
    await chain.stock({MUG: 9}, chain.ginza)
    await chain.stock({MUG: 9}, chain.osaka)
    first = await hold(chain, "one", {MUG: 2})
    assert [(pick.location_id, pick.pieces) for pick in first.picks] == [(chain.ginza, 2)]
    second = await hold(chain, "two", {MUG: 1})
    assert [line.location_id for line in second.reservation.lines] == [chain.osaka]
    assert second.picks == ()


@pytest.mark.parametrize(
    ("order", "paths"),
    [
        (Order("k", wish({MUG: 0})), ["input.lines.0.quantity"]),
        (Order("k", wish({})), ["input.lines"]),
        (Order("k", Wish((Demand(MUG, 1),) * 2, HOME)), ["input.lines.1.sku"]),
        (Order("k", wish({MUG: 1}, Target())), ["input"]),
        (Order("k", wish({MUG: 1}, Target("loc_x", Destination("JP")))), ["input"]),
        (Order("k", wish({MUG: -1}), 5), ["input.lines.0.quantity", "input.holdSeconds"]),
        (Order("k", wish({MUG: 1}, Target("loc_none"))), ["input.pickupLocationId"]),
    ],
)
async def test_bad_input_is_refused_by_the_exact_path(store: InventoryStore, order: Order, paths: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        await reserve_sourced(store, order, POLICY, actor=WEB, now=utc_now())
    assert [".".join(one.path) for one in refused.value.refusals] == paths
