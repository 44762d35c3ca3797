"""Profiles as MongoDB keeps them, and back. Known to the store only."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from kit.mongo import Document
from services.customer.identity import IdentityType
from services.customer.model import Customer, CustomerId, ExternalId, Identity, PersonName, PostalAddress


def customer_document(customer: Customer) -> Document:
    """Every field of the profile under its own name, `id` as `_id`."""
    return {
        "_id": customer.id,
        "name": encode("name", customer.name),
        "display_name": customer.display_name,
        "emails": list(customer.emails),
        "phones": list(customer.phones),
        "addresses": encode("addresses", customer.addresses),
        "birthday": encode("birthday", customer.birthday),
        "language": customer.language,
        "tags": list(customer.tags),
        "member_since": customer.member_since,
        "external_ids": [{"source": ref.source, "value": ref.value} for ref in customer.external_ids],
        "identities": encode("identities", customer.identities),
        "version": customer.version,
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }


def identity_document(identity: Identity) -> Document:
    """An element of a profile's `identities`."""
    return {"type": identity.type.value, "value": identity.value, "added_at": identity.added_at}


def encode(field: str, value: Any) -> Any:
    """The value of one profile field as it is kept."""
    encoder = _ENCODERS.get(field)
    return value if encoder is None or value is None else encoder(value)


def parse_customer(document: Document) -> Customer:
    """The profile of a document."""
    return Customer(
        id=CustomerId(document["_id"]),
        name=None if document["name"] is None else PersonName(**document["name"]),
        display_name=document["display_name"],
        emails=tuple(document["emails"]),
        phones=tuple(document["phones"]),
        addresses=tuple(PostalAddress(**address) for address in document["addresses"]),
        birthday=None if document["birthday"] is None else date.fromisoformat(document["birthday"]),
        language=document["language"],
        tags=tuple(document["tags"]),
        member_since=document["member_since"],
        external_ids=tuple(ExternalId(**ref) for ref in document["external_ids"]),
        identities=tuple(parse_identity(identity) for identity in document["identities"]),
        version=document["version"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )


def parse_identity(document: Document) -> Identity:
    """An element of `identities`."""
    added_at: datetime = document["added_at"]
    return Identity(IdentityType(document["type"]), document["value"], added_at)


_NAME_PARTS = tuple(part.name for part in fields(PersonName))
_LINES = tuple(line.name for line in fields(PostalAddress))
_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda name: {part: getattr(name, part) for part in _NAME_PARTS},
    "emails": list,
    "phones": list,
    "addresses": lambda addresses: [{line: getattr(address, line) for line in _LINES} for address in addresses],
    "birthday": date.isoformat,
    "tags": list,
    "identities": lambda identities: [identity_document(identity) for identity in identities],
}
