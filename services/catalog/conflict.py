"""What a unique index said no to, as catalog's stores tell it."""

from collections.abc import Mapping
from typing import Any


class Conflict(Exception):
    """A unique index refused the write; `index` is its last field, `value` what collided."""

    def __init__(self, index: str, value: str) -> None:
        super().__init__(f"{index}: {value}")
        self.index = index
        self.value = value


def conflict_of(details: Mapping[str, Any] | None) -> Conflict:
    """From the details of a DuplicateKeyError."""
    pattern = (details or {}).get("keyPattern") or {}
    value = (details or {}).get("keyValue") or {}
    last = next(reversed(pattern), "?")
    return Conflict(last, str(value.get(last, "")))
