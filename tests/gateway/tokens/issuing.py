"""An OpenID provider, as far as its tokens and keys go."""

from time import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.settings import OidcIssuer
from gateway.tokens.jwks import Keys
from gateway.tokens.reader import Issuer, Tokens

URL, AUDIENCE = "https://id.example", "noren"
RSA = RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"})
ROLES = {"clerk": ["stock:read", "orders:read"], "admin": ["stock:write"]}


class Provider:
    """Publishes `keys`, or fails; counts how often it was asked."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.away = False
        self.asked: list[str] = []

    async def fetch(self, url: str) -> Any:
        self.asked.append(url)
        if self.away:
            raise OSError("away")
        if url.endswith("openid-configuration"):
            return {"issuer": URL, "jwks_uri": f"{URL}/keys"}
        return KeySet(self.keys).as_dict(private=False)


def named(**changed: Any) -> OidcIssuer:
    return OidcIssuer.model_validate(
        {"name": "shop-id", "issuer": URL, "audience": AUDIENCE, "people": "customers", **changed}
    )


def token(key: Any = RSA, alg: str = "RS256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    """One that is good but for what is changed; a claim that is None is left out."""
    claims = {"iss": URL, "aud": AUDIENCE, "sub": "cus_1", "exp": int(time()) + 600, **changed}
    given = {"alg": alg, "kid": key.kid, **(header or {})}
    return jwt.encode({k: v for k, v in given.items() if v is not None}, _without_none(claims), key, algorithms=[alg])


def _without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


async def reader(provider: Provider, issuer: OidcIssuer | None = None, *, fetched: bool = True) -> tuple[Tokens, Keys]:
    issuer = issuer or named()
    keys = Keys(issuer.issuer, issuer.jwks_url, provider.fetch)
    if fetched:
        await keys.refresh()
    return Tokens([Issuer(issuer, keys)], ROLES), keys
