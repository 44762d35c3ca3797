"""Promotions as the graph shows them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.execution import batch_field
from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.pricing.tax import BASIS_POINTS
from services.catalog.promotion import model
from services.catalog.promotion.words import ActionKind, Reach
from services.catalog.types import Locale


@presents(model.NeverApplies)
@strawberry.type(description="The promotion could never apply to anything.")
class NeverApplies(UserError):
    """See `model.NeverApplies`."""

    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="A promotion, its latest version.")
class Promotion:
    """See `model.Promotion`."""

    row: strawberry.Private[model.Promotion]

    @strawberry.field(description="prm_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Rises with every edit; quotes name it.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version

    @batch_field(description="In the locale asked for.")
    @staticmethod
    async def name(promotions: "Sequence[Promotion]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.names, locale, chain) or one.row.id for one in promotions]

    @strawberry.field(description="What it does.")
    def kind(self) -> ActionKind:
        """Its action."""
        return self.row.draft.action.kind

    @strawberry.field(description="Of every line, or of all target lines together.")
    def reach(self) -> Reach:
        """For PERCENT and AMOUNT."""
        return self.row.draft.action.reach

    @strawberry.field(description="The share it takes off.")
    def percent(self) -> Decimal:
        """0.2 is 20 %."""
        return Decimal(self.row.draft.action.percent_bp) / BASIS_POINTS

    @strawberry.field(description="The amount it takes off; null where it speaks of none.")
    def amount(self) -> Money | None:
        """In its currency."""
        return self._money(self.row.draft.action.amount_minor or None)

    @strawberry.field(description="Whether it is switched on.")
    def enabled(self) -> bool:
        """As staff set it."""
        return self.row.draft.enabled

    @strawberry.field(description="From this instant on.")
    def valid_from(self) -> datetime | None:
        """UTC."""
        return self.row.draft.conditions.valid_from

    @strawberry.field(description="Before this instant.")
    def valid_until(self) -> datetime | None:
        """UTC."""
        return self.row.draft.conditions.valid_until

    @strawberry.field(description="Whether it needs a coupon.")
    def needs_coupon(self) -> bool:
        """Of this promotion."""
        return self.row.draft.conditions.needs_coupon

    @strawberry.field(description="Redemptions, held ones included; counted only where a limit is set.")
    def uses(self) -> int:
        """Taken."""
        return self.row.uses

    @strawberry.field(description="Discounts taken of the budget, held ones included; null without a currency.")
    def spent(self) -> Money | None:
        """Taken."""
        return self._money(self.row.spent_minor)

    @strawberry.field(description="Whether nothing is left of it.")
    def exhausted(self) -> bool:
        """By its own limits."""
        return self.row.is_exhausted

    def _money(self, minor: int | None) -> Money | None:
        currency = self.row.draft.currency
        return None if minor is None or currency is None else Money.of(MoneyValue(minor, currency))


@strawberry.type(description="The promotion as it is now, or why not.")
class PromotionUpsertPayload(Payload):
    """Of promotionUpsert."""

    promotion: Promotion | None = strawberry.field(default=None, description="The promotion as it is kept now.")

    @classmethod
    def of(cls, row: model.Promotion) -> "PromotionUpsertPayload":
        """From the model."""
        return cls(promotion=Promotion(row=row))
