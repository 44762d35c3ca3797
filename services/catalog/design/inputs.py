"""Inputs of customizations and designs, each read once into the model."""

from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Refused
from kit.graphql.scalars import CurrencyCode
from kit.money import Money
from services.catalog.design import model
from services.catalog.design.actions import DesignRequest
from services.catalog.design.types import GroupKind
from services.catalog.inputs import TranslationInput, translations


@strawberry.input(description="What something costs more, or less if below 0.")
class SurchargeInput:
    """One pair of `model.Choice.deltas`."""

    amount: Decimal = strawberry.field(description="Tax as in the variant's prices; no finer than the currency.")
    currency: CurrencyCode = strawberry.field(description="ISO 4217.")


@strawberry.input(description="A choice of a group.")
class ChoiceRefInput:
    """See `model.ChoiceRef`."""

    group: str = strawberry.field(description="Code of the group.")
    choice: str = strawberry.field(description="Code of the choice.")

    def to_model(self) -> model.ChoiceRef:
        """For the model."""
        return model.ChoiceRef(self.group, self.choice)


@strawberry.input(description="Something to choose.")
class CustomizationChoiceInput:
    """See `model.Choice`."""

    code: str = strawberry.field(description="For programs: red-leather.")
    names: list[TranslationInput] = strawberry.field(description="For people, by language.")
    surcharges: list[SurchargeInput] = strawberry.field(
        default_factory=list, description="One a currency; none: it costs nothing more, in any."
    )


@strawberry.input(description="A part of the product.")
class CustomizationGroupInput:
    """See `model.Group`."""

    code: str = strawberry.field(description="For programs: sole.")
    names: list[TranslationInput] = strawberry.field(description="For people, by language.")
    kind: model.GroupKind = strawberry.field(default=GroupKind.CHOICE, description="Choices, or a text.")
    min: int = strawberry.field(default=0, description="The fewest choices or characters; 0: may be left out.")
    max: int = strawberry.field(default=1, description="The most choices or characters.")
    choices: list[CustomizationChoiceInput] = strawberry.field(
        default_factory=list, description="Of a CHOICE, in the order they are shown."
    )
    pattern: str | None = strawberry.field(
        default=None, description="A regular expression of RE2's kind that a TEXT matches whole."
    )
    surcharges: list[SurchargeInput] = strawberry.field(
        default_factory=list, description="Of a TEXT, if anything is written."
    )

    def to_model(self, *path: str) -> model.Group:
        """For the model."""
        choices = tuple(
            model.Choice(one.code, translations(one.names), _deltas(one.surcharges, *path, "choices", str(index)))
            for index, one in enumerate(self.choices)
        )
        return model.Group(
            code=self.code,
            names=translations(self.names),
            kind=self.kind,
            minimum=self.min,
            maximum=self.max,
            choices=choices,
            pattern=self.pattern,
            deltas=_deltas(self.surcharges, *path) or None,
        )


@strawberry.input(description="Two choices that never go together.")
class ExclusionInput:
    """See `model.Exclusion`."""

    first: ChoiceRefInput = strawberry.field(description="One.")
    second: ChoiceRefInput = strawberry.field(description="The other.")


@strawberry.input(description="Who makes this choice makes one of those, too.")
class RequirementInput:
    """See `model.Requirement`."""

    chosen: ChoiceRefInput = strawberry.field(description="Who makes this one…")
    needs: list[ChoiceRefInput] = strawberry.field(description="…makes one of these.")


@strawberry.input(description="What may be chosen of a product, whole.")
class ProductCustomizationSetInput:
    """See `model.Customization`."""

    product_id: strawberry.ID = strawberry.field(description="prd_…")
    expected_version: int = strawberry.field(description="The version that was read; 0 if there is none yet.")
    groups: list[CustomizationGroupInput] = strawberry.field(description="1 to 50.")
    exclusions: list[ExclusionInput] = strawberry.field(default_factory=list, description="At most 1,000.")
    requirements: list[RequirementInput] = strawberry.field(default_factory=list, description="At most 1,000.")

    def to_model(self) -> model.Customization:
        """For the model; the version is the action's to give."""
        return model.Customization(
            product_id=self.product_id,
            version=0,
            groups=tuple(group.to_model("input", "groups", str(index)) for index, group in enumerate(self.groups)),
            exclusions=tuple(model.Exclusion(one.first.to_model(), one.second.to_model()) for one in self.exclusions),
            requirements=tuple(
                model.Requirement(one.chosen.to_model(), tuple(need.to_model() for need in one.needs))
                for one in self.requirements
            ),
        )


@strawberry.input(description="What is chosen in one group, or written.")
class SelectionInput:
    """See `model.Selection`."""

    group: str = strawberry.field(description="Code of the group.")
    choices: list[str] = strawberry.field(default_factory=list, description="Codes of what is chosen, of a CHOICE.")
    text: str | None = strawberry.field(default=None, description="What is written, of a TEXT.")


@strawberry.input(description="What a shopper made of a variant.")
class DesignSaveInput:
    """See `actions.DesignRequest`."""

    sku: strawberry.ID = strawberry.field(description="The variant it is made of.")
    customization_version: int = strawberry.field(description="The version the shopper chose from.")
    selections: list[SelectionInput] = strawberry.field(description="One a group; groups may be left out.")
    idempotency_key: str = strawberry.field(description="The same key and choices give the same design.")

    def to_request(self) -> DesignRequest:
        """For the action."""
        selections = tuple(model.Selection(one.group, tuple(one.choices), one.text) for one in self.selections)
        return DesignRequest(self.sku, self.customization_version, selections)


def _deltas(surcharges: list[SurchargeInput], *path: str) -> dict[str, int]:
    deltas: dict[str, int] = {}
    for index, one in enumerate(surcharges):
        here = (*path, "surcharges", str(index))
        money = Money.parse(one.amount, one.currency)
        if money.amount != one.amount:
            expected = f"an amount in whole minor units of {one.currency}"
            raise Refused(InvalidInput(path=(*here, "amount"), expected=expected, got=str(one.amount)))
        if one.currency in deltas:
            raise Refused(InvalidInput(path=here, expected="one a currency", got=one.currency))
        deltas[one.currency] = money.minor_units
    return deltas
