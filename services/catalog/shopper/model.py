"""What pricing knows of a customer. No I/O."""

from dataclasses import dataclass

from kit.errors import InvalidInput, Path, Refusal
from services.catalog.model import MAX_NAME

MAX_SEGMENTS = 100
"""Segments of one customer that prices may ask for."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """A customer's segments and rank, and how many orders have been recorded for it."""

    segments: frozenset[str] = frozenset()
    rank: str | None = None
    purchases: int = 0


NOBODY = Shopper()
"""A customer nothing was told of."""


def check_shopper(segments: frozenset[str], rank: str | None, at: Path = ("input",)) -> list[Refusal]:
    """Segments and rank are words, not too many."""
    words = [*segments, *([rank] if rank is not None else [])]
    if len(segments) > MAX_SEGMENTS:
        expected = f"at most {MAX_SEGMENTS}"
        return [InvalidInput(path=(*at, "segments"), expected=expected, got=str(len(segments)))]
    return [
        InvalidInput(path=at, expected=f"words of 1 to {MAX_NAME} printable characters", got=repr(word[:40]))
        for word in words
        if not (1 <= len(word) <= MAX_NAME and word.isprintable())
    ]
