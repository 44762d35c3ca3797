"""Runs the Node scripts beside it; their packages are installed once, outside of the repository."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "node"
MIN_NODE = 20


def run_node(script: str, data: Any) -> Any:
    """Give a script JSON and return the JSON it writes."""
    home = installed()
    shutil.copy(HERE / script, home / script)
    done = subprocess.run(
        ["node", str(home / script)], input=json.dumps(data), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def installed() -> Path:
    """Directory with the packages; npm installs them on the first use of these versions."""
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.strip().removeprefix("v").split(".")[0]) < MIN_NODE:
        raise RuntimeError(f"Node {MIN_NODE} or newer is needed, this is {told.strip()}")
    wanted = (HERE / "package.json").read_bytes()
    home = Path(tempfile.gettempdir()) / f"noren-oracles-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (home / "node_modules").is_dir():
        home.mkdir(exist_ok=True)
        (home / "package.json").write_bytes(wanted)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True)
    return home
