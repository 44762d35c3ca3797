"""`noren export`: the commands."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from pymongo.errors import ConnectionFailure
from rich.console import Console

from kit.settings import KitSettings
from noren.database import use_mongodb
from noren.imports.command import STOPPED, require_extra
from noren.imports.errors import ImportStopped

app = typer.Typer(no_args_is_help=True, help="Write what is kept into files.")


@app.callback()
def exports() -> None:
    """Write what is kept into files."""


@app.command()
def products(
    file: Annotated[Path, typer.Argument(help="CSV, Excel (.xlsx) or JSON Lines: one row a variant.")],
) -> None:
    """Export all products, and the mapping with which `noren import products` brings them in again."""
    out, err = Console(), Console(stderr=True)
    try:
        require_extra()
        with use_mongodb(KitSettings()) as url:
            count = uvloop.run(_export(file, url))
    except ImportStopped as stopped:
        err.print(str(stopped), style="red", highlight=False, markup=False)
        raise typer.Exit(STOPPED) from None
    except ConnectionFailure as failure:
        err.print(f"MongoDB does not answer: {failure}", style="red", markup=False)
        raise typer.Exit(STOPPED) from None
    out.print(f"{count:,} variants are in {file}", highlight=False, markup=False)


@app.command(name="points-books")
def points_books(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A closed day.")],
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines (.jsonl).")],
    entries: Annotated[bool, typer.Option("--entries", help="One row a posting, not one a kind and account.")] = False,
) -> None:
    """Export the postings of a closed day of the points ledger; debits are credits."""
    out, err = Console(), Console(stderr=True)
    try:
        with use_mongodb(KitSettings()) as url:
            count = uvloop.run(_export_books(day.date(), file, url, entries))
    except ImportStopped as stopped:
        err.print(str(stopped), style="red", highlight=False, markup=False)
        raise typer.Exit(STOPPED) from None
    except ConnectionFailure as failure:
        err.print(f"MongoDB does not answer: {failure}", style="red", markup=False)
        raise typer.Exit(STOPPED) from None
    out.print(f"{count:,} rows are in {file}", highlight=False, markup=False)


async def _export_books(day: date, file: Path, mongodb_url: str, entries: bool) -> int:
    from noren.exports.books import export_books
    from services.loyalty.app import open_store
    from services.loyalty.settings import Settings

    async with open_store(Settings(mongodb_url=mongodb_url)) as store:
        return await export_books(store, day, file, entries=entries)


async def _export(file: Path, mongodb_url: str) -> int:
    from noren.exports.products import export_products
    from services.catalog.app import open_store
    from services.catalog.settings import Settings

    async with open_store(Settings(mongodb_url=mongodb_url)) as store:
        return await export_products(store, file)
