"""Any sequence of actions keeps stock, journal and reservations in step with a model of a few lines."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kit.errors import Refused
from kit.events import EventLog
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.inventory.actions import adjust_stock, audit, commit, release, reserve, sweep
from services.inventory.events import drainers
from services.inventory.model import Sku
from services.inventory.reservation.model import Line, ReservationDraft
from services.inventory.stock.model import Adjustment, AdjustmentReason, Quantities, Recount
from services.inventory.store import INDEXES, InventoryStore
from tests.services.inventory.world import WEB, Shop

SKUS = ("A", "B", "C")
HOLD_S = 60
EXAMPLES = 15
STEPS = 20
"""Together some hundred actions, each audited: ten seconds."""

T = TypeVar("T")
skus = st.sampled_from(SKUS)
baskets = st.lists(st.tuples(skus, st.integers(1, 4)), min_size=1, max_size=4)


@dataclass(slots=True)
class Held:
    """What the model knows of a reservation."""

    id: str
    key: str
    basket: list[tuple[str, int]]
    expires_at: datetime
    state: str = "HELD"

    @property
    def pieces(self) -> dict[str, int]:
        return {sku: sum(count for name, count in self.basket if name == sku) for sku, _ in self.basket}


@dataclass(slots=True)
class World:
    """One loop, one database, emptied for every example."""

    loop: asyncio.AbstractEventLoop
    shop: Shop
    event_log: EventLog
    collections: tuple[str, ...] = ("stock", "reservations", "adjustments", "journal")
    made: int = field(default=0)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def empty(self) -> None:
        for name in self.collections:
            await self.shop.store.db[name].delete_many({})


def life_of(world: World) -> type[RuleBasedStateMachine]:
    """The machine over this world."""

    class Life(RuleBasedStateMachine):
        """Actions against a model: pieces on hand, and reservations with their state."""

        def __init__(self) -> None:
            super().__init__()
            world.run(world.empty())
            world.run(world.shop.stock(dict.fromkeys(SKUS, 5)))
            self.now = utc_now()
            self.on_hand = dict.fromkeys(SKUS, 5)
            self.held: list[Held] = []

        def reserved(self, sku: str) -> int:
            return sum(each.pieces.get(sku, 0) for each in self.held if each.state == "HELD")

        def available(self, sku: str) -> int:
            return self.on_hand[sku] - self.reserved(sku)

        def key(self) -> str:
            world.made += 1
            return f"key-{world.made}"

        def refused(self, work: Coroutine[Any, Any, object]) -> bool:
            try:
                world.run(work)
            except Refused:
                return True
            return False

        @rule(sku=skus, delta=st.integers(-6, 6).filter(bool))
        def adjust(self, sku: str, delta: int) -> None:
            change = Adjustment(self.key(), Sku(sku), world.shop.ginza, AdjustmentReason.CORRECTED, delta)
            work = adjust_stock(world.shop.store, change, actor=WEB, now=self.now)
            possible = self.available(sku) + delta >= 0
            assert self.refused(work) is not possible
            self.on_hand[sku] += delta if possible else 0

        @rule(sku=skus, counted=st.integers(0, 8), expected=st.integers(0, 8))
        def recount(self, sku: str, counted: int, expected: int) -> None:
            count = Recount(counted, expected)
            change = Adjustment(self.key(), Sku(sku), world.shop.ginza, AdjustmentReason.CORRECTED, recount=count)
            work = adjust_stock(world.shop.store, change, actor=WEB, now=self.now)
            possible = expected == self.on_hand[sku] and counted >= self.reserved(sku)
            assert self.refused(work) is not possible
            self.on_hand[sku] = counted if possible else self.on_hand[sku]

        @rule(basket=baskets)
        def reserve(self, basket: list[tuple[str, int]]) -> None:
            wanted = Held("", self.key(), basket, self.now + timedelta(seconds=HOLD_S))
            possible = all(self.available(sku) >= count for sku, count in wanted.pieces.items())
            assert self.refused(self.reserving(wanted)) is not possible
            if possible:
                wanted.id = world.run(self.reserving(wanted))
                self.held.append(wanted)

        async def reserving(self, wanted: Held) -> str:
            lines = tuple(Line(Sku(sku), world.shop.ginza, count) for sku, count in wanted.basket)
            draft = ReservationDraft(wanted.key, lines, HOLD_S)
            return (await reserve(world.shop.store, draft, actor=WEB, now=self.now)).id

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def reserve_again(self, data: st.DataObject) -> None:
            known = data.draw(st.sampled_from(self.held))
            assert world.run(self.reserving(known)) == known.id

        @precondition(lambda self: self.held)
        @rule(data=st.data(), into=st.sampled_from(["COMMITTED", "RELEASED"]))
        def end(self, data: st.DataObject, into: str) -> None:
            known = data.draw(st.sampled_from(self.held))
            action = commit if into == "COMMITTED" else release
            work = action(world.shop.store, known.id, f"end-{known.id}", actor=WEB, now=self.now)
            open_still = known.state == "HELD" and known.expires_at > self.now
            assert self.refused(work) is not (open_still or known.state == into)
            if open_still:
                known.state = into
                for sku, count in known.pieces.items() if into == "COMMITTED" else ():
                    self.on_hand[sku] -= count

        @rule(seconds=st.integers(1, HOLD_S))
        def time_passes(self, seconds: int) -> None:
            self.now += timedelta(seconds=seconds)

        @rule()
        def sweep(self) -> None:
            due = [each for each in self.held if each.state == "HELD" and each.expires_at <= self.now]
            assert world.run(sweep(world.shop.store, now=self.now)).expired == len(due)
            for each in due:
                each.state = "EXPIRED"

        @rule()
        def drain(self) -> None:
            for drainer in drainers(world.shop.store, world.event_log):
                world.run(drainer.drain())

        @invariant()
        def the_model_is_the_truth(self) -> None:
            assert world.run(audit(world.shop.store)) == []
            for sku in SKUS:
                there = world.run(world.shop.quantities(sku))
                assert there == Quantities(self.on_hand[sku], self.available(sku), self.reserved(sku))

    return Life


async def open_world(url: str, prefix: str) -> tuple[Any, Shop, EventLog]:
    client = connect(url)
    db = database(client, f"{prefix}_life")
    await ensure_indexes(db, INDEXES)
    event_log = EventLog(database(client, f"{prefix}_life_events"))
    await event_log.prepare()
    return client, await Shop.open(InventoryStore(db)), event_log


def test_every_life_agrees_with_the_model(mongo_url: str, fresh_databases: str) -> None:
    loop = asyncio.new_event_loop()
    client, shop, event_log = loop.run_until_complete(open_world(mongo_url, fresh_databases))
    try:
        run_state_machine_as_test(
            life_of(World(loop, shop, event_log)),
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
