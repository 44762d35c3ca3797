"""How an order and its returns become points. No I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.loyalty.earning.model import Basket, BasketLine, Programme, Programmes
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting, event_key


class Trade(StrEnum):
    """Which way the goods went."""

    ORDER = "ORDER"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class Heard:
    """An order or a return as its event tells it; amounts in minor units, gross, goods only, never below zero.

    `id` is the event's, `at` when the goods went, `rank` the member's when it was heard. A return without `order_id`
    belongs to no order we could hear of.
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

    @property
    def basket(self) -> Basket:
        """What an order's points are counted by."""
        return Basket(self.gross_minor, self.currency, self.at, self.channel, self.location, self.lines, self.rank)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something heard of one order, and the points it moved: above zero earned, below zero taken back."""

    id: str
    trade: Trade
    gross_minor: int
    currency: str
    points: int
    return_id: str | None = None


@dataclass(frozen=True, slots=True)
class Accrual:
    """The points of one order. Until the order itself is heard, its returns wait here and move nothing.

    `promised` are the points of the order without any return, counted once, by the programme it was placed under;
    `promised_base` those of them that the base gave. `posts_at`: until then the points are pending and move nothing.
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

    def hear(self, heard: Heard, programmes: Programmes, now: datetime) -> "Accrual":
        """With one more fact; the same if it was heard before. A second order of the same id is not believed."""
        if self.knows(heard.id) or (heard.trade is Trade.ORDER and self.order is not None):
            return self
        fact = Fact(heard.id, heard.trade, heard.gross_minor, heard.currency, 0, heard.return_id)
        believed = replace(self, facts=(*self.facts, fact))
        if heard.trade is Trade.ORDER:
            believed = believed._promised(heard, programmes.at(heard.at), now)
        if believed.is_pending:
            return believed
        moved = replace(fact, points=believed.due(programmes) - self.credited)
        return replace(believed, facts=(*self.facts, moved))

    def settle(self, programmes: Programmes) -> "Accrual":
        """No longer pending: the order earned what its returns have left by now."""
        due = self.due(programmes)
        facts = [replace(fact, points=due) if fact.trade is Trade.ORDER else fact for fact in self.facts]
        return replace(self, facts=tuple(facts), posts_at=None)

    def _promised(self, heard: Heard, programme: Programme, now: datetime) -> "Accrual":
        posts_at = heard.at + timedelta(days=programme.pending_days)
        return replace(
            self,
            customer_id=heard.customer_id,
            programme_version=programme.version,
            promised=programme.points(heard.basket),
            promised_base=programme.base.points(heard.gross_minor, heard.currency),
            posts_at=posts_at if posts_at > now else None,
            placed_at=heard.at,
        )

    def misses(self, heard: Heard) -> bool:
        """Whether `heard` moves nothing because its currency is not the order's."""
        return self.order is not None and self.order.currency != heard.currency

    def due(self, programmes: Programmes) -> int:
        """Points the member should have: those of what was bought less what came back, never below zero.

        The base is counted anew from what was kept; campaigns' points are left in proportion, rounded down: a return
        does not take back that their conditions were met. A return in another currency than its order's moves nothing:
        there is no rate to count it by.
        """
        order = self.order
        if order is None or self.customer_id is None:
            return 0
        if order.gross_minor <= 0:
            return self.promised
        kept = self.kept_minor
        base = programmes.by_version(self.programme_version).base.points(kept, order.currency)
        return base + (self.promised - self.promised_base) * kept // order.gross_minor

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
