"""Accounts, sessions and refusals; pure. Accounts are staff's: customers sign in where the shop has them do."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from gateway.settings import NAME_PATTERN
from kit.errors import InvalidInput, Refusal, Refused

MIN_PASSWORD = 12
"""Characters (NIST SP 800-63B-4 asks for 15 where a password is all there is, and 8 at least); no other rules."""
MAX_PASSWORD = 256
"""Longer ones are no better, and whoever sends megabytes wants us to hash them."""
MAX_LOGIN = 120
MAX_ROLES = 20
MAX_LOCATIONS = 100
MAX_ATTEMPTS = 10
"""Wrong passwords an account takes within `ATTEMPT_WINDOW`; whoever mistypes has found it by then."""
ATTEMPT_WINDOW = timedelta(minutes=15)
"""40 guesses an hour: a list of the thousand commonest passwords takes a day, and the log shows it."""
SESSION_TTL = timedelta(days=30)
"""A session that is not used for so long is over; using it keeps it."""
ACCESS_TTL_S = 600
"""A token cannot be called back, so it is worth little: what a session may do ends this soon after it."""

_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. `id` is the staff member's everywhere."""

    id: str
    login: str
    roles: tuple[str, ...]
    locations: tuple[str, ...]
    password_hash: str = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """An account that is to be made."""

    login: str
    password: str = field(repr=False)
    roles: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `number` counts its refresh tokens: only the last one is good."""

    id: str
    account: str
    number: int
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Refusal):
    """No such account, another password, or switched off: which, nobody is told."""

    path: tuple[str, ...] = ("input",)
    code: ClassVar[str] = "SIGN_IN_REFUSED"

    @property
    def message(self) -> str:
        """No more than that."""
        return "login and password are not those of an account that may sign in"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyAttempts(Refusal):
    """The password was wrong too often, whether or not there is such an account."""

    retry_after_s: int
    path: tuple[str, ...] = ("input", "login")
    code: ClassVar[str] = "TOO_MANY_ATTEMPTS"

    @property
    def message(self) -> str:
        """When it may be tried again."""
        return f"too many attempts to sign in; try again in {self.retry_after_s} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOver(Refusal):
    """The refresh token is none of ours, was used before, or its session has ended."""

    path: tuple[str, ...] = ("input", "refreshToken")
    code: ClassVar[str] = "SESSION_OVER"

    @property
    def message(self) -> str:
        """What to do."""
        return "this session has ended; sign in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTaken(Refusal):
    """Another account has this login."""

    login: str
    path: tuple[str, ...] = ("login",)
    code: ClassVar[str] = "LOGIN_TAKEN"

    @property
    def message(self) -> str:
        """Which."""
        return f"there is an account {self.login!r} already"


def normal_login(login: str) -> str:
    """As logins are compared: without the differences that nobody sees or means."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def normal_password(password: str) -> str:
    """As passwords are hashed: typed on any keyboard alike (RFC 8265, OpaqueString, without its exclusions)."""
    return unicodedata.normalize("NFC", password)


def check_account(draft: AccountDraft, roles: Collection[str]) -> None:
    """Raise Refused with every reason why this account cannot be made."""
    refusals: list[Refusal] = [*_login(draft.login), *_password(draft.password)]
    if len(draft.roles) > MAX_ROLES:
        refusals.append(_wrong("roles", f"at most {MAX_ROLES}", str(len(draft.roles))))
    known = ", ".join(sorted(roles))
    refusals += [_wrong("roles", f"one of {known}", role) for role in draft.roles if role not in roles]
    if len(draft.locations) > MAX_LOCATIONS:
        refusals.append(_wrong("locations", f"at most {MAX_LOCATIONS}", str(len(draft.locations))))
    refusals += [_wrong("locations", "a location's id", one) for one in draft.locations if not _NAME.fullmatch(one)]
    if refusals:
        raise Refused(*refusals)


def check_password(password: str) -> None:
    """Raise Refused for a password that cannot be one; it is never told back."""
    if refusals := _password(password):
        raise Refused(*refusals)


def _login(login: str) -> list[Refusal]:
    length = len(normal_login(login))
    return [] if 1 <= length <= MAX_LOGIN else [_wrong("login", f"1 to {MAX_LOGIN} characters", str(length))]


def _password(password: str) -> list[Refusal]:
    length = len(normal_password(password))
    wanted = f"{MIN_PASSWORD} to {MAX_PASSWORD} characters"
    return [] if MIN_PASSWORD <= length <= MAX_PASSWORD else [_wrong("password", wanted, str(length))]


def _wrong(where: str, expected: str, got: str) -> InvalidInput:
    return InvalidInput(path=(where,), expected=expected, got=got)
