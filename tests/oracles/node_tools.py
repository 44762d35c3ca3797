"""Runs the Node scripts beside it; their packages and Node itself come from npm, once, outside of the repository."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "node"
NODE = "node_modules/node/bin/node"


def run_node(script: str, data: Any) -> Any:
    """Give a script JSON and return the JSON it writes."""
    home = installed()
    shutil.copy(HERE / script, home / script)
    done = subprocess.run(
        [str(home / NODE), str(home / script)], input=json.dumps(data), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def installed() -> Path:
    """Directory with the packages, Node 22 among them; npm installs them on the first use of these versions."""
    wanted = (HERE / "package.json").read_bytes()
    home = Path(tempfile.gettempdir()) / f"noren-oracles-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (home / NODE).exists():
        home.mkdir(exist_ok=True)
        (home / "package.json").write_bytes(wanted)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True)
    return home
