"""`noren keys`: API keys for partners, storefronts, tills and kiosks."""

import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from gateway.keys.actions import Shown, create_key, revoke_key, rotate_key
from gateway.keys.directory import open_key_store
from gateway.keys.model import Grant, Key, KeyDraft, KeyKind
from gateway.keys.secret import ID_LENGTH
from gateway.keys.store import KeyStore
from gateway.settings import GatewaySettings, key_pepper
from kit.chain import first_broken
from kit.errors import Refused
from kit.times import utc_now
from noren.database import use_mongodb

app = typer.Typer(no_args_is_help=True, help="API keys: made, shown once, rotated, revoked.")

T = TypeVar("T")
OVERLAP_H = 24.0
"""How long a replaced secret goes on unless somebody says otherwise: a working day to change over."""


class Environment(StrEnum):
    """Which systems take the key."""

    live = "live"
    test = "test"


class KeyRefused(Exception):
    """A key that cannot be made or changed; the message says why."""


Id = Annotated[str, typer.Argument(metavar="ID", help="The part of the key after nrn_live_ or nrn_test_.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for people and logs.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; may be given again.")] = None,
    publishable: Annotated[bool, typer.Option("--publishable", help="For pages and apps: may do what is public.")] = (
        False
    ),
    environment: Annotated[Environment, typer.Option(help="Which systems take it.")] = Environment.live,
    channel: Annotated[str | None, typer.Option(help="The only channel it is for.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="A location it is for; may be given again.")] = None,
    customer: Annotated[str | None, typer.Option(help="The only customer it acts for.")] = None,
    staff: Annotated[str | None, typer.Option(help="The only staff member it acts for.")] = None,
    address: Annotated[list[str] | None, typer.Option(help="A network it may be used from; may be given again.")] = (
        None
    ),
    days: Annotated[int | None, typer.Option(min=1, help="How long it opens anything; else until it is revoked.")] = (
        None
    ),
) -> None:
    """Make a key and print it, once: it is kept as a hash only."""
    now = utc_now()
    ends = None if days is None else now + timedelta(days=days)
    grant = Grant(frozenset(scope or ()), channel, tuple(location or ()), customer, staff, tuple(address or ()))
    kind = KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET
    draft = KeyDraft(name, kind, environment.value, grant, ends)

    async def run(store: KeyStore, pepper: bytes) -> Shown:
        return await create_key(store, pepper, draft, actor=_actor(), now=now)

    typer.echo(_with_store(run).secret)


@app.command()
def rotate(
    id: Id,
    overlap_hours: Annotated[float, typer.Option(min=0, help="How long the old secret goes on.")] = OVERLAP_H,
) -> None:
    """Give a key a new secret and print it, once."""
    overlap = timedelta(hours=overlap_hours)

    async def run(store: KeyStore, pepper: bytes) -> Shown:
        return await rotate_key(store, pepper, id, overlap=overlap, actor=_actor(), now=utc_now())

    typer.echo(_with_store(run).secret)


@app.command()
def revoke(id: Id, reason: Annotated[str, typer.Option(help="For the record.")] = "") -> None:
    """End a key at once."""

    async def run(store: KeyStore, pepper: bytes) -> Key:
        return await revoke_key(store, id, reason=reason, actor=_actor(), now=utc_now())

    key = _with_store(run)
    Console(stderr=True).print(f"{key.id} ({key.draft.name}) opens nothing any more", markup=False)


@app.command("list")
def list_keys() -> None:
    """Every key: what it may do, its state, when it was last used. Never a secret."""

    async def run(store: KeyStore, pepper: bytes) -> tuple[list[Key], dict[str, datetime]]:
        return await store.all(), await store.uses()

    keys, uses = _with_store(run)
    table = Table(
        Column("id", no_wrap=True, min_width=ID_LENGTH), "name", "kind", "scopes", "bound to", "state", "used"
    )
    now = utc_now()
    for key in keys:
        grant, used = key.draft.grant, uses.get(key.id)
        bound = [one for one in (grant.channel, *grant.locations, grant.customer, grant.staff, *grant.addresses) if one]
        cells = (key.id, key.draft.name, f"{key.draft.kind} {key.draft.environment}", " ".join(sorted(grant.scopes)))
        table.add_row(*cells, " ".join(bound), key.state(now), used.isoformat(timespec="seconds") if used else "never")
    Console().print(table)


@app.command()
def log(id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One key's.")] = None) -> None:
    """Who changed which key, when; exit code 1 if a record was altered or taken out."""

    async def run(store: KeyStore, pepper: bytes) -> tuple[list[dict[str, object]], int | None]:
        whole = await store.records()
        return [record for record in whole if id in (None, record["key"])], first_broken(whole)

    records, broken = _with_store(run)
    for record in records:
        at = f"{record['at']:%Y-%m-%d %H:%M:%S}Z"
        typer.echo(
            f"{record['number']:>5} {at} {record['key']} {record['what']} by {record['actor']} {record['facts']}"
        )
    if broken is not None:
        raise KeyRefused(f"record {broken} is not as it was written, or one before it is missing")


def _with_store(run: Callable[[KeyStore, bytes], Awaitable[T]]) -> T:
    """What `run` gives, with this installation's store and pepper; KeyRefused says what was wrong."""
    settings = GatewaySettings()

    async def main(url: str) -> T:
        async with open_key_store(url, settings.database_prefix) as store:
            await store.prepare()
            return await run(store, key_pepper(settings))

    try:
        with use_mongodb(settings) as url:
            return uvloop.run(main(url))
    except Refused as refused:
        raise KeyRefused("\n".join(refusal.message for refusal in refused.refusals)) from refused


def _actor() -> str:
    """Who sits at the terminal."""
    return f"terminal:{getpass.getuser()}"
