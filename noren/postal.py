"""`noren postal`: the file of postal codes, made anew from Japan Post's."""

from pathlib import Path
from typing import Annotated

import typer

from services.customer.postal.build import build

app = typer.Typer(no_args_is_help=True, help="The postal codes of Japan.")


@app.callback()
def postal() -> None:
    """The postal codes of Japan."""


@app.command("build")
def build_file(
    ken_all: Annotated[Path, typer.Argument(help="KEN_ALL, Japan Post's towns: .zip or .CSV.", exists=True)],
    target: Annotated[Path, typer.Option("--to", help="What to write; NOREN_POSTAL_FILE names it then.")],
    offices: Annotated[Path | None, typer.Option(help="JIGYOSYO, the offices with codes of their own.")] = None,
) -> None:
    """Make the file that addresses are completed from."""
    count = build(ken_all, offices, target)
    typer.echo(f"{count:,} addresses are in {target}; NOREN_POSTAL_FILE={target} makes the customer service use it")
