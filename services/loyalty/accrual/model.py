"""How an order and its returns become points. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.loyalty.audience.model import NOBODY, Buyer
from services.loyalty.caps.model import Take, caps_of, fit
from services.loyalty.earning.model import Basket, BasketLine, Programme, Programmes
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting, event_key
from services.loyalty.spending.model import Goods


class Trade(StrEnum):
    """Which way the goods went."""

    ORDER = "ORDER"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class Heard:
    """An order or a return as its event tells it; amounts in minor units, gross, goods only, never below zero.

    `id` is the event's, `at` when the goods went, `rank` the member's when it was heard, `member` for whose wallet the
    customer earned then; `buyer` and `goods` what was known of them then, where a programme asks.
    A return without `order_id` belongs to no order we could hear of.
    """

    id: str
    trade: Trade
    order_id: str | None
    customer_id: CustomerId | None
    gross_minor: int
    currency: str
    at: datetime
    return_id: str | None = None
    channel: str | None = None
    location: str | None = None
    lines: tuple[BasketLine, ...] = ()
    rank: str | None = None
    member: CustomerId | None = None
    payment_methods: frozenset[str] = frozenset()
    buyer: Buyer = NOBODY
    goods: Mapping[str, Goods] = field(default_factory=dict)

    @property
    def basket(self) -> Basket:
        """What an order's points are counted by."""
        return Basket(
            self.gross_minor,
            self.currency,
            self.at,
            self.channel,
            self.location,
            self.lines,
            self.rank,
            self.payment_methods,
            self.buyer,
            self.goods,
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """Something heard of one order, and the points it moved: above zero earned, below zero taken back.

    `takes` is the room it took of each cap or, below zero, gave back.
    """

    id: str
    trade: Trade
    gross_minor: int
    currency: str
    points: int
    return_id: str | None = None
    takes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capped:
    """A campaign's points of an order, `full` without its `caps` and `given` within them and the day's."""

    caps: tuple[str, ...]
    full: int
    given: int

    def kept(self, kept_minor: int, gross_minor: int) -> int:
        """What is left when so much of the amount is: what the caps had cut goes first."""
        return self.given if gross_minor <= 0 else min(self.given, self.full * kept_minor // gross_minor)


@dataclass(frozen=True, slots=True)
class Accrual:
    """The points of one order. Until the order itself is heard, its returns wait here and move nothing.

    `promised` are the points of the order without any return, counted once, by the programme it was placed under and
    within its caps; `full` what they would be without caps, of which `promised_base` are the base's and `capped` those
    of campaigns with caps of their own. `day_cap` is the id of the day's cap, None: there is none. `posts_at`: until
    then the points are pending and move nothing.
    """

    order_id: str
    facts: tuple[Fact, ...] = ()
    customer_id: CustomerId | None = None
    programme_version: int = 1
    promised: int = 0
    promised_base: int = 0
    posts_at: datetime | None = None
    placed_at: datetime | None = None
    version: int = 0
    full: int = 0
    day_cap: str | None = None
    capped: tuple[Capped, ...] = ()

    @property
    def order(self) -> Fact | None:
        """The order, once it was heard."""
        return next((fact for fact in self.facts if fact.trade is Trade.ORDER), None)

    @property
    def credited(self) -> int:
        """Points that were earned and not taken back."""
        return sum(fact.points for fact in self.facts)

    @property
    def is_pending(self) -> bool:
        """Whether its points wait to be posted."""
        return self.posts_at is not None

    def knows(self, event_id: str) -> bool:
        """Whether this event was heard before."""
        return any(fact.id == event_id for fact in self.facts)

    def hear(
        self, heard: Heard, programmes: Programmes, now: datetime, rooms: Mapping[str, int] | None = None
    ) -> "Accrual":
        """With one more fact; the same if it was heard before. A second order of the same id is not believed.

        `rooms`: what the caps left for the order; one that is not there is whole.
        """
        if self.knows(heard.id) or (heard.trade is Trade.ORDER and self.order is not None):
            return self
        fact = Fact(heard.id, heard.trade, heard.gross_minor, heard.currency, 0, heard.return_id)
        believed = replace(self, facts=(*self.facts, fact))
        if heard.trade is Trade.ORDER:
            believed = believed._promised(heard, programmes.at(heard.at), now, rooms or {})
        before, after = self.held(programmes), believed.held(programmes)
        takes = {cap: moved for cap, points in after.items() if (moved := points - before.get(cap, 0))}
        points = 0 if believed.is_pending else believed.due(programmes) - self.credited
        return replace(believed, facts=(*self.facts, replace(fact, points=points, takes=takes)))

    def settle(self, programmes: Programmes) -> "Accrual":
        """No longer pending: the order earned what its returns have left by now."""
        due = self.due(programmes)
        facts = [replace(fact, points=due) if fact.trade is Trade.ORDER else fact for fact in self.facts]
        return replace(self, facts=tuple(facts), posts_at=None)

    def _promised(self, heard: Heard, programme: Programme, now: datetime, rooms: Mapping[str, int]) -> "Accrual":
        posts_at = heard.at + timedelta(days=programme.pending_days)
        earned = fit(programme, heard.basket, heard.member, rooms)
        return replace(
            self,
            customer_id=heard.customer_id,
            programme_version=programme.version,
            promised=earned.points,
            promised_base=programme.base.points(heard.gross_minor, heard.currency),
            full=earned.full,
            day_cap=earned.day_cap,
            capped=tuple(Capped(rule.caps, rule.full, rule.given) for rule in earned.rules if rule.caps),
            posts_at=posts_at if posts_at > now else None,
            placed_at=heard.at,
        )

    def held(self, programmes: Programmes) -> dict[str, int]:
        """The room of each cap that its points take, less what came back."""
        order = self.order
        if order is None:
            return {}
        held = {cap: one.kept(self.kept_minor, order.gross_minor) for one in self.capped for cap in one.caps}
        return held if self.day_cap is None else {**held, self.day_cap: self.due(programmes)}

    def misses(self, heard: Heard) -> bool:
        """Whether `heard` moves nothing because its currency is not the order's."""
        return self.order is not None and self.order.currency != heard.currency

    def due(self, programmes: Programmes) -> int:
        """Points the member should have: those of what was bought less what came back, never below zero.

        The base is counted anew from what was kept; campaigns' points are left in proportion, rounded down: a return
        does not take back that their conditions were met. What caps had cut goes first. A return in another currency
        than its order's moves nothing: there is no rate to count it by.
        """
        order = self.order
        if order is None or self.customer_id is None:
            return 0
        if order.gross_minor <= 0:
            return self.promised
        kept = self.kept_minor
        base = programmes.by_version(self.programme_version).base.points(kept, order.currency)
        free = self.full - self.promised_base - sum(one.full for one in self.capped)
        campaigns = free * kept // order.gross_minor + sum(one.kept(kept, order.gross_minor) for one in self.capped)
        return min(self.promised, base + campaigns)

    @property
    def kept_minor(self) -> int:
        """The amount of what was bought and did not come back, in minor units of the order's currency."""
        order = self.order
        if order is None:
            return 0
        returned = sum(
            fact.gross_minor for fact in self.facts if fact.trade is Trade.RETURN and fact.currency == order.currency
        )
        return max(order.gross_minor - returned, 0)

    def posting(self, event_id: str) -> Posting | None:
        """What the event moves in the wallet; None if it moves nothing."""
        fact = next((fact for fact in self.facts if fact.id == event_id), None)
        if fact is None or fact.points == 0 or self.customer_id is None:
            return None
        return Posting(
            kind=EntryKind.EARNED if fact.points > 0 else EntryKind.TAKEN_BACK,
            customer_id=self.customer_id,
            points=abs(fact.points),
            key=event_key(event_id),
            reason=fact.trade.value,
            reference=Reference(order_id=self.order_id, return_id=fact.return_id),
            rule_version=self.programme_version,
        )


def posting_without_order(heard: Heard, programmes: Programmes) -> Posting | None:
    """What a return whose order is unknown takes back, by the base in force when it came; None if nothing."""
    programme = programmes.at(heard.at)
    points = programme.base.points(heard.gross_minor, heard.currency)
    if heard.customer_id is None or points == 0:
        return None
    return Posting(
        kind=EntryKind.TAKEN_BACK,
        customer_id=heard.customer_id,
        points=points,
        key=event_key(heard.id),
        reason=heard.trade.value,
        reference=Reference(return_id=heard.return_id),
        rule_version=programme.version,
    )


def wants_of(accruals: Mapping[str, Accrual], heard: Sequence[tuple[str, Heard]], programmes: Programmes) -> list[Take]:
    """The room that orders nobody knows yet ask of the caps they are under."""
    takes: list[Take] = []
    asked: set[str] = set()
    for order_id, one in heard:
        accrual = accruals.get(order_id)
        is_new = one.trade is Trade.ORDER and order_id not in asked and (accrual is None or accrual.order is None)
        if is_new and one.customer_id is not None:
            asked.add(order_id)
            programme = programmes.at(one.at)
            wanted = fit(programme, one.basket, one.member, {}).wanted
            caps = [cap for cap in caps_of(programme, one.at, one.member) if wanted.get(cap.id)]
            takes += [Take(cap, one.id, order_id, wanted[cap.id]) for cap in caps]
    return takes
