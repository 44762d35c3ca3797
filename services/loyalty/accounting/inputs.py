"""GraphQL inputs of accounting, each read once into the model."""

from datetime import date

import strawberry

from kit.graphql.scalars import CurrencyCode
from services.loyalty.accounting.policy import AGES, AccountingPolicy, BreakageRate
from services.loyalty.enums import LotKind


@strawberry.input(description="How many points of a kind and age will never be spent.")
class BreakageRateInput:
    """See `policy.BreakageRate`."""

    kind: LotKind = strawberry.field(description="Of which lots.")
    from_age_days: int = strawberry.field(description=f"The first day of an age bucket: {', '.join(map(str, AGES))}.")
    rate_bp: int = strawberry.field(description="Basis points, 0 to 10000; for this bucket and older ones.")


@strawberry.input(description="How points are valued, to be put in force.")
class AccountingPolicySetInput:
    """The policy, whole, and on top of which one."""

    expected_version: int = strawberry.field(description="The version that was read; 0: none was set.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    from_day: date = strawberry.field(description="The first day valued by it; closed days keep what they have.")
    rates: list[BreakageRateInput] = strawberry.field(description="None: all points will be spent.")
    value_minor: int = strawberry.field(default=1, description="What a point is worth, in minor units.")
    currency: CurrencyCode = strawberry.field(default=CurrencyCode("JPY"), description="Of the value.")
    time_zone: str = strawberry.field(default="Asia/Tokyo", description="Where days end at midnight.")

    def to_policy(self) -> AccountingPolicy:
        """For the model; its version is given later."""
        rates = tuple(BreakageRate(rate.kind, rate.from_age_days, rate.rate_bp) for rate in self.rates)
        return AccountingPolicy(0, self.from_day, self.time_zone, str(self.currency), self.value_minor, rates)


@strawberry.input(description="A day to be closed. It is its own idempotency key: a day is closed once.")
class AccountingDayCloseInput:
    """Which one."""

    day: date = strawberry.field(description="The day after the one closed last; the first may be any.")
