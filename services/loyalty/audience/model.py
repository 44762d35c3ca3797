"""A member as far as campaigns ask. No I/O, no clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Buyer:
    """`birth_month`: 1 to 12; None: not known. Nothing else of a birthday is known here."""

    segments: frozenset[str] = frozenset()
    birth_month: int | None = None


NOBODY = Buyer()
"""Of whom nothing was heard."""
