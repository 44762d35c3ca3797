"""The GraphQL Foundation's audit of servers (`graphql-http`, npm): `python -m tests.audits.http`."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from kit.log import configure
from noren.up import listen, serve
from tests.gateway.stall import Stall, stall_gateway

HERE = Path(__file__).parent
PACKAGES = {"graphql-http": "1.23.1", "graphql": "16.11.0"}


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    configure("ERROR")
    with tempfile.TemporaryDirectory(prefix="noren-audit-") as folder:
        found = asyncio.run(audited(Path(folder)))
    for audit in found:
        if audit["status"] != "ok":
            print(f"{audit['status'].upper()} {audit['id']} {audit['name']}: {audit['reason']}")
    told = Counter(audit["status"] for audit in found)
    print(f"graphql-http {PACKAGES['graphql-http']}: {told['ok']} of {len(found)} ok")
    sys.exit(told["ok"] != len(found))


async def audited(folder: Path) -> list[dict[str, Any]]:
    """What every audit found."""
    home = await asyncio.to_thread(installed)
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as bound:
        serving = asyncio.create_task(serve(stall_gateway(Stall(), folder), bound, started.set))
        await started.wait()
        url = f"http://localhost:{bound.getsockname()[1]}/graphql"
        node = await asyncio.create_subprocess_exec(
            "node", str(home / "http.mjs"), url, stdout=subprocess.PIPE, cwd=home
        )
        told, _ = await node.communicate()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    found: list[dict[str, Any]] = json.loads(told)
    return found


def installed() -> Path:
    """A folder with the packages and the script; npm installs them on the first use of these versions."""
    home = Path(tempfile.gettempdir()) / f"noren-audit-http-{PACKAGES['graphql-http']}"
    if not (home / "node_modules" / "graphql-http").exists():
        home.mkdir(exist_ok=True)
        (home / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True)
    (home / "http.mjs").write_text((HERE / "http.mjs").read_text())
    return home


if __name__ == "__main__":
    main()
