"""The code a member shows at the till: who they are, for a few minutes, signed. No I/O, no clock.

`NRN1.<id>.<seconds since 1970 it is good until>.<MAC>`: short enough for a QR code that a till reads from a phone's
screen, and worth nothing to who photographs it later.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=5)
"""Long enough to queue, short enough that a photograph of it is useless."""
PREFIX = "NRN1"
MAC_CHARS = 32
"""128 bits in hexadecimal."""
MAX_LENGTH = 128


def member_code(key: bytes, customer_id: str, now: datetime) -> str:
    """The code of a customer, good for `LIFETIME`."""
    until = int((now + LIFETIME).timestamp())
    return f"{PREFIX}.{customer_id}.{until}.{_mac(key, customer_id, until)}"


def read_code(key: bytes, code: str, now: datetime) -> str | None:
    """Whose code it is; None if it is not ours, was altered, or is over."""
    prefix, id, until, mac = (*code[: MAX_LENGTH + 1].strip().split("."), "", "", "", "")[:4]
    if prefix != PREFIX or len(code) > MAX_LENGTH or not (until.isascii() and until.isdigit()):
        return None
    is_ours = hmac.compare_digest(mac.encode(), _mac(key, id, int(until)).encode())
    return id if is_ours and now.astimezone(UTC).timestamp() <= int(until) else None


def _mac(key: bytes, customer_id: str, until: int) -> str:
    content = f"member code/{customer_id}/{until}".encode()
    return hmac.new(key, content, hashlib.sha256).hexdigest()[:MAC_CHARS]
