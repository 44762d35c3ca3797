"""Attributes as the graph shows them: definitions, and the values of products and variants."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field
from services.catalog.attribute import model
from services.catalog.context import Info
from services.catalog.model import Locales, translated
from services.catalog.types import Locale, Translation

strawberry.enum(model.AttributeType, description="What values an attribute has.")
AttributeLevel = strawberry.enum(model.AttributeLevel, description="What carries an attribute's value.")
Visibility = strawberry.enum(model.Visibility, description="Who sees something: everybody, or staff.")
strawberry.enum(model.ReferenceKind, description="What a REFERENCE leads to.")
Codes = Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only these attributes.")]


@strawberry.type(description="A value one may choose.")
class AttributeOption:
    """See `model.AttributeOption`."""

    row: strawberry.Private[model.AttributeOption]

    @strawberry.field(description="For programs: dark-blue.")
    def code(self) -> str:
        """Unique in its attribute."""
        return self.row.code

    @batch_field(description="For people, in the locale asked for.")
    @staticmethod
    async def name(options: "Sequence[AttributeOption]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(option.row.names, locale, chain) or option.row.code for option in options]


@strawberry.type(description="What an attribute is: what values it takes and who sees them.")
class Attribute:
    """See `model.AttributeDefinition`."""

    row: strawberry.Private[model.AttributeDefinition]

    @strawberry.field(description="Its name for programs.")
    def code(self) -> strawberry.ID:
        """The natural key."""
        return strawberry.ID(self.row.code)

    @batch_field(description="For people, in the locale asked for.")
    @staticmethod
    async def name(definitions: "Sequence[Attribute]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.names, locale, chain) or one.row.code for one in definitions]

    @strawberry.field(description="What values it has.")
    def type(self) -> model.AttributeType:
        """Never changes."""
        return self.row.type

    @strawberry.field(description="What carries the value.")
    def level(self) -> model.AttributeLevel:
        """Never changes."""
        return self.row.level

    @strawberry.field(description="Of a NUMBER: cm, g.")
    def unit(self) -> str | None:
        """For people."""
        return self.row.unit

    @strawberry.field(description="Least number, fewest characters of a text, fewest values of MULTI_ENUM.")
    def min(self) -> Decimal | None:
        """Inclusive."""
        return self.row.minimum

    @strawberry.field(description="Greatest number, most characters of a text, most values of MULTI_ENUM.")
    def max(self) -> Decimal | None:
        """Inclusive."""
        return self.row.maximum

    @strawberry.field(description="A regular expression of RE2's kind that a TEXT matches whole.")
    def pattern(self) -> str | None:
        """Python's dialect."""
        return self.row.pattern

    @strawberry.field(description="What may be chosen, in the order it is shown.")
    def options(self) -> list[AttributeOption]:
        """Of ENUM and MULTI_ENUM."""
        return [AttributeOption(row=option) for option in self.row.options]

    @strawberry.field(description="What a REFERENCE leads to.")
    def reference_kind(self) -> model.ReferenceKind | None:
        """Null for other types."""
        return self.row.reference_kind

    @strawberry.field(description="Only for products in these categories or below; none: for all.")
    def category_ids(self) -> list[strawberry.ID]:
        """cat_…"""
        return [strawberry.ID(id) for id in self.row.category_ids]

    @strawberry.field(description="Whether no product but a draft may lack it.")
    def is_required(self) -> bool:
        """Checked with every edit of a product."""
        return self.row.is_required

    @strawberry.field(description="Whether listings can be narrowed by it.")
    def is_facet(self) -> bool:
        """For searches."""
        return self.row.is_facet

    @strawberry.field(description="Who sees its values.")
    def visibility(self) -> model.Visibility:
        """Everybody, or staff."""
        return self.row.visibility

    @strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version


@strawberry.type(description="What a product or variant says of itself in one attribute.")
class AttributeValue:
    """See `model.Attribute`; the field of its type is set, the others are null."""

    given: strawberry.Private[model.Attribute]
    definition: strawberry.Private[model.AttributeDefinition]

    @strawberry.field(description="Which attribute.")
    def attribute(self) -> Attribute:
        """Its definition."""
        return Attribute(row=self.definition)

    @strawberry.field(description="Its code.")
    def code(self) -> strawberry.ID:
        """Of the definition."""
        return strawberry.ID(self.given.code)

    @batch_field(description="For people: `12.5 cm`, `2026-11-25`, the names of what was chosen, joined by commas.")
    @staticmethod
    async def display(values: "Sequence[AttributeValue]", info: Info, locale: Locale = None) -> list[str]:
        """In the locale asked for; a boolean is `true` or `false`, a reference its id."""
        chain = await info.context.locales()
        return [_display(one.given.value, one.definition, locale, chain) for one in values]

    @batch_field(description="Of TEXT, and of LOCALIZED_TEXT in the locale asked for.")
    @staticmethod
    async def text(values: "Sequence[AttributeValue]", info: Info, locale: Locale = None) -> list[str | None]:
        """As it is."""
        chain = await info.context.locales()
        return [_text(one.given.value, locale, chain) for one in values]

    @strawberry.field(description="Of LOCALIZED_TEXT: all of them.")
    def texts(self) -> list[Translation] | None:
        """By locale."""
        value = self.given.value
        return Translation.all(value) if isinstance(value, dict) else None

    @strawberry.field(description="Of NUMBER, in the definition's unit.")
    def number(self) -> Decimal | None:
        """Exact to 15 digits."""
        return self.given.value if isinstance(self.given.value, Decimal) else None

    @strawberry.field(description="Of BOOLEAN.")
    def boolean(self) -> bool | None:
        """True or false."""
        return self.given.value if isinstance(self.given.value, bool) else None

    @strawberry.field(description="Of DATE: 2026-11-25.")
    def date(self) -> str | None:
        """ISO 8601."""
        return self.given.value.isoformat() if isinstance(self.given.value, datetime.date) else None

    @strawberry.field(description="Of ENUM, the one; of MULTI_ENUM, those that were chosen.")
    def values(self) -> list[AttributeOption] | None:
        """Options that were taken out of the definition are left out."""
        if not isinstance(self.given.value, tuple):
            return None
        return [AttributeOption(row=one) for one in self.definition.options if one.code in self.given.value]

    @strawberry.field(description="Of REFERENCE: the id it leads to.")
    def reference(self) -> strawberry.ID | None:
        """See the definition's `referenceKind`."""
        return strawberry.ID(self.given.value.id) if isinstance(self.given.value, model.Reference) else None


async def attribute_values(
    info: Info, rows: Sequence[Sequence[model.Attribute]], codes: list[strawberry.ID] | None
) -> list[list[AttributeValue]]:
    """What may be seen of the values of several owners, each in its order."""
    named = {given.code for given in _flat(rows) if codes is None or given.code in codes}
    found = await info.context.loaders.attribute.load_many(sorted(named))
    seen = {one.code: one for one in found if one is not None and info.context.may_see(one.visibility)}
    return [[AttributeValue(given=one, definition=seen[one.code]) for one in row if one.code in seen] for row in rows]


def _flat(rows: Sequence[Sequence[model.Attribute]]) -> list[model.Attribute]:
    return [given for row in rows for given in row]


def _text(value: model.AttributeValue, locale: str | None, chain: Locales) -> str | None:
    if isinstance(value, dict):
        return translated(value, locale, chain)
    return value if isinstance(value, str) else None


def _display(
    value: model.AttributeValue, definition: model.AttributeDefinition, locale: str | None, chain: Locales
) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value} {definition.unit}" if definition.unit else str(value)
        case datetime.date():
            return value.isoformat()
        case tuple():
            chosen = [option for option in definition.options if option.code in value]
            return ", ".join(translated(option.names, locale, chain) or option.code for option in chosen)
        case model.Reference():
            return value.id
        case _:
            return _text(value, locale, chain) or ""


@strawberry.type(description="The attribute's definition as it is now, or why not.")
class AttributeUpsertPayload(Payload):
    """Of attributeUpsert."""

    attribute: Attribute | None = strawberry.field(default=None, description="The definition as it is kept now.")

    @classmethod
    def of(cls, row: model.AttributeDefinition) -> "AttributeUpsertPayload":
        """From the model."""
        return cls(attribute=Attribute(row=row))
