"""Any sequence of transfers and fulfilments keeps stock and papers in step with a model of a few lines.

The model counts pieces by place: on hand and committed at each location, on the way, lost, handed over. A step that the
model thinks possible must be taken, any other refused; after each, stock, papers and model say the same.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kit.errors import Refused
from kit.times import utc_now
from services.inventory.actions import audit, sweep_papers
from services.inventory.fulfillment import actions as fulfillments
from services.inventory.fulfillment.life import Picked
from services.inventory.paper.model import Count
from services.inventory.stock.model import Quantities
from services.inventory.transfer import actions as transfers
from services.inventory.transfer.model import Arrival, TransferDraft
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import step
from tests.services.inventory.test_life import open_world

SKUS = ("A", "B")
START = 4
EXAMPLES = 8
STEPS = 16
"""Together some hundred steps, each audited: some seconds."""

T = TypeVar("T")
skus = st.sampled_from(SKUS)
few = st.integers(1, 3)


@dataclass(slots=True)
class Moving:
    """What the model knows of a transfer of one SKU."""

    id: str
    sku: str
    pieces: int
    ends: tuple[str, str]
    state: str = "REQUESTED"
    on_the_way: int = 0
    lost: int = 0


@dataclass(slots=True)
class Sold:
    """What the model knows of a fulfilment of one SKU, to be picked up at `place`."""

    id: str
    sku: str
    pieces: int
    source: str
    place: str
    state: str = "ALLOCATED"
    out: int = 0

    @property
    def held_at(self) -> str | None:
        at_source = ("ALLOCATED", "PICKING", "PICKED")
        if self.state in at_source:
            return self.source
        return self.place if self.state in ("ARRIVED", "READY") else None


@dataclass(slots=True)
class World:
    """One loop, one database, emptied for every example."""

    loop: asyncio.AbstractEventLoop
    desk: Desk
    sold: list[Sold] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def empty(self) -> None:
        shop = self.desk.shop
        for name in ("stock", "reservations", "adjustments", "moves", "journal", "transfers", "fulfillments"):
            await shop.store.db[name].delete_many({})
        for place in (shop.ginza, shop.osaka):
            await shop.stock(dict.fromkeys(SKUS, START), at=place)


def life_of(world: World) -> type[RuleBasedStateMachine]:
    """The machine over this world."""
    desk, shop = world.desk, world.desk.shop
    store = shop.store
    places = (shop.ginza, shop.osaka)

    class Life(RuleBasedStateMachine):
        """Steps against a model of pieces by place."""

        def __init__(self) -> None:
            super().__init__()
            world.run(world.empty())
            self.on_hand = Counter({(place, sku): START for place in places for sku in SKUS})
            self.waiting: Counter[tuple[str, str]] = Counter()  # came back, not inspected
            self.moving: list[Moving] = []
            self.sold: list[Sold] = []

        def committed(self, place: str, sku: str) -> int:
            moving = sum(
                each.pieces for each in self.moving if (each.state, each.ends[0], each.sku) == ("APPROVED", place, sku)
            )
            return moving + sum(each.pieces for each in self.sold if (each.held_at, each.sku) == (place, sku))

        def available(self, place: str, sku: str) -> int:
            return self.on_hand[place, sku] - self.committed(place, sku) - self.waiting[place, sku]

        def took(self, work: Coroutine[Any, Any, object]) -> bool:
            try:
                world.run(work)
            except Refused:
                return False
            return True

        @rule(sku=skus, pieces=few, back=st.booleans())
        def request(self, sku: str, pieces: int, back: bool) -> None:
            ends = (places[back], places[not back])
            draft = TransferDraft(*ends, (Count(sku, pieces),))
            made = world.run(transfers.request_transfer(store, draft, step("", "request")))
            self.moving.append(Moving(made.id, sku, pieces, ends))

        @precondition(lambda self: self.moving)
        @rule(data=st.data())
        def approve(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.moving))
            possible = it.state == "REQUESTED" and self.available(it.ends[0], it.sku) >= it.pieces
            assert self.took(transfers.approve_transfer(store, step(it.id, "approve"))) is possible
            it.state = "APPROVED" if possible else it.state

        @precondition(lambda self: self.moving)
        @rule(data=st.data(), left_behind=st.integers(0, 1))
        def ship(self, data: st.DataObject, left_behind: int) -> None:
            it = data.draw(st.sampled_from(self.moving))
            sent = it.pieces - left_behind
            possible = it.state == "APPROVED" and sent > 0
            work = transfers.ship_transfer(store, [Count(it.sku, sent)], None, step(it.id, "ship"))
            assert self.took(work) is possible
            if possible:
                it.state, it.on_the_way = "SHIPPED", sent
                self.on_hand[it.ends[0], it.sku] -= sent

        @precondition(lambda self: self.moving)
        @rule(data=st.data(), pieces=few)
        def receive(self, data: st.DataObject, pieces: int) -> None:
            it = data.draw(st.sampled_from(self.moving))
            possible = it.state == "SHIPPED" and it.on_the_way >= pieces
            work = transfers.receive_transfer(store, [Arrival(it.sku, pieces)], step(it.id, "receive"))
            assert self.took(work) is possible
            if possible:
                it.on_the_way -= pieces
                self.on_hand[it.ends[1], it.sku] += pieces
                it.state = "SHIPPED" if it.on_the_way else "COMPLETED"

        @precondition(lambda self: self.moving)
        @rule(data=st.data(), pieces=few, end=st.integers(0, 1))
        def close_and_find(self, data: st.DataObject, pieces: int, end: int) -> None:
            it = data.draw(st.sampled_from(self.moving))
            if it.state == "SHIPPED":
                assert self.took(transfers.close_transfer(store, step(it.id, "close")))
                it.state, it.lost, it.on_the_way = "COMPLETED", it.on_the_way, 0
            possible = it.state == "COMPLETED" and it.lost >= pieces
            work = transfers.find_lost(store, [Count(it.sku, pieces)], it.ends[end], step(it.id, "find"))
            assert self.took(work) is possible
            if possible:
                it.lost -= pieces
                self.on_hand[it.ends[end], it.sku] += pieces

        @precondition(lambda self: self.moving)
        @rule(data=st.data())
        def call_off(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.moving))
            possible = it.state in ("REQUESTED", "APPROVED")
            assert self.took(transfers.cancel_transfer(store, step(it.id, "cancel"))) is possible
            it.state = "CANCELLED" if possible else it.state

        @rule(sku=skus, pieces=few, away=st.booleans())
        def sell(self, sku: str, pieces: int, away: bool) -> None:
            source = places[away]
            if self.available(source, sku) < pieces:
                return
            make = desk.from_osaka if away else desk.pickup
            made = world.run(make(sku, pieces))
            self.sold.append(Sold(made.id, sku, pieces, source, shop.ginza))

        @precondition(lambda self: self.sold)
        @rule(data=st.data(), short=st.integers(0, 1))
        def pick(self, data: st.DataObject, short: int) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == "ALLOCATED"
            assert self.took(fulfillments.start_picking(store, step(it.id, "start"))) is possible
            if not possible:
                return
            picks = [Picked(it.sku, it.pieces - short, short)]
            done = world.run(fulfillments.record_picked(store, picks, step(it.id, "pick")))
            it.pieces -= short
            it.state = "PICKED" if it.pieces else "SHORT"
            self.on_hand[it.source, it.sku] -= short
            other = places[it.source == places[0]]
            expected = min(short, self.available(other, it.sku))
            assert sum(pieces for each in done.replacements for _, pieces in each.lines) == expected
            for each in done.replacements:
                self.sold.append(Sold(each.id, it.sku, expected, other, it.place))

        @precondition(lambda self: self.sold)
        @rule(data=st.data())
        def send_on(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == "PICKED" and it.source != it.place
            assert self.took(fulfillments.ship(store, None, None, step(it.id, "ship"))) is possible
            if possible:
                it.state = "IN_TRANSIT"
                self.on_hand[it.source, it.sku] -= it.pieces

        @precondition(lambda self: self.sold)
        @rule(data=st.data())
        def arrive(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == "IN_TRANSIT"
            assert self.took(fulfillments.arrive(store, None, step(it.id, "arrive"))) is possible
            if possible:
                it.state = "ARRIVED"
                self.on_hand[it.place, it.sku] += it.pieces

        @precondition(lambda self: self.sold)
        @rule(data=st.data(), comes=st.booleans())
        def wait_at_the_counter(self, data: st.DataObject, comes: bool) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == ("PICKED" if it.source == it.place else "ARRIVED")
            assert self.took(fulfillments.make_ready(store, step(it.id, "ready"))) is possible
            if not possible:
                return
            if comes:
                world.run(desk.collect(world.run(desk.now(it.id))))
                it.state, it.out = "COLLECTED", it.pieces
                self.on_hand[it.place, it.sku] -= it.pieces
            else:
                assert world.run(sweep_papers(store, now=utc_now() + timedelta(days=8))) == 1
                it.state = "NO_SHOW"

        @precondition(lambda self: self.sold)
        @rule(data=st.data())
        def cancel(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.held_at is not None
            assert self.took(fulfillments.cancel(store, step(it.id, "cancel"), own_only=False)) is possible
            it.state = "CANCELLED" if possible else it.state

        @precondition(lambda self: self.sold)
        @rule(data=st.data(), pieces=few, away=st.booleans())
        def bring_back(self, data: st.DataObject, pieces: int, away: bool) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == "COLLECTED" and it.out >= pieces
            work = fulfillments.give_back(store, [Count(it.sku, pieces)], places[away], step(it.id, "return"))
            assert self.took(work) is possible
            if possible:
                it.out -= pieces
                self.on_hand[places[away], it.sku] += pieces
                self.waiting[places[away], it.sku] += pieces

        @invariant()
        def the_model_is_the_truth(self) -> None:
            assert world.run(audit(store)) == []
            for place in places:
                for sku in SKUS:
                    there = world.run(shop.quantities(sku, place))
                    waiting = self.waiting[place, sku]
                    assert there == Quantities(
                        self.on_hand[place, sku],
                        self.available(place, sku),
                        committed=self.committed(place, sku),
                        quality_hold=waiting,
                    )

    return Life


def test_every_life_of_papers_agrees_with_the_model(mongo_url: str, fresh_databases: str) -> None:
    loop = asyncio.new_event_loop()
    client, shop, _ = loop.run_until_complete(open_world(mongo_url, fresh_databases))
    try:
        run_state_machine_as_test(
            life_of(World(loop, Desk(shop))),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=True,
            ),
        )
    finally:
        loop.run_until_complete(client.close())
        loop.close()
