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
from services.loyalty.bonus.actions import grant, set_rules
from services.loyalty.bonus.model import BonusLimitReached, BonusRule, BonusTrigger, Happened
from services.loyalty.bonus.store import BonusStore
from services.loyalty.hold.actions import capture, hold, void
from services.loyalty.hold.model import MAX_HOLD_S, HoldEnd, HoldEnded, HoldRequest
from services.loyalty.model import CustomerId, EntryKind, HoldId, Wallet, wallet_id_of
from services.loyalty.notice.actions import tell_expiring
from services.loyalty.posting.model import InsufficientPoints, PointsRequest, Posting
from services.loyalty.posting.pipelines import REFUND_GRACE
from services.loyalty.refund.actions import refund
from services.loyalty.refund.model import RefundExceedsSpent, RefundRequest
from services.loyalty.store import INDEXES, LoyaltyStore

T = TypeVar("T")
EXAMPLES = 12
STEPS = 25
"""Some 500 steps, each with a whole audit: seconds."""
REGULAR_DAYS = 365
"""Time passes in tens of days, so that a leap year's 366 make no difference."""
AMOUNT = st.integers(1, 300)
VISITS = 3


Taken = tuple[float | None, int]


@dataclass
class Points:
    """The model: a list of lots with the days they have left, holds of such lots, and a debt.

    The regular lot is the one of 365 days; in what was taken it has None for its days.
    """

    lots: list[list[float]] = field(default_factory=list)
    regular: int = 0
    regular_left: float = 0
    debt: int = 0
    holds: dict[HoldId, list[Taken]] = field(default_factory=dict)

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
        return points - sum(taken for _, taken in self.take(points))

    def take(self, points: int) -> list[Taken]:
        """What was burned, in its order."""
        burned: list[Taken] = []
        lots = [*self.lots, [self.regular_left, self.regular]]
        for lot in sorted(lots, key=lambda lot: lot[0]):
            taken = int(min(points, lot[1]))
            if taken:
                burned.append((None if lot is lots[-1] else lot[0], taken))
            lot[1] -= taken
            points -= taken
        self.regular = int(lots[-1][1])
        self.lots = [lot for lot in lots[:-1] if lot[1]]
        return burned

    def end(self, hold_id: HoldId, captured: int) -> None:
        """The first points are spent; the rest comes back as far as it lives, and repays debt."""
        if captured:
            self.regular_left = REGULAR_DAYS
        back = 0
        for days, points in self.holds.pop(hold_id):
            spent = min(captured, points)
            captured, points = captured - spent, points - spent
            back += self.put(days, points)
        repaid = min(back, self.debt)
        self.debt -= repaid
        assert self.burn(repaid) == 0

    def put(self, days: float | None, points: int) -> int:
        """Points back into their lot, if it lives; how many there were."""
        if days is None and self.regular_left > 0:
            self.regular += points
        elif days is not None and days > 0 and points:
            self.lots.append([days, points])
        else:
            return 0
        return points

    def refund(self, taken: list[Taken], points: int) -> None:
        """The longest lived come back first; what has expired lives on for the grace. Debt is repaid by them."""
        given = 0
        for days, lot in reversed(taken):
            part = min(points - given, lot)
            given += part
            if days is None and part:
                self.regular_left = max(self.regular_left, REFUND_GRACE.days)
            self.put(days if days is None or days > 0 else REFUND_GRACE.days, part)
        repaid = min(given, self.debt)
        self.debt -= repaid
        assert self.burn(repaid) == 0

    def age(self, days: int) -> None:
        self.holds = {id: [(left and left - days, n) for left, n in lots] for id, lots in self.holds.items()}
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
        self.visits: dict[int, int] = {}

    @initialize()
    def start(self) -> None:
        self.run(ensure_indexes(self.store.db, INDEXES))
        self.run(self.store.open({self.member: utc_now()}))
        rules = (BonusRule("visit", BonusTrigger.VISIT, 7, times=VISITS),)
        setting = set_rules(
            BonusStore(self.store.db),
            rules,
            "k",
            expected_version=0,
            actor="staff:ann",
            now=utc_now() - timedelta(hours=1),
        )
        self.run(setting)
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

    @rule(source=st.integers(1, 6))
    def visit(self, source: int) -> None:
        """Three bonuses a member, each source once."""
        told = Happened(self.member, BonusTrigger.VISIT, f"visit-{source}", utc_now())
        if source in self.visits or len(self.visits) < VISITS:
            if source not in self.visits:
                self.points.earn(7, None)
            self.visits.setdefault(source, self.run(grant(self.store, told, now=utc_now())).entries[0].seq)
            assert self.run(grant(self.store, told, now=utc_now())).entries[0].seq == self.visits[source]
        else:
            assert isinstance(self._refused(grant(self.store, told, now=utc_now())), BonusLimitReached)

    @rule()
    def tell_of_what_expires(self) -> None:
        self.run(tell_expiring(self.store, utc_now()))
        assert self.run(tell_expiring(self.store, utc_now())) == 0

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
    def hold_points(self, points: int) -> None:
        request = HoldRequest(self._request(points), MAX_HOLD_S)
        if points > self.points.balance():
            assert isinstance(self._refused(hold(self.store, request, now=utc_now())), InsufficientPoints)
            return
        held = self.run(hold(self.store, request, now=utc_now()))
        self.points.holds[held.hold.id] = self.points.take(points)
        assert self.run(hold(self.store, request, now=utc_now())).entry == held.entry

    @rule(data=st.data())
    def capture_a_part(self, data: st.DataObject) -> None:
        if self.points.holds:
            hold_id = data.draw(st.sampled_from(sorted(self.points.holds)))
            points = data.draw(st.integers(1, sum(points for _, points in self.points.holds[hold_id])))
            end = self._end(hold_id, points)
            self.points.end(hold_id, points)
            first = self.run(capture(self.store, end, now=utc_now()))
            assert self.run(capture(self.store, end, now=utc_now())).entry == first.entry
            assert isinstance(self._refused(void(self.store, self._end(hold_id, 0), now=utc_now())), HoldEnded)

    @rule(data=st.data())
    def void_a_hold(self, data: st.DataObject) -> None:
        if self.points.holds:
            hold_id = data.draw(st.sampled_from(sorted(self.points.holds)))
            self.points.end(hold_id, 0)
            self.run(void(self.store, self._end(hold_id, 0), now=utc_now()))

    @rule(points=AMOUNT, data=st.data())
    def redeem_and_refund(self, points: int, data: st.DataObject) -> None:
        if points <= self.points.balance():
            taken = self.points.take(points)
            self.points.regular_left = REGULAR_DAYS
            spent = self.run(redeem(self.store, self._request(points), now=utc_now())).entry
            part = data.draw(st.integers(1, points))
            self.points.refund(taken, part)
            request = RefundRequest(self.member, f"{spent.wallet_id}.{spent.seq}", part, "X", new_id("key"))
            self.run(refund(self.store, request, now=utc_now()))
            more = RefundRequest(self.member, request.entry_id, points - part + 1, "X", new_id("key"))
            assert isinstance(self._refused(refund(self.store, more, now=utc_now())), RefundExceedsSpent)

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
        earlier = {
            name: {"$subtract": [f"${name}", ms]} for name in ("regular_expires_at", "next_expiry_at", "next_notice_at")
        }
        held = {"$map": {"input": "$$one.lots", "in": {"$mergeObjects": ["$$this", {"expires_at": lot["expires_at"]}]}}}
        holds = {"$map": {"input": "$holds", "as": "one", "in": {"$mergeObjects": ["$$one", {"lots": held}]}}}
        values = {"limited": {"$map": {"input": "$limited", "in": lot}}, "holds": holds, **earlier}
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
            held = {hold.id: hold.points for hold in wallet.holds}
            assert held == {id: sum(points for _, points in lots) for id, lots in self.points.holds.items()}
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

    def _end(self, hold_id: HoldId, points: int) -> HoldEnd:
        return HoldEnd(self.member, hold_id, points, "X", new_id("key"))

    def _refused(self, work: Coroutine[Any, Any, object]) -> object:
        try:
            self.run(work)
        except Refused as refused:
            return refused.refusals[0]
        return None

    def _refusal(self, kind: EntryKind, request: PointsRequest) -> object:
        action = earn if kind is EntryKind.EARNED else redeem
        return self._refused(action(self.store, request, now=utc_now()))


def test_a_wallet_is_what_a_simple_model_says(mongo_url: str) -> None:
    machine = type("Machine", (WalletMachine,), {"url": mongo_url})
    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=bounds)
