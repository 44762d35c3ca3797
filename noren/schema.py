"""`noren schema`: subgraph SDL into the repository, and the public schema of the composed graph."""

from pathlib import Path

from gateway.composer import compose
from noren.system import subgraph_sdls

ROOT = Path(__file__).resolve().parent.parent


def public_sdl() -> str:
    """The graph clients see, composed from the services' code."""
    return compose(subgraph_sdls()).public_sdl


def write_sdls(only: str | None) -> list[Path]:
    """Write the committed SDL of one service or of all; return the paths, relative to the repository."""
    written: list[Path] = []
    for name, sdl in subgraph_sdls().items():
        if only in (None, name):
            path = ROOT / "services" / name / "schema.graphql"
            path.write_text(sdl, encoding="utf-8")
            written.append(path.relative_to(ROOT))
    return written
