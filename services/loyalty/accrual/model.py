"""How an order and its returns become points. No I/O, no clock."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.loyalty.earning.model import CURRENT_RULE, EARN_RULES, EarnRule
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting, event_key


class Trade(StrEnum):
    """Which way the goods went."""

    ORDER = "ORDER"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class Heard:
    """An order or a return as its event tells it; amounts in minor units, gross, goods only, never below zero.

    `id` is the event's. A return without `order_id` belongs to no order we could ever hear of.
    """

    id: str
    trade: Trade
    order_id: str | None
    customer_id: CustomerId | None
    gross_minor: int
    currency: str
    return_id: str | None = None


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
    """The points of one order. Until the order itself is heard, its returns wait here and move nothing."""

    order_id: str
    facts: tuple[Fact, ...] = ()
    customer_id: CustomerId | None = None
    rule_version: int = CURRENT_RULE.version
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
    def rule(self) -> EarnRule:
        """The rule the order earned by, which its returns are counted by too."""
        return EARN_RULES[self.rule_version]

    def knows(self, event_id: str) -> bool:
        """Whether this event was heard before."""
        return any(fact.id == event_id for fact in self.facts)

    def hear(self, heard: Heard) -> "Accrual":
        """With one more fact; the same if it was heard before. A second order of the same id is not believed."""
        if self.knows(heard.id) or (heard.trade is Trade.ORDER and self.order is not None):
            return self
        fact = Fact(heard.id, heard.trade, heard.gross_minor, heard.currency, 0, heard.return_id)
        believed = replace(self, facts=(*self.facts, fact))
        if heard.trade is Trade.ORDER:
            believed = replace(believed, customer_id=heard.customer_id, rule_version=CURRENT_RULE.version)
        moved = replace(fact, points=believed.due() - self.credited)
        return replace(believed, facts=(*self.facts, moved))

    def misses(self, heard: Heard) -> bool:
        """Whether `heard` moves nothing because its currency is not the order's."""
        return self.order is not None and self.order.currency != heard.currency

    def due(self) -> int:
        """Points the member should have: those of what was bought less what came back, never below zero.

        A return in another currency than its order's moves nothing: there is no rate to count it by.
        """
        order = self.order
        if order is None or self.customer_id is None:
            return 0
        returned = sum(
            fact.gross_minor for fact in self.facts if fact.trade is Trade.RETURN and fact.currency == order.currency
        )
        return self.rule.points(order.gross_minor - returned, order.currency)

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
            rule_version=self.rule_version,
        )


def posting_without_order(heard: Heard) -> Posting | None:
    """What a return whose order is unknown takes back, by today's rule; None if nothing."""
    points = CURRENT_RULE.points(heard.gross_minor, heard.currency)
    if heard.customer_id is None or points == 0:
        return None
    return Posting(
        kind=EntryKind.TAKEN_BACK,
        customer_id=heard.customer_id,
        points=points,
        key=event_key(heard.id),
        reason=heard.trade.value,
        reference=Reference(return_id=heard.return_id),
        rule_version=CURRENT_RULE.version,
    )
