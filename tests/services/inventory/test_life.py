"""Any sequence of actions keeps stock, journal, reservations and uploads in step with a model of a few lines.

Longer lives, other ones each time: python -m tests.services.inventory.test_life --examples 200 --steps 50
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from benchmarks.rates import own_mongodb
from kit.errors import Refused
from kit.events import EventLog
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.inventory.actions import (
    adjust_stock,
    audit,
    commit,
    extend,
    move,
    move_all,
    release,
    reserve,
    resolve_discrepancy,
    sweep,
    sync,
)
from services.inventory.events import drainers
from services.inventory.model import MovementReason, Sku, StockState
from services.inventory.reservation.model import (
    MAX_EXTENSIONS,
    MIN_HOLD_S,
    Commitment,
    Line,
    Onward,
    ReservationDraft,
)
from services.inventory.stock.model import Adjustment, AdjustmentReason, Quantities, Recount, StockMove
from services.inventory.store import INDEXES, InventoryStore
from services.inventory.sync.model import DiscrepancyState, SyncLine, SyncReason
from tests.services.inventory.world import WEB, Shop

SKUS = ("A", "B", "C")
HOLD_S = 60
EXAMPLES = 6
STEPS = 16
"""Together some hundred actions, each audited: ten seconds."""

T = TypeVar("T")
skus = st.sampled_from(SKUS)
states = st.sampled_from([None, *(each for each in StockState if each is not StockState.RESERVED)])
baskets = st.lists(st.tuples(skus, st.integers(1, 4)), min_size=1, max_size=4)


@dataclass(slots=True)
class Held:
    """What the model knows of a reservation."""

    id: str
    key: str
    basket: list[tuple[str, int]]
    begun_at: datetime
    expires_at: datetime
    state: str = "HELD"
    extensions: dict[str, int] = field(default_factory=dict)
    how: Commitment | None = None

    @property
    def pieces(self) -> dict[str, int]:
        return {sku: sum(count for name, count in self.basket if name == sku) for sku, _ in self.basket}

    def is_open(self, now: datetime) -> bool:
        return self.state == "HELD" and self.expires_at > now


@dataclass(slots=True)
class Found:
    """What the model knows of a discrepancy."""

    line: SyncLine
    version: int = 1
    is_open: bool = True


@dataclass(slots=True)
class World:
    """One loop, one database, emptied for every example."""

    loop: asyncio.AbstractEventLoop
    shop: Shop
    event_log: EventLog
    collections: tuple[str, ...] = (
        "stock",
        "reservations",
        "adjustments",
        "moves",
        "journal",
        "sync_lines",
        "discrepancies",
    )
    made: int = field(default=0)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def empty(self) -> None:
        for name in self.collections:
            await self.shop.store.db[name].delete_many({})


def life_of(world: World) -> type[RuleBasedStateMachine]:
    """The machine over this world."""
    shop, store = world.shop, world.shop.store

    class Life(RuleBasedStateMachine):
        """Actions against a model: pieces by SKU and state, reservations, and what was uploaded."""

        def __init__(self) -> None:
            super().__init__()
            world.run(world.empty())
            world.run(world.shop.stock(dict.fromkeys(SKUS, 5)))
            self.now = utc_now()
            self.there = {sku: Counter({StockState.AVAILABLE: 5}) for sku in SKUS}
            self.held: list[Held] = []
            self.uploads: list[list[SyncLine]] = []
            self.found: dict[int, Found] = {}
            self.till = self.key()

        def on_hand(self, sku: str) -> int:
            return self.there[sku].total()

        def available(self, sku: str) -> int:
            return self.there[sku][StockState.AVAILABLE]

        def shift(self, sku: str, source: StockState | None, target: StockState | None, pieces: int) -> None:
            for state, change in ((source, -pieces), (target, pieces)):
                if state is not None:
                    self.there[sku][state] += change

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
            change = Adjustment(self.key(), Sku(sku), shop.ginza, AdjustmentReason.CORRECTED, delta)
            work = adjust_stock(store, change, actor=WEB, now=self.now)
            possible = self.available(sku) + delta >= 0
            assert self.refused(work) is not possible
            self.shift(sku, None, StockState.AVAILABLE, delta if possible else 0)

        @rule(sku=skus, counted=st.integers(0, 8), expected=st.integers(0, 8))
        def recount(self, sku: str, counted: int, expected: int) -> None:
            count = Recount(counted, expected)
            change = Adjustment(self.key(), Sku(sku), shop.ginza, AdjustmentReason.CORRECTED, recount=count)
            work = adjust_stock(store, change, actor=WEB, now=self.now)
            delta = counted - self.on_hand(sku)
            possible = expected == self.on_hand(sku) and self.available(sku) + delta >= 0
            assert self.refused(work) is not possible
            self.shift(sku, None, StockState.AVAILABLE, delta if possible else 0)

        @rule(sku=skus, source=states, into=states, pieces=st.integers(1, 4), times=st.integers(1, 2))
        def move(self, sku: str, source: StockState | None, into: StockState | None, pieces: int, times: int) -> None:
            wanted = StockMove(self.key(), Sku(sku), shop.ginza, source, into, pieces, MovementReason.CORRECTED)
            possible = source is not into and (source is None or self.there[sku][source] >= pieces)
            for _ in range(times):
                assert self.refused(move(store, wanted, actor=WEB, now=self.now)) is not possible
            self.shift(sku, source, into, pieces if possible else 0)

        @rule(basket=baskets, into=st.sampled_from([None, StockState.DAMAGED]))
        def move_together(self, basket: list[tuple[str, int]], into: StockState | None) -> None:
            wanted = Held("", self.key(), basket, self.now, self.now)
            onward = Onward(into, MovementReason.DAMAGED)
            draft = ReservationDraft(wanted.key, self.lines(basket), HOLD_S, onward=onward)
            possible = all(self.available(sku) >= count for sku, count in wanted.pieces.items())
            assert self.refused(move_all(store, draft, actor=WEB, now=self.now)) is not possible
            for sku, count in wanted.pieces.items():
                self.shift(sku, StockState.AVAILABLE, into, count if possible else 0)

        @rule(basket=baskets)
        def reserve(self, basket: list[tuple[str, int]]) -> None:
            wanted = Held("", self.key(), basket, self.now, self.now + timedelta(seconds=HOLD_S))
            possible = all(self.available(sku) >= count for sku, count in wanted.pieces.items())
            assert self.refused(self.reserving(wanted)) is not possible
            if possible:
                wanted.id = world.run(self.reserving(wanted))
                self.held.append(wanted)
                for sku, count in wanted.pieces.items():
                    self.shift(sku, StockState.AVAILABLE, StockState.RESERVED, count)

        async def reserving(self, wanted: Held) -> str:
            draft = ReservationDraft(wanted.key, self.lines(wanted.basket), HOLD_S)
            return (await reserve(store, draft, actor=WEB, now=self.now)).id

        def lines(self, basket: Iterable[tuple[str, int]]) -> tuple[Line, ...]:
            return tuple(Line(Sku(sku), shop.ginza, count) for sku, count in basket)

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def reserve_again(self, data: st.DataObject) -> None:
            known = data.draw(st.sampled_from(self.held))
            assert world.run(self.reserving(known)) == known.id

        @precondition(lambda self: self.held)
        @rule(data=st.data(), seconds=st.integers(MIN_HOLD_S, 3 * HOLD_S), again=st.booleans())
        def extend(self, data: st.DataObject, seconds: int, again: bool) -> None:
            known = data.draw(st.sampled_from(self.held))
            key = data.draw(st.sampled_from(list(known.extensions))) if again and known.extensions else self.key()
            if key in known.extensions:
                possible = known.extensions[key] == seconds
            else:
                possible = known.is_open(self.now) and len(known.extensions) < MAX_EXTENSIONS
                if possible:
                    known.extensions[key] = seconds
                    known.expires_at = max(known.expires_at, self.now + timedelta(seconds=seconds))
            assert self.refused(extend(store, known.id, key, seconds, actor=WEB, now=self.now)) is not possible

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def release(self, data: st.DataObject) -> None:
            known = data.draw(st.sampled_from(self.held))
            possible = known.is_open(self.now)
            work = release(store, known.id, f"end-{known.id}", actor=WEB, now=self.now)
            assert self.refused(work) is not (possible or known.state == "RELEASED")
            if possible:
                self.give_back(known, "RELEASED")

        @precondition(lambda self: self.held)
        @rule(data=st.data(), into=st.sampled_from([None, StockState.COMMITTED]), whole=st.booleans())
        def commit(self, data: st.DataObject, into: StockState | None, whole: bool) -> None:
            known = data.draw(st.sampled_from(self.held))
            taken = known.pieces
            if not whole:
                kept = {sku: data.draw(st.integers(0, count)) for sku, count in taken.items()}
                taken = {sku: count for sku, count in kept.items() if count} or dict([next(iter(taken.items()))])
            how = Commitment(into, None if whole else self.lines(taken.items()))
            possible = known.is_open(self.now)
            work = commit(store, known.id, f"end-{known.id}", actor=WEB, now=self.now, how=how)
            assert self.refused(work) is not (possible or (known.state == "COMMITTED" and known.how == how))
            if possible:
                self.give_back(known, "COMMITTED")
                known.how = how
                for sku, count in taken.items():
                    self.shift(sku, StockState.AVAILABLE, into, count)

        def give_back(self, known: Held, state: str) -> None:
            known.state = state
            for sku, count in known.pieces.items():
                self.shift(sku, StockState.RESERVED, StockState.AVAILABLE, count)

        @rule(data=st.data(), rows=st.lists(st.tuples(skus, st.integers(-6, 6), st.booleans()), min_size=1, max_size=4))
        def upload(self, data: st.DataObject, rows: list[tuple[str, int, bool]]) -> None:
            begin = sum(len(each) for each in self.uploads)
            lines = [self.line(begin + place, *row) for place, row in enumerate(rows)]
            self.uploads.append(lines)
            met = [self.meet(line) for line in lines]
            synced = world.run(sync(store, self.till, data.draw(st.permutations(lines)), actor=WEB, now=self.now))
            assert (synced.applied, synced.replayed) == (met.count(True), 0)
            assert [each.line.sequence for each in synced.discrepancies] == [
                line.sequence for line, was_applied in zip(lines, met, strict=True) if not was_applied
            ]

        def line(self, sequence: int, sku: str, number: int, counts: bool) -> SyncLine:
            if counts or not number:
                seen = self.on_hand(sku)  # of two lines of a SKU in one upload the second has seen too little
                return SyncLine(
                    sequence, Sku(sku), shop.ginza, SyncReason.COUNTED, counted=number + 6, seen_on_hand=seen
                )
            return SyncLine(sequence, Sku(sku), shop.ginza, SyncReason.SOLD, delta=number)

        def meet(self, line: SyncLine) -> bool:
            delta = line.delta if line.delta is not None else (line.counted or 0) - self.on_hand(line.sku)
            moved = line.counted is not None and line.seen_on_hand != self.on_hand(line.sku)
            applied = not moved and self.available(line.sku) + delta >= 0
            self.shift(line.sku, None, StockState.AVAILABLE, delta if applied else 0)
            if not applied:
                self.found[line.sequence] = Found(line)
            return applied

        @precondition(lambda self: self.uploads)
        @rule(data=st.data())
        def upload_again(self, data: st.DataObject) -> None:
            lines = data.draw(st.sampled_from(self.uploads))
            synced = world.run(sync(store, self.till, lines, actor=WEB, now=self.now))
            short = sum(line.sequence in self.found for line in lines)
            assert (synced.applied, synced.replayed) == (0, len(lines) - short)
            assert len(synced.discrepancies) == short

        @precondition(lambda self: self.found)
        @rule(data=st.data(), into=st.sampled_from([DiscrepancyState.APPLIED, DiscrepancyState.DISMISSED]))
        def resolve(self, data: st.DataObject, into: DiscrepancyState) -> None:
            known = data.draw(st.sampled_from(list(self.found.values())))
            line, on_hand = known.line, self.on_hand(known.line.sku)
            delta = line.delta if line.delta is not None else (line.counted or 0) - on_hand
            applies = into is DiscrepancyState.APPLIED
            possible = known.is_open and (not applies or self.available(line.sku) + delta >= 0)

            async def work() -> None:
                seen = await store.sync.by_id(f"dsc_{self.till}_{line.sequence}")
                assert seen is not None
                await resolve_discrepancy(store, seen, into, None, expected_on_hand=on_hand, actor=WEB, now=self.now)

            assert self.refused(work()) is not possible
            known.is_open = known.is_open and not possible
            self.shift(line.sku, None, StockState.AVAILABLE, delta if possible and applies else 0)

        @rule(seconds=st.integers(1, HOLD_S))
        def time_passes(self, seconds: int) -> None:
            self.now += timedelta(seconds=seconds)

        @rule()
        def sweep(self) -> None:
            due = [each for each in self.held if each.state == "HELD" and each.expires_at <= self.now]
            assert world.run(sweep(store, now=self.now)).expired == len(due)
            for each in due:
                self.give_back(each, "EXPIRED")

        @rule()
        def drain(self) -> None:
            for drainer in drainers(store, world.event_log):
                world.run(drainer.drain())

        @invariant()
        def the_model_is_the_truth(self) -> None:
            assert world.run(audit(store)) == []
            for sku in SKUS:
                model = {state.figure: pieces for state, pieces in self.there[sku].items()}
                assert min(model.values()) >= 0
                assert world.run(shop.quantities(sku)) == Quantities(self.on_hand(sku), **model)

    return Life


async def open_world(url: str, prefix: str) -> tuple[Any, Shop, EventLog]:
    client = connect(url)
    db = database(client, f"{prefix}_life")
    await ensure_indexes(db, INDEXES)
    event_log = EventLog(database(client, f"{prefix}_life_events"))
    await event_log.prepare()
    return client, await Shop.open(InventoryStore(db)), event_log


def live(url: str, prefix: str, how: settings) -> None:
    """Run the machine in a database of its own."""
    loop = asyncio.new_event_loop()
    client, shop, event_log = loop.run_until_complete(open_world(url, prefix))
    try:
        run_state_machine_as_test(life_of(World(loop, shop, event_log)), settings=how)
    finally:
        loop.run_until_complete(client.close())
        loop.close()


def lives(examples: int, steps: int, **more: Any) -> settings:
    """So many lives of so many steps, without a clock of their own."""
    checks = list(HealthCheck)
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=checks,
        database=None,
        **more,
    )


def test_every_life_agrees_with_the_model(mongo_url: str, fresh_databases: str) -> None:
    live(mongo_url, fresh_databases, lives(EXAMPLES, STEPS, derandomize=True))


def main() -> None:
    """Long lives, others each time; a failure prints its steps."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    with own_mongodb() as url:
        live(url, "life", lives(given.examples, given.steps))
    print(f"{given.examples} lives of up to {given.steps} steps agree with the model")


if __name__ == "__main__":
    main()
