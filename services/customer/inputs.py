"""Customer's GraphQL inputs, each read once into the model."""

from datetime import date, datetime
from typing import Any

import strawberry

from kit.graphql.types import ExternalIdInput
from services.customer import model
from services.customer.types import IdentityType


@strawberry.input(description="The parts of a name, as its bearer writes them.")
class PersonNameInput:
    """See `model.PersonName`."""

    given: str | None = strawberry.field(default=None, description="Given name.")
    family: str | None = strawberry.field(default=None, description="Family name.")
    middle: str | None = strawberry.field(default=None, description="Middle names or initials.")
    given_kana: str | None = strawberry.field(default=None, description="Reading of the given name, in any kana.")
    family_kana: str | None = strawberry.field(default=None, description="Reading of the family name, in any kana.")
    given_romaji: str | None = strawberry.field(
        default=None, description="Given name in Latin letters, as in a passport."
    )
    family_romaji: str | None = strawberry.field(default=None, description="Family name in Latin letters.")

    def to_model(self) -> model.PersonName:
        """For the model."""
        return model.PersonName(
            given=self.given,
            family=self.family,
            middle=self.middle,
            given_kana=self.given_kana,
            family_kana=self.family_kana,
            given_romaji=self.given_romaji,
            family_romaji=self.family_romaji,
        )


@strawberry.input(description="Where post arrives.")
class PostalAddressInput:
    """See `model.PostalAddress`."""

    country: str = strawberry.field(description="ISO 3166-1, two letters: JP.")
    postal_code: str | None = strawberry.field(default=None, description="As written there: 100-0001.")
    region: str | None = strawberry.field(default=None, description="Prefecture, state.")
    city: str | None = strawberry.field(default=None, description="City, ward or town.")
    line1: str | None = strawberry.field(default=None, description="Street and number.")
    line2: str | None = strawberry.field(default=None, description="Building, flat.")

    def to_model(self) -> model.PostalAddress:
        """For the model."""
        return model.PostalAddress(
            self.country, self.postal_code, self.region, self.city, line1=self.line1, line2=self.line2
        )


@strawberry.input(description="An identifier, in any spelling.")
class IdentityInput:
    """See `model.IdentityDraft`."""

    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="０９０-1234-5678 and +819012345678 are the same.")
    verified: bool = strawberry.field(default=False, description="Whether they proved that it is theirs.")

    def to_model(self) -> model.IdentityDraft:
        """For the model."""
        return model.IdentityDraft(self.type, self.value, self.verified)


@strawberry.input(description="A new customer; nothing but the key is needed.")
class CustomerCreateInput:
    """See `model.CustomerDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input again gives the same customer.")
    name: PersonNameInput | None = strawberry.field(default=None, description="The parts of the name.")
    display_name: str | None = strawberry.field(default=None, description="What to call them, if not by these parts.")
    emails: list[str] = strawberry.field(default_factory=list, description="To write to; identifies nobody.")
    phones: list[str] = strawberry.field(default_factory=list, description="To call; identifies nobody.")
    addresses: list[PostalAddressInput] = strawberry.field(default_factory=list, description="To send to.")
    birthday: date | None = strawberry.field(default=None, description="Day of birth.")
    language: str | None = strawberry.field(default=None, description="BCP 47: ja, pt-BR.")
    tags: list[str] = strawberry.field(default_factory=list, description="Words staff put on them.")
    preferred_store: str | None = strawberry.field(default=None, description="The location they like to shop at.")
    preferred_channel: str | None = strawberry.field(default=None, description="The channel they like to be met on.")
    source: str | None = strawberry.field(default=None, description="Who says all this; the caller's channel if null.")
    member_since: datetime | None = strawberry.field(default=None, description="Since when; now if left out.")
    external_ids: list[ExternalIdInput] = strawberry.field(
        default_factory=list, description="What they are called in other systems."
    )
    identities: list[IdentityInput] = strawberry.field(
        default_factory=list, description="What they are found by; all of them are theirs afterwards, or nothing is."
    )

    def to_draft(self, channel: str) -> model.CustomerDraft:
        """For the model; `channel` is the caller's."""
        return model.CustomerDraft(
            source=self.source or channel,
            preferred_store=self.preferred_store,
            preferred_channel=self.preferred_channel,
            name=None if self.name is None else self.name.to_model(),
            display_name=self.display_name,
            emails=tuple(self.emails),
            phones=tuple(self.phones),
            addresses=tuple(address.to_model() for address in self.addresses),
            birthday=self.birthday,
            language=self.language,
            tags=tuple(self.tags),
            member_since=self.member_since,
            external_ids=tuple(model.ExternalId(ref.source, ref.value) for ref in self.external_ids),
            identities=tuple(identity.to_model() for identity in self.identities),
        )


@strawberry.input(description="An edit: what is left out stays, null clears, a list is replaced whole.")
class CustomerUpdateInput:
    """See `model.CustomerChanges`."""

    id: strawberry.ID = strawberry.field(description="Whose profile.")
    expected_version: int = strawberry.field(description="The version that was read.")
    name: PersonNameInput | None = strawberry.field(default=strawberry.UNSET, description="All parts of the name.")
    display_name: str | None = strawberry.field(default=strawberry.UNSET, description="What to call them.")
    emails: list[str] | None = strawberry.field(default=strawberry.UNSET, description="To write to.")
    phones: list[str] | None = strawberry.field(default=strawberry.UNSET, description="To call.")
    addresses: list[PostalAddressInput] | None = strawberry.field(default=strawberry.UNSET, description="To send to.")
    birthday: date | None = strawberry.field(default=strawberry.UNSET, description="Day of birth.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="BCP 47: ja, pt-BR.")
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Words staff put on them.")
    preferred_store: str | None = strawberry.field(default=strawberry.UNSET, description="A location.")
    preferred_channel: str | None = strawberry.field(default=strawberry.UNSET, description="A channel.")
    source: str | None = strawberry.field(default=None, description="Who says this; the caller's channel if null.")

    def to_changes(self) -> model.CustomerChanges:
        """For the model."""
        given: dict[str, Any] = {
            "name": self.name.to_model() if isinstance(self.name, PersonNameInput) else self.name,
            "display_name": self.display_name,
            "emails": _tuple(self.emails),
            "phones": _tuple(self.phones),
            "addresses": _tuple(self.addresses),
            "birthday": self.birthday,
            "language": self.language,
            "tags": _tuple(self.tags),
            "preferred_store": self.preferred_store,
            "preferred_channel": self.preferred_channel,
        }
        return model.CustomerChanges(**{name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="One more identity.")
class CustomerIdentityAddInput:
    """Of customerIdentityAdd."""

    customer_id: strawberry.ID = strawberry.field(description="Whose it becomes.")
    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="In any spelling.")
    verified: bool = strawberry.field(default=False, description="Whether they proved that it is theirs.")

    def to_model(self) -> model.IdentityDraft:
        """For the model."""
        return model.IdentityDraft(self.type, self.value, self.verified)


@strawberry.input(description="One identity less; anybody may have it then.")
class CustomerIdentityRemoveInput:
    """Of customerIdentityRemove."""

    customer_id: strawberry.ID = strawberry.field(description="Whose it is.")
    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="In any spelling.")

    def to_model(self) -> model.IdentityDraft:
        """For the model."""
        return model.IdentityDraft(self.type, self.value)


def _tuple(values: list[Any] | None) -> Any:
    """A list for the model, inputs inside it read; null clears it; unset stays so."""
    if values is strawberry.UNSET:
        return values
    return tuple(value.to_model() if hasattr(value, "to_model") else value for value in values or [])
