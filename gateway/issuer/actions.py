"""What happens to accounts and sessions: made, signed in, gone on with, ended."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.issuer.model import (
    ATTEMPT_WINDOW,
    SESSION_TTL,
    Account,
    AccountDraft,
    LoginTaken,
    Session,
    SessionOver,
    SignInRefused,
    TooManyAttempts,
    check_account,
    check_password,
    normal_login,
)
from gateway.issuer.passwords import Passwords
from gateway.issuer.signing import Signing
from gateway.issuer.store import IssuerStore
from kit.errors import NotFound, Refused
from kit.ids import new_id
from kit.log import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that signing in takes."""

    store: IssuerStore
    passwords: Passwords
    signing: Signing


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets: a token for requests, and one for the next of these."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


async def create_account(
    store: IssuerStore, passwords: Passwords, draft: AccountDraft, roles: Collection[str], *, now: datetime
) -> Account:
    """Make an account; Refused with every reason why not."""
    check_account(draft, roles)
    hashed = await passwords.hash(draft.password)
    account = Account(new_id("stf"), normal_login(draft.login), draft.roles, draft.locations, hashed, now)
    if not await store.add(account):
        raise Refused(LoginTaken(login=account.login))
    return account


async def set_password(store: IssuerStore, passwords: Passwords, login: str, password: str, *, now: datetime) -> None:
    """Give an account another password, and end all its sessions."""
    check_password(password)
    account = await _account(store, login)
    await store.change(account.login, {"password_hash": await passwords.hash(password)})
    await store.end_sessions_of(account.id, now)
    await store.forgive(account.login)


async def disable_account(store: IssuerStore, login: str, *, now: datetime) -> None:
    """Let nobody sign in with it any more, and end all its sessions; tokens of the last minutes run out."""
    account = await _account(store, login)
    await store.change(account.login, {"disabled_at": now})
    await store.end_sessions_of(account.id, now)


async def sign_in(desk: Desk, login: str, password: str, *, now: datetime) -> Tokens:
    """Begin a session; Refused alike for no account, another password and one that is switched off.

    The attempt is counted before the password is looked at, also where many come at once.
    """
    login = normal_login(login)
    since = await desk.store.attempt(login, now)
    if since is not None:
        left = since + ATTEMPT_WINDOW - now
        raise Refused(TooManyAttempts(retry_after_s=max(1, int(left / timedelta(seconds=1)))))
    account = await desk.store.by_login(login)
    usable = account is not None and account.disabled_at is None
    right = await desk.passwords.verify(account.password_hash if account and usable else None, password)
    if account is None or not right:
        raise Refused(SignInRefused())
    await desk.store.forgive(login)
    session = Session(secrets.token_hex(16), account.id, 1, now + SESSION_TTL)
    await desk.store.open_session(session)
    return Tokens(desk.signing.access(account), desk.signing.refresh(session))


async def go_on(desk: Desk, refresh_token: str, *, now: datetime) -> Tokens:
    """Exchange a refresh token for the next; one that was used before ends its session for everybody who has it."""
    read = desk.signing.read_refresh(refresh_token)
    if read is None:
        raise Refused(SessionOver())
    session = await desk.store.advance(*read, now)
    if session is None:
        if await desk.store.end_session(read[0], now):
            log.warning("a refresh token came again; its session was ended", session=read[0][:8])
        raise Refused(SessionOver())
    account = await desk.store.by_id(session.account)
    if account is None or account.disabled_at is not None:
        await desk.store.end_session(session.id, now)
        raise Refused(SessionOver())
    return Tokens(desk.signing.access(account), desk.signing.refresh(session))


async def sign_out(desk: Desk, refresh_token: str, *, now: datetime) -> None:
    """End a session; what is none of ours, or has ended, is left."""
    if (read := desk.signing.read_refresh(refresh_token)) is not None:
        await desk.store.end_session(read[0], now)


async def _account(store: IssuerStore, login: str) -> Account:
    account = await store.by_login(normal_login(login))
    if account is None:
        raise Refused(NotFound(path=("login",), kind="account", id=normal_login(login)))
    return account
