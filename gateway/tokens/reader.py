"""Tokens to persons: JWTs (RFC 7519) of the issuers an operator named, by fixed algorithms, with fixed claims.

Owns the choice of the issuer, the verification, and the memory of what was verified. A token that nobody named issued,
or that is late, for somebody else, unsigned or tampered with, is refused alike; what cannot be known is not refused.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any, Protocol

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

from gateway.cache import BoundedCache
from gateway.settings import NAME_PATTERN, GatewaySettings, OidcIssuer
from gateway.tokens.jwks import Fetch, Keys, fetch_json
from gateway.tokens.model import NotAPerson, Person, customer_of, staff_of
from kit.errors import Unauthenticated
from kit.tasks import background

MAX_TOKEN_CHARACTERS = 8192
"""What a header takes; a token with the groups of a large directory has about half of it."""
LEEWAY_S = 30
"""How far the clocks of an issuer and ours may differ."""
VERIFIED = 4096
"""Persons kept, each until its token ends or its issuer's keys change: a token comes with every request."""
REFUSED = "the token is not valid here: it is none of ours, for somebody else, or over; sign in again"

_NAME = re.compile(NAME_PATTERN)


class KeySource(Protocol):
    """Where the keys of an issuer are."""

    generation: int

    def of(self, kid: object) -> KeySet | OctKey | None:
        """The keys that a token under this key id is verified by; None: there is no such key."""
        ...


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer as tokens are judged by it."""

    named: OidcIssuer
    keys: KeySource


@dataclass(frozen=True, slots=True)
class _Verified:
    person: Person
    ends_at: float
    keys: KeySource
    generation: int


class Tokens:
    """Reads the tokens of some issuers."""

    def __init__(self, issuers: Sequence[Issuer], roles: Mapping[str, Collection[str]]) -> None:
        self._issuers = {issuer.named.issuer: issuer for issuer in issuers}
        self._roles = roles
        self._verified = BoundedCache[_Verified](VERIFIED, VERIFIED)

    def read(self, token: str) -> Person:
        """Whom a token speaks for; raises `Unauthenticated` or `Unavailable`."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthenticated(REFUSED)
        digest = sha256(token.encode()).digest()
        kept = self._verified.get(digest)
        if kept is not None and kept.ends_at > time() and kept.generation == kept.keys.generation:
            return kept.person
        header, claims = _parts(token)
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None:
            raise Unauthenticated(REFUSED)
        person, ends_at = self._verify(token, issuer, header)
        self._verified.put(digest, _Verified(person, ends_at, issuer.keys, issuer.keys.generation), 1)
        return person

    def _verify(self, token: str, issuer: Issuer, header: Mapping[str, Any]) -> tuple[Person, float]:
        named = issuer.named
        if header.get("alg") not in named.algorithms:
            raise Unauthenticated(REFUSED)
        keys = issuer.keys.of(header.get("kid"))
        if keys is None:
            raise Unauthenticated(REFUSED)
        registry = JWTClaimsRegistry(
            now=lambda: int(time()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": named.issuer},
            aud={"essential": True, "value": named.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, keys, algorithms=list(named.algorithms)).claims
            registry.validate(claims)
            if named.people == "customers":
                person = customer_of(named.name, named.claim, claims, _NAME.fullmatch)
            else:
                person = staff_of(named.name, named.claim, claims, _NAME.fullmatch, self._roles)
            return person, float(claims["exp"])
        except (JoseError, NotAPerson, ValueError, TypeError, KeyError, OverflowError) as error:
            raise Unauthenticated(REFUSED) from error


def is_token(text: str) -> bool:
    """Whether this is written as a JWT: three parts, the first of them an object in base64url."""
    return text.startswith("eyJ") and text.count(".") == 2


def _parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they read, not verified: they choose by whom the token is verified, and no more."""
    found = []
    for part in token.split(".")[:2]:
        try:
            decoded = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except ValueError as error:
            raise Unauthenticated(REFUSED) from error
        if not isinstance(decoded, dict):
            raise Unauthenticated(REFUSED)
        found.append(decoded)
    return found[0], found[1]


@asynccontextmanager
async def open_tokens(
    settings: GatewaySettings, own: Issuer | None = None, fetch: Fetch = fetch_json
) -> AsyncIterator[Tokens | None]:
    """The tokens of the settings' issuers, whose keys are followed for as long as the block lasts, and of our own.

    None without any.
    """
    issuers, following = [own] if own is not None else [], {}
    if not settings.issuers:
        yield Tokens(issuers, settings.staff_roles) if issuers else None
        return
    for named in settings.issuers:
        keys = Keys(named.issuer, named.jwks_url, fetch)
        issuers.append(Issuer(named, keys))
        following[f"follow_{named.name}"] = keys.follow()
    async with background(**following):
        yield Tokens(issuers, settings.staff_roles)
