"""An app behind a real server on a free port of loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def served(app: Any, **config: Any) -> AsyncIterator[str]:
    """`127.0.0.1:PORT` of `app` behind uvicorn, for as long as the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, **config))
    with contextlib.ExitStack() as signals:
        server.capture_signals = lambda: signals  # type: ignore[assignment, method-assign] # pytest's stay in force
        running = asyncio.create_task(server.serve())
        while not server.started and not running.done():
            await asyncio.sleep(0.005)
        try:
            yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
