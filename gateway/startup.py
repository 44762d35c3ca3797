"""The first words with services that run elsewhere: asks each for its SDL and waits until it has come up.

Owns the waiting and its limit. A gateway without all its subgraphs does not start.
"""

import asyncio
import time
from collections.abc import Mapping

from gateway.health import system_headers
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphUnavailable, Transport
from kit.context import ContextSigner
from kit.log import logger

START_LIMIT_S = 60.0
"""Services started together with the gateway are up in seconds; the first start of a database may take most of this."""
ASK_AGAIN_S = 0.5
ASK_TIMEOUT_S = 5.0
TELL_AGAIN_S = 5.0
"""A waiting gateway says so this often, and what it waits for."""

_SDL = SubgraphRequest("{ _service { sdl } }", None, None, "query")
_log = logger(__name__)


class StartFailed(Exception):
    """A service did not come up in time, or does not speak Federation; the message names it, its URL and the reason."""


async def fetch_sdls(
    transports: Mapping[str, Transport],
    signer: ContextSigner,
    urls: Mapping[str, str],
    limit_s: float = START_LIMIT_S,
) -> dict[str, str]:
    """Return the SDL of every subgraph by name; raises `StartFailed` after `limit_s`."""
    asking = [_fetch(name, transports[name], signer, urls[name], limit_s) for name in transports]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    if failed:
        raise StartFailed("; ".join(str(reason) for reason in failed))
    return dict(zip(transports, [answer for answer in answers if isinstance(answer, str)], strict=True))


async def ask_sdl(transport: Transport, signer: ContextSigner) -> str:
    """Ask a subgraph for its SDL once; raises `SubgraphFailure`, also if it answers with something else."""
    answer = await transport.send(_SDL, system_headers(signer), ASK_TIMEOUT_S)
    sdl = ((answer.get("data") or {}).get("_service") or {}).get("sdl")
    if isinstance(sdl, str):
        return sdl
    raise SubgraphUnavailable(f"gives no SDL: {str(answer.get('errors'))[:300]}")


async def _fetch(name: str, transport: Transport, signer: ContextSigner, url: str, limit_s: float) -> str:
    started = told = time.monotonic()
    while True:
        try:
            return await ask_sdl(transport, signer)
        except SubgraphFailure as failure:
            reason = failure.reason
        now = time.monotonic()
        if now - started > limit_s:
            raise StartFailed(f"{name} at {url} was not ready within {limit_s:g} s: {reason}")
        if now - told > TELL_AGAIN_S or told == started:
            told = now
            _log.warning("waiting for a service", subgraph=name, url=url, reason=reason)
        await asyncio.sleep(ASK_AGAIN_S)
