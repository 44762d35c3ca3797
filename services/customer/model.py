"""Profiles, their names, addresses and identities, and what about them is refused. No I/O."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import ClassVar, Final, NewType

from kit.errors import Refusal
from services.customer.identity import IdentityType
from services.customer.profile.model import Trait

CustomerId = NewType("CustomerId", str)

MAX_IDENTITIES = 40
"""Identities of one person, all members of a merge together: a person who needs more is several."""
MAX_IDENTITIES_OF_TYPE = {
    IdentityType.EMAIL: 5,
    IdentityType.PHONE: 5,
    IdentityType.CARD: 10,
    IdentityType.LINE: 2,
    IdentityType.POS: 10,
    IdentityType.EXTERNAL: 10,
    IdentityType.APP: 10,
    IdentityType.DEVICE: 30,
}
"""A shared till terminal that glues everybody's mail address to one profile is stopped here. Cards are lost often, and
a browser that forgets its cookies is a new device every time."""
DEFAULT_SOURCE = "noren"
"""Who said it, where nobody says who."""


_EAST_ASIAN = re.compile("[\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
"""Kana, bopomofo, ideographs, hangul."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """The parts of a name, as its bearer writes them; readings in full-width katakana."""

    given: str | None = None
    family: str | None = None
    middle: str | None = None
    given_kana: str | None = None
    family_kana: str | None = None
    given_romaji: str | None = None
    family_romaji: str | None = None


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where post arrives. `country` is ISO 3166-1 alpha-2; all else is text as written there."""

    country: str
    postal_code: str | None = None
    region: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalId:
    """What a profile is called in another system; unique a source."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class IdentityDraft:
    """An identifier as it came in: any spelling."""

    type: IdentityType
    value: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """An identifier of a profile, normalised. `verified`: somebody proved that it is theirs."""

    type: IdentityType
    value: str
    added_at: datetime
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer as `source` describes them, nothing checked. `emails`, `phones`, `addresses` are contact data only."""

    source: str = DEFAULT_SOURCE
    name: PersonName | None = None
    display_name: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    birthday: date | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    preferred_store: str | None = None
    preferred_channel: str | None = None
    member_since: datetime | None = None
    external_ids: tuple[ExternalId, ...] = ()
    identities: tuple[IdentityDraft, ...] = ()


class Unset(Enum):
    """A field that an edit leaves as it is; None clears it."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanges:
    """An edit: fields that are UNSET stay, lists are replaced whole."""

    name: PersonName | Unset | None = UNSET
    display_name: str | Unset | None = UNSET
    emails: tuple[str, ...] | Unset = UNSET
    phones: tuple[str, ...] | Unset = UNSET
    addresses: tuple[PostalAddress, ...] | Unset = UNSET
    birthday: date | Unset | None = UNSET
    language: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    preferred_store: str | Unset | None = UNSET
    preferred_channel: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A profile as it is kept and shown; checked.

    Its values are those that survive of `traits`, its own and its `members`': the profiles that were merged into it.
    """

    id: CustomerId
    name: PersonName | None
    display_name: str | None
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    addresses: tuple[PostalAddress, ...]
    birthday: date | None
    language: str | None
    tags: tuple[str, ...]
    preferred_store: str | None = None
    preferred_channel: str | None = None
    member_since: datetime
    external_ids: tuple[ExternalId, ...]
    identities: tuple[Identity, ...]
    version: int
    created_at: datetime
    updated_at: datetime
    traits: tuple[Trait, ...] = ()
    members: tuple[str, ...] = ()
    anonymous: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    """Custom attributes that have a value, by key."""

    @property
    def shown_name(self) -> str | None:
        """The display name, else the parts: family name first where one of them is written in CJK or kana."""
        if self.display_name is not None or self.name is None:
            return self.display_name
        parts = [self.name.given, self.name.middle, self.name.family]
        if any(_EAST_ASIAN.search(part) for part in parts if part):
            parts.reverse()
        return " ".join(part for part in parts if part) or None

    def has(self, type: IdentityType, value: str) -> bool:
        """Whether the normalised identifier is one of this profile's."""
        return any(identity.type == type and identity.value == value for identity in self.identities)


class State(StrEnum):
    """How far a profile is; only a live one exists for anybody outside."""

    DRAFT = "DRAFT"
    LIVE = "LIVE"
    ABORTED = "ABORTED"
    MERGED = "MERGED"
    """A part of another profile, which its id finds."""
    ERASED = "ERASED"
    """Nothing is left but that there was one."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The idempotency key a profile was created with, and the digest of the input that came with it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A profile in any state, with the digest of the input it was begun with; empty for an imported one."""

    customer: Customer
    fingerprint: str
    state: State


@dataclass(frozen=True, slots=True)
class Holder:
    """Who carries an external id, and how far that profile is."""

    id: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityTaken(Refusal):
    """The identifier belongs to another profile; `customer_id` only for callers who may read customers."""

    type: IdentityType
    customer_id: str | None = None
    code: ClassVar[str] = "IDENTITY_TAKEN"

    @property
    def message(self) -> str:
        """Which kind; never the value, never whose, unless the caller may know."""
        whose = "another customer" if self.customer_id is None else self.customer_id
        return f"{'.'.join(self.path)}: this {self.type.value} identity belongs to {whose}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyIdentities(Refusal):
    """The profile is full: of this type, or of all types together if `type` is None."""

    type: IdentityType | None
    limit: int
    code: ClassVar[str] = "TOO_MANY_IDENTITIES"

    @property
    def message(self) -> str:
        """The limit."""
        of = "" if self.type is None else f" of type {self.type.value}"
        return f"{'.'.join(self.path)}: a customer has at most {self.limit} identities{of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerExternalIdTaken(Refusal):
    """Another profile carries this external id."""

    source: str
    value: str
    code: ClassVar[str] = "EXTERNAL_ID_TAKEN"

    @property
    def message(self) -> str:
        """Which one."""
        return f"{'.'.join(self.path)}: {self.value!r} of {self.source!r} belongs to another customer"


@dataclass(frozen=True, slots=True)
class ImportRefusal:
    """A row that was not imported; `row` counts from 0."""

    row: int
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class UnclaimedIdentity:
    """An identifier that an imported customer could not have, and why. It stays as contact data, no more."""

    external_id: ExternalId
    refusal: Refusal


@dataclass(slots=True)
class ImportResult:
    """What an import did. `ids`: customer ids by the value of each row's first external id."""

    ids: dict[str, str] = field(default_factory=dict)
    created: int = 0
    matched: int = 0
    refused: list[ImportRefusal] = field(default_factory=list)
    unclaimed: list[UnclaimedIdentity] = field(default_factory=list)
