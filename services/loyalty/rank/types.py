"""GraphQL types of ranks."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.scalars import CurrencyCode
from services.loyalty.context import Info
from services.loyalty.rank import model
from services.loyalty.rank.words import Measure, Window


@presents(model.TiersNotAscending)
@strawberry.type(description="A rank that takes no more than the one below it.")
class TiersNotAscending(UserError):
    """See `model.TiersNotAscending`."""

    tier: str = strawberry.field(description="The rank.")
    below: str = strawberry.field(description="The one below it.")


@strawberry.type(description="A rank and what it takes.")
class RankTier:
    """See `model.Tier`."""

    name: str = strawberry.field(description="What the member is called: GOLD.")
    at_least: str = strawberry.field(description="Minor units of the scheme's currency, or visits; a whole number.")


@strawberry.type(description="How ranks are reached and how long they are had.")
class RankScheme:
    """See `model.RankScheme`."""

    version: int = strawberry.field(description="0: no scheme was set.")
    tiers: list[RankTier] = strawberry.field(description="From the lowest up.")
    measure: Measure = strawberry.field(description="What qualifies.")
    currency: CurrencyCode = strawberry.field(description="Spending in other currencies does not count.")
    window: Window = strawberry.field(description="The period that is looked at.")
    window_days: int = strawberry.field(description="Days of a rolling window.")
    time_zone: str = strawberry.field(description="Whose calendar years.")
    grace_days: int = strawberry.field(description="Added to every period.")

    @classmethod
    def of(cls, row: model.RankScheme) -> "RankScheme":
        """From the model."""
        return cls(
            version=row.version,
            tiers=[RankTier(name=tier.name, at_least=str(tier.at_least)) for tier in row.tiers],
            measure=row.measure,
            currency=CurrencyCode(row.currency),
            window=row.window,
            window_days=row.days,
            time_zone=row.zone,
            grace_days=row.grace_days,
        )


@strawberry.type(description="The way to the next rank.")
class RankProgress:
    """See `model.Progress`; whole numbers of minor units or visits, as text where they may be large."""

    rank: str = strawberry.field(description="The next rank.")
    reached: str = strawberry.field(description="What qualifies by now, in the window that ends now.")
    needed: str = strawberry.field(description="What it takes.")
    missing: str = strawberry.field(description="The difference, zero or more.")


@strawberry.type(description="A member's rank.")
class MemberRank:
    """See `model.Standing`."""

    row: strawberry.Private[model.Standing]

    @strawberry.field(description="Such as GOLD; null: none is reached.")
    def name(self) -> str | None:
        """The rank."""
        return self.row.rank

    @strawberry.field(description="Since when.")
    def since(self) -> datetime | None:
        """Of this rank."""
        return self.row.since

    @strawberry.field(description="Until when it is had without qualifying anew.")
    def valid_until(self) -> datetime | None:
        """Grace included."""
        return self.row.valid_until

    @strawberry.field(description="The way to the next rank; null at the top, or where there are no ranks.")
    async def progress(self, info: Info) -> RankProgress | None:
        """By what was bought in the window that ends now."""
        found = await info.context.loaders.progress_of.load(self.row.customer_id)
        if found is None:
            return None
        numbers = str(found.reached), str(found.needed), str(found.missing)
        return RankProgress(rank=found.rank, reached=numbers[0], needed=numbers[1], missing=numbers[2])


@strawberry.type(description="How many members a scheme gives a rank.")
class RankCount:
    """A line of a simulation."""

    rank: str | None = strawberry.field(description="Null: bought something, and reached none.")
    members: int = strawberry.field(description="How many.")


@strawberry.type(description="The scheme that was set, or why not.")
class RankSchemeSetPayload(Payload):
    """Of rankSchemeSet."""

    scheme: RankScheme | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: model.RankScheme) -> "RankSchemeSetPayload":
        """From the action."""
        return cls(scheme=RankScheme.of(row))
