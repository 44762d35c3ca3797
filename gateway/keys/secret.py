"""How a key reads: `nrn_live_4k2m…_…`. Whoever mistypes one is told so before anything is looked up.

    nrn _ live|test _ id (16) _ secret (43) checksum (6)

The id is public: logs and reports name keys by it. The secret has 256 bits. The checksum is the CRC-32 of everything
before it, in base 62: a scanner of leaked secrets tells a key from chance by it, and a guess costs an attacker nothing
but us no look-up.
"""

import secrets
import string
from dataclasses import dataclass
from hashlib import sha256
from hmac import new as hmac
from typing import Literal
from zlib import crc32

Environment = Literal["live", "test"]

PREFIX = "nrn"
ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: an id is read aloud and typed."""
ID_LENGTH = 16
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH = 43
"""62^43 is more than 2^256."""
CHECKSUM_LENGTH = 6
"""62^6 is more than 2^32."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as somebody sent it, found well formed. `text` is the whole of it."""

    environment: str
    id: str
    text: str


def new_key_id() -> str:
    """A fresh id."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


def new_key(environment: Environment, id: str) -> str:
    """A key for `id` with a fresh secret; shown once."""
    body = f"{PREFIX}_{environment}_{id}_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return body + checksum(body)


def read_key(text: str) -> Presented | None:
    """The key in `text`; None if it is none of this form, or was mistyped."""
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != PREFIX or parts[1] not in ("live", "test"):
        return None
    _, environment, id, rest = parts
    if len(id) != ID_LENGTH or len(rest) != SECRET_LENGTH + CHECKSUM_LENGTH or not text.isascii():
        return None
    if checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        return None
    return Presented(environment, id, text)


def is_ours(text: str) -> bool:
    """Whether `text` claims to be a key of this form, well or badly."""
    return text.startswith(f"{PREFIX}_")


def checksum(body: str) -> str:
    """CRC-32 of the ASCII text in base 62, `CHECKSUM_LENGTH` digits, the highest first."""
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest_of(pepper: bytes, text: str) -> str:
    """What is kept of a key: HMAC-SHA256 in hex. A stolen database alone cannot even test a guess."""
    return hmac(pepper, text.encode(), sha256).hexdigest()
