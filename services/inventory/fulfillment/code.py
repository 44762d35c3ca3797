"""The pickup code: sixteen characters that nobody guesses, made from a secret, kept as a digest only.

The code is HMAC-SHA256 (RFC 2104) of the fulfilment's id and the number of its issue, cut to 80 bits and written in
Crockford's base 32. So it can be shown again to who may see it and lies nowhere; a copy of the database opens nothing.
"""

import hashlib
import hmac
import secrets

import segno

from services.inventory.fulfillment.model import Code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
GROUP = 4
LABEL = b"noren pickup code"
"""What this key is for: another purpose of the same secret gives another key."""
SCALE = 6
"""Dots a module of the QR picture: readable from a telephone at arm's length."""
LOOKALIKES = str.maketrans("OILU", "011V")
"""Crockford: letters that are read as digits are those digits; U is left out, and read as V."""


class PickupCodes:
    """Makes and checks codes; one a service."""

    def __init__(self, secret: bytes | None = None) -> None:
        """Without a secret, one that lives as long as the process."""
        self._key = hmac.digest(secret or secrets.token_bytes(32), LABEL, "sha256")

    def issue(self, fulfillment_id: str, issue: int) -> Code:
        """The code's digest, as it is kept."""
        return Code(digest=_digest(fulfillment_id, self._plain(fulfillment_id, issue)), issue=issue)

    def reveal(self, fulfillment_id: str, code: Code) -> str | None:
        """The code as it is shown; None where the secret has changed since it was issued."""
        plain = self._plain(fulfillment_id, code.issue)
        return grouped(plain) if hmac.compare_digest(_digest(fulfillment_id, plain), code.digest) else None

    def _plain(self, fulfillment_id: str, issue: int) -> str:
        body = hmac.digest(self._key, f"{fulfillment_id}:{issue}".encode(), "sha256")
        number = int.from_bytes(body[:10], "big")
        return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))


def is_right(fulfillment_id: str, code: Code, given: str) -> bool:
    """Whether this is the code, however it was typed."""
    return hmac.compare_digest(_digest(fulfillment_id, tidy(given)), code.digest)


def tidy(given: str) -> str:
    """What was meant: capitals, without spaces and hyphens; at most twice the length is looked at."""
    plain = given[: 2 * LENGTH].upper().translate(LOOKALIKES)
    return "".join(letter for letter in plain if letter in ALPHABET)


def grouped(plain: str) -> str:
    """As it is read aloud: ABCD-EFGH-JKMN-PQRS."""
    return "-".join(plain[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def qr_text(fulfillment_id: str, shown: str) -> str:
    """What the QR picture says: a till that reads it knows which fulfilment and which code."""
    return f"noren:pickup:{fulfillment_id}:{shown.replace('-', '')}"


def qr_picture(text: str) -> str:
    """The QR code (ISO/IEC 18004) as a PNG data URI."""
    return str(segno.make(text, error="m", micro=False).png_data_uri(scale=SCALE))


def _digest(fulfillment_id: str, plain: str) -> str:
    return hashlib.sha256(f"{fulfillment_id}:{plain}".encode()).hexdigest()
