"""The tokens of the built-in issuer: access tokens as others' are read (`gateway.tokens`), refresh tokens of our own.

Both keys come from one secret. A refresh token names its session and its number there, under an HMAC: whoever shows one
that is genuine but not the last has stolen it, or was stolen from; whoever invents one learns and ends nothing.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from time import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from gateway.issuer.model import ACCESS_TTL_S, Account, Session
from gateway.settings import GatewaySettings, OidcIssuer
from gateway.tokens.reader import Issuer
from kit.settings import kept_secret

ISSUER = AUDIENCE = "noren"
ALGORITHM = "Ed25519"
KID = "own"
SECRET_FILE = "tokens.key"
PREFIX = "nrr"
NAMED = OidcIssuer(name=ISSUER, issuer=ISSUER, audience=AUDIENCE, people="staff", algorithms=(ALGORITHM,))


@dataclass(slots=True)
class OwnKeys:
    """The key of the access tokens; known at once, and for good."""

    key: OKPKey
    generation: int = 0

    def of(self, kid: object) -> KeySet | None:
        """The key, to whoever names it."""
        return KeySet([self.key]) if kid == KID else None


class Signing:
    """Makes tokens, and reads refresh tokens."""

    def __init__(self, secret: bytes) -> None:
        private = Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, b"noren access token v1", "sha256"))
        parts = {"d": _text(private.private_bytes_raw()), "x": _text(private.public_key().public_bytes_raw())}
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "kid": KID, **parts})
        self._refresh_key = hmac.digest(secret, b"noren refresh token v1", "sha256")

    @property
    def issuer(self) -> Issuer:
        """What reads the access tokens: it has the public half only."""
        return Issuer(NAMED, OwnKeys(OKPKey.import_key(self._key.as_dict(private=False))))

    def access(self, account: Account) -> str:
        """A token of `ACCESS_TTL_S`, with what the account may do now."""
        now = int(time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": account.id, "iat": now, "exp": now + ACCESS_TTL_S}
        claims |= {"roles": list(account.roles), "locations": list(account.locations)}
        return jwt.encode({"alg": ALGORITHM, "kid": KID}, claims, self._key, algorithms=[ALGORITHM])

    def refresh(self, session: Session) -> str:
        """The session's token of its number."""
        body = f"{PREFIX}_{session.id}_{session.number}"
        return f"{body}_{self._mac(body)}"

    def read_refresh(self, text: str) -> tuple[str, int] | None:
        """Session and number of a genuine token; None for any other text."""
        body, _, mac = text.rpartition("_")
        if not text.isascii() or not hmac.compare_digest(self._mac(body), mac):
            return None
        _, session, number = body.split("_", 2)
        return session, int(number)

    def _mac(self, body: str) -> str:
        return hmac.digest(self._refresh_key, body.encode(), "sha256").hex()


def token_secret(settings: GatewaySettings) -> bytes:
    """The secret of the environment, else the one kept in `data_dir`, made on first use."""
    given = settings.token_secret.get_secret_value()
    return given.encode() if given else kept_secret(settings, SECRET_FILE)


def _text(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")
