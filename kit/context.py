"""Who asks, through which channel, where and when: made by the gateway, signed, verified by every service.

The token is a JWT (RFC 7519) with HS256 and nothing else, lives a minute, and is only ever sent inside the system.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from kit.errors import Forbidden, Unauthenticated
from kit.seal import Sealer, SealGuard
from kit.times import utc_now

CONTEXT_HEADER = "x-noren-context"
TRACE_HEADER = "traceparent"
PROBE_HEADER = "x-noren-probe"
"""Set on an operation that asks whether the service can answer: it looks at what it depends on first."""
ISSUER = "noren-gateway"
TTL_S = 60
"""A context outlives the longest request, and is worthless to a thief soon after."""
LEEWAY_S = 5
"""How far the clocks of two machines may differ."""
MIN_SECRET_BYTES = 32
"""RFC 7518 3.2: an HS256 key has at least the hash's size."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
VERIFIED_CACHE = 1024
"""One request reaches a service as several fetches with the same token; each is verified once."""


class ContextRejected(Unauthenticated):
    """The context is missing, forged, expired or not a context."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The facts a decision may depend on. `at` is the instant the gateway took the request, the same for all."""

    channel: str
    location: str | None = None
    customer: str | None = None
    staff: str | None = None
    scopes: frozenset[str] = frozenset()
    trace_id: str = ""
    at: datetime = field(default_factory=utc_now)

    def require(self, scope: str) -> None:
        """Raise Forbidden unless the caller holds `scope`."""
        if scope not in self.scopes:
            raise Forbidden(f"this needs the scope {scope!r}")

    def may_see(self, customer: str, scope: str) -> bool:
        """Whether the caller is this customer or holds `scope`."""
        return customer == self.customer or scope in self.scopes


def actor_name(channel: str, staff: str | None, customer: str | None) -> str:
    """Who acts, as journals name them: `staff:…`, else `customer:…`, else `channel:…`."""
    if staff is not None:
        return f"staff:{staff}"
    return f"channel:{channel}" if customer is None else f"customer:{customer}"


class ContextSigner:
    """Signs and verifies contexts with one shared secret; the seals of calls (`kit.seal`) come from it too."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"NOREN_CONTEXT_SECRET needs at least {MIN_SECRET_BYTES} bytes, got {len(secret)}")
        self._secret = secret
        self._key = OctKey.import_key(secret)
        self._claims = JWTClaimsRegistry(
            now=lambda: int(time()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": ISSUER},
            exp={"essential": True},
        )
        self._verified: OrderedDict[str, tuple[float, RequestContext]] = OrderedDict()

    def sign(self, context: RequestContext) -> str:
        """The token of `context`, valid from now for `TTL_S` seconds."""
        claims = {
            "iss": ISSUER,
            "exp": int(time()) + TTL_S,
            "cha": context.channel,
            "loc": context.location,
            "cus": context.customer,
            "stf": context.staff,
            "sco": sorted(context.scopes),
            "tra": context.trace_id,
            "at": (context.at - EPOCH) // MILLISECOND,
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])

    def sealer(self, audience: str) -> Sealer:
        """What seals the calls to one service."""
        return Sealer(self._secret, audience)

    def guard(self, audience: str) -> SealGuard:
        """What checks the calls to one service."""
        return SealGuard(self._secret, audience)

    def verify(self, token: str | None) -> RequestContext:
        """The context inside `token`, or ContextRejected."""
        if not token:
            raise ContextRejected(f"the header {CONTEXT_HEADER} is missing: services answer the gateway only")
        known = self._verified.get(token)
        if known is not None and known[0] > time():
            return known[1]
        expires_at, context = self._decode(token)
        self._verified[token] = (expires_at, context)
        if len(self._verified) > VERIFIED_CACHE:
            self._verified.popitem(last=False)
        return context

    def _decode(self, token: str) -> tuple[float, RequestContext]:
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            self._claims.validate(claims)
            return float(claims["exp"]), RequestContext(
                channel=claims["cha"],
                location=claims["loc"],
                customer=claims["cus"],
                staff=claims["stf"],
                scopes=frozenset(claims["sco"]),
                trace_id=claims["tra"],
                at=EPOCH + claims["at"] * MILLISECOND,
            )
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise ContextRejected(f"the header {CONTEXT_HEADER} is not valid: {error}") from error
