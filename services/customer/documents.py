"""Profiles as MongoDB keeps them, sealed, and back. Known to the store only.

A profile's personal values are `traits`: `{f: field, s: source, at, d: digest, v: sealed value, e: edited}`. An
identity is `{type, key: its claim, v: sealed value, added_at, verified}`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from kit.mongo import Document
from services.customer.identity import IdentityType
from services.customer.model import Customer, CustomerId, ExternalId, Identity, PersonName, PostalAddress
from services.customer.profile.model import Survivorship, Trait, survivors
from services.customer.vault.cipher import MemberKey

FIELDS: Mapping[str, Any] = {
    "name": None,
    "display_name": None,
    "emails": (),
    "phones": (),
    "addresses": (),
    "birthday": None,
    "language": None,
    "tags": (),
    "preferred_store": None,
    "preferred_channel": None,
}
"""The fields of a profile that are kept as traits, and what they are if nobody told."""
ATTRIBUTE = "attributes."
"""What the field of a custom attribute begins with."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """What a profile is sealed with: its key, and how its identities and its look-up terms are keyed."""

    key: MemberKey
    claim: Callable[[IdentityType, str], str]

    def trait(self, trait: Trait) -> Document:
        """An element of `traits`."""
        value = encode(trait.field, trait.value)
        kept = {"f": trait.field, "s": trait.source, "at": trait.at, "d": self.key.digest(trait.field, value)}
        return {**kept, "v": self.key.seal(trait.field, value)} | ({"e": True} if trait.edited else {})

    def identity(self, identity: Identity) -> Document:
        """An element of `identities`."""
        claim = self.claim(identity.type, identity.value)
        sealed = self.key.seal(claim, identity.value)
        kept = {"type": identity.type.value, "key": claim, "v": sealed, "added_at": identity.added_at}
        return kept | ({"verified": True} if identity.verified else {})

    def profile(self, customer: Customer) -> Document:
        """A profile that stands for itself."""
        return {
            "_id": customer.id,
            "root": customer.id,
            "traits": [self.trait(trait) for trait in customer.traits],
            "member_since": customer.member_since,
            "external_ids": [{"source": ref.source, "value": ref.value} for ref in customer.external_ids],
            "identities": [self.identity(identity) for identity in customer.identities],
            "version": customer.version,
            "created_at": customer.created_at,
            "updated_at": customer.updated_at,
        } | ({"anonymous": True} if customer.anonymous else {})


def encode(field: str, value: Any) -> Any:
    """The value of one profile field as JSON has it."""
    encoder = _ENCODERS.get(field)
    return value if encoder is None or value is None else encoder(value)


def decode(field: str, value: Any) -> Any:
    """The other way round."""
    decoder = _DECODERS.get(field)
    return value if decoder is None or value is None else decoder(value)


def parse_customer(
    documents: Sequence[Document], keys: Mapping[str, MemberKey], survivorship: Survivorship
) -> Customer:
    """The customer of a profile, the first document, and of those merged into it, the others."""
    root = documents[0]
    traits = tuple(trait for one in documents for trait in _traits(one, keys))
    shown = survivors(traits, survivorship)
    identities = [identity for one in documents for identity in _identities(one, keys)]
    return Customer(
        id=CustomerId(root["_id"]),
        **{name: shown.get(name, empty) for name, empty in FIELDS.items()},
        member_since=min(one["member_since"] for one in documents),
        external_ids=tuple(ExternalId(**ref) for one in documents for ref in one["external_ids"]),
        identities=tuple(identities),
        version=root["version"],
        created_at=root["created_at"],
        updated_at=root["updated_at"],
        traits=traits,
        members=tuple(one["_id"] for one in documents[1:]),
        attributes=_attributes(shown),
        anonymous=all(one.get("anonymous", False) for one in documents),
    )


def _attributes(shown: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    named = {name.removeprefix(ATTRIBUTE): value for name, value in shown.items() if name.startswith(ATTRIBUTE)}
    return tuple((key, value) for key, value in sorted(named.items()) if value is not None)


def _traits(document: Document, keys: Mapping[str, MemberKey]) -> Iterable[Trait]:
    if document["traits"]:
        key = keys[document["_id"]]
        for one in document["traits"]:
            value = decode(one["f"], key.open(one["f"], one["v"]))
            yield Trait(one["f"], one["s"], one["at"], value, one.get("e", False))


def _identities(document: Document, keys: Mapping[str, MemberKey]) -> Iterable[Identity]:
    if document["identities"]:
        key = keys[document["_id"]]
        for one in document["identities"]:
            value = key.open(one["key"], one["v"])
            yield Identity(IdentityType(one["type"]), value, one["added_at"], one.get("verified", False))


_NAME_PARTS = tuple(part.name for part in fields(PersonName))
_LINES = tuple(line.name for line in fields(PostalAddress))
_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda name: {part: value for part in _NAME_PARTS if (value := getattr(name, part)) is not None},
    "emails": list,
    "phones": list,
    "addresses": lambda addresses: [{line: getattr(address, line) for line in _LINES} for address in addresses],
    "birthday": date.isoformat,
    "tags": list,
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda parts: PersonName(**parts),
    "emails": tuple,
    "phones": tuple,
    "addresses": lambda addresses: tuple(PostalAddress(**address) for address in addresses),
    "birthday": date.fromisoformat,
    "tags": tuple,
}
