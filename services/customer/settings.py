"""Customer's settings."""

from pathlib import Path

from pydantic import Field, SecretStr

from kit.settings import KitSettings, context_secret
from services.customer.identity import derive_key
from services.customer.importing import DEFAULT_REGION
from services.customer.profile.model import Rule, Survivorship
from services.customer.vault.cipher import derive_master


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
    postal_file: Path | None = Field(
        default=None, description="A newer file of postal codes, of `noren postal build`; unset: the one that ships"
    )
    vault_key: SecretStr = Field(
        default=SecretStr(""),
        description="Wraps the members' keys; empty: the context secret. Must stay the same for ever",
    )
    survivorship: dict[str, Rule] = Field(
        default_factory=dict,
        description='How a shown value is chosen, by field: {"birthday": "TRUSTED"}; LATEST where none is named',
    )
    trusted_sources: list[str] = Field(default_factory=list, description='The most trusted first: ["pos", "web"]')


def vault_key(settings: Settings) -> bytes:
    """The master key: derived from NOREN_VAULT_KEY, else from the context secret."""
    given = settings.vault_key.get_secret_value()
    return derive_master(given.encode() if given else context_secret(settings))


def survivorship(settings: Settings) -> Survivorship:
    """The configured rules."""
    return Survivorship(settings.survivorship, tuple(settings.trusted_sources))


def identity_key(settings: Settings) -> bytes:
    """The key of all claims: derived from NOREN_IDENTITY_SECRET, else from the context secret."""
    given = settings.identity_secret.get_secret_value()
    return derive_key(given.encode() if given else context_secret(settings))
