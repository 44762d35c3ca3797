"""One Python contender behind kit's app and uvicorn: `python -m benchmarks.execution.serve Noren 8300`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import uvicorn

from benchmarks.execution.contenders import CONTENDERS, SIGNER
from kit.app import build_app


def main() -> None:
    """Serve until interrupted."""
    name, port = sys.argv[1], int(sys.argv[2])

    @asynccontextmanager
    async def open_service() -> AsyncIterator[Any]:
        execute = CONTENDERS[name]()

        async def run(query: str, variables: Any, operation: str | None, headers: Any) -> dict[str, Any]:
            return await execute(query, variables, operation, headers)

        yield SimpleNamespace(execute=run, subgraph=SimpleNamespace(name="shop", signer=SIGNER))

    uvicorn.run(build_app("shop", open_service), host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
