"""The `noren` command. Every subcommand says what it does with --help; the work is in the modules beside this one."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.settings import GatewaySettings
from kit.log import configure
from kit.settings import KitSettings
from noren.database import use_mongodb
from noren.failures import message_of
from noren.postal import app as postal_app

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Noren: one graph over customer, catalog, inventory, loyalty and order.",
    epilog="Settings are NOREN_… variables; README.md lists them. Start with: noren up",
)
schema_app = typer.Typer(no_args_is_help=True, help="The graph's schema.")
app.add_typer(schema_app, name="schema")
search_app = typer.Typer(no_args_is_help=True, help="Catalog's search index.")
app.add_typer(search_app, name="search")
app.add_typer(postal_app, name="postal")

out = Console()
err = Console(stderr=True)


class Part(StrEnum):
    """What can be served alone."""

    gateway = "gateway"
    catalog = "catalog"
    inventory = "inventory"
    loyalty = "loyalty"
    customer = "customer"
    order = "order"


class Subgraph(StrEnum):
    """What has a subgraph schema."""

    catalog = "catalog"
    inventory = "inventory"
    loyalty = "loyalty"
    customer = "customer"
    order = "order"


@app.command()
def up(
    processes: Annotated[bool, typer.Option("--processes", help="One server a service, on the ports above.")] = False,
    seed: Annotated[bool, typer.Option(help="Load the sample data if the catalog is empty.")] = True,
) -> None:
    """Start MongoDB (embedded, unless NOREN_MONGODB_URL names one), every service and the gateway."""
    from noren.seed import seed_if_empty
    from noren.up import bind, terminate_on_sigterm, up_in_process, up_processes

    settings = GatewaySettings()
    _configure_logs()
    terminate_on_sigterm()
    bound = bind(settings, processes=processes)
    with use_mongodb(settings) as url:
        if seed:
            seed_if_empty(url)
        if processes:
            for one in bound:
                one.close()
            up_processes(url, settings)
        else:
            up_in_process(url, settings, bound[0])


@app.command()
def serve(
    part: Annotated[Part, typer.Argument(help="Which part.")],
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Serve one service alone, or the gateway over services that run already."""
    from noren.serve import end_with_parent, serve_part
    from noren.system import port_of
    from noren.up import listen, terminate_on_sigterm

    settings = GatewaySettings()
    _configure_logs()
    terminate_on_sigterm()
    if with_parent:
        end_with_parent()
    host = settings.host if part is Part.gateway else "127.0.0.1"
    bound = listen(host, port_of(part.value, settings.port))
    if part is Part.gateway:
        serve_part(part.value, bound, settings.mongodb_url, settings, announced=not with_parent)
        return
    with use_mongodb(settings) as url:
        serve_part(part.value, bound, url, settings, announced=not with_parent)


@app.command()
def seed() -> None:
    """Load the sample data: a bicycle retailer's catalogue, customers, orders and stock. Again changes nothing."""
    from noren.seed import seed_all

    _configure_logs()
    with use_mongodb(KitSettings()) as url:
        seed_all(url)


@app.command()
def doctor() -> None:
    """Check MongoDB, ports, indexes, event delivery, and that journals equal balances and stock."""
    from noren.doctor import examine, print_report

    _configure_logs()
    settings = GatewaySettings()
    with use_mongodb(settings, checked=False) as url:
        findings = examine(url, settings)
    print_report(out, findings)
    if any(not finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def audit(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the latest entries.")] = 50,
    caller: Annotated[str | None, typer.Option(help="Only what this key did, by its name.")] = None,
    mutation: Annotated[str | None, typer.Option(help="Only this mutation, such as stockReserve.")] = None,
) -> None:
    """Who did what with which key, the latest last; exit code 1 if the record was altered."""
    from noren.audit import read

    lines, broken = read(limit, caller, mutation)
    for line in lines:
        typer.echo(line)
    if broken is not None:
        err.print(f"entry {broken} is not as it was written, or one is missing there", style="red")
        raise typer.Exit(1)


@schema_app.command("print")
def schema_print(
    subgraph: Annotated[Subgraph | None, typer.Argument(help="One service's; else the whole public graph's.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Into services/NAME/schema.graphql, of all services if none is named.")
    ] = False,
) -> None:
    """Print a subgraph's SDL as its service has it, or the public schema of the composed graph."""
    from noren.schema import public_sdl, write_sdls
    from noren.system import SERVICES

    if write:
        for path in write_sdls(None if subgraph is None else subgraph.value):
            err.print(f"wrote {path}")
    else:
        typer.echo(public_sdl() if subgraph is None else SERVICES[subgraph.value].schema.sdl, nl=False)


@schema_app.command("compose")
def schema_compose(
    files: Annotated[
        list[str] | None, typer.Argument(help="NAME=FILE of each subgraph's SDL; none: the services' own.")
    ] = None,
) -> None:
    """Print the supergraph: the SDL with join directives that other routers take, too."""
    from noren.schema import compose_supergraph, read_subgraphs

    supergraph = compose_supergraph(read_subgraphs(files) if files else None)
    for hint in supergraph.hints:
        err.print(str(hint), markup=False)
    typer.echo(supergraph.sdl)


@schema_app.command("contract")
def schema_contract(
    files: Annotated[
        list[str] | None, typer.Argument(help="NAME=FILE of each subgraph's SDL; none: the services' own.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Only what has one of these @tags; may be given again.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Nothing that has one of these @tags; may be given again.")
    ] = None,
    supergraph: Annotated[
        bool, typer.Option("--supergraph", help="The supergraph of a gateway for the partner, not the public schema.")
    ] = False,
) -> None:
    """Print one partner's graph: a part of the whole, cut out by @tag."""
    from noren.schema import contract, read_subgraphs

    if not include and not exclude:
        raise typer.BadParameter("name at least one tag by --include or --exclude")
    narrowed = contract(read_subgraphs(files) if files else None, include or (), exclude or ())
    typer.echo(narrowed.sdl if supergraph else narrowed.public_sdl, nl=supergraph)


@schema_app.command("check")
def schema_check(
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Public or supergraph SDL in use.")],
    new: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The one that is to take its place.")],
) -> None:
    """Say what changes for clients, breaking changes first; exit code 1 if one may break them."""
    from noren.schema import breaks, check_schema

    changes = check_schema(old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8"))
    for change in changes:
        out.print(str(change), markup=False, soft_wrap=True)
    if breaks(changes):
        raise typer.Exit(1)


@search_app.command("rebuild")
def search_rebuild() -> None:
    """Make the search index anew from MongoDB, here or in the running service; searches go on meanwhile."""
    from noren.search import rebuild

    _configure_logs()
    with use_mongodb(KitSettings()) as url:
        err.print(f"search index rebuilt: {rebuild(url)}")


@app.command("link")
def link_customers(
    least: Annotated[float, typer.Option(min=0.0, max=1.0, help="How probable a pair has to be.")] = 0.5,
) -> None:
    """Compare all customers by what is known of them; pairs that may be one person become candidates to be judged."""
    from noren.linkage import link

    _configure_logs()
    with use_mongodb(KitSettings()) as url:
        err.print(link(url, least))


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A GraphQL document.")],
    operation: Annotated[str | None, typer.Option(help="Which operation, if there are several.")] = None,
    variables: Annotated[str, typer.Option(help="As a JSON object; a plan depends on @skip and @include.")] = "{}",
    compiled: Annotated[
        Subgraph | None, typer.Option(help="Instead: the Python this service's subgraph makes of the document.")
    ] = None,
) -> None:
    """Show the fetches a query becomes, or the code a service runs for an operation."""
    from noren.explain import plan_of, source_of

    query = file.read_text(encoding="utf-8")
    if compiled is None:
        typer.echo(plan_of(query, variables, operation))
    else:
        typer.echo(source_of(compiled.value, query, operation))


def _register_imports() -> None:
    from noren.imports.command import app as imports_app

    app.add_typer(imports_app, name="import")

    from noren.exports.command import app as exports_app

    app.add_typer(exports_app, name="export")

    from noren.keys import app as keys_app

    app.add_typer(keys_app, name="keys")

    from noren.staff import app as staff_app

    app.add_typer(staff_app, name="staff")


_register_imports()


def _configure_logs() -> None:
    settings = KitSettings()
    style = "console" if err.is_terminal and "NOREN_LOG_FORMAT" not in os.environ else settings.log_format
    configure(settings.log_level, style)


def main() -> None:
    """Run the command; what a person can mend is one message, not a stack trace."""
    try:
        app()
    except Exception as error:
        message = message_of(error)
        if message is None:
            raise
        err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(1) from None
