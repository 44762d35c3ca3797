"""Customer's settings."""

from pydantic import Field, SecretStr

from kit.settings import KitSettings, context_secret
from services.customer.identity import derive_key
from services.customer.importing import DEFAULT_REGION


class Settings(KitSettings):
    """How identifiers are read and keyed."""

    identity_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Keys the claims of identities; empty: the context secret. Must stay the same for ever",
    )
    phone_region: str = Field(
        default=DEFAULT_REGION,
        pattern="^[A-Z]{2}$",
        description="ISO 3166: whose phone numbers are written without country code",
    )


def identity_key(settings: Settings) -> bytes:
    """The key of all claims: derived from NOREN_IDENTITY_SECRET, else from the context secret."""
    given = settings.identity_secret.get_secret_value()
    return derive_key(given.encode() if given else context_secret(settings))
