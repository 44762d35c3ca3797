"""Customer's GraphQL types: how a profile is shown, to whom, and how a reference finds it."""

from datetime import date, datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from kit.errors import Forbidden
from kit.graphql.demands import needs
from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import ExternalId
from services.customer import model
from services.customer.access.fields import AccessFields
from services.customer.access.model import AccessKind
from services.customer.attribute.fields import AttributeFields
from services.customer.behaviour.fields import BehaviourFields
from services.customer.consent.fields import ConsentFields
from services.customer.context import READ, Info
from services.customer.counter.fields import CounterFields
from services.customer.identity import IdentityType as IdentityType  # the graph shows it as it is
from services.customer.inquiry.fields import InquiryFields
from services.customer.profile.model import Trait, plain
from services.customer.shopping.fields import ShoppingFields
from services.customer.value.fields import ValueFields

strawberry.enum(
    IdentityType,
    description="The kinds of identifiers a customer is found by: EMAIL, PHONE (E.164), CARD, LINE (a LINE user id), "
    "POS (the id in a till system), EXTERNAL (system:id); and those several people may use: APP (an installation) and "
    "DEVICE (a cookie), which customerIdentify alone takes.",
)


@presents(model.IdentityTaken)
@strawberry.type(description="The identifier belongs to another customer.")
class IdentityTaken(UserError):
    """See `model.IdentityTaken`."""

    type: IdentityType = strawberry.field(description="Of which kind it is.")
    customer_id: strawberry.ID | None = strawberry.field(
        description="Whose it is; null unless the caller has customers:read."
    )


@presents(model.TooManyIdentities)
@strawberry.type(description="The customer has as many identities as there may be.")
class TooManyIdentities(UserError):
    """See `model.TooManyIdentities`."""

    type: IdentityType | None = strawberry.field(description="The kind that is full; null: all kinds together.")
    limit: int = strawberry.field(description="How many there may be.")


@presents(model.CustomerExternalIdTaken)
@strawberry.type(description="Another customer is called this in that system.")
class CustomerExternalIdTaken(UserError):
    """See `model.CustomerExternalIdTaken`."""

    source: str = strawberry.field(description="The other system.")
    value: str = strawberry.field(description="The id there.")


@strawberry.type(description="The parts of a name, as its bearer writes them.")
class PersonName:
    """See `model.PersonName`."""

    given: str | None = strawberry.field(description="Given name.")
    family: str | None = strawberry.field(description="Family name.")
    middle: str | None = strawberry.field(description="Middle names or initials.")
    given_kana: str | None = strawberry.field(description="Reading of the given name, full-width katakana.")
    family_kana: str | None = strawberry.field(description="Reading of the family name, full-width katakana.")
    given_romaji: str | None = strawberry.field(description="Given name in Latin letters.")
    family_romaji: str | None = strawberry.field(description="Family name in Latin letters.")

    @classmethod
    def of(cls, name: model.PersonName) -> Self:
        """From the model."""
        return cls(
            given=name.given,
            family=name.family,
            middle=name.middle,
            given_kana=name.given_kana,
            family_kana=name.family_kana,
            given_romaji=name.given_romaji,
            family_romaji=name.family_romaji,
        )


@strawberry.type(description="Where post arrives.")
class PostalAddress:
    """See `model.PostalAddress`."""

    country: str = strawberry.field(description="ISO 3166-1, two letters: JP.")
    postal_code: str | None = strawberry.field(description="As written there: 100-0001.")
    region: str | None = strawberry.field(description="Prefecture, state.")
    city: str | None = strawberry.field(description="City, ward or town.")
    line1: str | None = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="Building, flat.")

    @classmethod
    def of(cls, address: model.PostalAddress) -> Self:
        """From the model."""
        return cls(
            country=address.country,
            postal_code=address.postal_code,
            region=address.region,
            city=address.city,
            line1=address.line1,
            line2=address.line2,
        )


@strawberry.type(description="An identifier the customer is found by; it belongs to one customer only.")
class Identity:
    """See `model.Identity`."""

    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="Normalised: hanako@example.jp, +819012345678.")
    added_at: datetime = strawberry.field(description="When the customer got it.")
    verified: bool = strawberry.field(description="Whether they proved that it is theirs.")

    @classmethod
    def of(cls, identity: model.Identity) -> Self:
        """From the model."""
        return cls(type=identity.type, value=identity.value, added_at=identity.added_at, verified=identity.verified)


@strawberry.type(description="What one source said of one field.")
class SourcedValue:
    """See `profile.model.Trait`."""

    field: str = strawberry.field(
        description="Which field, as the profile names it: name, emails, attributes.shoe_size."
    )
    source: str = strawberry.field(description="Who said it: pos, web, an import's system.")
    at: datetime = strawberry.field(description="When they said it.")
    edited: bool = strawberry.field(description="Whether it was an edit, which puts older values out of the race.")
    value: JSON | None = strawberry.field(description="What they said; null: that there is nothing.")

    @classmethod
    def of(cls, trait: Trait) -> Self:
        """From the model."""
        return cls(field=trait.field, source=trait.source, at=trait.at, edited=trait.edited, value=plain(trait.value))


@strawberry.federation.type(
    keys=["id"], description="A customer, the same on every channel. Seen by themselves and with customers:read."
)
class Customer(
    AccessFields,
    AttributeFields,
    BehaviourFields,
    ConsentFields,
    CounterFields,
    InquiryFields,
    ShoppingFields,
    ValueFields,
):
    """See `model.Customer`."""

    row: strawberry.Private[model.Customer]

    @strawberry.field(description="cus_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The parts of the name.")
    def name(self) -> PersonName | None:
        """Null if nobody told."""
        return None if self.row.name is None else PersonName.of(self.row.name)

    @strawberry.field(description="What to call them: chosen by themselves, else made of the name's parts.")
    def display_name(self) -> str | None:
        """Family name first in East Asian scripts."""
        return self.row.shown_name

    @strawberry.field(description="To write to; contact data, not identities.")
    def emails(self) -> list[str]:
        """At most 10 of each source, 50 in all."""
        return list(self.row.emails)

    @strawberry.field(description="To call, as they were told; contact data, not identities.")
    def phones(self) -> list[str]:
        """At most 10 of each source, 50 in all."""
        return list(self.row.phones)

    @strawberry.field(description="To send to.")
    def addresses(self) -> list[PostalAddress]:
        """At most 10 of each source, 50 in all."""
        return [PostalAddress.of(address) for address in self.row.addresses]

    @strawberry.field(description="Day of birth.")
    def birthday(self) -> date | None:
        """No earlier than 1900."""
        return self.row.birthday

    @strawberry.field(description="BCP 47: ja, pt-BR.")
    def language(self) -> str | None:
        """What to write to them in."""
        return self.row.language

    @strawberry.field(description="Words staff put on them.")
    def tags(self) -> list[str]:
        """At most 50."""
        return list(self.row.tags)

    @strawberry.field(description="The location they like to shop at.")
    def preferred_store(self) -> str | None:
        """A location's id."""
        return self.row.preferred_store

    @strawberry.field(description="The channel they like to be met on.")
    def preferred_channel(self) -> str | None:
        """A channel's name."""
        return self.row.preferred_channel

    @strawberry.field(
        description="Everything any source said of them, the latest first. Needs customers:read.",
        directives=[needs(READ)],
    )
    def sourced_values(self, info: Info) -> list[SourcedValue]:
        """Which of these is shown is decided by the survivorship rules."""
        info.context.caller.require(READ)
        return [SourcedValue.of(trait) for trait in sorted(self.row.traits, key=lambda trait: trait.at, reverse=True)]

    @strawberry.field(description="The ids of profiles that were merged into this one; each still finds it.")
    def merged_ids(self) -> list[strawberry.ID]:
        """The oldest id first."""
        return [strawberry.ID(id) for id in self.row.members]

    @strawberry.field(description="Whether nothing is known of them but a device.")
    def anonymous(self) -> bool:
        """True until somebody logs in there."""
        return self.row.anonymous

    @strawberry.field(description="Since when they are a customer.")
    def member_since(self) -> datetime:
        """UTC."""
        return self.row.member_since

    @strawberry.field(description="What they are found by.")
    def identities(self) -> list[Identity]:
        """At most 40."""
        return [Identity.of(identity) for identity in self.row.identities]

    @strawberry.field(description="What they are called in other systems.")
    def external_ids(self) -> list[ExternalId]:
        """Unique a source."""
        return [ExternalId(source=ref.source, value=ref.value) for ref in self.row.external_ids]

    @strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version

    @strawberry.field(description="When the profile was last edited.")
    def updated_at(self) -> datetime:
        """UTC."""
        return self.row.updated_at

    @classmethod
    async def resolve_references(
        cls, info: Info, representations: list[dict[str, Any]]
    ) -> "list[Customer | Forbidden | None]":
        """By id, one query for all. Whom the caller may not see is FORBIDDEN, whether they exist or not."""
        ids = [str(representation.get("id")) for representation in representations]
        seen = [id for id in dict.fromkeys(ids) if await info.context.may_see(id)]
        rows = dict(zip(seen, await info.context.loaders.customer.load_many(seen), strict=True))
        await info.context.saw(AccessKind.REFERENCE, [id for id in seen if rows[id] is not None])
        return [customer_of(rows[id]) if id in rows else Forbidden(f"this needs the scope {READ!r}") for id in ids]


def customer_of(row: model.Customer | None) -> Customer | None:
    """The customer as the graph shows them."""
    return None if row is None else Customer(row=row)


@strawberry.type(description="The new customer, or why not.")
class CustomerCreatePayload(Payload):
    """Of customerCreate."""

    customer: Customer | None = strawberry.field(default=None, description="The customer; the first one on a replay.")

    @classmethod
    def of(cls, row: model.Customer) -> "CustomerCreatePayload":
        """From the model."""
        return cls(customer=Customer(row=row))


@strawberry.type(description="The customer as they are now, or why not.")
class CustomerUpdatePayload(Payload):
    """Of customerUpdate."""

    customer: Customer | None = strawberry.field(default=None, description="The customer as they are kept now.")

    @classmethod
    def of(cls, row: model.Customer) -> "CustomerUpdatePayload":
        """From the model."""
        return cls(customer=Customer(row=row))


@strawberry.type(description="The customer with the identity, or why not.")
class CustomerIdentityAddPayload(Payload):
    """Of customerIdentityAdd."""

    customer: Customer | None = strawberry.field(default=None, description="The customer as they are kept now.")

    @classmethod
    def of(cls, row: model.Customer) -> "CustomerIdentityAddPayload":
        """From the model."""
        return cls(customer=Customer(row=row))


@strawberry.type(description="The customer without the identity, or why not.")
class CustomerIdentityRemovePayload(Payload):
    """Of customerIdentityRemove."""

    customer: Customer | None = strawberry.field(default=None, description="The customer as they are kept now.")

    @classmethod
    def of(cls, row: model.Customer) -> "CustomerIdentityRemovePayload":
        """From the model."""
        return cls(customer=Customer(row=row))
