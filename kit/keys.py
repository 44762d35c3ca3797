"""Keys for one purpose each, derived from one configured secret (HKDF-SHA256, RFC 5869, one block of output)."""

import hashlib
import hmac


def derive_key(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """32 bytes for the purpose `info`; who has them learns nothing of the secret or of another purpose's key."""
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
