"""Inputs of promotions, each read once into the model."""

from datetime import datetime
from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Path, Refused
from kit.graphql.scalars import CurrencyCode
from services.catalog.inputs import TranslationInput, needed_version, translations
from services.catalog.pricing.inputs import basis_points, minor_units
from services.catalog.promotion.model import (
    Action,
    Conditions,
    Limits,
    PromotionDraft,
    Target,
    WeeklyWindow,
)
from services.catalog.promotion.words import ActionKind, Reach

NO_CURRENCY = "JPY"
"""Amounts without a currency are refused by the model; until then they are read as whole units."""


@strawberry.input(description="What is taken off; the parts its kind needs.")
class PromotionActionInput:
    """See `model.Action`."""

    kind: ActionKind = strawberry.field(description="What it does.")
    reach: Reach = strawberry.field(default=Reach.LINE, description="For PERCENT and AMOUNT.")
    percent: Decimal = strawberry.field(default=Decimal(0), description="As a share: 0.2 is 20 %.")
    amount: Decimal = strawberry.field(default=Decimal(0), description="In the promotion's currency.")
    buy: int = strawberry.field(default=0, description="Of BUY_X_GET_Y: pieces paid.")
    get: int = strawberry.field(default=1, description="Pieces reduced, the cheapest.")
    points: int = strawberry.field(default=0, description="Of POINTS: so many.")
    points_share: Decimal = strawberry.field(
        default=Decimal(0), description="Of POINTS: for every minor unit of the target lines, such as 0.01."
    )

    def to_model(self, currency: str) -> Action:
        """For the model."""
        at = ("input", "action")
        return Action(
            kind=self.kind,
            reach=self.reach,
            percent_bp=basis_points(self.percent, (*at, "percent")),
            amount_minor=minor_units(self.amount, currency, (*at, "amount")),
            buy=self.buy,
            get=self.get,
            points=self.points,
            points_bp=basis_points(self.points_share, (*at, "pointsShare")),
        )


@strawberry.input(description="Hours of some weekdays in a time zone; past midnight if the end is not later.")
class WeeklyWindowInput:
    """See `model.WeeklyWindow`."""

    weekdays: list[int] = strawberry.field(description="1 is Monday, 7 Sunday.")
    start: str = strawberry.field(description="Such as 17:00.")
    end: str = strawberry.field(description="Such as 20:00; 24:00 is the day's end.")
    time_zone: str = strawberry.field(description="IANA, such as Asia/Tokyo.")

    def to_model(self, at: Path) -> WeeklyWindow:
        """For the model."""
        days = frozenset(self.weekdays)
        return WeeklyWindow(days, _minute(self.start, (*at, "start")), _minute(self.end, (*at, "end")), self.time_zone)


@strawberry.input(description="When a promotion applies; every part that is given must hold.")
class PromotionConditionsInput:
    """See `model.Conditions`."""

    skus: list[strawberry.ID] = strawberry.field(default_factory=list, description="Any of these variants.")
    product_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Or of these products.")
    category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Or in these categories and below."
    )
    collection_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Or in these collections, by hand or by rule; none of the four: everything."
    )
    excluded_skus: list[strawberry.ID] = strawberry.field(default_factory=list, description="But not these.")
    excluded_collection_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Nor what is in these collections."
    )
    min_basket: Decimal = strawberry.field(default=Decimal(0), description="List prices of the whole basket, at least.")
    min_quantity: int = strawberry.field(default=1, description="Pieces of what is meant, at least.")
    segments: list[str] = strawberry.field(default_factory=list, description="Customers of any of these.")
    ranks: list[str] = strawberry.field(default_factory=list, description="Customers of any of these.")
    channels: list[str] = strawberry.field(default_factory=list, description="On any of these.")
    locations: list[str] = strawberry.field(default_factory=list, description="At any of these.")
    valid_from: datetime | None = strawberry.field(default=None, description="From this instant on.")
    valid_until: datetime | None = strawberry.field(default=None, description="Before this instant.")
    windows: list[WeeklyWindowInput] = strawberry.field(default_factory=list, description="In any of these hours.")
    first_purchase: bool = strawberry.field(default=False, description="Only a customer without a recorded order.")
    needs_coupon: bool = strawberry.field(default=False, description="Only with a coupon of this promotion.")

    def to_model(self, currency: str) -> Conditions:
        """For the model."""
        at = ("input", "conditions")
        return Conditions(
            target=Target(
                frozenset(self.skus),
                frozenset(self.product_ids),
                frozenset(self.category_ids),
                frozenset(self.excluded_skus),
                frozenset(self.collection_ids),
                frozenset(self.excluded_collection_ids),
            ),
            min_basket_minor=minor_units(self.min_basket, currency, (*at, "minBasket")),
            min_quantity=self.min_quantity,
            segments=frozenset(self.segments),
            ranks=frozenset(self.ranks),
            channels=frozenset(self.channels),
            locations=frozenset(self.locations),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            windows=tuple(one.to_model((*at, "windows", str(n))) for n, one in enumerate(self.windows)),
            first_purchase=self.first_purchase,
            needs_coupon=self.needs_coupon,
        )


@strawberry.input(description="How much and how often at most; left out: without end.")
class PromotionLimitsInput:
    """See `model.Limits`."""

    budget: Decimal | None = strawberry.field(default=None, description="All discounts together.")
    max_uses: int | None = strawberry.field(default=None, description="Redemptions in all.")
    max_uses_per_customer: int | None = strawberry.field(default=None, description="Redemptions of one customer.")

    def to_model(self, currency: str) -> Limits:
        """For the model."""
        budget = self.budget
        minor = None if budget is None else minor_units(budget, currency, ("input", "limits", "budget"))
        return Limits(minor, self.max_uses, self.max_uses_per_customer)


@strawberry.input(description="A promotion, whole: what is left out is the default afterwards.")
class PromotionUpsertInput:
    """See `model.PromotionDraft`."""

    names: list[TranslationInput] = strawberry.field(description="What shoppers read; at least one.")
    action: PromotionActionInput = strawberry.field(description="What is taken off.")
    id: strawberry.ID | None = strawberry.field(default=None, description="prm_…, for the next version of it.")
    expected_version: int | None = strawberry.field(default=None, description="The version read; needed with `id`.")
    conditions: PromotionConditionsInput = strawberry.field(
        default_factory=PromotionConditionsInput, description="When it applies; left out: always."
    )
    limits: PromotionLimitsInput = strawberry.field(
        default_factory=PromotionLimitsInput, description="How often; left out: without end."
    )
    currency: CurrencyCode | None = strawberry.field(default=None, description="Needed where amounts are named.")
    priority: int = strawberry.field(default=0, description="Higher goes first; then the older one.")
    group: str | None = strawberry.field(default=None, description="A line takes one promotion of a group at most.")
    exclusive: bool = strawberry.field(default=False, description="Takes untouched lines only, and closes them.")
    enabled: bool = strawberry.field(default=True, description="Off: applies to nothing, quotes under way included.")

    def to_draft(self) -> PromotionDraft:
        """For the model."""
        currency = self.currency or NO_CURRENCY
        return PromotionDraft(
            names=translations(self.names),
            action=self.action.to_model(currency),
            conditions=self.conditions.to_model(currency),
            limits=self.limits.to_model(currency),
            currency=self.currency,
            priority=self.priority,
            group=self.group,
            exclusive=self.exclusive,
            enabled=self.enabled,
        )

    def seen_version(self) -> int | None:
        """The version that is replaced, None for a new promotion."""
        return None if self.id is None else needed_version(self.expected_version)


def _minute(text: str, path: Path) -> int:
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(text) == 5 and int(minutes) < 60:
        return int(hours) * 60 + int(minutes)
    raise Refused(InvalidInput(path=path, expected="a time such as 17:00", got=repr(text[:20])))
