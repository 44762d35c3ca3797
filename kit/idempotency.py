"""Idempotency keys: what a key may look like, and how two inputs are told apart."""

import hashlib
from decimal import Decimal
from typing import Any

import orjson

from kit.errors import InvalidInput, Refused

MAX_KEY_LENGTH = 128
"""Room for a UUID with a prefix or a till's sequence; keys live in index entries."""


def fingerprint(*content: Any) -> str:
    """A digest of the input that came with a key; equal input gives an equal digest in every process."""
    body = orjson.dumps(content, default=_plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """What JSON lacks; a set is sorted, since its own order differs between processes. Anything else is an error."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no fingerprint")


def check_key(key: str) -> str:
    """`key` itself; refused if it is empty, too long or holds what is not printable."""
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        expected = f"1 to {MAX_KEY_LENGTH} printable characters"
        raise Refused(InvalidInput(path=("input", "idempotencyKey"), expected=expected, got=repr(key[:40])))
    return key
