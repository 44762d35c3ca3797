"""Any sequence of deliveries, counts and pick waves at one shop keeps stock and papers in step with a small model.

Longer lives, other ones each time: python -m tests.services.inventory.test_yard_life --examples 100 --steps 40
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from benchmarks.rates import own_mongodb
from kit.errors import Refused
from kit.times import utc_now
from services.inventory.actions import audit
from services.inventory.count import actions as counts
from services.inventory.count.model import CountDraft, Counted, CountKind
from services.inventory.fulfillment import actions as fulfillments
from services.inventory.pick import actions as waves
from services.inventory.pick.model import Confirmed
from services.inventory.receiving import actions as deliveries
from services.inventory.receiving.model import DeliveryDraft, ExpectedLine, Receipt, Verdict
from services.inventory.stock.model import Quantities
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import step
from tests.services.inventory.test_life import lives, open_world

SKUS = ("A", "B")
START = 9
EXAMPLES, STEPS = 5, 18
"""A share in every run; more by the command above."""
PAPERS = ("deliveries", "counts", "waves", "fulfillments", "transfers")
OTHERS = ("stock", "reservations", "adjustments", "moves", "journal")

T = TypeVar("T")
skus = st.sampled_from(SKUS)
few = st.integers(1, 3)
some = st.integers(0, 2)
orders = st.lists(few, min_size=1, max_size=3)


@dataclass(slots=True)
class Due:
    """What the model knows of a delivery of one SKU."""

    id: str
    sku: str
    expected: int
    arrived: int = 0
    on_hold: int = 0
    is_closed: bool = False


@dataclass(slots=True)
class Sold:
    """What it knows of a fulfilment of one SKU; `pieces` are those it still has."""

    id: str
    sku: str
    pieces: int
    state: str = "ALLOCATED"

    @property
    def has_pieces(self) -> bool:
        return self.state in ("ALLOCATED", "PICKING", "PICKED")


@dataclass(slots=True)
class Walk:
    """A wave: who joined it, in their order, and the SKUs nobody has confirmed yet."""

    id: str
    joined: list[Sold]
    open: set[str]
    state: str = "OPEN"


@dataclass(slots=True)
class Sheet:
    """A count: what differs of each SKU that was counted, and whether it is in the books."""

    id: str
    state: str = "OPEN"
    differs: dict[str, int] = field(default_factory=dict)
    posted: set[str] = field(default_factory=set)


@dataclass(slots=True)
class World:
    """One loop, one database, emptied for every example."""

    loop: asyncio.AbstractEventLoop
    desk: Desk

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def empty(self) -> None:
        for name in (*PAPERS, *OTHERS):
            await self.desk.shop.store.db[name].delete_many({})
        await self.desk.shop.stock(dict.fromkeys(SKUS, START))


def life_of(world: World) -> type[RuleBasedStateMachine]:
    """The machine over this world."""
    desk, shop = world.desk, world.desk.shop
    store = shop.store

    class Life(RuleBasedStateMachine):
        """Steps against counters of pieces by state."""

        def __init__(self) -> None:
            super().__init__()
            world.run(world.empty())
            self.available = Counter(dict.fromkeys(SKUS, START))
            self.damaged: Counter[str] = Counter()
            self.on_hold: Counter[str] = Counter()
            self.due: list[Due] = []
            self.sold: list[Sold] = []
            self.walks: list[Walk] = []
            self.sheets: list[Sheet] = []

        def committed(self, sku: str) -> int:
            return sum(each.pieces for each in self.sold if each.sku == sku and each.has_pieces)

        def on_hand(self, sku: str) -> int:
            return self.available[sku] + self.damaged[sku] + self.on_hold[sku] + self.committed(sku)

        def took(self, work: Coroutine[Any, Any, object]) -> bool:
            try:
                world.run(work)
            except Refused:
                return False
            return True

        @rule(sku=skus, pieces=few)
        def announce(self, sku: str, pieces: int) -> None:
            draft = DeliveryDraft(shop.ginza, "Potter", utc_now(), (ExpectedLine(sku, pieces),))
            made = world.run(deliveries.expect_delivery(store, draft, step("", "expect")))
            self.due.append(Due(made.id, sku, pieces))

        @precondition(lambda self: self.due)
        @rule(data=st.data(), good=some, held=some, broken=st.integers(0, 1))
        def receive(self, data: st.DataObject, good: int, held: int, broken: int) -> None:
            it = data.draw(st.sampled_from(self.due))
            came = good + held + broken
            possible = not it.is_closed and 0 < came <= it.expected - it.arrived
            receipt = Receipt(it.sku, good, held, broken)
            assert self.took(deliveries.receive_delivery(store, [receipt], step(it.id, "receive"))) is possible
            if possible:
                it.arrived, it.on_hold = it.arrived + came, it.on_hold + held
                it.is_closed = it.arrived == it.expected
                self.available[it.sku] += good
                self.on_hold[it.sku] += held
                self.damaged[it.sku] += broken

        @precondition(lambda self: self.due)
        @rule(data=st.data(), good=some, back=some, broken=st.integers(0, 1))
        def inspect(self, data: st.DataObject, good: int, back: int, broken: int) -> None:
            it = data.draw(st.sampled_from(self.due))
            possible = 0 < good + back + broken <= it.on_hold
            verdict = Verdict(it.sku, good, back, broken)
            assert self.took(deliveries.inspect_delivery(store, [verdict], step(it.id, "inspect"))) is possible
            if possible:
                it.on_hold -= good + back + broken
                self.on_hold[it.sku] -= good + back + broken
                self.available[it.sku] += good
                self.damaged[it.sku] += broken

        @precondition(lambda self: self.due)
        @rule(data=st.data(), days=st.integers(1, 30))
        def put_off_or_close(self, data: st.DataObject, days: int) -> None:
            it = data.draw(st.sampled_from(self.due))
            later = utc_now() + timedelta(days=days)
            put_off = deliveries.reschedule_delivery(store, later, [], step(it.id, "reschedule"))
            assert self.took(put_off) is not it.is_closed
            possible = not it.is_closed and it.arrived > 0
            assert self.took(deliveries.close_delivery(store, step(it.id, "close"))) is possible
            it.is_closed = it.is_closed or possible

        @rule(sku=skus, of_each=orders)
        def sell(self, sku: str, of_each: list[int]) -> None:
            for pieces in [pieces for pieces in of_each if self.available[sku] >= pieces]:
                if self.available[sku] < pieces:
                    return
                made = world.run(desk.pickup(sku, pieces))
                self.available[sku] -= pieces
                self.sold.append(Sold(made.id, sku, pieces))

        @rule(sku=skus, of_each=orders, size=st.integers(1, 4), goes=st.booleans())
        def gather(self, sku: str, of_each: list[int], size: int, goes: bool) -> None:
            if not any(each.state == "ALLOCATED" for each in self.sold):
                self.sell(sku, of_each)
            waiting = [each for each in sorted(self.sold, key=lambda one: one.id) if each.state == "ALLOCATED"][:size]
            try:
                made = world.run(waves.create_wave(store, shop.ginza, size, step("", "plan", size)))
            except Refused:
                assert not waiting
                return
            assert list(made.fulfillment_ids) == [each.id for each in waiting]
            for each in waiting:
                each.state = "PICKING"
            self.walks.append(Walk(made.id, waiting, {each.sku for each in waiting}))
            if goes:
                world.run(waves.claim_wave(store, step(made.id, "claim")))
                self.walks[-1].state = "CLAIMED"

        @precondition(lambda self: self.walks)
        @rule(data=st.data(), goes=st.booleans())
        def claim_or_give_back(self, data: st.DataObject, goes: bool) -> None:
            it = data.draw(st.sampled_from(self.walks))
            act, needed, after = (
                (waves.claim_wave, "OPEN", "CLAIMED") if goes else (waves.release_wave, "CLAIMED", "OPEN")
            )
            possible = it.state == needed
            assert self.took(act(store, step(it.id, "take"))) is possible
            it.state = after if possible else it.state

        @precondition(lambda self: any(each.state == "CLAIMED" for each in self.walks))
        @rule(data=st.data(), missing=some, broken=st.integers(0, 1))
        def confirm(self, data: st.DataObject, missing: int, broken: int) -> None:
            it = data.draw(st.sampled_from([each for each in self.walks if each.state == "CLAIMED"]))
            sku = data.draw(st.sampled_from([*sorted(it.open), *sorted(it.open), *SKUS]))
            of_it = [each for each in it.joined if each.sku == sku]
            asked = {each.id: each.pieces for each in of_it}
            wanted = world.run(self.asked(it.id, sku))
            found = wanted - missing - broken
            possible = sku in it.open and found >= 0
            work = waves.confirm_lines(store, [Confirmed(sku, found, broken)], step(it.id, "confirm"))
            assert self.took(work) is possible
            if not possible:
                return
            it.open.discard(sku)
            it.state = "CLAIMED" if it.open else "DONE"
            for each in of_it:  # the oldest gets what there is, a share of what was called off is nobody's
                share = asked[each.id]
                good = min(found, share)
                bad = min(broken, share - good)
                found, broken = found - good, broken - bad
                if each.state == "PICKING":
                    each.pieces = good
                    each.state = "PICKED" if good else "SHORT"
                    self.damaged[sku] += bad

        async def asked(self, wave_id: str, sku: str) -> int:
            wave = await store.waves.by_id(wave_id)
            assert wave is not None
            return sum(line.quantity for line in wave.lines if line.sku == sku)

        @precondition(lambda self: self.sold)
        @rule(data=st.data())
        def call_off(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.has_pieces
            assert self.took(fulfillments.cancel(store, step(it.id, "cancel"), own_only=False)) is possible
            if possible:
                it.state = "CANCELLED"
                self.available[it.sku] += it.pieces

        @precondition(lambda self: self.sold)
        @rule(data=st.data())
        def collect(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sold))
            possible = it.state == "PICKED"
            assert self.took(fulfillments.make_ready(store, step(it.id, "ready"))) is possible
            if possible:
                world.run(desk.collect(world.run(desk.now(it.id))))
                it.state = "COLLECTED"

        @rule()
        def begin_count(self) -> None:
            draft = CountDraft(shop.ginza, CountKind.CYCLE, SKUS)
            (made,) = world.run(counts.open_count(store, draft, step("", "open")))
            self.sheets.append(Sheet(made.id))

        @precondition(lambda self: self.sheets)
        @rule(data=st.data(), sku=skus, differs=st.integers(-3, 3))
        def count(self, data: st.DataObject, sku: str, differs: int) -> None:
            it = data.draw(st.sampled_from(self.sheets))
            there = self.on_hand(sku)
            counted = max(there + differs, 0)
            possible = it.state == "OPEN"
            work = counts.record_counted(store, [Counted(sku, counted)], step(it.id, "record"))
            assert self.took(work) is possible
            if possible:
                it.differs[sku] = counted - there

        @precondition(lambda self: self.sheets)
        @rule(data=st.data())
        def submit_and_post(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sheets))
            possible = it.state == "OPEN" and len(it.differs) == len(SKUS)
            assert self.took(counts.submit_count(store, step(it.id, "submit"))) is possible
            it.state = "APPROVED" if possible else it.state
            possible = it.state in ("APPROVED", "BLOCKED")
            assert self.took(counts.post_count(store, step(it.id, "post"))) is possible
            if possible:
                for sku in [sku for sku in SKUS if sku not in it.posted]:
                    if self.available[sku] + it.differs[sku] >= 0:
                        self.available[sku] += it.differs[sku]
                        it.posted.add(sku)
                it.state = "POSTED" if len(it.posted) == len(SKUS) else "BLOCKED"
                seen = world.run(store.counts.by_id(it.id))
                assert seen is not None
                assert seen.state.value == it.state

        @precondition(lambda self: self.sheets)
        @rule(data=st.data())
        def throw_the_sheet_away(self, data: st.DataObject) -> None:
            it = data.draw(st.sampled_from(self.sheets))
            possible = it.state in ("OPEN", "APPROVED")
            assert self.took(counts.cancel_count(store, step(it.id, "cancel"))) is possible
            it.state = "CANCELLED" if possible else it.state

        @invariant()
        def the_model_is_the_truth(self) -> None:
            for sku in SKUS:
                assert world.run(shop.quantities(sku)) == Quantities(
                    self.on_hand(sku),
                    self.available[sku],
                    committed=self.committed(sku),
                    quality_hold=self.on_hold[sku],
                    damaged=self.damaged[sku],
                )

        def teardown(self) -> None:
            assert world.run(audit(store)) == []
            for it in self.due:
                there = world.run(store.deliveries.by_id(it.id))
                assert there is not None
                assert (there.lines[0].arrived, there.lines[0].on_hold) == (it.arrived, it.on_hold)
            for each in self.sold:
                assert world.run(desk.now(each.id)).state.value == each.state

    return Life


def live(url: str, prefix: str, how: settings) -> None:
    """Run the machine in a database of its own."""
    loop = asyncio.new_event_loop()
    client, shop, _ = loop.run_until_complete(open_world(url, f"{prefix}_yard"))
    try:
        run_state_machine_as_test(life_of(World(loop, Desk(shop))), settings=how)
    finally:
        loop.run_until_complete(client.close())
        loop.close()


def test_every_life_of_a_shops_yard_agrees_with_the_model(mongo_url: str, fresh_databases: str) -> None:
    live(mongo_url, fresh_databases, lives(EXAMPLES, STEPS, derandomize=True))


def main() -> None:
    """Long lives, others each time; a failure prints its steps."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    with own_mongodb() as url:
        live(url, "life", lives(given.examples, given.steps))
    print(f"{given.examples} lives of up to {given.steps} steps agree with the model")


if __name__ == "__main__":
    main()
