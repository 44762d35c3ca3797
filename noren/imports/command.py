"""`noren import`: the commands. What they do is in `run`; here are their words, options and exit codes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from pymongo.errors import ConnectionFailure
from rich.console import Console

from kit.settings import KitSettings
from noren.database import use_mongodb
from noren.imports.asked import Asked, Prepared
from noren.imports.errors import CountsDisagree, ImportStopped
from services.customer.store import IdentityKeyChanged, VaultKeyChanged

app = typer.Typer(no_args_is_help=True, help="Bring a shop's history in from files.")

NEEDED = ("polars", "fastexcel", "xlsxwriter")
"""What the extra `files` installs."""
STOPPED = 1
"""Exit code of an import that could not be made, or whose counts disagree."""


FileMapping = Annotated[
    str, typer.Option("--mapping", "-m", help="A mapping file (TOML), or the name of one that comes with Noren.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the report; write nothing anywhere.")]
ReportTo = Annotated[
    Path | None,
    typer.Option(help="Where to list the rows not taken: .csv or .jsonl. Else FILE's name + .not-taken.csv, here."),
]


@app.callback()
def imports() -> None:
    """Bring a shop's history in from files."""


@app.command()
def orders(
    file: Annotated[Path, typer.Argument(help="CSV, Excel (.xlsx) or Parquet: one row an order line.")],
    mapping: FileMapping,
    dry_run: DryRun = False,
    report: ReportTo = None,
) -> None:
    """Import orders, returns and their customers; members earn points. Again changes nothing."""
    with _consoles() as (out, err):
        from noren.imports.run import prepare

        _bring(prepare, Asked(file, mapping, report, dry_run), out, err)


@app.command()
def products(
    file: Annotated[Path, typer.Argument(help="CSV, Excel, JSON Lines, SQL inserts or Parquet: one row a variant.")],
    mapping: FileMapping,
    dry_run: DryRun = False,
    report: ReportTo = None,
) -> None:
    """Import products: what the file does not name stays as it is. Again changes nothing; broken off, it goes on."""
    with _consoles() as (out, err):
        from noren.imports.products.run import prepare

        _bring(prepare, Asked(file, mapping, report, dry_run), out, err)


@app.command()
def reviews(
    file: Annotated[Path, typer.Argument(help="CSV, Excel, JSON Lines, SQL inserts or Parquet: one row a review.")],
    mapping: FileMapping,
    dry_run: DryRun = False,
    report: ReportTo = None,
) -> None:
    """Import reviews of products that are there, published. Again changes nothing; broken off, it goes on."""
    with _consoles() as (out, err):
        from noren.imports.reviews.run import prepare

        _bring(prepare, Asked(file, mapping, report, dry_run), out, err)


@app.command()
def customers(
    file: Annotated[Path, typer.Argument(help="CSV, Excel, JSON Lines, SQL inserts or Parquet: one row somebody.")],
    mapping: FileMapping,
    dry_run: DryRun = False,
    report: ReportTo = None,
) -> None:
    """Import customers as one source knows them: found, created or merged. Again changes nothing."""
    with _consoles() as (out, err):
        from noren.imports.customers.run import prepare

        _bring(prepare, Asked(file, mapping, report, dry_run), out, err)


@app.command()
def points(
    file: Annotated[Path, typer.Argument(help="CSV, Excel, JSON Lines, SQL inserts or Parquet: one row a balance.")],
    mapping: FileMapping,
    dry_run: DryRun = False,
    report: ReportTo = None,
) -> None:
    """Import balances of another points system: wallets are brought to them. Again changes nothing."""
    with _consoles() as (out, err):
        from noren.imports.points.run import prepare

        _bring(prepare, Asked(file, mapping, report, dry_run), out, err)


def _bring(prepare: Callable[[Asked, Console], Prepared], asked: Asked, out: Console, err: Console) -> None:
    prepared = prepare(asked, err)
    if not asked.dry_run:
        with use_mongodb(KitSettings()) as url:
            prepared.load(url, err)
    prepared.conclude(out)


@contextmanager
def _consoles() -> Iterator[tuple[Console, Console]]:
    """For the report and for what happens, once the extra is there; what ends an import is told by a sentence and the
    exit code."""
    out, err = Console(), Console(stderr=True)
    try:
        require_extra()
        yield out, err
    except (ImportStopped, CountsDisagree, IdentityKeyChanged, VaultKeyChanged) as stopped:
        err.print(str(stopped), style="red", highlight=False, markup=False)
        raise typer.Exit(STOPPED) from None
    except ConnectionFailure as failure:
        err.print(f"MongoDB does not answer, run the import again later: {failure}", style="red", markup=False)
        raise typer.Exit(STOPPED) from None


def require_extra() -> None:
    """Stop with the name of what is missing, if the extra `files` is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ImportStopped(f"reading files needs {' and '.join(missing)}: install the extra, noren[files]")
