"""Calls to a service's own door, as the gateway makes them."""

from collections.abc import Generator

import httpx2

from kit.context import CONTEXT_HEADER
from kit.seal import SEAL_HEADER, Sealer


class Sealed(httpx2.Auth):
    """Seals every request of an HTTP client, also one that it sends again."""

    requires_request_body = True

    def __init__(self, seal: Sealer) -> None:
        self._seal = seal

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """As httpx calls it."""
        request.headers[SEAL_HEADER] = self._seal(request.headers.get(CONTEXT_HEADER, ""), request.content)
        yield request
