"""Readable, time-ordered ids with a type prefix: `cus_01J8…`. Natural keys are not made here."""

from datetime import datetime

from ulid import ULID

BODY_LENGTH = 26
"""Characters of a ULID in Crockford's base 32."""


def new_id(prefix: str, *, at: datetime | None = None) -> str:
    """A fresh id. `at` orders it as if it were made then, so that imported history keeps its place."""
    body = ULID() if at is None else ULID.from_datetime(at)
    return f"{prefix}_{body}"


def derived_id(prefix: str, digest: bytes, *, at: datetime) -> str:
    """An id that the same digest (10 bytes or more) and instant give again, ordered like a fresh one."""
    milliseconds = int(at.timestamp() * 1000).to_bytes(6, "big")
    return f"{prefix}_{ULID.from_bytes(milliseconds + digest[:10])}"
