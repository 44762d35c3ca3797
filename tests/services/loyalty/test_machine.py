"""Whatever happens to a wallet, in whatever order: it has the points of a simple model, and its journal proves them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kit.errors import IdempotencyKeyReused, Refused
from kit.events import Drainer, EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.loyalty.actions import audit, earn, post, redeem, sweep_once
from services.loyalty.model import (
    CustomerId,
    EntryKind,
    InsufficientPoints,
    PointsRequest,
    Posting,
    Wallet,
    wallet_id_of,
)
from services.loyalty.store import INDEXES, LoyaltyStore

T = TypeVar("T")
EXAMPLES = 20
STEPS = 25
"""Some 500 steps, each with a whole audit: seconds."""
REGULAR_DAYS = 365
"""Time passes in tens of days, so that a leap year's 366 make no difference."""
AMOUNT = st.integers(1, 300)


@dataclass
class Points:
    """The model: a list of lots with the days they have left, and a debt. The regular lot is the one of 365 days."""

    lots: list[list[float]] = field(default_factory=list)
    regular: int = 0
    regular_left: float = 0
    debt: int = 0

    def balance(self) -> int:
        return self.regular + sum(int(points) for _, points in self.lots)

    def earn(self, points: int, days: float | None) -> None:
        repaid = min(points, self.debt)
        self.debt -= repaid
        self.regular_left = REGULAR_DAYS
        if days is None:
            self.regular += points - repaid
        elif points > repaid:
            self.lots.append([days, points - repaid])

    def burn(self, points: int) -> int:
        """What could not be burned."""
        lots = [*self.lots, [self.regular_left, self.regular]]
        for lot in sorted(lots, key=lambda lot: lot[0]):
            taken = min(points, lot[1])
            lot[1] -= taken
            points -= int(taken)
        self.regular = int(lots[-1][1])
        self.lots = [lot for lot in lots[:-1] if lot[1]]
        return points

    def age(self, days: int) -> None:
        self.regular_left -= days
        if self.regular_left <= 0:
            self.regular = 0
        self.lots = [[left - days, points] for left, points in self.lots if left > days]


class WalletMachine(RuleBasedStateMachine):
    """One member; `url` is set by the test. Half days keep limited lots apart from the regular one."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = self.run(self._connect())
        self.name = new_id("x")[2:].lower()
        self.store = LoyaltyStore(database(self.client, f"m{self.name}_loyalty"))
        self.drainer = Drainer(
            self.store.wallets, self.store.journal, EventLog(database(self.client, f"m{self.name}_events")), "loyalty"
        )
        self.member = CustomerId(new_id("cus"))
        self.noon = utc_now() + timedelta(hours=12)
        self.points = Points()
        self.made: list[tuple[EntryKind, PointsRequest, int]] = []
        self.count = 0

    @initialize()
    def start(self) -> None:
        self.run(ensure_indexes(self.store.db, {"wallets": INDEXES["wallets"]}))
        self.run(self.store.open({self.member: utc_now()}))
        self.earn_regular(500)
        self.earn_limited(200, 10)

    @rule(points=AMOUNT)
    def earn_regular(self, points: int) -> None:
        self.points.earn(points, None)
        self._made(EntryKind.EARNED, self._request(points))

    @rule(points=AMOUNT, days=st.sampled_from([10, 30, 400]))
    def earn_limited(self, points: int, days: int) -> None:
        self.points.earn(points, days + 0.5)
        self._made(EntryKind.EARNED, self._request(points, days))

    @rule(points=AMOUNT)
    def redeem_points(self, points: int) -> None:
        request = self._request(points)
        if points > (available := self.points.balance()):
            refusal = self._refusal(EntryKind.REDEEMED, request)
            assert isinstance(refusal, InsufficientPoints)
            assert refusal.available == available
            return
        assert self.points.burn(points) == 0
        self.points.regular_left = REGULAR_DAYS
        self._made(EntryKind.REDEEMED, request)

    @rule(points=AMOUNT)
    def take_back(self, points: int) -> None:
        self.points.debt += self.points.burn(points)
        posting = Posting(EntryKind.TAKEN_BACK, self.member, points, f"event:{new_id('e')}", "RETURN")
        first, again = self.run(post(self.store, posting)), self.run(post(self.store, posting))
        assert first.entry == again.entry

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.made:
            kind, request, seq = data.draw(st.sampled_from(self.made))
            assert self._do(kind, request) == seq

    @rule(data=st.data(), more=st.integers(1, 9))
    def reuse_a_key(self, data: st.DataObject, more: int) -> None:
        if self.made:
            kind, request, _ = data.draw(st.sampled_from(self.made))
            other = PointsRequest(self.member, request.points + more, request.reason, request.idempotency_key)
            assert isinstance(self._refusal(kind, other), IdempotencyKeyReused)

    @rule(days=st.sampled_from([10, 50, 210]))
    def let_time_pass(self, days: int) -> None:
        self.points.age(days)
        ms = days * 86_400_000
        lot = {"points": "$$this.points", "expires_at": {"$subtract": ["$$this.expires_at", ms]}}
        earlier = {name: {"$subtract": [f"${name}", ms]} for name in ("regular_expires_at", "next_expiry_at")}
        values = {"limited": {"$map": {"input": "$limited", "in": lot}}, **earlier}
        self.run(self.store.wallets.update_many({}, [{"$set": values}]))

    @rule()
    def sweep(self) -> None:
        self.run(sweep_once(self.store, utc_now()))

    @rule()
    def drain(self) -> None:
        self.run(self.drainer.drain())

    @invariant()
    def the_wallet_is_the_models_and_the_journal_proves_it(self) -> None:
        found: dict[str, Wallet] = self.run(self.store.wallets_by_id([wallet_id_of(self.member)]))
        for wallet in found.values():
            assert (wallet.balance(utc_now()), wallet.debt) == (self.points.balance(), self.points.debt)
            assert sum(lot.points for lot in wallet.lots(utc_now())) == self.points.balance()
        assert self.run(audit(self.store)) == []

    def teardown(self) -> None:
        for kind in ("loyalty", "events"):
            self.run(self.client.drop_database(f"m{self.name}_{kind}"))
        self.run(self.client.close())
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _connect(self) -> Any:
        return connect(self.url)

    def _request(self, points: int, days: int | None = None) -> PointsRequest:
        self.count += 1
        expires_at = None if days is None else self.noon + timedelta(days=days)
        return PointsRequest(self.member, points, "X", f"key-{self.count}", expires_at=expires_at)

    def _do(self, kind: EntryKind, request: PointsRequest) -> int:
        action = earn if kind is EntryKind.EARNED else redeem
        return self.run(action(self.store, request, now=utc_now())).entry.seq

    def _made(self, kind: EntryKind, request: PointsRequest) -> None:
        self.made.append((kind, request, self._do(kind, request)))

    def _refusal(self, kind: EntryKind, request: PointsRequest) -> object:
        try:
            self._do(kind, request)
        except Refused as refused:
            return refused.refusals[0]
        return None


def test_a_wallet_is_what_a_simple_model_says(mongo_url: str) -> None:
    machine = type("Machine", (WalletMachine,), {"url": mongo_url})
    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=bounds)
