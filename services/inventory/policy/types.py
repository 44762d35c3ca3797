"""Policies in the graph; for staff."""

from datetime import date, datetime

import strawberry

from kit.errors import InvalidInput, Path, Refused
from kit.graphql.errors import Payload
from services.inventory.backorder.types import BackorderRule, BackorderRuleInput
from services.inventory.hours.types import Weekday
from services.inventory.policy import model
from services.inventory.sourcing.model import DEFAULT_RULES
from services.inventory.sourcing.words import SourcingRule

strawberry.enum(
    model.StockDisplay, description="What shoppers see of a quantity: NUMBERS exactly, BANDS roughly, by thresholds."
)
DAYS = tuple(Weekday)


@strawberry.type(description="So many pieces are kept back from the channel.")
class SafetyRule:
    """See `policy.model.SafetyRule`."""

    pieces: int = strawberry.field(description="Pieces.")
    sku: str = strawberry.field(description="Of this SKU; BK-* of all that begin so; * of all.")
    location: str = strawberry.field(description="At this location; * at all.")


@strawberry.type(description="How long a parcel takes.")
class LeadTime:
    """See `policy.model.LeadRule`."""

    days: int = strawberry.field(description="Days with delivery after the day it left.")
    country: str = strawberry.field(description="To this country; * to all.")
    postal_prefix: str = strawberry.field(description="To postal codes that begin so.")
    location: str = strawberry.field(description="From this location; * from all.")
    weekdays: list[Weekday] = strawberry.field(description="Days with delivery.")
    parcel_cost: int = strawberry.field(description="What a parcel costs, in minor units of the channel's currency.")
    piece_cost: int = strawberry.field(description="What each piece in it costs more.")


@strawberry.type(description="What a channel keeps back, shows, promises and prefers.")
class StockPolicy:
    """See `policy.model.Policy`."""

    channel: str = strawberry.field(description="The channel; * for all that have no policy of their own.")
    display: model.StockDisplay = strawberry.field(description="What shoppers see of a quantity.")
    few_left: int = strawberry.field(description="Up to so many pieces are few.")
    safety: list[SafetyRule] = strawberry.field(description="Of those that match, the most exact decides; SKU first.")
    lead_times: list[LeadTime] = strawberry.field(description="Of those that match, the most exact decides.")
    transfer_days: int | None = strawberry.field(
        description="From a location's dispatch to another shop's opening; null: transfers are not promised."
    )
    no_delivery: list[date] = strawberry.field(description="Days without any delivery.")
    sourcing: list[SourcingRule] = strawberry.field(description="What a sourcing plan is judged by, in this order.")
    backorders: list[BackorderRule] = strawberry.field(
        description="What is sold before it is there. Of those that match, the most exact decides; SKU first."
    )
    version: int = strawberry.field(description="Rises with every edit; 0 while nobody has set one.")
    updated_at: datetime | None = strawberry.field(description="When it was last set.")

    @classmethod
    def of(cls, policy: model.Policy) -> "StockPolicy":
        """From the model."""
        draft = policy.draft
        return cls(
            channel=policy.channel,
            display=draft.display,
            few_left=draft.few_left,
            safety=[SafetyRule(pieces=one.pieces, sku=one.sku, location=one.location) for one in draft.safety],
            lead_times=[
                LeadTime(
                    days=one.days,
                    country=one.country,
                    postal_prefix=one.postal_prefix,
                    location=one.location,
                    weekdays=[DAYS[day] for day in sorted(one.weekdays)],
                    parcel_cost=one.parcel_cost,
                    piece_cost=one.piece_cost,
                )
                for one in draft.leads
            ],
            transfer_days=draft.transfer_days,
            no_delivery=sorted(draft.no_delivery),
            sourcing=list(draft.sourcing),
            backorders=[BackorderRule.of(one) for one in draft.backorders],
            version=policy.version,
            updated_at=policy.updated_at,
        )


@strawberry.input(description="So many pieces are kept back from the channel.")
class SafetyRuleInput:
    """See `policy.model.SafetyRule`."""

    pieces: int = strawberry.field(description="Pieces.")
    sku: str = strawberry.field(default=model.ANY, description="Of this SKU; BK-* of all that begin so; * of all.")
    location: str = strawberry.field(default=model.ANY, description="At this location; * at all.")


@strawberry.input(description="How long a parcel takes.")
class LeadTimeInput:
    """See `policy.model.LeadRule`."""

    days: int = strawberry.field(description=f"Days with delivery after the day it left, 0 to {model.MAX_DAYS}.")
    country: str = strawberry.field(default=model.ANY, description="To this country; * to all.")
    postal_prefix: str = strawberry.field(default="", description="To postal codes that begin so.")
    location: str = strawberry.field(default=model.ANY, description="From this location; * from all.")
    weekdays: list[Weekday] = strawberry.field(
        default_factory=lambda: list(DAYS), description="Days with delivery; each once."
    )
    parcel_cost: int = strawberry.field(
        default=0, description="What a parcel costs, in minor units of the channel's currency; sourcing compares them."
    )
    piece_cost: int = strawberry.field(default=0, description="What each piece in it costs more.")


@strawberry.input(description="A policy, whole: what is left out has its default afterwards.")
class StockPolicySetInput:
    """See `policy.model.PolicyDraft`."""

    channel: str = strawberry.field(description="The channel; * for all that have no policy of their own.")
    expected_version: int = strawberry.field(description="The version that was read; 0 if none was set yet.")
    display: model.StockDisplay = strawberry.field(
        default=model.StockDisplay.NUMBERS, description="What shoppers see of a quantity."
    )
    few_left: int = strawberry.field(default=3, description="Up to so many pieces are few.")
    safety: list[SafetyRuleInput] = strawberry.field(
        default_factory=list, description=f"At most {model.MAX_RULES}; of those that match, the most exact decides."
    )
    lead_times: list[LeadTimeInput] = strawberry.field(
        default_factory=list, description=f"At most {model.MAX_RULES}; without any, nothing is delivered."
    )
    transfer_days: int | None = strawberry.field(
        default=None, description="From a location's dispatch to another shop's opening; null: no transfers."
    )
    no_delivery: list[date] = strawberry.field(
        default_factory=list, description=f"Days without any delivery, at most {model.MAX_HOLIDAYS}."
    )
    sourcing: list[SourcingRule] = strawberry.field(
        default_factory=lambda: list(DEFAULT_RULES), description="What a plan is judged by, in this order; each once."
    )
    backorders: list[BackorderRuleInput] = strawberry.field(
        default_factory=list,
        description=f"What is sold before it is there, at most {model.MAX_RULES}; without any, nothing is.",
    )

    def to_draft(self) -> model.PolicyDraft:
        """For the model; refused where a weekday comes twice."""
        return model.PolicyDraft(
            display=self.display,
            few_left=self.few_left,
            safety=tuple(model.SafetyRule(one.pieces, one.sku, one.location) for one in self.safety),
            leads=tuple(_lead(one, ("input", "leadTimes", str(index))) for index, one in enumerate(self.lead_times)),
            transfer_days=self.transfer_days,
            no_delivery=frozenset(self.no_delivery),
            sourcing=tuple(self.sourcing),
            backorders=tuple(one.to_rule() for one in self.backorders),
        )


@strawberry.type(description="The policy as it is now, or why not.")
class StockPolicySetPayload(Payload):
    """Of stockPolicySet."""

    policy: StockPolicy | None = strawberry.field(default=None, description="The policy as it is kept now.")

    @classmethod
    def of(cls, policy: model.Policy) -> "StockPolicySetPayload":
        """From the model."""
        return cls(policy=StockPolicy.of(policy))


def _lead(rule: LeadTimeInput, at: Path) -> model.LeadRule:
    days = frozenset(DAYS.index(day) for day in rule.weekdays)
    if len(days) != len(rule.weekdays):
        raise Refused(InvalidInput(path=(*at, "weekdays"), expected="every weekday once", got="one twice"))
    return model.LeadRule(
        days=rule.days,
        country=rule.country,
        postal_prefix=rule.postal_prefix,
        location=rule.location,
        weekdays=days,
        parcel_cost=rule.parcel_cost,
        piece_cost=rule.piece_cost,
    )
