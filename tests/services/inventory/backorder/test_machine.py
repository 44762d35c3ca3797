"""Random lives of one line: orders, deliveries, cuts, walk-ins, cancellations and sweeps, against a simple model."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kit.errors import Refused
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.inventory.actions import audit, reserve
from services.inventory.backorder.actions import cancel, sweep_backorders
from services.inventory.backorder.model import Backorder, BackorderState
from services.inventory.model import stock_id
from services.inventory.receiving.actions import cancel_delivery, receive_delivery
from services.inventory.receiving.model import Receipt
from services.inventory.reservation.model import Line, ReservationDraft
from services.inventory.store import INDEXES, InventoryStore
from tests.services.inventory.backorder.test_backorders import expect, order
from tests.services.inventory.paper.world import step
from tests.services.inventory.world import STAFF, WEB, Shop

EXAMPLES, STEPS = 6, 14
"""A share in every run; more by hand: raise them."""


def test_every_line_agrees_with_the_model(mongo_url: str, fresh_databases: str) -> None:
    loop = asyncio.new_event_loop()
    client = connect(mongo_url)
    db = database(client, f"{fresh_databases}_backorders")
    store = InventoryStore(db)
    loop.run_until_complete(ensure_indexes(db, INDEXES))
    shop = loop.run_until_complete(Shop.open(store))

    class Lives(RuleBasedStateMachine):
        """Each life has a SKU of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.sku = new_id("SKU")
            self.incoming: dict[str, int] = {}
            self.line: list[Backorder] = []
            self.available = self.allocated = 0

        def run(self, work: Any) -> Any:
            return loop.run_until_complete(work)

        @rule(pieces=st.integers(1, 6))
        def announce(self, pieces: int) -> None:
            self.incoming[self.run(expect(shop, pieces, self.sku)).id] = pieces

        @rule(pieces=st.integers(1, 4))
        def place(self, pieces: int) -> None:
            waiting = sum(one.quantity for one in self.line)
            fits = waiting + pieces <= sum(self.incoming.values())
            try:
                placed = self.run(order(shop, new_id("key"), pieces, self.sku))
            except Refused:
                assert not fits
            else:
                assert fits
                self.line.append(placed)

        @rule(share=st.integers(1, 6))
        def receive(self, share: int) -> None:
            for id, pieces in list(self.incoming.items())[:1]:
                came = min(share, pieces)
                self.run(receive_delivery(store, [Receipt(self.sku, came)], step(id, "receive")))
                self.available += came
                self.incoming[id] -= came
                if not self.incoming[id]:
                    del self.incoming[id]

        @rule()
        def cut(self) -> None:
            for id in [
                id for id in list(self.incoming)[-1:] if self.run(store.deliveries.by_id(id)).state == "EXPECTED"
            ]:
                self.run(cancel_delivery(store, step(id, "cancel")))
                del self.incoming[id]

        @rule(pieces=st.integers(1, 3))
        def walk_in(self, pieces: int) -> None:
            draft = ReservationDraft(new_id("key"), (Line(self.sku, shop.ginza, pieces),))  # type: ignore[arg-type]
            try:
                self.run(reserve(store, draft, actor=STAFF, now=utc_now()))
            except Refused:
                assert self.available < pieces
            else:
                self.available -= pieces

        @rule(place=st.integers(0, 5))
        def give_up(self, place: int) -> None:
            for one in self.line[place : place + 1]:
                ended = self.run(cancel(store, one.id, new_id("key"), actor=WEB, now=utc_now()))
                assert ended.state is BackorderState.CANCELLED
                self.line.remove(one)

        @rule()
        def sweep(self) -> None:
            self.run(sweep_backorders(store, utc_now()))
            while self.line and self.line[0].quantity <= self.available:
                served = self.line.pop(0)
                self.available -= served.quantity
                self.allocated += served.quantity

        @invariant()
        def it_is_as_the_model_says(self) -> None:
            line = self.run(store.backorders.line(stock_id(self.sku, shop.ginza)))
            assert [one.id for one in self.line] == ([] if line is None else [one.id for one in line.open])
            id = stock_id(self.sku, shop.ginza)
            level = self.run(store.stock.levels([id])).get(id)
            if level is not None:
                assert (level.quantities.available, level.quantities.committed) == (self.available, self.allocated)
            if line is not None:
                assert line.ordered == sum(one.quantity for one in self.line)

        def teardown(self) -> None:
            assert self.run(audit(store)) == []

    try:
        checks = list(HealthCheck)
        wanted = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks)
        run_state_machine_as_test(Lives, settings=wanted)  # type: ignore[no-untyped-call]
    finally:
        loop.run_until_complete(client.close())
        loop.close()
