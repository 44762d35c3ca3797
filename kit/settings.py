"""Settings every service reads once at its start, from `NOREN_…` variables of the environment."""

import contextlib
import os
import secrets
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_FILE = "context.key"
KEY_PEPPER_FILE = "keys.pepper"
"""What API keys are hashed with: whoever has the database alone cannot test a guess."""
SECRET_BYTES = 32


class KitSettings(BaseSettings):
    """Base of every service's settings: frozen; an unknown value is refused by pydantic with its name."""

    model_config = SettingsConfigDict(env_prefix="NOREN_", frozen=True, extra="ignore")

    mongodb_url: str = Field(default="", description="A replica set; empty: `noren up` starts an embedded one")
    database_prefix: str = Field(default="noren", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    data_dir: Path = Field(default=Path(".noren"), description="Embedded database, secret, downloaded assets")
    context_secret: SecretStr = Field(
        default=SecretStr(""), description="Shared by gateway and services; empty: kept in data_dir"
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field(default="json", pattern="^(json|console)$")


def context_secret(settings: KitSettings) -> bytes:
    """The secret of the environment, else the one kept in `data_dir`, made on first use, readable by its owner."""
    given = settings.context_secret.get_secret_value()
    return given.encode() if given else kept_secret(settings, SECRET_FILE)


def kept_secret(settings: KitSettings, name: str) -> bytes:
    """The secret kept under `name` in `data_dir`, made on first use, readable by its owner."""
    path = settings.data_dir / name
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _create_once(path, secrets.token_hex(SECRET_BYTES))
    return path.read_text().encode()


def _create_once(path: Path, content: str) -> None:
    """Write a whole file or none: whoever links first wins, and nobody ever reads half of it."""
    draft = path.with_suffix(f".{secrets.token_hex(8)}")  # one a thread, not one a process
    draft.touch(mode=0o600)
    draft.write_text(content)
    try:
        with contextlib.suppress(FileExistsError):  # another start was first: theirs counts
            os.link(draft, path)
    finally:
        draft.unlink()
