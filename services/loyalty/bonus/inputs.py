"""GraphQL inputs of bonuses, each read once into the model."""

from datetime import datetime

import strawberry

from services.loyalty.bonus.model import BonusRule, Happened
from services.loyalty.enums import BonusPeriod, BonusTrigger
from services.loyalty.model import CustomerId


@strawberry.input(description="Points for what members do besides buying.")
class BonusRuleInput:
    """See `model.BonusRule`."""

    name: str = strawberry.field(description="Unique; a rule that keeps its name goes on counting.")
    trigger: BonusTrigger = strawberry.field(description="For what.")
    points: int = strawberry.field(description="How many.")
    times: int = strawberry.field(default=1, description="How often a member gets them within the period.")
    period: BonusPeriod = strawberry.field(default=BonusPeriod.EVER, description="Ever, a day, a year.")
    time_zone: str = strawberry.field(default="Asia/Tokyo", description="Whose days and years; IANA.")
    starts_at: datetime | None = strawberry.field(default=None, description="Inclusive.")
    ends_at: datetime | None = strawberry.field(default=None, description="Exclusive.")
    lives_days: int | None = strawberry.field(default=None, description="Makes the points time-limited.")

    def to_rule(self) -> BonusRule:
        """For the model."""
        return BonusRule(
            name=self.name,
            trigger=self.trigger,
            points=self.points,
            times=self.times,
            period=self.period,
            zone=self.time_zone,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            lives_days=self.lives_days,
        )


@strawberry.input(description="Bonus rules to be put in force from now on.")
class BonusRulesSetInput:
    """The rules, and on top of which version."""

    expected_version: int = strawberry.field(description="The version that was read; 0: none was set.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    rules: list[BonusRuleInput] = strawberry.field(description="All of them; none: no bonuses.")


@strawberry.input(description="What a member did.")
class BonusGrantInput:
    """See `model.Happened`."""

    customer_id: strawberry.ID = strawberry.field(description="Who; the wallet is opened if there is none.")
    trigger: BonusTrigger = strawberry.field(description="What.")
    source_id: str = strawberry.field(
        description="The id of the event, review or visit that it was: it makes the bonus once, as a key would."
    )
    at: datetime | None = strawberry.field(default=None, description="When it happened; null: now.")
    note: str | None = strawberry.field(default=None, description="For staff.")

    def to_happened(self, now: datetime, actor: str) -> Happened:
        """For the model."""
        return Happened(CustomerId(self.customer_id), self.trigger, self.source_id, self.at or now, self.note, actor)
