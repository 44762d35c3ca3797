"""That a call was made by the gateway: for this service, with this context and body, just now, and only once.

A seal is the header `x-noren-seal` of one call: `v1.EXPIRES.NONCE.MAC`, where MAC is HMAC-SHA256 (RFC 2104) under a key
made from the context's secret, over audience, expiry, nonce, the context's token and the SHA-256 of the body. What a
service may be told by whom is the context's business; the seal says that whoever reached its door is the gateway.

Owns the making, the checking and the memory of nonces. The memory is one process's own: within the seconds that a seal
lives, somebody who can read the wire could show it once more to another process of the same service, or to one started
since. Calls inside one process pass no door and carry no seal.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic, time

from kit.errors import Unauthenticated, Unavailable

SEAL_HEADER = "x-noren-seal"
SEAL_TTL_S = 10
"""A call is sealed when it is sent and checked when its body has come: a slow network takes less."""
SEAL_LEEWAY_S = 5
"""How far the clocks of two machines may differ."""
REPLAY_WINDOW_S = SEAL_TTL_S + 2 * SEAL_LEEWAY_S
"""From the first moment at which a seal is taken to the last at which it could be: its nonce is kept for longer."""
MAX_NONCES = 500_000
"""Remembered at one time, some 60 MB: ten times the calls one process answers in twice the window. More are refused."""

_LABEL = b"noren seal v1"
_READS = re.compile(r"v1\.(\d{10})\.([0-9a-f]{24})\.([0-9a-f]{64})")


class SealRejected(Unauthenticated):
    """The seal is missing, forged, expired, for another service or call, or was used before."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A seal as it reads, not proven yet."""

    expires: str
    nonce: str
    mac: str


class Sealer:
    """Makes the seals of calls to one service."""

    def __init__(self, secret: bytes, audience: str) -> None:
        self._key = _key_of(secret)
        self._audience = audience

    def __call__(self, token: str, body: bytes) -> str:
        """The seal of one call, sent now; a call that is sent again needs another."""
        expires, nonce = str(int(time()) + SEAL_TTL_S), secrets.token_hex(12)
        return f"v1.{expires}.{nonce}.{_mac(self._key, (self._audience, expires, nonce, token), body)}"


class SealGuard:
    """Checks the seals of calls to one service, in one process."""

    def __init__(self, secret: bytes, audience: str, clock: Callable[[], float] = monotonic) -> None:
        self._key = _key_of(secret)
        self._audience = audience
        self._clock = clock
        self._recent: set[str] = set()
        self._older: set[str] = set()
        self._turned_at = clock()

    def read(self, seal: str | None) -> Presented:
        """What can be said before the body is there: SealRejected for what is no seal, or is out of its time."""
        if seal is None:
            raise SealRejected(f"the header {SEAL_HEADER} is missing: services answer the gateway only")
        found = _READS.fullmatch(seal)
        if found is None:
            raise SealRejected(f"the header {SEAL_HEADER} is not valid")
        presented = Presented(*found.groups())
        left_s = int(presented.expires) - time()
        if not -SEAL_LEEWAY_S <= left_s <= SEAL_TTL_S + SEAL_LEEWAY_S:
            raise SealRejected(f"the header {SEAL_HEADER} is out of its time: is the clock right?")
        return presented

    def check(self, presented: Presented, token: str, body: bytes) -> None:
        """Take a call, once; SealRejected if the seal is not this call's or was taken before."""
        said = (self._audience, presented.expires, presented.nonce, token)
        if not hmac.compare_digest(_mac(self._key, said, body), presented.mac):
            raise SealRejected(f"the header {SEAL_HEADER} is not valid")
        self._turn()
        if presented.nonce in self._recent or presented.nonce in self._older:
            raise SealRejected(f"the header {SEAL_HEADER} was used before")
        if len(self._recent) + len(self._older) >= MAX_NONCES:
            raise Unavailable("too many calls in a short time; try again")
        self._recent.add(presented.nonce)

    def _turn(self) -> None:
        """Forget nonces in two generations: each is kept for one window at least, and two at most."""
        passed_s = self._clock() - self._turned_at
        if passed_s >= REPLAY_WINDOW_S:
            self._older = self._recent if passed_s < 2 * REPLAY_WINDOW_S else set()
            self._recent = set()
            self._turned_at += passed_s


def _key_of(secret: bytes) -> bytes:
    """A key of its own: what signs contexts never signs anything else."""
    return hmac.digest(secret, _LABEL, "sha256")


def _mac(key: bytes, said: tuple[str, ...], body: bytes) -> str:
    message = b"\n".join([*[part.encode() for part in said], sha256(body).hexdigest().encode()])
    return hmac.digest(key, message, "sha256").hex()
