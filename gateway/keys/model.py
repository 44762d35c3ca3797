"""What a key is and may hold; pure.

A *secret* key stays on a server, a till or a kiosk; a *publishable* one stands in a page or an app that anybody can
read, so it may hold `PUBLISHABLE_SCOPES` and nothing else, and can be bound to no person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from typing import ClassVar

from gateway.keys.secret import Environment
from gateway.settings import DEVELOPMENT_SCOPES, NAME_PATTERN
from kit.context import RequestContext
from kit.errors import InvalidInput, Refusal, Refused

LIVE_SECRETS = 2
"""The new one and the one it replaces, while its holders change over."""
MAX_LOCATIONS = 100
"""A key for more shops than this is a key for all of them."""
MAX_ADDRESSES = 100
MAX_REASON = 500
"""Why a key was revoked, in the record: a sentence or two."""
MAX_OVERLAP = timedelta(days=30)
"""How long an old secret may go on beside the new one: a month's release train."""
PUBLISHABLE_SCOPES: frozenset[str] = frozenset()
"""What a key that everybody can read may hold: what needs no scope at all, which is the public part of the graph."""

_NAME = re.compile(NAME_PATTERN)


class KeyKind(StrEnum):
    """Who can read it."""

    SECRET = "secret"
    PUBLISHABLE = "publishable"


class KeyState(StrEnum):
    """Whether it opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key gives. What is None a request may fill; of several locations it may name one."""

    scopes: frozenset[str] = frozenset()
    channel: str | None = None
    locations: tuple[str, ...] = ()
    customer: str | None = None
    staff: str | None = None
    addresses: tuple[str, ...] = ()
    """Networks from which it may be used, in CIDR notation; none: from everywhere."""


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """A key that is to be made."""

    name: str
    kind: KeyKind = KeyKind.SECRET
    environment: Environment = "live"
    grant: Grant = field(default_factory=Grant)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """The digest of a secret, and until when it opens; None: as long as the key does."""

    digest: str
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it lies in the store. `version` counts its changes."""

    id: str
    draft: KeyDraft
    secrets: tuple[LiveSecret, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    version: int = 1

    def state(self, now: datetime) -> KeyState:
        """Whether it opens anything now."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        ends = self.draft.expires_at
        return KeyState.EXPIRED if ends is not None and ends <= now else KeyState.ACTIVE

    def opened_by(self, digest: str, now: datetime) -> bool:
        """Whether this digest is one of its live secrets'; takes the same time however wrong it is."""
        found = [
            compare_digest(secret.digest, digest) and (secret.expires_at is None or secret.expires_at > now)
            for secret in self.secrets
        ]
        return any(found) and self.state(now) is KeyState.ACTIVE

    def allows(self, address: str) -> bool:
        """Whether it may be used from this address; an address that cannot be read is none of a list's."""
        if not self.draft.grant.addresses:
            return True
        try:
            here = ip_address(address)
        except ValueError:
            return False
        here = getattr(here, "ipv4_mapped", None) or here
        return any(here in ip_network(network) for network in self.draft.grant.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnded(Refusal):
    """The key was revoked, or has expired: it can be changed no more."""

    id: str
    state: KeyState
    path: tuple[str, ...] = ("id",)
    code: ClassVar[str] = "KEY_ENDED"

    @property
    def message(self) -> str:
        """Which key, and why."""
        return f"key {self.id!r} is {self.state}: make a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeNotHeld(Refusal):
    """Who makes or rotates a key sees its secret, hence could use it: it may do no more than they."""

    scope: str
    path: tuple[str, ...] = ("input", "scopes")
    code: ClassVar[str] = "SCOPE_NOT_HELD"

    @property
    def message(self) -> str:
        """Which scope."""
        return f"you do not hold {self.scope!r} yourself"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who changes keys by the graph, as far as it bounds the keys that they may have in hands."""

    scopes: frozenset[str]
    location: str | None = None
    customer: str | None = None

    @classmethod
    def of(cls, caller: RequestContext) -> "Holder":
        """Of a request's caller."""
        return cls(caller.scopes, caller.location, caller.customer)

    def beyond(self, grant: Grant) -> list[Refusal]:
        """What of a grant goes beyond what they hold."""
        refusals: list[Refusal] = [ScopeNotHeld(scope=scope) for scope in sorted(grant.scopes - self.scopes)]
        if self.location is not None and grant.locations != (self.location,):
            refusals.append(_wrong("locations", "the location you act at", ", ".join(grant.locations) or "any"))
        if self.customer is not None and grant.customer != self.customer:
            refusals.append(_wrong("customer", "the customer you act for", grant.customer or "any"))
        return refusals


def check_draft(draft: KeyDraft, now: datetime, holder: Holder | None = None) -> None:
    """Raise Refused with every reason why this key cannot be made; without a `holder` by an operator."""
    refusals = [*_names(draft), *_scopes(draft), *_addresses(draft.grant.addresses)]
    refusals += holder.beyond(draft.grant) if holder is not None else []
    if draft.expires_at is not None and draft.expires_at <= now:
        refusals.append(_wrong("expires", "a time to come", draft.expires_at.isoformat()))
    if len(draft.grant.locations) > MAX_LOCATIONS:
        refusals.append(_wrong("locations", f"at most {MAX_LOCATIONS}", str(len(draft.grant.locations))))
    if refusals:
        raise Refused(*refusals)


def check_reason(reason: str) -> None:
    """Raise Refused for a reason that is too long."""
    if len(reason) > MAX_REASON:
        raise Refused(_wrong("reason", f"up to {MAX_REASON} characters", f"{len(reason)}"))


def check_overlap(overlap: timedelta) -> None:
    """Raise Refused for a time that two secrets may not be live beside one another."""
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Refused(_wrong("overlap", f"from 0 to {MAX_OVERLAP.days} days", str(overlap)))


def rotated(key: Key, digest: str, overlap: timedelta, now: datetime) -> Key:
    """The key with a new secret; the newest of the old ones goes on for `overlap`, an older one ends."""
    live = [one for one in key.secrets if one.expires_at is None or one.expires_at > now]
    old = replace(live[-1], expires_at=min(live[-1].expires_at or now + overlap, now + overlap)) if live else None
    kept = (old,) if old is not None and overlap else ()
    return replace(key, secrets=(*kept, LiveSecret(digest, now)), version=key.version + 1)


def _names(draft: KeyDraft) -> list[Refusal]:
    grant = draft.grant
    named = [("name", draft.name), ("channel", grant.channel), ("customer", grant.customer), ("staff", grant.staff)]
    named += [("locations", location) for location in grant.locations]
    expected = "up to 64 letters, digits and ._:-, beginning with a letter or digit"
    return [_wrong(where, expected, name) for where, name in named if name is not None and not _NAME.fullmatch(name)]


def _scopes(draft: KeyDraft) -> list[Refusal]:
    unknown = sorted(draft.grant.scopes - DEVELOPMENT_SCOPES)
    refusals: list[Refusal] = [_wrong("scopes", "a scope of this system", scope) for scope in unknown]
    if draft.kind is KeyKind.PUBLISHABLE:
        beyond = sorted(draft.grant.scopes - PUBLISHABLE_SCOPES - set(unknown))
        refusals += [_wrong("scopes", "none for a publishable key, which everybody can read", one) for one in beyond]
        bound = [("customer", draft.grant.customer), ("staff", draft.grant.staff)]
        refusals += [_wrong(where, "nobody for a publishable key", who) for where, who in bound if who is not None]
    return refusals


def _addresses(addresses: Sequence[str]) -> list[Refusal]:
    refusals: list[Refusal] = []
    if len(addresses) > MAX_ADDRESSES:
        refusals.append(_wrong("addresses", f"at most {MAX_ADDRESSES}", str(len(addresses))))
    for address in addresses:
        try:
            ip_network(address)
        except ValueError:
            refusals.append(_wrong("addresses", "a network like 203.0.113.0/24 or 2001:db8::/48", address))
    return refusals


def _wrong(where: str, expected: str, got: str) -> Refusal:
    return InvalidInput(path=(where,), expected=expected, got=repr(got))
