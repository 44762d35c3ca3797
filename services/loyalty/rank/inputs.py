"""GraphQL inputs of ranks, each read once into the model."""

import strawberry

from kit.errors import InvalidInput, Refused
from kit.graphql.scalars import CurrencyCode
from services.loyalty.rank.model import MAX_AT_LEAST, RankScheme, Tier
from services.loyalty.rank.words import Measure, Window


@strawberry.input(description="A rank and what it takes.")
class RankTierInput:
    """See `model.Tier`."""

    name: str = strawberry.field(description="Unique in the scheme.")
    at_least: str = strawberry.field(description="Minor units of the scheme's currency, or visits; a whole number.")

    def to_tier(self, place: int) -> Tier:
        """For the model."""
        if not (self.at_least.isascii() and self.at_least.isdecimal()):
            path = ("input", "tiers", str(place), "atLeast")
            expected = f"a whole number, 1 to {MAX_AT_LEAST}"
            raise Refused(InvalidInput(path=path, expected=expected, got=repr(self.at_least[:20])))
        return Tier(self.name, min(int(self.at_least), MAX_AT_LEAST + 1))


@strawberry.input(description="How ranks are reached and how long they are had.")
class RankSchemeInput:
    """See `model.RankScheme`."""

    tiers: list[RankTierInput] = strawberry.field(description="From the lowest up; none: no ranks.")
    measure: Measure = strawberry.field(default=Measure.SPEND, description="What qualifies.")
    currency: CurrencyCode = strawberry.field(
        default=CurrencyCode("JPY"), description="Spending in other currencies does not count."
    )
    window: Window = strawberry.field(default=Window.CALENDAR_YEAR, description="The period that is looked at.")
    window_days: int = strawberry.field(default=365, description="Days of a rolling window.")
    time_zone: str = strawberry.field(default="Asia/Tokyo", description="Whose calendar years.")
    grace_days: int = strawberry.field(default=0, description="Added to every period.")

    def to_scheme(self) -> RankScheme:
        """For the model; its version is given later."""
        return RankScheme(
            version=0,
            tiers=tuple(tier.to_tier(place) for place, tier in enumerate(self.tiers)),
            measure=self.measure,
            currency=str(self.currency),
            window=self.window,
            days=self.window_days,
            zone=self.time_zone,
            grace_days=self.grace_days,
        )


@strawberry.input(description="A scheme to be put in force.")
class RankSchemeSetInput:
    """The scheme, and on top of which one."""

    expected_version: int = strawberry.field(description="The version that was read; 0: none was set.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    scheme: RankSchemeInput = strawberry.field(description="The scheme, whole.")
