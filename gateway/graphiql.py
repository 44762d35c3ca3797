"""The explorer at `/`: GraphiQL, opening on a few ready queries.

Owns its page, its files and what they may do (Content-Security-Policy). The files come from `data_dir/graphiql`,
where `graphiql_assets.sh` puts them, if they are the very ones named here; else the page loads them from a CDN, and
the browser checks their digests. Refuses to know the graph: ready queries are passed in.
"""

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from kit.log import logger

CDN = "https://cdn.jsdelivr.net/npm/"
STATIC = Path(__file__).parent / "static"
LOCAL = "graphiql"
"""The folder inside `data_dir`."""
YEAR_S = 31_536_000
"""Files are named with their version, so a browser may keep them for good."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadyQuery:
    """A tab to open with: an operation, and variables that make it work on the demo's data."""

    query: str
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of somebody else's. `digest` is its SHA-384 in the form of Subresource Integrity."""

    name: str
    on_cdn: str
    digest: str

    def is_in(self, folder: Path) -> bool:
        """Whether this very file lies in `folder`."""
        try:
            found = hashlib.sha384((folder / self.name).read_bytes()).digest()
        except OSError:
            return False
        return self.digest == f"sha384-{base64.b64encode(found).decode()}"


VERSION = "4.1.2"
STYLE = Asset(
    "graphiql.min.css",
    f"graphiql@{VERSION}/graphiql.min.css",
    "sha384-1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
)
SCRIPTS = (
    Asset(
        "react.production.min.js",
        "react@18.3.1/umd/react.production.min.js",
        "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    ),
    Asset(
        "react-dom.production.min.js",
        "react-dom@18.3.1/umd/react-dom.production.min.js",
        "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    ),
    Asset(
        "graphiql.min.js",
        f"graphiql@{VERSION}/graphiql.min.js",
        "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    ),
)


def explorer_routes(data_dir: Path, endpoint: str, ready_queries: Sequence[ReadyQuery]) -> list[Route]:
    """Return the routes of the explorer that asks `endpoint`."""
    folder = data_dir / LOCAL
    is_local = all(asset.is_in(folder) for asset in (STYLE, *SCRIPTS))
    if not is_local:
        _log.info("explorer comes from its CDN", wanted=str(folder), install="sh gateway/graphiql_assets.sh")
    page = _page("" if is_local else CDN, endpoint, ready_queries)
    headers = _headers("" if is_local else CDN)
    served = {"explorer.js": STATIC / "explorer.js", "explorer.css": STATIC / "explorer.css"}
    if is_local:
        served |= {asset.name: folder / asset.name for asset in (STYLE, *SCRIPTS)}
    contents = {name: path.read_bytes() for name, path in served.items()}

    async def show(_: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in contents:
            return PlainTextResponse("no such file", 404)
        kept = "no-cache" if name.startswith("explorer.") else f"public, max-age={YEAR_S}, immutable"
        media_type = "text/css" if name.endswith(".css") else "text/javascript"
        return Response(contents[name], media_type=media_type, headers={**_SNIFF_NOTHING, "cache-control": kept})

    return [Route("/", show), Route(f"/explorer/{VERSION}/{{name}}", file)]


_SNIFF_NOTHING = {"x-content-type-options": "nosniff"}


def _headers(cdn: str) -> dict[str, str]:
    """Let the page run its own files and the CDN's, ask this gateway, and nothing else."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' {cdn}",
        "style-src": f"'self' 'unsafe-inline' {cdn}",  # the editor sets styles on its lines
        "font-src": "data:",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        **_SNIFF_NOTHING,
        "content-security-policy": "; ".join(f"{name} {value.strip()}" for name, value in policy.items()),
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }


def _page(cdn: str, endpoint: str, ready_queries: Sequence[ReadyQuery]) -> str:
    tabs = [
        {
            "query": ready.query.strip() + "\n",
            "variables": orjson.dumps(ready.variables, option=orjson.OPT_INDENT_2).decode()
            if ready.variables
            else None,
        }
        for ready in ready_queries
    ]
    # "<" is escaped so that no query can end the script element it travels in
    data = orjson.dumps({"endpoint": endpoint, "tabs": tabs}).decode().replace("<", "\\u003c")
    scripts = "\n".join(
        f'<script defer src="{_address(cdn, asset)}" integrity="{asset.digest}" crossorigin="anonymous"></script>'
        for asset in SCRIPTS
    )
    own = f"/explorer/{VERSION}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Noren</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{_address(cdn, STYLE)}" integrity="{STYLE.digest}" crossorigin="anonymous">
<link rel="stylesheet" href="{own}/explorer.css">
<script type="application/json" id="page">{data}</script>
{scripts}
<script defer src="{own}/explorer.js"></script>
</head>
<body><div id="explorer"><p>One moment: the explorer is loading.</p></div></body>
</html>
"""


def _address(cdn: str, asset: Asset) -> str:
    return html.escape(f"{cdn}{asset.on_cdn}" if cdn else f"/explorer/{VERSION}/{asset.name}")
