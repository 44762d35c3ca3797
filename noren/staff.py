"""`noren staff`: accounts of the built-in issuer, for those who sign in here."""

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from gateway.issuer.actions import create_account, disable_account, set_password
from gateway.issuer.model import Account, AccountDraft
from gateway.issuer.passwords import Passwords
from gateway.issuer.store import IssuerStore
from gateway.keys.directory import open_key_store
from gateway.settings import GatewaySettings
from kit.errors import Refused
from kit.times import utc_now
from noren.database import use_mongodb

app = typer.Typer(no_args_is_help=True, help="Accounts of staff who sign in here.")

T = TypeVar("T")


class StaffRefused(Exception):
    """An account that cannot be made or changed; the message says why."""


Login = Annotated[str, typer.Argument(metavar="LOGIN", help="What they sign in with; case does not matter.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command()
def add(
    login: Login,
    role: Annotated[list[str] | None, typer.Option(help="What they do; may be given again.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="Where they may act; may be given again.")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Make an account and print its staff id."""
    settings = GatewaySettings()
    draft = AccountDraft(login, _password(password_stdin), tuple(role or ()), tuple(location or ()))

    async def run(store: IssuerStore) -> Account:
        return await create_account(store, Passwords(), draft, settings.staff_roles, now=utc_now())

    typer.echo(_with_store(run).id)


@app.command()
def password(login: Login, password_stdin: FromStdin = False) -> None:
    """Give an account another password; its sessions end."""
    fresh = _password(password_stdin)

    async def run(store: IssuerStore) -> None:
        await set_password(store, Passwords(), login, fresh, now=utc_now())

    _with_store(run)


@app.command()
def disable(login: Login) -> None:
    """Let nobody sign in with an account any more; its sessions end."""

    async def run(store: IssuerStore) -> None:
        await disable_account(store, login, now=utc_now())

    _with_store(run)


@app.command("list")
def list_() -> None:
    """Every account, without its password."""

    async def run(store: IssuerStore) -> list[Account]:
        return await store.all()

    table = Table("login", "staff id", "roles", "locations", "state")
    for account in _with_store(run):
        state = "active" if account.disabled_at is None else "disabled"
        roles, locations = " ".join(account.roles), " ".join(account.locations) or "any"
        table.add_row(account.login, account.id, roles, locations, state)
    Console().print(table)


def _password(from_stdin: bool) -> str:
    """Asked for twice without an echo, or the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _with_store(work: Callable[[IssuerStore], Awaitable[T]]) -> T:
    """What `work` gives, with this installation's accounts; StaffRefused says what was wrong."""
    settings = GatewaySettings()

    async def main(url: str) -> T:
        async with open_key_store(url, settings.database_prefix) as keys:
            store = IssuerStore(keys.db)
            await store.prepare()
            return await work(store)

    try:
        with use_mongodb(settings) as url:
            return uvloop.run(main(url))
    except Refused as refused:
        raise StaffRefused("\n".join(refusal.message for refusal in refused.refusals)) from refused
