"""GraphQL inputs that several nouns of catalog read, each read once into the model."""

from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Refused
from kit.graphql.scalars import CurrencyCode
from kit.money import Money
from services.catalog import model


@strawberry.input(description="A text in one language.")
class TranslationInput:
    """One pair of translations."""

    locale: str = strawberry.field(description="BCP 47: en, ja, pt-BR.")
    text: str = strawberry.field(description="The text.")


@strawberry.input(description="A tax-inclusive price.")
class PriceInput:
    """See `model.PriceEntry`."""

    amount: Decimal = strawberry.field(description="Tax included, with no more decimals than the currency has.")
    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    channel: str | None = strawberry.field(default=None, description="Only on this channel; else on all.")

    def to_entry(self, *path: str) -> model.PriceEntry:
        """For the model; refused if the amount is finer than the currency."""
        money = Money.parse(self.amount, self.currency)
        if money.amount != self.amount:
            expected = f"an amount in whole minor units of {self.currency}"
            raise Refused(InvalidInput(path=(*path, "amount"), expected=expected, got=str(self.amount)))
        return model.PriceEntry(money.currency, money.minor_units, self.channel)


def translations(texts: list[TranslationInput]) -> dict[str, str]:
    """For the model."""
    return {text.locale: text.text for text in texts}


def needed_version(version: int | None, *path: str) -> int:
    """The version that was read, refused if it is missing."""
    if version is None:
        path = (*(path or ("input",)), "expectedVersion")
        raise Refused(InvalidInput(path=path, expected="the version that was read", got="null"))
    return version
