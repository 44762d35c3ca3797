"""A gateway over the whole graph of Noren's services in a process of its own; what the services would say is canned.

What is measured with it is the gateway alone: `python -m benchmarks.access.serve PORT [DELAY_MS]`.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from gateway.transports import SubgraphRequest
from kit.collector import calm_collector
from kit.log import configure
from noren.system import subgraph_sdls
from noren.up import listen, run, serve

VICTIM = 'query Victim { product(slug: "x") { slug name } }'
"""What the other clients ask: one fetch, a small answer."""
ANSWER = {"data": {"product": {"slug": "x", "name": "A mug"}}}


class Canned:
    """A subgraph that gives the victim's answer to whatever it is asked, after a while."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        return {"data": {"product": dict(ANSWER["data"]["product"])}}

    async def subscribe(self, *_: Any) -> AsyncGenerator[Mapping[str, Any], None]:
        return
        yield {}

    async def close(self) -> None:
        return


def main() -> None:
    port, delay_s = int(sys.argv[1]), float((sys.argv[2:] or ["0"])[0]) / 1000
    configure("ERROR")
    with tempfile.TemporaryDirectory(prefix="noren-access-") as folder:
        settings = GatewaySettings(port=port, data_dir=Path(folder), graphiql=False)
        sdls = subgraph_sdls()
        app = build_gateway(settings, sdls, {name: Canned(delay_s) for name in sdls})
        with listen("127.0.0.1", port) as bound, calm_collector():
            run(serve(app, bound))


if __name__ == "__main__":
    main()
