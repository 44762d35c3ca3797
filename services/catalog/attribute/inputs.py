"""Inputs of attributes: definitions and values, each read once into the model."""

from datetime import date
from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Refused
from services.catalog.attribute import model
from services.catalog.attribute.types import AttributeLevel, Visibility
from services.catalog.category.model import CategoryId
from services.catalog.inputs import TranslationInput, translations


@strawberry.input(description="A value one may choose.")
class AttributeOptionInput:
    """See `model.AttributeOption`."""

    code: str = strawberry.field(description="For programs: dark-blue.")
    names: list[TranslationInput] = strawberry.field(description="For people, by language.")


@strawberry.input(description="An attribute's definition, whole: what is left out has its default afterwards.")
class AttributeUpsertInput:
    """See `model.AttributeDefinition`."""

    code: strawberry.ID = strawberry.field(description="Its name for programs, for ever: lower case, as a slug.")
    names: list[TranslationInput] = strawberry.field(description="For people, by language.")
    type: model.AttributeType = strawberry.field(description="What values it has; never changes.")
    level: model.AttributeLevel = strawberry.field(
        default=AttributeLevel.PRODUCT, description="What carries the value; never changes."
    )
    unit: str | None = strawberry.field(default=None, description="Of a NUMBER: cm, g.")
    min: Decimal | None = strawberry.field(
        default=None, description="Least number, fewest characters of a text, fewest values of MULTI_ENUM."
    )
    max: Decimal | None = strawberry.field(
        default=None, description="Greatest number, most characters of a text, most values of MULTI_ENUM."
    )
    pattern: str | None = strawberry.field(
        default=None, description="A regular expression of RE2's kind that a TEXT matches whole."
    )
    options: list[AttributeOptionInput] = strawberry.field(
        default_factory=list, description="What may be chosen, of ENUM and MULTI_ENUM, in the order it is shown."
    )
    reference_kind: model.ReferenceKind | None = strawberry.field(
        default=None, description="What a REFERENCE leads to."
    )
    category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Only for products in these categories or below; none: for all."
    )
    is_required: bool = strawberry.field(default=False, description="Whether no product but a draft may lack it.")
    is_facet: bool = strawberry.field(default=False, description="Whether listings can be narrowed by it.")
    visibility: model.Visibility = strawberry.field(default=Visibility.PUBLIC, description="Who sees its values.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that is replaced; none: the attribute is new."
    )

    def to_model(self) -> model.AttributeDefinition:
        """For the model."""
        return model.AttributeDefinition(
            code=self.code,
            names=translations(self.names),
            type=self.type,
            level=self.level,
            unit=self.unit,
            minimum=self.min,
            maximum=self.max,
            pattern=self.pattern,
            options=tuple(model.AttributeOption(option.code, translations(option.names)) for option in self.options),
            reference_kind=self.reference_kind,
            category_ids=tuple(CategoryId(id) for id in self.category_ids),
            is_required=self.is_required,
            is_facet=self.is_facet,
            visibility=self.visibility,
        )


@strawberry.input(description="A value of an attribute: exactly one of the fields beside `code`, the one of its type.")
class AttributeValueInput:
    """See `model.Attribute`."""

    code: strawberry.ID = strawberry.field(description="Which attribute.")
    text: str | None = strawberry.field(default=None, description="Of TEXT.")
    texts: list[TranslationInput] | None = strawberry.field(default=None, description="Of LOCALIZED_TEXT.")
    number: Decimal | None = strawberry.field(default=None, description="Of NUMBER, in its unit.")
    boolean: bool | None = strawberry.field(default=None, description="Of BOOLEAN.")
    date: str | None = strawberry.field(default=None, description="Of DATE: 2026-11-25.")
    values: list[str] | None = strawberry.field(default=None, description="Codes: one of ENUM, any of MULTI_ENUM.")
    reference: strawberry.ID | None = strawberry.field(default=None, description="The id a REFERENCE leads to.")

    def to_model(self, *path: str) -> model.Attribute:
        """For the model; refused if it has no value, or several, or one that is no date."""
        given: list[model.AttributeValue | None] = [
            self.text,
            None if self.texts is None else translations(self.texts),
            self.number,
            self.boolean,
            None if self.date is None else _date(self.date, (*path, "date")),
            None if self.values is None else tuple(self.values),
            None if self.reference is None else model.Reference(self.reference),
        ]
        values = [value for value in given if value is not None]
        if len(values) != 1:
            raise Refused(InvalidInput(path=path, expected="exactly one value beside code", got=str(len(values))))
        return model.Attribute(self.code, values[0])


def attributes_of(values: list[AttributeValueInput], *path: str) -> tuple[model.Attribute, ...]:
    """For the model; `path` is the list's."""
    return tuple(value.to_model(*path, str(index)) for index, value in enumerate(values))


def _date(text: str, path: tuple[str, ...]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(InvalidInput(path=path, expected="a date such as 2026-11-25", got=text[:40])) from None
