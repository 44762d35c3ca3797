"""Whatever happens to three members, in whatever order and by whatever clock: no point is lost or doubled.

The machine earns, spends, holds, gives, claims, freezes, changes by hand, merges and parts, lets time pass; everything
is asked for twice at once and again. After every step the journal is every wallet, claims are paid, and all points are
those that were given less those that were spent or have expired.

Longer lives, other ones each time: python -m tests.services.loyalty.test_life --examples 200 --steps 50
"""

import argparse
import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from benchmarks.rates import own_mongodb
from kit.events import Drainer, Event, EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.loyalty.actions import earn, redeem, sweep_once
from services.loyalty.adjustment import actions as adjusting
from services.loyalty.adjustment.model import Adjustment, AdjustmentRequest, AdjustmentState
from services.loyalty.bond.actions import sweep_bonds
from services.loyalty.bond.events import CUSTOMER_MERGED, CUSTOMER_UNMERGED, hear_bonds
from services.loyalty.bond.store import BondStore
from services.loyalty.claim.actions import claim_reward
from services.loyalty.claim.ending import answered, cancel, sweep_claims
from services.loyalty.claim.model import ClaimRequest, ClaimState, CouponAnswer, RewardClaim
from services.loyalty.claim.store import ClaimStore
from services.loyalty.events import ORDER_RECORDED, ORDER_RETURNED, handle_events
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.gift.actions import give
from services.loyalty.gift.model import GiftRequest
from services.loyalty.hold.actions import capture, hold, sweep_holds, void
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.merge.actions import merge, unmerge
from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId, Wallet, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, PointsRequest
from services.loyalty.refund.actions import refund
from services.loyalty.refund.model import RefundExceedsSpent, RefundRequest
from services.loyalty.spending.model import SpendingNotAllowed, SpendingTooFast
from services.loyalty.store import INDEXES, LoyaltyStore, Posted
from tests.services.loyalty.lives import DAY_CAP, DAY_LIMIT, MINIMUM, Life

EXAMPLES, STEPS = 4, 18
"""Some seventy steps, each asked for three times and audited: seconds."""
T = TypeVar("T")
WHO = st.integers(0, 2)
POINTS = st.integers(1, 300)
SKEW = st.sampled_from([0, 0, -2, 2])
"""Hours by which the clock of whoever asks is wrong; the database's decides."""


class LoyaltyLife(RuleBasedStateMachine):
    """`url` is set by who runs it."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.run(self._open())

    async def _open(self) -> None:
        self.client = connect(self.url)
        self.store = LoyaltyStore(database(self.client, "loyalty_life"))
        event_log = EventLog(database(self.client, "loyalty_life_events"))
        self.drainer = Drainer(self.store.wallets, self.store.journal, event_log, "loyalty")
        await ensure_indexes(self.store.db, INDEXES)

    @initialize()
    def begin(self) -> None:
        self.life = self.run(Life.begin(self.store))
        for who in range(3):
            self.earns(who, 400, None, 0)

    @rule(who=WHO, points=POINTS, days=st.sampled_from([None, 10, 30, 400]), skew=SKEW)
    def earns(self, who: int, points: int, days: int | None, skew: int) -> None:
        now = utc_now() + timedelta(hours=skew)
        expires_at = None if days is None else now + timedelta(days=days)
        request = replace(self._asked(who, points), expires_at=expires_at)
        if isinstance(self._twice(lambda: earn(self.store, request, now=now)), Posted):
            self.life.net += points

    @rule(who=WHO, hundreds=st.integers(0, 9))
    def buys(self, who: int, hundreds: int) -> None:
        id, gross = new_id("ord"), hundreds * 100 + 37
        data = {"orderId": id, "customerId": self._member(who), "goodsGrossMinor": gross, "currency": "JPY"}
        self._hear(Event(f"{id}:r", "/noren/order", ORDER_RECORDED, id, utc_now(), data))
        self.life.orders[id] = (self._member(who), gross)
        self._order_was_right(id)

    @rule(data=st.data())
    def returns(self, data: st.DataObject) -> None:
        """A part, or all; points of what was kept stay."""
        if self.life.orders:
            id = data.draw(st.sampled_from(sorted(self.life.orders)))
            member, kept = self.life.orders[id]
            back, name = data.draw(st.integers(0, kept)), new_id("ret")
            told = {"returnId": name, "orderId": id, "customerId": member, "goodsGrossMinor": back, "currency": "JPY"}
            self._hear(Event(f"{name}:r", "/noren/order", ORDER_RETURNED, name, utc_now(), told))
            self.life.orders[id] = (member, kept - back)
            self._order_was_right(id)

    @rule(who=WHO, points=POINTS, skew=SKEW)
    def redeems(self, who: int, points: int, skew: int) -> None:
        now, request = utc_now() + timedelta(hours=skew), self._asked(who, points)
        before = self.run(self.life.wallet(request.customer_id))
        answer = self._twice(lambda: redeem(self.store, request, now=now))
        if isinstance(answer, Posted):
            self.life.net -= points
            self.life.spent.append((request.customer_id, f"{answer.entry.wallet_id}.{answer.entry.seq}", points))
        self._spending_was_right(before, points, answer)

    @rule(data=st.data(), more=st.booleans())
    def refunds(self, data: st.DataObject, more: bool) -> None:
        if self.life.spent:
            member, entry_id, points = data.draw(st.sampled_from(self.life.spent))
            part = points + 1 if more else data.draw(st.integers(1, points))
            request = RefundRequest(self.life.root(member), entry_id, part, "X", self.life.key())
            answer = self._twice(lambda: refund(self.store, request, now=utc_now()))
            if isinstance(answer, Posted):
                place = self.life.spent.index((member, entry_id, points))
                left = [(member, entry_id, points - part)] if points > part else []
                self.life.spent[place : place + 1] = left
                self.life.net += part
            assert not more or isinstance(answer, RefundExceedsSpent) or not isinstance(answer, Posted)

    @rule(who=WHO, points=POINTS, skew=SKEW)
    def holds(self, who: int, points: int, skew: int) -> None:
        now, request = utc_now() + timedelta(hours=skew), HoldRequest(self._asked(who, points))
        before = self.run(self.life.wallet(request.asked.customer_id))
        answer = self._twice(lambda: hold(self.store, request, now=now))
        if hasattr(answer, "hold"):
            self.life.holds[answer.hold.id] = (request.asked.customer_id, points)
        self._spending_was_right(before, points, answer)

    @rule(data=st.data(), captured=st.integers(0, 300))
    def ends_a_hold(self, data: st.DataObject, captured: int) -> None:
        """Whoever's wallet has it by now ends it, once."""
        if self.life.holds:
            id = data.draw(st.sampled_from(sorted(self.life.holds)))
            member, points = self.life.holds[id]
            end = HoldEnd(self.life.root(member), id, min(captured, points), "X", self.life.key())  # type: ignore[arg-type]
            work = capture if end.points else void
            answer = self._twice(lambda: work(self.store, end, now=utc_now()))
            if hasattr(answer, "hold"):
                del self.life.holds[id]
                self.life.net -= end.points
                again = replace(end, idempotency_key=self.life.key())
                assert self.run(self.life.refusal(work(self.store, again, now=utc_now()))) is not None

    @rule(who=WHO, to=WHO, points=POINTS)
    def gives(self, who: int, to: int, points: int) -> None:
        request = GiftRequest(self._asked(who, points), self.life.root(self._member(to)))
        self._twice(lambda: give(self.store, request, now=utc_now()))

    @rule(who=WHO, reward=st.integers(0, 1), skew=SKEW)
    def claims(self, who: int, reward: int, skew: int) -> None:
        now, what = utc_now() + timedelta(hours=skew), self.life.rewards[reward]
        request = ClaimRequest(self.life.root(self._member(who)), what.id, self.life.key(), "customer:x")
        answer = self._twice(lambda: claim_reward(self.store, request, now=now))
        if isinstance(answer, RewardClaim):
            self.life.net -= what.draft.points
            self.life.claims.append(answer.id)

    @rule(data=st.data(), says=st.sampled_from([CouponAnswer.REVOKED, CouponAnswer.USED, CouponAnswer.HELD]))
    def gives_a_claim_back(self, data: st.DataObject, says: CouponAnswer) -> None:
        """The catalog answers for coupons as it likes."""
        if self.life.claims:
            id = data.draw(st.sampled_from(self.life.claims))
            self._twice(lambda: cancel(self.store, id, actor="staff:ann", reason="X", now=utc_now()))
            self._catalog_answers(says)

    @rule(says=st.sampled_from([CouponAnswer.REVOKED, CouponAnswer.USED]))
    def claims_expire(self, says: CouponAnswer) -> None:
        self.run(sweep_claims(self.store, utc_now() + timedelta(days=100)))
        self._catalog_answers(says)

    @rule(who=WHO, points=st.sampled_from([-400, -50, 40, 500]), agrees=st.booleans())
    def changes_by_hand(self, who: int, points: int, agrees: bool) -> None:
        request = AdjustmentRequest(self._member(who), points, "X", self.life.key(), "staff:ann")
        scopes = frozenset({"points:write"})
        answer = self._twice(lambda: adjusting.ask(self.store, request, scopes, now=utc_now()))
        if isinstance(answer, Adjustment) and answer.state is AdjustmentState.REQUESTED:
            state = AdjustmentState.APPROVED if agrees else AdjustmentState.REJECTED
            answer = self._twice(
                lambda: adjusting.decide(self.store, answer.id, state, actor="staff:bob", reason="X", now=utc_now())
            )
        if isinstance(answer, Adjustment) and answer.state is AdjustmentState.APPROVED:
            self.life.net += points

    @rule(who=WHO, frozen=st.booleans())
    def freezes(self, who: int, frozen: bool) -> None:
        request = FreezeRequest(self._member(who), frozen, "X", self.life.key())
        self._twice(lambda: set_frozen(self.store, request))

    @rule(kept=WHO, further=st.integers(1, 2), late=st.sampled_from([False, False, True]))
    def become_one_or_part(self, kept: int, further: int, late: bool) -> None:
        """As the customer service does it: who stands for themselves takes another in, or lets them go."""
        life, ours, theirs = self.life, self._member(kept), self._member((kept + further) % 3)
        bonds = [bond for bond in life.bonds if bond[1:] == (ours, theirs)]
        if life.root(ours) == ours and bonds:
            life.bonds.remove(bonds[0])
            self._tell(CUSTOMER_UNMERGED, bonds[0], "restoredId", late)
        elif life.root(ours) == ours and life.root(theirs) == theirs:
            life.bonds.append((new_id("mrg"), ours, theirs))
            self._tell(CUSTOMER_MERGED, life.bonds[-1], "mergedId", late)

    @rule(turned=st.booleans())
    def what_was_late_comes(self, turned: bool) -> None:
        events = self.life.late[::-1] if turned else self.life.late
        for event in events:
            self.run(hear_bonds(self.store, [event, event], now=utc_now()))
        self.life.late = []

    @rule(one=WHO, further=st.integers(1, 2))
    def merges_and_parts_exactly(self, one: int, further: int) -> None:
        source, into = self._member(one), self._member((one + further) % 3)
        self.run(self.store.expire([wallet_id_of(source), wallet_id_of(into)]))
        before = [self._whole(who) for who in (source, into)]
        request = MergeRequest(source, into, "X", self.life.key())
        made = self._twice(lambda: merge(self.store, request, now=utc_now()))
        if hasattr(made, "id"):
            self._twice(lambda: unmerge(self.store, made.id, now=utc_now()))
            assert [self._whole(who) for who in (source, into)] == before

    @rule(days=st.sampled_from([5, 20, 200, 366]))
    def time_passes(self, days: int) -> None:
        self.run(self.life.let_pass(days))

    @rule()
    def sweeps(self) -> None:
        now = utc_now()
        self.run(sweep_once(self.store, now))
        self.run(sweep_bonds(self.store, now + timedelta(minutes=5)))
        self.run(sweep_claims(self.store, now + timedelta(minutes=5)))
        assert self.run(ClaimStore(self.store.db).stock_due(now + timedelta(days=1), 9)) == []
        assert self.run(ClaimStore(self.store.db).refunds_due(now + timedelta(days=1), 9)) == []
        self.run(self.drainer.drain())
        wallets = [self.run(self.life.wallet(who)) for who in self.life.members]
        if not self.life.late and all(wallet.frozen_at is None and not wallet.holds for wallet in wallets):
            waiting = self.run(BondStore(self.store.db).pending(now + timedelta(days=1), 9))
            assert waiting == [], "nothing keeps wallets from following"

    @rule()
    def holds_run_out(self) -> None:
        self.run(self.life.end_holds())
        while self.run(sweep_holds(self.store, utc_now())):
            pass
        self.life.holds = {}

    @invariant()
    def everything_adds_up(self) -> None:
        assert self.run(self.life.problems()) == []

    def teardown(self) -> None:
        self.run(self.client.close())
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def _twice(self, work: Any) -> Any:
        return self.run(self.life.twice(work))

    def _member(self, who: int) -> CustomerId:
        return self.life.members[who]

    def _asked(self, who: int, points: int) -> PointsRequest:
        """By whom their customer is known by now; their wallet may be another's still, or already."""
        return PointsRequest(self.life.root(self._member(who)), points, "X", self.life.key())

    def _hear(self, event: Event) -> None:
        for _ in range(2):
            self.run(handle_events(self.store, [event]))

    def _tell(self, type: str, bond: tuple[str, CustomerId, CustomerId], name: str, late: bool) -> None:
        id, kept, other = bond
        data = {"customerId": kept, name: other, "mergeId": id}
        event = Event(f"{id}:{type}", "/noren/customer", type, kept, utc_now(), data)
        if late:
            self.life.late.append(event)
        else:
            self.run(hear_bonds(self.store, [event], now=utc_now()))

    def _catalog_answers(self, says: CouponAnswer) -> None:
        """What was given back in points is there again, of all claims that ended."""
        for claim in self.run(ClaimStore(self.store.db).every()):
            if claim.state is ClaimState.ASKED:
                self.run(answered(self.store, claim.id, claim.ask, says, utc_now()))
        for claim in self.run(ClaimStore(self.store.db).every()):
            if claim.id in self.life.claims and claim.state in (ClaimState.CANCELLED, ClaimState.EXPIRED):
                self.life.claims.remove(claim.id)
                returned = claim.state is ClaimState.CANCELLED or claim.terms.returns_points
                self.life.net += claim.terms.points if returned else 0

    def _order_was_right(self, id: str) -> None:
        """It leaves what was kept, or less where a day's cap cut it; all orders together no more than all caps."""
        before, self.life.issued[id] = self.life.issued[id], self.run(self.life.points_of(id))
        self.life.net += self.life.issued[id] - before
        assert 0 <= self.life.issued[id] <= self.life.orders[id][1] // 100
        assert sum(self.life.issued.values()) <= len(self.life.members) * DAY_CAP

    def _spending_was_right(self, before: Wallet, points: int, answer: Any) -> None:
        """No more than there was, no fewer than the rules allow, and refused only with a reason that holds."""
        balance = before.balance(utc_now())
        if isinstance(answer, InsufficientPoints):
            assert (answer.available, points > balance) == (balance, True)
        elif isinstance(answer, SpendingTooFast):
            assert answer.spent + points > DAY_LIMIT
        elif isinstance(answer, SpendingNotAllowed):
            assert points < MINIMUM
        elif hasattr(answer, "entry"):
            assert MINIMUM <= points <= balance
            assert before.frozen_at is None
            assert before.merged_into is None

    def _whole(self, who: CustomerId) -> Wallet:
        return replace(self.run(self.life.wallet(who)), seq=0, left_by=None)


def live(url: str, how: settings) -> None:
    """Run the machine in a database of its own."""
    machine = type("Life", (LoyaltyLife,), {"url": url})
    run_state_machine_as_test(machine, settings=how)


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


def test_whatever_happens_no_point_is_lost_or_doubled(mongo_url: str) -> None:
    live(mongo_url, lives(EXAMPLES, STEPS, derandomize=True))


def main() -> None:
    """Long lives, others each time; a failure prints its steps."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    with own_mongodb() as url:
        live(url, lives(given.examples, given.steps))
    print(f"{given.examples} lives of up to {given.steps} steps: no point was lost or doubled")


if __name__ == "__main__":
    main()
