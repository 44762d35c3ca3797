"""Who is calling, from where, for whom: decides it once per request, before anything else looks at it.

Owns API keys and the headers that narrow them. A header may fill what the key leaves open and may drop scopes; it
never widens a key and never contradicts it. Refuses to know what a scope permits: the services decide that.

With no key configured there is one *development caller* with every scope, for this machine only: the connection
must have come in on loopback, and the `Host` must name loopback too, which a page that had its own name pointed at
127.0.0.1 cannot do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from gateway.settings import NAME_PATTERN, ApiKey, GatewaySettings, is_loopback
from kit.context import RequestContext
from kit.errors import BadUserInput, Forbidden, Unauthenticated

KEY_HEADER = "x-noren-key"
CHANNEL_HEADER = "x-noren-channel"
LOCATION_HEADER = "x-noren-location"
CUSTOMER_HEADER = "x-noren-customer"
STAFF_HEADER = "x-noren-staff"
SCOPES_HEADER = "x-noren-scopes"
NARROWING_HEADERS = (CHANNEL_HEADER, LOCATION_HEADER, CUSTOMER_HEADER, STAFF_HEADER, SCOPES_HEADER)

_NAME = re.compile(NAME_PATTERN.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is the key's, for logs; `context` is what travels to the services, signed."""

    name: str
    context: RequestContext


class Access:
    """Knows the keys; one a gateway."""

    def __init__(self, settings: GatewaySettings) -> None:
        # Looking a digest up leaks nothing by its timing that helps: nobody can steer the digest of a guess.
        self._keys = {bytes.fromhex(key.sha256): key for key in settings.api_keys}
        self._default_channel = settings.default_channel
        self._development = ApiKey(name="development", sha256="0" * 64, scopes=settings.development_scopes)

    def identify(self, headers: Mapping[str, str], server_host: str, trace_id: str) -> Caller:
        """Name the caller; raises `Unauthenticated`, `Forbidden` or `BadUserInput`.

        `headers` have lower-case names; `server_host` is the address on which the connection came in.
        """
        key = self._key_of(headers, server_host)
        context = RequestContext(
            channel=_narrow(key.channel, headers, CHANNEL_HEADER) or self._default_channel,
            location=_narrow(key.location, headers, LOCATION_HEADER),
            customer=_narrow(key.customer, headers, CUSTOMER_HEADER),
            staff=_narrow(key.staff, headers, STAFF_HEADER),
            scopes=_narrow_scopes(key.scopes, headers.get(SCOPES_HEADER)),
            trace_id=trace_id,
        )
        return Caller(key.name, context)

    def _key_of(self, headers: Mapping[str, str], server_host: str) -> ApiKey:
        secret = _secret_of(headers)
        if secret is None and not self._keys:
            _require_this_machine(headers.get("host", ""), server_host)
            return self._development
        if secret is None:
            raise Unauthenticated(f"an API key is needed, as 'Authorization: Bearer <key>' or '{KEY_HEADER}: <key>'")
        key = self._keys.get(sha256(secret.encode()).digest())
        if key is None:
            raise Unauthenticated("the API key is not known here")
        return key


def _secret_of(headers: Mapping[str, str]) -> str | None:
    authorization, plain = headers.get("authorization"), headers.get(KEY_HEADER)
    if authorization is None:
        return plain
    if plain is not None:
        raise Unauthenticated(f"'Authorization' and '{KEY_HEADER}' were both sent: one of them, please")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("'Authorization' must read 'Bearer <key>'")
    return secret.strip()


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


def _narrow_scopes(held: frozenset[str], asked: str | None) -> frozenset[str]:
    if asked is None:
        return held
    wanted = frozenset(asked.replace(",", " ").split())
    if not wanted <= held:
        raise Forbidden(f"{SCOPES_HEADER}: the API key does not hold {', '.join(sorted(wanted - held))}")
    return wanted
