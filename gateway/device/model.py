"""A device that waits to be let in; pure but for chance."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from gateway.keys.model import KeyDraft
from kit.errors import Refusal

CODE_TTL = timedelta(minutes=10)
"""Long enough to walk to a till, short enough that few codes are open at one time."""
INTERVAL_S = 5
"""How often a device asks (RFC 8628, 3.2)."""
USER_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628, 6.1: consonants alone, so that no code is a word; 20^8 of them."""
USER_CODE_LENGTH = 8
MAX_NAME = 64


class DeviceState(StrEnum):
    """How far a device has come."""

    PENDING = "pending"
    APPROVED = "approved"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Codes:
    """What a device gets: the long one is its secret, the short one is for people."""

    device: str = field(repr=False)
    user: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that asked. `draft` is the key it will get, and `approver` who said so."""

    user_code: str
    name: str
    state: DeviceState
    expires_at: datetime
    draft: KeyDraft | None = None
    approver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNotReady(Refusal):
    """Nobody has let the device in yet: ask again."""

    retry_after_s: int = INTERVAL_S
    path: tuple[str, ...] = ("input", "deviceCode")
    code: ClassVar[str] = "AUTHORIZATION_PENDING"

    @property
    def message(self) -> str:
        """What to do."""
        return f"nobody has let this device in yet; ask again in {self.retry_after_s} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeOver(Refusal):
    """The code is none of ours, has expired, or was used."""

    path: tuple[str, ...] = ("input",)
    code: ClassVar[str] = "DEVICE_CODE_OVER"

    @property
    def message(self) -> str:
        """What to do."""
        return "this code is not open any more; let the device ask for another"


def new_codes() -> Codes:
    """A fresh pair."""
    user = "".join(secrets.choice(USER_ALPHABET) for _ in range(USER_CODE_LENGTH))
    return Codes(secrets.token_urlsafe(32), user)


def typed(code: str) -> str:
    """A user code as people type it: in any case, with blanks and dashes."""
    return "".join(letter for letter in code.upper() if letter in USER_ALPHABET)


def shown(code: str) -> str:
    """A user code as it is shown: WDJB-MJHT."""
    return f"{code[:4]}-{code[4:]}"
