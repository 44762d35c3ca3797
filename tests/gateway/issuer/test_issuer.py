"""The built-in issuer: passwords that cannot be guessed, sessions that cannot be shared."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from gateway.issuer import passwords as passwords_module
from gateway.issuer.actions import (
    Desk,
    create_account,
    disable_account,
    go_on,
    set_password,
    sign_in,
    sign_out,
)
from gateway.issuer.model import (
    ATTEMPT_WINDOW,
    MAX_ATTEMPTS,
    SESSION_TTL,
    Account,
    AccountDraft,
    SessionOver,
    SignInRefused,
    TooManyAttempts,
    normal_login,
)
from gateway.issuer.passwords import MAX_WAITING, Passwords
from gateway.issuer.signing import Signing
from gateway.issuer.store import ACCOUNTS, ATTEMPTS, SESSIONS, IssuerStore
from gateway.tokens.reader import Tokens
from kit.errors import NotFound, Refused, Unauthenticated, Unavailable
from kit.mongo import Database

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ROLES = {"clerk": {"stock:read"}, "admin": {"keys:write"}}
PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""What is hashed here is no secret; the tests would take a minute by the real parameters."""


@dataclass
class Office:
    desk: Desk
    account: Account

    async def sign_in(self, password: str = PASSWORD, login: str = "aiko", now: datetime = NOW) -> Any:
        return await sign_in(self.desk, login, password, now=now)

    async def refused(self, password: str = "wrong", login: str = "aiko", now: datetime = NOW) -> Any:
        with pytest.raises(Refused) as refused:
            await self.sign_in(password, login, now)
        (refusal,) = refused.value.refusals
        return refusal


@pytest.fixture
async def office(db: Database, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(passwords_module, "DUMMY", CHEAP.hash("nobody"))
    store, passwords = IssuerStore(db), Passwords(CHEAP)
    await store.prepare()
    draft = AccountDraft("Aiko", PASSWORD, ("clerk",), ("loc_1",))
    account = await create_account(store, passwords, draft, ROLES, now=NOW)
    return Office(Desk(store, passwords, Signing(b"t" * 32)), account)


async def test_a_session_gives_tokens_that_the_gateway_reads(office: Office) -> None:
    tokens = await office.sign_in(login=" AIKO ")
    person = Tokens([office.desk.signing.issuer], ROLES).read(tokens.access)

    assert (person.staff, person.scopes, person.locations) == (office.account.id, frozenset({"stock:read"}), ("loc_1",))
    with pytest.raises(Unauthenticated):
        Tokens([Signing(b"u" * 32).issuer], ROLES).read(tokens.access)
    with pytest.raises(Unauthenticated):
        Tokens([office.desk.signing.issuer], ROLES).read(tokens.refresh)


async def test_what_is_kept_is_argon2id_and_neither_password_nor_token(office: Office, db: Database) -> None:
    tokens = await office.sign_in()
    await office.refused()
    kept = str([await db[name].find().to_list() for name in (ACCOUNTS, SESSIONS, ATTEMPTS)])

    assert "$argon2id$v=19$" in kept
    for secret in (PASSWORD, tokens.access, tokens.refresh, tokens.refresh.split("_")[-1]):
        assert secret not in kept
    assert PASSWORD not in repr(AccountDraft("a", PASSWORD))
    assert tokens.access not in repr(tokens)


async def test_no_account_another_password_and_one_switched_off_are_refused_alike(office: Office) -> None:
    wrong, nobody = await office.refused(), await office.refused(login="nobody")
    await disable_account(office.desk.store, "aiko", now=NOW)

    assert wrong == nobody == await office.refused(PASSWORD) == SignInRefused()


@pytest.mark.parametrize("login", ["aiko", "nobody"])
async def test_after_ten_wrong_passwords_not_even_the_right_one_is_looked_at(office: Office, login: str) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert await office.refused(login=login) == SignInRefused()
    locked = await office.refused(PASSWORD, login)
    assert isinstance(locked, TooManyAttempts)
    assert locked.retry_after_s == int(ATTEMPT_WINDOW.total_seconds())

    later = NOW + ATTEMPT_WINDOW + timedelta(seconds=1)
    assert await office.refused(login=login, now=later) == SignInRefused()


async def test_many_attempts_at_once_are_counted_one_by_one(office: Office) -> None:
    refusals = await asyncio.gather(*(office.refused(f"guess {n}") for n in range(4 * MAX_ATTEMPTS)))

    assert sum(isinstance(refusal, SignInRefused) for refusal in refusals) == MAX_ATTEMPTS
    assert isinstance(await office.refused(PASSWORD), TooManyAttempts)


async def test_who_signs_in_has_all_attempts_again(office: Office) -> None:
    for _ in range(3):
        for _ in range(MAX_ATTEMPTS - 1):
            await office.refused()
        await office.sign_in()


async def test_a_refresh_token_is_good_once(office: Office) -> None:
    first = await office.sign_in()
    second = await go_on(office.desk, first.refresh, now=NOW)
    third = await go_on(office.desk, second.refresh, now=NOW)

    assert len({first.refresh, second.refresh, third.refresh}) == 3


async def test_one_that_comes_again_ends_the_session_for_thief_and_owner(office: Office) -> None:
    first = await office.sign_in()
    second = await go_on(office.desk, first.refresh, now=NOW)
    for token in (first.refresh, second.refresh):
        with pytest.raises(Refused) as refused:
            await go_on(office.desk, token, now=NOW)
        assert refused.value.refusals == (SessionOver(),)


async def test_of_many_who_use_one_at_once_at_most_one_gets_the_next(office: Office) -> None:
    token = (await office.sign_in()).refresh
    got = await asyncio.gather(*(go_on(office.desk, token, now=NOW) for _ in range(20)), return_exceptions=True)

    assert sum(not isinstance(one, Exception) for one in got) == 1
    (winner,) = [one for one in got if not isinstance(one, BaseException)]
    with pytest.raises(Refused):  # the others have shown that it was shared
        await go_on(office.desk, winner.refresh, now=NOW)


async def test_one_that_was_made_up_ends_nothing(office: Office) -> None:
    token = (await office.sign_in()).refresh
    body, mac = token.rsplit("_", 1)
    prefix, session, _ = body.split("_")
    for forged in (f"{body}_{'0' * len(mac)}", f"{prefix}_{session}_2_{mac}", "", "nrr___", "マグ_1", f"{token}0"):
        with pytest.raises(Refused):
            await go_on(office.desk, forged, now=NOW)
    assert await go_on(office.desk, token, now=NOW)


async def test_a_session_ends_by_signing_out_by_time_and_with_its_account(office: Office) -> None:
    out, late, fired, changed = [await office.sign_in() for _ in range(4)]
    await sign_out(office.desk, out.refresh, now=NOW)
    with pytest.raises(Refused):
        await go_on(office.desk, out.refresh, now=NOW)
    with pytest.raises(Refused):
        await go_on(office.desk, late.refresh, now=NOW + SESSION_TTL + timedelta(seconds=1))
    await set_password(office.desk.store, office.desk.passwords, "aiko", "another long password", now=NOW)
    with pytest.raises(Refused):
        await go_on(office.desk, changed.refresh, now=NOW)
    await office.sign_in("another long password")
    await disable_account(office.desk.store, "aiko", now=NOW)
    with pytest.raises(Refused):
        await go_on(office.desk, fired.refresh, now=NOW)


@pytest.mark.parametrize(
    ("draft", "where"),
    [
        (AccountDraft("", PASSWORD), "login"),
        (AccountDraft("x" * 200, PASSWORD), "login"),
        (AccountDraft("a", "short"), "password"),
        (AccountDraft("a", "x" * 300), "password"),
        (AccountDraft("a", PASSWORD, ("king",)), "roles"),
        (AccountDraft("a", PASSWORD, (), ("loc 1",)), "locations"),
        (AccountDraft("AIKO", PASSWORD), "login"),
    ],
)
async def test_an_account_that_makes_no_sense_is_not_made(office: Office, draft: AccountDraft, where: str) -> None:
    with pytest.raises(Refused) as refused:
        await create_account(office.desk.store, office.desk.passwords, draft, ROLES, now=NOW)
    assert [refusal.path[0] for refusal in refused.value.refusals] == [where]
    assert PASSWORD not in str(refused.value)


async def test_an_account_that_is_not_there_is_named(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await disable_account(office.desk.store, "nobody", now=NOW)
    assert isinstance(refused.value.refusals[0], NotFound)


def test_logins_that_look_alike_are_one() -> None:
    assert normal_login(" Ａｉｋｏ ") == normal_login("AIKO") == "aiko"


async def test_too_many_who_wait_are_told_to_come_again() -> None:
    passwords = Passwords(CHEAP)
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.verify(None, "x")
    await asyncio.gather(*waiting)


async def test_a_password_longer_than_any_is_not_hashed() -> None:
    assert not await Passwords(CHEAP).verify(CHEAP.hash("x"), "x" * 1_000_000)
