"""`noren schema`: subgraph SDL into the repository, the composed graph as clients and as routers see it, and checks."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema

from gateway.composer import compose
from gateway.composer.contract import Contract
from gateway.supergraph import Supergraph
from gateway.supergraph.changes import Change, compare_schemas
from noren.system import SERVICES, subgraph_sdls

ROOT = Path(__file__).resolve().parent.parent
SUPERGRAPH_MARK = "enum join__Graph"
"""Every supergraph declares it, and no public schema can: the prefix is reserved."""


class UnreadableSchema(ValueError):
    """A text that is no schema."""


def public_sdl() -> str:
    """The graph clients see, composed from the services' code."""
    return compose(subgraph_sdls()).public_sdl


def write_sdls(only: str | None) -> list[Path]:
    """Write the committed SDL of one service or of all; return the paths, relative to the repository."""
    written: list[Path] = []
    for name in SERVICES if only is None else [only]:
        path = ROOT / "services" / name / "schema.graphql"
        path.write_text(SERVICES[name].schema.sdl, encoding="utf-8")
        written.append(path.relative_to(ROOT))
    return written


def read_subgraphs(files: Iterable[str]) -> dict[str, str]:
    """SDL by name from `NAME=FILE` each; raises `UnreadableSchema` naming the one that cannot be read."""
    sdls: dict[str, str] = {}
    for given in files:
        name, _, path = given.partition("=")
        try:
            sdls[name] = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as reason:
            raise UnreadableSchema(f"{given}: expected NAME=FILE with a file that can be read ({reason})") from reason
    return sdls


def compose_supergraph(sdls: Mapping[str, str] | None = None, urls: Mapping[str, str] | None = None) -> Supergraph:
    """Compose SDLs by subgraph name, the services' own if none are given; `.sdl` is the supergraph, `.hints` remarks.

    Raises `gateway.errors.CompositionError`.
    """
    return compose(sdls if sdls is not None else subgraph_sdls(), urls=urls)


def contract(
    sdls: Mapping[str, str] | None = None, include: Iterable[str] = (), exclude: Iterable[str] = ()
) -> Supergraph:
    """The graph of one partner: what has an `include` tag, if any are named, without what has an `exclude` tag.

    `.public_sdl` is what the partner sees, `.sdl` the supergraph of a gateway for it, in which the rest is
    `@inaccessible`. Raises `gateway.errors.CompositionError`, also if nothing would be left.
    """
    narrowing = Contract(frozenset(include), frozenset(exclude))
    return compose(sdls if sdls is not None else subgraph_sdls(), contract=narrowing)


def check_schema(old: str, new: str) -> tuple[Change, ...]:
    """What changes for clients from one schema to another, the breaking changes first.

    Each text is a public SDL or a supergraph's. Raises `UnreadableSchema` or `gateway.errors.CompositionError`.
    """
    return compare_schemas(_read(old), _read(new))


def breaks(changes: Iterable[Change]) -> bool:
    """Whether any change may break a client."""
    return any(change.level == "breaking" for change in changes)


def _read(sdl: str) -> GraphQLSchema:
    if SUPERGRAPH_MARK in sdl:
        return Supergraph.from_sdl(sdl).public_schema
    try:
        return build_schema(sdl, no_location=True)
    except (GraphQLError, TypeError) as reason:
        raise UnreadableSchema(str(reason)) from reason
