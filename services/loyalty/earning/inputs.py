"""GraphQL inputs of earning, each read once into the model."""

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Refused
from kit.graphql.scalars import CurrencyCode
from kit.money import Money
from services.loyalty.earning.model import BasketLine, Campaign, EarnRule, Hours, Programme
from services.loyalty.enums import LotKind
from services.loyalty.spending.model import BASIS, SpendRules


@strawberry.input(description="An amount of one currency.")
class EarnRateInput:
    """Part of `model.EarnRule`."""

    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    minor_units: int = strawberry.field(description="1 or more.")


@strawberry.input(description="Hours of the week in a time zone.")
class CampaignHoursInput:
    """See `model.Hours`."""

    time_zone: str = strawberry.field(description="IANA, such as Asia/Tokyo.")
    weekdays: list[int] = strawberry.field(default_factory=list, description="1 (Monday) to 7; empty: every day.")
    opens: str | None = strawberry.field(default=None, description="HH:MM, inclusive; null: all day.")
    closes: str | None = strawberry.field(default=None, description="HH:MM, exclusive; before `opens`: the day after.")

    def to_hours(self, place: int) -> Hours:
        """For the model."""
        opens, closes = _clock(self.opens, place, "opens"), _clock(self.closes, place, "closes")
        return Hours(self.time_zone, tuple(sorted({day - 1 for day in self.weekdays})), opens, closes)


@strawberry.input(description="Points besides the base, for baskets that meet every condition that is set.")
class CampaignInput:
    """See `model.Campaign`."""

    name: str = strawberry.field(description="Unique in the programme.")
    extra_basis_points: int = strawberry.field(default=0, description="So much of the base again: 10,000 doubles it.")
    fixed_points: int = strawberry.field(default=0, description="Points of the whole basket.")
    starts_at: datetime | None = strawberry.field(default=None, description="Inclusive.")
    ends_at: datetime | None = strawberry.field(default=None, description="Exclusive.")
    hours: CampaignHoursInput | None = strawberry.field(default=None, description="Hours of the week; null: always.")
    channels: list[str] = strawberry.field(default_factory=list, description="Any of these; empty: all.")
    location_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Any of these; empty: all.")
    skus: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="What is multiplied; empty: everything."
    )
    ranks: list[str] = strawberry.field(default_factory=list, description="Members of any of these; empty: everybody.")
    minimum_gross: list[EarnRateInput] = strawberry.field(
        default_factory=list, description="The basket's least amount; a currency that is not listed does not apply."
    )

    product_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="All of their variants are multiplied, too."
    )
    category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="All that is in them or below is multiplied, too."
    )
    segments: list[str] = strawberry.field(
        default_factory=list, description="Members of any of these; empty: everybody."
    )
    payment_methods: list[str] = strawberry.field(
        default_factory=list, description="Orders paid with any of these, in the order's words; empty: all."
    )
    birthday_month: bool = strawberry.field(
        default=False, description="Only in the month the member was born in, by the programme's dayTimeZone."
    )
    maximum_points_a_member: int | None = strawberry.field(
        default=None, description="The most points one member gets by it; null: no limit."
    )
    budget_points: int | None = strawberry.field(
        default=None, description="The most points it gives to all members; null: no limit."
    )

    def to_campaign(self, place: int) -> Campaign:
        """For the model."""
        minimum = {str(rate.currency): rate.minor_units for rate in self.minimum_gross}
        return Campaign(
            name=self.name,
            extra_bp=self.extra_basis_points,
            fixed=self.fixed_points,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            hours=None if self.hours is None else self.hours.to_hours(place),
            channels=frozenset(self.channels),
            locations=frozenset(map(str, self.location_ids)),
            skus=frozenset(map(str, self.skus)),
            ranks=frozenset(self.ranks),
            min_gross_minor=minimum or None,
            products=frozenset(map(str, self.product_ids)),
            categories=frozenset(map(str, self.category_ids)),
            segments=frozenset(self.segments),
            payment_methods=frozenset(self.payment_methods),
            in_birth_month=self.birthday_month,
            member_limit=self.maximum_points_a_member,
            budget=self.budget_points,
        )


@strawberry.input(description="Rules of spending points; they bind holds and redemptions.")
class SpendRulesInput:
    """See `spending.model.SpendRules`."""

    minimum_points: int = strawberry.field(default=1, description="The fewest points of one spending.")
    step_points: int = strawberry.field(default=1, description="Points are spent in multiples of it.")
    maximum_share_basis_points: int = strawberry.field(
        default=BASIS, description="The part of the total that points may pay: 10,000 is all of it."
    )
    excluded_skus: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="What points do not pay for."
    )
    excluded_product_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="All of their variants."
    )
    excluded_category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="All that is in them or below."
    )
    only_kind: LotKind | None = strawberry.field(
        default=None, description="The one kind of points that may be spent; null: both."
    )
    maximum_points_an_hour: int | None = strawberry.field(
        default=None, description="What a member may spend or set aside in an hour; null: no limit."
    )
    maximum_points_a_day: int | None = strawberry.field(
        default=None, description="What a member may spend or set aside in a day (UTC); null: no limit."
    )
    worth: list[EarnRateInput] | None = strawberry.field(
        default=None,
        description="Minor units one point pays; a currency that is not listed takes none. Null: 1 in every currency.",
    )

    def to_rules(self) -> SpendRules:
        """For the model."""
        rules = SpendRules(
            self.minimum_points,
            self.step_points,
            self.maximum_share_basis_points,
            frozenset(map(str, self.excluded_skus)),
            frozenset(map(str, self.excluded_product_ids)),
            frozenset(map(str, self.excluded_category_ids)),
            self.only_kind,
            self.maximum_points_an_hour,
            self.maximum_points_a_day,
        )
        if self.worth is None:
            return rules
        return replace(rules, minor_units_per_point={str(rate.currency): rate.minor_units for rate in self.worth})


@strawberry.input(description="A programme: every rule of earning from a moment on.")
class EarnProgrammeSetInput:
    """See `model.Programme`."""

    expected_version: int = strawberry.field(description="The newest version that was read; the new one follows it.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    rates: list[EarnRateInput] = strawberry.field(
        description="The base: minor units for one point. A currency that is not listed earns nothing."
    )
    campaigns: list[CampaignInput] = strawberry.field(default_factory=list, description="Points besides the base.")
    pending_days: int = strawberry.field(default=0, description="How long after an order its points are posted.")
    valid_from: datetime | None = strawberry.field(default=None, description="Null: from now on.")
    spending: SpendRulesInput | None = strawberry.field(
        default=None, description="How points are spent; null: all of them, on everything."
    )

    maximum_points_a_day: int | None = strawberry.field(
        default=None, description="The most points a member earns by the orders of a day; null: no limit."
    )
    day_time_zone: str = strawberry.field(default="UTC", description="Whose days those are, IANA, such as Asia/Tokyo.")

    def to_programme(self) -> Programme:
        """For the model; its version is given later."""
        return Programme(
            base=EarnRule(0, {rate.currency: rate.minor_units for rate in self.rates}),
            campaigns=tuple(campaign.to_campaign(place) for place, campaign in enumerate(self.campaigns)),
            pending_days=self.pending_days,
            valid_from=self.valid_from,
            spending=SpendRules() if self.spending is None else self.spending.to_rules(),
            day_limit=self.maximum_points_a_day,
            day_zone=self.day_time_zone,
        )


@strawberry.input(description="A line of a basket.")
class PreviewLineInput:
    """See `model.BasketLine`."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit.")
    quantity: int = strawberry.field(default=1, description="Pieces.")
    gross: Decimal = strawberry.field(description="What the whole line costs, tax included.")

    def to_line(self, currency: str) -> BasketLine:
        """For the model."""
        return BasketLine(self.sku, self.quantity, Money.parse(self.gross, currency).minor_units)


def _clock(text: str | None, place: int, name: str) -> time | None:
    if text is None:
        return None
    try:
        found = time.fromisoformat(text)
    except ValueError as error:
        path = ("input", "campaigns", str(place), "hours", name)
        raise Refused(InvalidInput(path=path, expected="HH:MM", got=repr(text[:20]))) from error
    return found.replace(tzinfo=None)
