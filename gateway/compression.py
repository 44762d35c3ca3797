"""Answers compressed with gzip, for clients that take it and answers that gain by it."""

import asyncio
import zlib
from functools import lru_cache

MIN_BYTES = 1400
"""A smaller answer fits one packet either way."""
LEVEL = 1
"""JSON shrinks to a tenth already; level 6 takes three times as long for a few percent."""
IN_LINE_BYTES = 128 * 1024
"""Larger answers are compressed in a thread, which takes a millisecond and more off the loop."""
HEADERS_REMEMBERED = 256
"""Clients send a handful of different Accept-Encoding headers; strangers may send any."""

_GZIP = zlib.MAX_WBITS | 16


@lru_cache(maxsize=HEADERS_REMEMBERED)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip, or anything, and does not rule it out."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = [piece.strip() for piece in part.split(";")]
        qualities[coding] = _quality(parameters)
    return qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0))) > 0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


async def gzipped(body: bytes) -> bytes:
    """Compress, off the loop if it takes long."""
    if len(body) <= IN_LINE_BYTES:
        return _gzip(body)
    return await asyncio.to_thread(_gzip, body)


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    return compressor.compress(body) + compressor.flush()
