"""Seed and import rates: `python -m benchmarks.imports [FILE]`.

FILE is the UCI "Online Retail II" sheet 2009-2010 as Parquet, CSV or Excel (UCI dataset 502, CC BY 4.0);
without it only the seed is timed. Each command runs in a process of its own on an empty data directory, the second
time on what the first left.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.system import machine

UCI_ROWS = 525_461
SEED_ROWS = {"customers": 18_484, "orders": 27_659, "order lines": 60_398, "stock": 10_291}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    arguments = parser.parse_args()
    print(f"{machine()}\n")
    print("| command | first s | again s | rows/s, first |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="noren-bench-") as folder:
        measure("noren seed", ["seed"], Path(folder), sum(SEED_ROWS.values()))
    if arguments.file is not None:
        with tempfile.TemporaryDirectory(prefix="noren-bench-") as folder:
            command = ["import", "orders", str(arguments.file.resolve()), "--mapping", "uci-online-retail"]
            measure("noren import orders (UCI)", command, Path(folder), UCI_ROWS)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nLargest resident memory of a command: {peak_mb:.0f} MB.")


def measure(name: str, command: list[str], folder: Path, rows: int) -> None:
    """One row: the command twice on the same data, MongoDB's start and stop included."""
    environment = {**os.environ, "NOREN_DATA_DIR": str(folder / "noren"), "NOREN_LOG_LEVEL": "ERROR"}
    seconds: list[float] = []
    for _ in range(2):
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "noren", *command], env=environment, cwd=folder, check=True, capture_output=True
        )
        seconds.append(time.monotonic() - started)
    print(f"| `{name}` | {seconds[0]:.1f} | {seconds[1]:.1f} | {rows / seconds[0]:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
