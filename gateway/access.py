"""Who is calling, from where, for whom: decides it once per request, before anything else looks at it.

Owns API keys, those of the environment and those of the store (`gateway.keys`), the tokens of people who signed in
(`gateway.tokens`), alone or beside a key, and the headers that narrow them. A header may fill what a secret key leaves
open and may drop scopes; it never widens a key and never contradicts it. Whom a publishable key or a token acts for, no
header says. Refuses to know what a scope permits: the services decide that.

With no key in either there is one *development caller* with every scope, for this machine only: the connection
must have come in on loopback, and the `Host` must name loopback too, which a page that had its own name pointed at
127.0.0.1 cannot do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from gateway.keys.directory import KeyDirectory
from gateway.keys.model import KeyKind
from gateway.keys.secret import is_ours
from gateway.settings import NAME_PATTERN, ApiKey, GatewaySettings, is_loopback
from gateway.supergraph.access import NOBODY, Authority
from gateway.tokens.model import Person
from gateway.tokens.reader import Tokens, is_token
from kit.context import RequestContext
from kit.errors import BadUserInput, Forbidden, Unauthenticated
from kit.times import utc_now

KEY_HEADER = "x-noren-key"
CHANNEL_HEADER = "x-noren-channel"
LOCATION_HEADER = "x-noren-location"
CUSTOMER_HEADER = "x-noren-customer"
STAFF_HEADER = "x-noren-staff"
SCOPES_HEADER = "x-noren-scopes"
NARROWING_HEADERS = (CHANNEL_HEADER, LOCATION_HEADER, CUSTOMER_HEADER, STAFF_HEADER, SCOPES_HEADER)

MAX_AUTHORITIES = 4096
"""Kept, so that a request does not make its own: there are some kinds of keys, channels and locations."""

_NAME = re.compile(NAME_PATTERN.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is the key's, for logs; `context` is what travels to the services, signed.

    `authority` is what the gateway itself withholds fields by.
    """

    name: str
    context: RequestContext
    authority: Authority = NOBODY
    counted_as: str = ""
    """Whose bucket its requests fill: the key's, or where there is none the person's. Not for logs."""

    def __post_init__(self) -> None:
        if not self.counted_as:
            object.__setattr__(self, "counted_as", self.name)


@dataclass(frozen=True, slots=True)
class Ends:
    """The addresses of a connection: the one it came in on, and the one it came from."""

    server: str
    client: str = ""

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "Ends":
        """Those of an ASGI connection."""
        return cls((scope.get("server") or ("",))[0], (scope.get("client") or ("",))[0])


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a key gives, wherever it is kept."""

    name: str
    scopes: frozenset[str]
    channel: str | None = None
    locations: tuple[str, ...] = ()
    customer: str | None = None
    staff: str | None = None
    authenticated: bool = True
    """Whether a secret was shown: a publishable key says which page asks, and not who."""
    counted_as: str = ""
    trusted: bool = True
    """Whether headers may name a customer or staff member: whoever holds a secret key says for whom they act."""

    def with_person(self, person: Person) -> "_Opened":
        """What this key gives to somebody who signed in.

        They do what their token lets them; with a secret key, only as far as the key goes too, but for what is a
        customer's own. Raises Forbidden where the key is somebody else's, or for none of their locations.
        """
        for fixed, theirs in ((self.customer, person.customer), (self.staff, person.staff)):
            if fixed is not None and fixed != theirs:
                raise Forbidden("the API key is fixed to somebody else than the token's holder")
        locations = self.locations or person.locations
        if self.locations and person.locations:
            locations = tuple(one for one in self.locations if one in person.locations)
            if not locations:
                raise Forbidden("the API key is for none of the locations of the token's holder")
        scopes = person.scopes & self.scopes if self.authenticated and person.staff is not None else person.scopes
        whose = f"{person.issuer}/{person.staff or person.customer}"
        return _Opened(
            name=f"{self.name}+{person.issuer}" if self.name else person.issuer,
            counted_as=self.name or whose,
            scopes=scopes,
            channel=self.channel,
            locations=locations,
            customer=person.customer,
            staff=person.staff,
            trusted=False,
        )


class Access:
    """Knows the keys; one a gateway."""

    def __init__(
        self, settings: GatewaySettings, directory: KeyDirectory | None = None, tokens: Tokens | None = None
    ) -> None:
        # Looking a digest up leaks nothing by its timing that helps: nobody can steer the digest of a guess.
        self._keys = {bytes.fromhex(key.sha256): key for key in settings.api_keys}
        self._directory = directory
        self._tokens = tokens
        self._knows_people = bool(settings.issuers)
        self._default_channel = settings.default_channel
        self._development = _Opened("development", settings.development_scopes)

    def identify(self, headers: Mapping[str, str], ends: Ends, trace_id: str) -> Caller:
        """Name the caller; raises `Unauthenticated`, `Forbidden`, `BadUserInput` or `Unavailable`.

        `headers` have lower-case names.
        """
        key = self._opened_by(headers, ends)
        context = RequestContext(
            channel=_narrow(key.channel, headers, CHANNEL_HEADER) or self._default_channel,
            location=_narrow_location(key.locations, headers),
            customer=_person(key.customer, headers, CUSTOMER_HEADER, trusted=key.trusted),
            staff=_person(key.staff, headers, STAFF_HEADER, trusted=key.trusted),
            scopes=_narrow_scopes(key.scopes, headers.get(SCOPES_HEADER)),
            trace_id=trace_id,
        )
        authority = authority_of(context, authenticated=key.authenticated)
        return Caller(key.name, context, authority, key.counted_as or key.name)

    def _opened_by(self, headers: Mapping[str, str], ends: Ends) -> _Opened:
        """What the request's key gives, its token, or both together."""
        secret, token = _credentials(headers, takes_tokens=self._tokens is not None)
        if token is None:
            return self._key_of(secret, headers, ends)
        assert self._tokens is not None
        key = _Opened("", frozenset(), authenticated=False) if secret is None else self._key(secret, ends)
        return key.with_person(self._tokens.read(token))

    def _key_of(self, secret: str | None, headers: Mapping[str, str], ends: Ends) -> _Opened:
        if secret is not None:
            return self._key(secret, ends)
        if self._knows_people or self._keys or (self._directory is not None and self._directory.has_keys()):
            wanted = f"'Authorization: Bearer <key>' or '{KEY_HEADER}: <key>'"
            raise Unauthenticated(f"an API key is needed, as {wanted}")
        _require_this_machine(headers.get("host", ""), ends.server)
        return self._development

    def _key(self, secret: str, ends: Ends) -> _Opened:
        if self._directory is not None and is_ours(secret):
            stored = self._directory.open(secret, ends.client, utc_now())
            grant = stored.draft.grant
            bound = (grant.channel, grant.locations, grant.customer, grant.staff)
            secret_key = stored.draft.kind is not KeyKind.PUBLISHABLE
            return _Opened(stored.draft.name, grant.scopes, *bound, authenticated=secret_key, trusted=secret_key)
        key = self._keys.get(sha256(secret.encode()).digest())
        if key is None:
            raise Unauthenticated("the API key is not known here")
        return _opened(key)


def authority_of(context: RequestContext, *, authenticated: bool) -> Authority:
    """What `@authenticated`, `@requiresScopes` and `@policy` are judged by.

    Policies are facts of the context: `customer` and `staff` where one is named, `channel:NAME`, `location:ID`. Others
    are true of nobody.
    """
    facts = [name for name, value in (("customer", context.customer), ("staff", context.staff)) if value is not None]
    facts += [f"channel:{context.channel}"] + ([f"location:{context.location}"] if context.location else [])
    return _authority(context.scopes, tuple(facts), authenticated)


@lru_cache(MAX_AUTHORITIES)
def _authority(scopes: frozenset[str], policies: tuple[str, ...], authenticated: bool) -> Authority:
    return Authority.of(scopes, policies, authenticated=authenticated)


def _credentials(headers: Mapping[str, str], *, takes_tokens: bool) -> tuple[str | None, str | None]:
    """A request's API key and token. A key may stand in either header, a token in `Authorization` only."""
    authorization, plain = headers.get("authorization"), headers.get(KEY_HEADER)
    if authorization is None:
        return plain, None
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("'Authorization' must read 'Bearer <key>'")
    if takes_tokens and is_token(secret.strip()):
        return plain, secret.strip()
    if plain is not None:
        raise Unauthenticated(f"'Authorization' and '{KEY_HEADER}' were both sent: one of them, please")
    return secret.strip(), None


def _require_this_machine(host_header: str, server_host: str) -> None:
    name = re.sub(r":\d*$", "", host_header)
    if not (is_loopback(name) and is_loopback(server_host)):
        raise Forbidden(
            "no API key is configured, so the gateway answers callers on its own machine only, under a name like "
            "localhost; set NOREN_API_KEYS to let others in"
        )


def _narrow(fixed: str | None, headers: Mapping[str, str], header: str) -> str | None:
    asked = headers.get(header)
    if asked is None:
        return fixed
    if not _NAME.fullmatch(asked):
        raise BadUserInput(f"{header}: expected up to 64 letters, digits and ._:-, beginning with a letter or digit")
    if fixed is not None and asked != fixed:
        raise Forbidden(f"{header}: the API key is fixed to another value")
    return asked


def _person(fixed: str | None, headers: Mapping[str, str], header: str, *, trusted: bool) -> str | None:
    if not trusted and header in headers and headers[header] != fixed:
        raise Forbidden(f"{header}: for whom this key or token acts is not said by a header")
    return _narrow(fixed, headers, header)


def _narrow_location(held: tuple[str, ...], headers: Mapping[str, str]) -> str | None:
    """One of the key's locations: the only one, or the one that is named."""
    if len(held) <= 1:
        return _narrow(held[0] if held else None, headers, LOCATION_HEADER)
    named = _narrow(None, headers, LOCATION_HEADER)
    if named is None:
        raise BadUserInput(f"{LOCATION_HEADER}: expected one of the API key's {len(held)} locations")
    if named not in held:
        raise Forbidden(f"{LOCATION_HEADER}: the API key is not for this location")
    return named


def _opened(key: ApiKey) -> _Opened:
    locations = () if key.location is None else (key.location,)
    return _Opened(key.name, key.scopes, key.channel, locations, key.customer, key.staff)


def _narrow_scopes(held: frozenset[str], asked: str | None) -> frozenset[str]:
    if asked is None:
        return held
    wanted = frozenset(asked.replace(",", " ").split())
    if not wanted <= held:
        raise Forbidden(f"{SCOPES_HEADER}: the API key does not hold {', '.join(sorted(wanted - held))}")
    return wanted
