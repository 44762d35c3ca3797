"""GraphQL types of earning: programmes, campaigns, and what a basket would earn."""

from collections.abc import Mapping
from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.scalars import CurrencyCode
from services.loyalty.caps.model import Fit
from services.loyalty.earning import model
from services.loyalty.earning.model import Programme
from services.loyalty.enums import LotKind
from services.loyalty.spending.model import SpendRules


@presents(model.CampaignNeverApplies)
@strawberry.type(description="A campaign whose conditions can never give a point.")
class CampaignNeverApplies(UserError):
    """See `model.CampaignNeverApplies`."""

    campaign: str = strawberry.field(description="Its name.")
    reason: str = strawberry.field(description="What makes it impossible.")


@strawberry.type(description="How much of a currency one point takes.")
class EarnRate:
    """Part of `model.EarnRule`."""

    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    minor_units: int = strawberry.field(description="Minor units of it for one point.")


@strawberry.type(description="Hours of the week in a time zone.")
class CampaignHours:
    """See `model.Hours`."""

    time_zone: str = strawberry.field(description="IANA, such as Asia/Tokyo.")
    weekdays: list[int] = strawberry.field(description="1 (Monday) to 7; empty: every day.")
    opens: str | None = strawberry.field(description="HH:MM, inclusive; null: all day.")
    closes: str | None = strawberry.field(description="HH:MM, exclusive; before `opens`: of the day after.")


@strawberry.type(description="Points besides the base, for baskets that meet every condition.")
class Campaign:
    """See `model.Campaign`."""

    name: str = strawberry.field(description="Unique in its programme; the statement does not show it.")
    extra_basis_points: int = strawberry.field(description="So much of the base again: 10,000 doubles it.")
    fixed_points: int = strawberry.field(description="Points of the whole basket.")
    starts_at: datetime | None = strawberry.field(description="Inclusive.")
    ends_at: datetime | None = strawberry.field(description="Exclusive.")
    hours: CampaignHours | None = strawberry.field(description="Hours of the week; null: always.")
    channels: list[str] = strawberry.field(description="Any of these; empty: all.")
    location_ids: list[strawberry.ID] = strawberry.field(description="Any of these; empty: all.")
    skus: list[strawberry.ID] = strawberry.field(
        description="What is multiplied; empty, as products and categories: everything."
    )
    ranks: list[str] = strawberry.field(description="Members of any of these; empty: everybody.")
    minimum_gross: list[EarnRate] = strawberry.field(description="The basket's least amount, by currency; empty: none.")
    product_ids: list[strawberry.ID] = strawberry.field(description="All of their variants are multiplied, too.")
    category_ids: list[strawberry.ID] = strawberry.field(description="All that is in or below them is multiplied, too.")
    segments: list[str] = strawberry.field(description="Members of any of these; empty: everybody.")
    payment_methods: list[str] = strawberry.field(description="Orders paid with any of these; empty: all.")
    birthday_month: bool = strawberry.field(description="Only in the month the member was born in.")
    maximum_points_a_member: int | None = strawberry.field(
        description="The most points one member gets by it; null: no limit."
    )
    budget_points: int | None = strawberry.field(description="The most points it gives to all; null: no limit.")

    @classmethod
    def of(cls, row: model.Campaign) -> "Campaign":
        """From the model."""
        return cls(
            name=row.name,
            extra_basis_points=row.extra_bp,
            fixed_points=row.fixed,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            hours=None if row.hours is None else _hours(row.hours),
            channels=sorted(row.channels),
            location_ids=[strawberry.ID(id) for id in sorted(row.locations)],
            skus=[strawberry.ID(sku) for sku in sorted(row.skus)],
            ranks=sorted(row.ranks),
            minimum_gross=_rates(row.min_gross_minor or {}),
            product_ids=[strawberry.ID(id) for id in sorted(row.products)],
            category_ids=[strawberry.ID(id) for id in sorted(row.categories)],
            segments=sorted(row.segments),
            payment_methods=sorted(row.payment_methods),
            birthday_month=row.in_birth_month,
            maximum_points_a_member=row.member_limit,
            budget_points=row.budget,
        )


@strawberry.type(description="How points are spent.")
class SpendingRules:
    """See `spending.model.SpendRules`."""

    minimum_points: int = strawberry.field(description="The fewest points of one spending.")
    step_points: int = strawberry.field(description="Points are spent in multiples of it.")
    maximum_share_basis_points: int = strawberry.field(
        description="The part of the total that points may pay: 10,000 is all of it."
    )
    excluded_skus: list[strawberry.ID] = strawberry.field(description="What points do not pay for.")
    excluded_product_ids: list[strawberry.ID] = strawberry.field(description="All of their variants.")
    excluded_category_ids: list[strawberry.ID] = strawberry.field(description="All that is in them or below.")
    only_kind: LotKind | None = strawberry.field(description="The one kind that may be spent; null: both.")
    maximum_points_an_hour: int | None = strawberry.field(
        description="What a member may spend or set aside in an hour; null: no limit."
    )
    maximum_points_a_day: int | None = strawberry.field(
        description="What a member may spend or set aside in a day (UTC); null: no limit."
    )
    worth: list[EarnRate] = strawberry.field(description="Minor units that one point pays, by currency.")

    @classmethod
    def of(cls, row: SpendRules) -> "SpendingRules":
        """From the model."""
        return cls(
            minimum_points=row.minimum,
            step_points=row.step,
            maximum_share_basis_points=row.max_share_bp,
            excluded_skus=[strawberry.ID(id) for id in sorted(row.excluded_skus)],
            excluded_product_ids=[strawberry.ID(id) for id in sorted(row.excluded_products)],
            excluded_category_ids=[strawberry.ID(id) for id in sorted(row.excluded_categories)],
            only_kind=row.only,
            maximum_points_an_hour=row.hour_limit,
            maximum_points_a_day=row.day_limit,
            worth=_rates(row.minor_units_per_point),
        )


@strawberry.type(description="Every rule of earning and spending from a moment on; it never changes.")
class EarnProgramme:
    """See `model.Programme`."""

    version: int = strawberry.field(description="What entries of the statement name as ruleVersion.")
    valid_from: datetime | None = strawberry.field(description="Null: since ever.")
    pending_days: int = strawberry.field(description="How long after an order its points are posted.")
    rates: list[EarnRate] = strawberry.field(description="The base. A currency without a rate earns nothing.")
    campaigns: list[Campaign] = strawberry.field(description="Points besides the base.")
    spending: SpendingRules = strawberry.field(description="How points are spent.")
    maximum_points_a_day: int | None = strawberry.field(
        description="The most points a member earns by the orders of a day; null: no limit."
    )
    day_time_zone: str = strawberry.field(description="Whose days those are.")

    @classmethod
    def of(cls, row: Programme) -> "EarnProgramme":
        """From the model."""
        return cls(
            version=row.version,
            valid_from=row.valid_from,
            pending_days=row.pending_days,
            rates=_rates(row.base.minor_units_per_point),
            campaigns=[Campaign.of(campaign) for campaign in row.campaigns],
            spending=SpendingRules.of(row.spending),
            maximum_points_a_day=row.day_limit,
            day_time_zone=row.day_zone,
        )


@strawberry.type(description="Points of a basket by one rule.")
class PreviewPart:
    """See `model.Part`."""

    campaign: str | None = strawberry.field(description="The campaign; null: the base.")
    points: int = strawberry.field(description="Its points.")


@strawberry.type(description="What a basket would earn if it were bought here and now.")
class PointsPreview:
    """Counted by the function that counts orders."""

    points: int = strawberry.field(description="In all, within what its caps have left.")
    uncapped: int = strawberry.field(description="What it would be without caps.")
    parts: list[PreviewPart] = strawberry.field(description="Rule by rule.")
    programme_version: int = strawberry.field(description="The programme they are counted by.")
    pending_days: int = strawberry.field(description="How long after the order they are posted.")

    @classmethod
    def of(cls, programme: Programme, earned: Fit) -> "PointsPreview":
        """From the model."""
        return cls(
            points=earned.points,
            uncapped=earned.full,
            parts=[PreviewPart(campaign=part.campaign, points=part.points) for part in earned.parts],
            programme_version=programme.version,
            pending_days=programme.pending_days,
        )


@strawberry.type(description="The programme that was set, or why not.")
class EarnProgrammeSetPayload(Payload):
    """Of earnProgrammeSet."""

    programme: EarnProgramme | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: Programme) -> "EarnProgrammeSetPayload":
        """From the action."""
        return cls(programme=EarnProgramme.of(row))


def _hours(row: model.Hours) -> CampaignHours:
    return CampaignHours(
        time_zone=row.zone,
        weekdays=[day + 1 for day in row.weekdays],
        opens=None if row.opens is None else row.opens.isoformat("minutes"),
        closes=None if row.closes is None else row.closes.isoformat("minutes"),
    )


def _rates(amounts: Mapping[str, int]) -> list[EarnRate]:
    return [EarnRate(currency=CurrencyCode(currency), minor_units=amount) for currency, amount in amounts.items()]
