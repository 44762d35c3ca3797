"""Member keys and what they seal. No I/O.

A sealed value is a nonce of 96 bits, the ciphertext and the tag of 128 bits (AES-256-GCM, NIST SP 800-38D). Random
nonces are safe up to 2^32 values a key; a profile has some dozens.
"""

import hashlib
import hmac
import os
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kit import keys

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
DIGEST_BYTES: Final = 8
"""Enough to tell two values of one field apart; no more is ever asked of it."""
HKDF_SALT = b"noren/customer"
HKDF_INFO = b"vault master key v1"


class Unreadable(Exception):
    """A value that this key did not seal, or not for this place; the message holds nothing of it."""


class MemberKey:
    """The key of one profile; seals and opens its values, each bound to `id` and the name of its field."""

    def __init__(self, id: str, key: bytes) -> None:
        self.id = id
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def make(cls, id: str) -> "MemberKey":
        """A fresh one."""
        return cls(id, AESGCM.generate_key(KEY_BYTES * 8))

    def seal(self, field: str, value: Any) -> bytes:
        """A JSON value, encrypted."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, orjson.dumps(value), self._place(field))

    def open(self, field: str, sealed: bytes) -> Any:
        """What was sealed, or Unreadable."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._place(field))
        except (InvalidTag, ValueError):
            raise Unreadable(f"a value of {field} of {self.id} does not open") from None
        return orjson.loads(plain)

    def digest(self, field: str, value: Any) -> bytes:
        """Tells two values of a field apart without saying either; means nothing once the key is gone."""
        content = self._place(field) + b"=" + orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key, content, hashlib.sha256)[:DIGEST_BYTES]

    def wrap(self, master: bytes) -> bytes:
        """This key as it may lie in a database."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(master).encrypt(nonce, self._key, self.id.encode())

    @classmethod
    def unwrap(cls, master: AESGCM, id: str, wrapped: bytes) -> "MemberKey":
        """The key that was wrapped for `id`, or Unreadable."""
        try:
            return cls(id, master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], id.encode()))
        except (InvalidTag, ValueError):
            raise Unreadable(f"the key of {id} does not open with this master key") from None

    def _place(self, field: str) -> bytes:
        return f"{self.id}/{field}".encode()


def derive_master(secret: bytes) -> bytes:
    """The master key from a configured secret: HKDF-SHA256, one block."""
    return keys.derive_key(secret, salt=HKDF_SALT, info=HKDF_INFO)
