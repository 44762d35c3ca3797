"""Customizations and designs as the graph shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.execution import batch_field, wanted
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.catalog.context import Info
from services.catalog.design import actions, model
from services.catalog.model import translated
from services.catalog.types import Locale

GroupKind = strawberry.enum(
    model.GroupKind, name="CustomizationGroupKind", description="CHOICE: some of a list. TEXT: the shopper's words."
)
Currency = Annotated[
    CurrencyCode | None, strawberry.argument(description="Another currency than the caller's channel has.")
]


@presents(model.ChoiceCount)
@strawberry.type(description="Too few or too many choices in a group, or characters in a text.")
class ChoiceCount(UserError):
    """See `model.ChoiceCount`."""

    group: str = strawberry.field(description="Which group.")
    minimum: int = strawberry.field(description="The fewest.")
    maximum: int = strawberry.field(description="The most.")
    got: int = strawberry.field(description="How many came.")


@presents(model.ChoicesExcluded)
@strawberry.type(description="Two choices that never go together.")
class ChoicesExcluded(UserError):
    """See `model.ChoicesExcluded`."""

    first: str = strawberry.field(description="As group:choice.")
    second: str = strawberry.field(description="As group:choice.")


@presents(model.ChoiceRequired)
@strawberry.type(description="A choice that needs one of others beside it.")
class ChoiceRequired(UserError):
    """See `model.ChoiceRequired`."""

    chosen: str = strawberry.field(description="As group:choice.")
    needs: list[str] = strawberry.field(description="Any of these would do, as group:choice.")


@strawberry.type(description="Something to choose of a customised product.")
class CustomizationChoice:
    """See `model.Choice`."""

    row: strawberry.Private[model.Choice]

    @strawberry.field(description="For programs: red-leather.")
    def code(self) -> str:
        """Unique in its group."""
        return self.row.code

    @batch_field(description="For people, in the locale asked for.")
    @staticmethod
    async def name(choices: "Sequence[CustomizationChoice]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.names, locale, chain) or one.row.code for one in choices]

    @batch_field(description="What it costs more; null if it has no price in this currency.")
    @staticmethod
    async def surcharge(
        choices: "Sequence[CustomizationChoice]", info: Info, currency: Currency = None
    ) -> list[Money | None]:
        """May be below 0."""
        unit = currency or (await info.context.channel()).currency
        return [_delta(one.row.deltas, unit) for one in choices]


@strawberry.type(description="A part of a customised product.")
class CustomizationGroup:
    """See `model.Group`."""

    row: strawberry.Private[model.Group]

    @strawberry.field(description="For programs: sole.")
    def code(self) -> str:
        """Unique in its product."""
        return self.row.code

    @batch_field(description="For people, in the locale asked for.")
    @staticmethod
    async def name(groups: "Sequence[CustomizationGroup]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.names, locale, chain) or one.row.code for one in groups]

    @strawberry.field(description="Choices, or a text.")
    def kind(self) -> model.GroupKind:
        """What is given."""
        return self.row.kind

    @strawberry.field(description="The fewest choices, or characters; 0: may be left out.")
    def min(self) -> int:
        """Inclusive."""
        return self.row.minimum

    @strawberry.field(description="The most choices, or characters.")
    def max(self) -> int:
        """Inclusive."""
        return self.row.maximum

    @strawberry.field(description="A regular expression of RE2's kind that a TEXT matches whole.")
    def pattern(self) -> str | None:
        """Of a TEXT."""
        return self.row.pattern

    @strawberry.field(description="What may be chosen, in the order it is shown.")
    def choices(self) -> list[CustomizationChoice]:
        """Of a CHOICE."""
        return [CustomizationChoice(row=one) for one in self.row.choices]

    @batch_field(description="What a text costs more, however long; null if it has no price in this currency.")
    @staticmethod
    async def surcharge(
        groups: "Sequence[CustomizationGroup]", info: Info, currency: Currency = None
    ) -> list[Money | None]:
        """Of a TEXT; 0 of a CHOICE, whose choices have their own."""
        unit = currency or (await info.context.channel()).currency
        return [_delta(one.row.deltas or {}, unit) for one in groups]


@strawberry.type(description="Two choices that never go together.")
class CustomizationExclusion:
    """See `model.Exclusion`."""

    first: str = strawberry.field(description="As group:choice.")
    second: str = strawberry.field(description="As group:choice.")


@strawberry.type(description="Who makes this choice makes one of those, too.")
class CustomizationRequirement:
    """See `model.Requirement`."""

    chosen: str = strawberry.field(description="As group:choice.")
    needs: list[str] = strawberry.field(description="As group:choice.")


@strawberry.type(description="What may be chosen of a product, in one version that never changes.")
class Customization:
    """See `model.Customization`."""

    row: strawberry.Private[model.Customization]

    @strawberry.field(description="Give it back when a design is saved, or the customization is set.")
    def version(self) -> int:
        """Rises with every edit."""
        return self.row.version

    @strawberry.field(description="Its parts, in the order they are gone through.")
    def groups(self) -> list[CustomizationGroup]:
        """At most 50."""
        return [CustomizationGroup(row=one) for one in self.row.groups]

    @strawberry.field(description="What never goes together.")
    def exclusions(self) -> list[CustomizationExclusion]:
        """At most 1,000."""
        return [CustomizationExclusion(first=str(one.first), second=str(one.second)) for one in self.row.exclusions]

    @strawberry.field(description="What needs something else.")
    def requirements(self) -> list[CustomizationRequirement]:
        """At most 1,000."""
        return [
            CustomizationRequirement(chosen=str(one.chosen), needs=[str(need) for need in one.needs])
            for one in self.row.requirements
        ]


@strawberry.type(description="What was chosen in one group, or written.")
class DesignSelection:
    """See `model.Selection`."""

    group: str = strawberry.field(description="Code of the group.")
    choices: list[str] = strawberry.field(description="Codes of what was chosen.")
    text: str | None = strawberry.field(description="What was written.")


@strawberry.federation.type(keys=["id"], description="What a shopper made of a customised product; never changes.")
class Design:
    """See `model.Design`."""

    row: strawberry.Private[model.Design]

    @strawberry.field(description="dsg_…: any channel can open and order it.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The variant it is made of.")
    def sku(self) -> strawberry.ID:
        """Its SKU when the design was saved."""
        return strawberry.ID(self.row.sku)

    @strawberry.field(description="The version of the product's customization it was made with.")
    def customization_version(self) -> int:
        """See `customization`."""
        return self.row.version

    @batch_field(description="What could be chosen when it was made.")
    @staticmethod
    async def customization(designs: "Sequence[Design]", info: Info) -> list[Customization | None]:
        """One query for all."""
        asked = [(one.row.product_id, one.row.version) for one in designs]
        found = await info.context.store.design.versions(asked)
        return [Customization(row=found[key]) if key in found else None for key in asked]

    @strawberry.field(description="What was chosen.")
    def selections(self) -> list[DesignSelection]:
        """One a group."""
        return [
            DesignSelection(group=one.group, choices=list(one.choices), text=one.text) for one in self.row.selections
        ]

    @batch_field(description="What it costs more than its variant; null if it has no price in this currency.")
    @staticmethod
    async def surcharge(designs: "Sequence[Design]", info: Info, currency: Currency = None) -> list[Money | None]:
        """By the version it was made with."""
        unit = currency or (await info.context.channel()).currency
        prices = await actions.price_designs(info.context.store, [one.row.id for one in designs], unit)
        return [_money(prices[one.row.id].surcharge_minor, unit) for one in designs]

    @batch_field(description="Whether today's customization of the product still allows all of it.")
    @staticmethod
    async def is_orderable(designs: "Sequence[Design]", info: Info) -> list[bool]:
        """What is no longer made is not ordered."""
        prices = await actions.price_designs(info.context.store, [one.row.id for one in designs], "")
        return [prices[one.row.id].is_orderable for one in designs]

    @strawberry.field(description="When it was saved.")
    def created_at(self) -> datetime:
        """UTC."""
        return self.row.created_at

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Design | None]":
        """By id, one query for all."""
        wanted(info, on="Design")
        rows = await info.context.loaders.design.load_many([one["id"] for one in representations])
        return [None if row is None else cls(row=row) for row in rows]


@strawberry.type(description="The customization as it is now, or why not.")
class ProductCustomizationSetPayload(Payload):
    """Of productCustomizationSet."""

    customization: Customization | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: model.Customization) -> "ProductCustomizationSetPayload":
        """From the model."""
        return cls(customization=Customization(row=row))


@strawberry.type(description="The design, or why it cannot be made.")
class DesignSavePayload(Payload):
    """Of designSave."""

    design: Design | None = strawberry.field(default=None, description="The design as it is kept.")

    @classmethod
    def of(cls, row: model.Design) -> "DesignSavePayload":
        """From the model."""
        return cls(design=Design(row=row))


def _delta(deltas: "dict[str, int] | Any", currency: str) -> Money | None:
    return _money(deltas.get(currency) if deltas else 0, currency)


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money.of(MoneyValue(minor, currency))
