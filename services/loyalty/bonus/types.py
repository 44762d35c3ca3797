"""GraphQL types of bonuses."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.loyalty.bonus import model
from services.loyalty.bonus.actions import Granted
from services.loyalty.enums import BonusPeriod, BonusTrigger
from services.loyalty.types import StatementEntry, Wallet


@presents(model.BonusLimitReached)
@strawberry.type(description="The member has had this bonus as often as its rule allows.")
class BonusLimitReached(UserError):
    """See `model.BonusLimitReached`."""

    bonus: str = strawberry.field(description="The rule's name.")
    given: int = strawberry.field(description="How often it was given in the period.")
    limit: int = strawberry.field(description="How often it may be.")
    period: BonusPeriod = strawberry.field(description="Which period.")


@presents(model.NoBonus)
@strawberry.type(description="No rule that was in force then gives points for this.")
class NoBonus(UserError):
    """See `model.NoBonus`."""

    trigger: BonusTrigger = strawberry.field(description="For what.")


@strawberry.type(description="Points for what members do besides buying.")
class BonusRule:
    """See `model.BonusRule`."""

    name: str = strawberry.field(description="Unique in its version; what is counted is counted by it.")
    trigger: BonusTrigger = strawberry.field(description="For what.")
    points: int = strawberry.field(description="How many.")
    times: int = strawberry.field(description="How often a member gets them within the period.")
    period: BonusPeriod = strawberry.field(description="Ever, a day, a year.")
    time_zone: str = strawberry.field(description="Whose days and years.")
    starts_at: datetime | None = strawberry.field(description="Inclusive.")
    ends_at: datetime | None = strawberry.field(description="Exclusive.")
    lives_days: int | None = strawberry.field(description="Makes the points time-limited; null: regular ones.")

    @classmethod
    def of(cls, row: model.BonusRule) -> "BonusRule":
        """From the model."""
        return cls(
            name=row.name,
            trigger=row.trigger,
            points=row.points,
            times=row.times,
            period=row.period,
            time_zone=row.zone,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            lives_days=row.lives_days,
        )


@strawberry.type(description="All bonus rules from a moment on; a version never changes.")
class BonusRules:
    """See `model.BonusRules`."""

    version: int = strawberry.field(description="What entries name as ruleVersion; 0: none was set.")
    valid_from: datetime | None = strawberry.field(description="What happened from then on is judged by them.")
    rules: list[BonusRule] = strawberry.field(description="Each is looked at for every event.")

    @classmethod
    def of(cls, row: model.BonusRules) -> "BonusRules":
        """From the model."""
        return cls(version=row.version, valid_from=row.valid_from, rules=[BonusRule.of(rule) for rule in row.rules])


@strawberry.type(description="The rules that were set, or why not.")
class BonusRulesSetPayload(Payload):
    """Of bonusRulesSet."""

    rules: BonusRules | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: model.BonusRules) -> "BonusRulesSetPayload":
        """From the action."""
        return cls(rules=BonusRules.of(row))


@strawberry.type(description="The points given, or why none were.")
class BonusGrantPayload(Payload):
    """Of bonusGrant."""

    wallet: Wallet | None = strawberry.field(default=None, description="The wallet as it is now.")
    entries: list[StatementEntry] = strawberry.field(
        default_factory=list, description="One for each rule that gave points; the same ones for the same source."
    )

    @classmethod
    def of(cls, row: Granted) -> "BonusGrantPayload":
        """From the action."""
        return cls(wallet=Wallet(row=row.wallet), entries=[StatementEntry.of(entry) for entry in row.entries])
