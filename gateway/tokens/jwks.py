"""The public keys of an issuer elsewhere: fetched beside the requests, kept, and good until others have come.

Nobody waits for a fetch: while an issuer is away its last keys count, and before there were any nobody can say whose a
token is. A token under a key that is not known asks for a fetch, at most one every `ASK_AGAIN_S`; until it has come,
the token is not refused but put off.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.settings import is_loopback
from kit.errors import Unavailable
from kit.log import logger

REFRESH_S = 300.0
"""How old keys get: an issuer publishes a new one long before it signs with it."""
ASK_AGAIN_S = 10.0
"""How soon after a fetch the next one may be asked for: anybody may send tokens under keys that do not exist."""
TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
"""Of a key set; a large one has some dozen keys of 2 kB."""
PUBLIC = frozenset({"RSA", "EC", "OKP"})
"""Kinds of keys with a public half; a shared secret has no place in what everybody can read."""
DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], Awaitable[Any]]
"""A JSON document by its URL; raises `OSError` or `ValueError`."""

log = logger(__name__)


class Keys:
    """Those of one issuer, as far as is known."""

    def __init__(self, issuer: str, url: str | None, fetch: Fetch, clock: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._asked = asyncio.Event()
        self._fetched_at: float | None = None
        self._set: KeySet | None = None
        self.generation = 0

    def of(self, kid: object) -> KeySet | None:
        """The keys, if the one that is named is among them; None: there is no such key.

        Raises Unavailable where that cannot be known yet.
        """
        if self._set is None:
            self._asked.set()
            raise Unavailable("whose token this is cannot be known at the moment; try again")
        if any(key.kid == kid for key in self._set) or (kid is None and len(self._set.keys) == 1):
            return self._set
        assert self._fetched_at is not None
        if self._clock() - self._fetched_at < ASK_AGAIN_S:
            return None
        self._asked.set()
        raise Unavailable("whose token this is cannot be known at the moment; try again")

    async def refresh(self) -> bool:
        """Fetch them; False if that failed, and the last ones stay."""
        try:
            url = self._url or await self._discovered()
            self._set = _usable(await self._fetch(url))
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            log.warning("keys of an issuer not fetched", issuer=self._issuer, error=str(error), known=bool(self._set))
            return False
        self._fetched_at = self._clock()
        self.generation += 1
        return True

    async def follow(self) -> None:
        """Keep them fresh, for ever."""
        while True:
            await self.refresh()
            self._asked.clear()
            await asyncio.sleep(ASK_AGAIN_S)
            if self._set is not None:
                try:
                    async with asyncio.timeout(REFRESH_S):
                        await self._asked.wait()
                except TimeoutError:
                    continue

    async def _discovered(self) -> str:
        found = await self._fetch(self._issuer.rstrip("/") + DISCOVERY)
        if not isinstance(found, dict) or found.get("issuer") != self._issuer:
            raise ValueError("what is found there is of another issuer")
        return str(found["jwks_uri"])


def _usable(document: Any) -> KeySet:
    """The keys of a set that sign and have a public half; ValueError where it has none."""
    listed = [key for key in document["keys"] if key.get("kty") in PUBLIC and key.get("use", "sig") == "sig"]
    if not listed:
        raise ValueError("a key set without any key that signs")
    return KeySet.import_key_set({"keys": listed})


async def fetch_json(url: str) -> Any:
    """Get a document over HTTPS, or over HTTP from this machine; raises `OSError` or `ValueError`."""
    return orjson.loads(await asyncio.to_thread(_read, url))


def _read(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError(f"{url}: expected https")
    try:
        with build_opener(_Stay).open(Request(url, headers={"accept": "application/json"}), timeout=TIMEOUT_S) as got:
            body: bytes = got.read(MAX_BYTES + 1)
    except URLError as error:
        raise OSError(f"{url}: {error}") from error
    if len(body) > MAX_BYTES:
        raise ValueError(f"{url}: more than {MAX_BYTES} bytes")
    return body


class _Stay(HTTPRedirectHandler):
    """Goes nowhere else: who configured a URL trusts that one."""

    def redirect_request(self, *_: Any) -> None:
        return None
