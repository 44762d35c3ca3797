"""GraphQL types that several nouns of catalog show."""

from typing import Annotated

import strawberry

from kit.graphql.errors import UserError, presents
from services.catalog import model

Locale = Annotated[
    str | None,
    strawberry.argument(
        description="BCP 47, such as ja. Falls back to its language, then to the channel's locales, then to English."
    ),
]


@strawberry.type(description="A text and the locale it is in.")
class Translation:
    """One pair of `model.Translations`."""

    locale: str = strawberry.field(description="BCP 47: en, ja, pt-BR.")
    text: str = strawberry.field(description="The text.")

    @classmethod
    def all(cls, texts: model.Translations) -> "list[Translation]":
        """Every text, in the order it was given."""
        return [cls(locale=locale, text=text) for locale, text in texts.items()]

    @classmethod
    def answering(cls, texts: model.Translations, locale: str | None, chain: model.Locales) -> "Translation | None":
        """The one that answers; None if there is no text at all."""
        found = model.answering(texts, locale, chain)
        return None if found is None else cls(locale=found, text=texts[found])


@presents(model.Taken)
@strawberry.type(description="A slug, SKU, barcode or external id belongs to something else already.")
class Taken(UserError):
    """See `model.Taken`."""

    value: str = strawberry.field(description="The value that is taken.")
