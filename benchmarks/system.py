"""A whole Noren in processes of its own, and what it costs: CPU and memory read from /proc (Linux)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TICK = os.sysconf("SC_CLK_TCK")
START_S = 300


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the start and resident megabytes (proportional share), by part."""

    noren_cpu_s: float
    mongod_cpu_s: float
    noren_mb: float
    mongod_mb: float

    def since(self, before: "Usage") -> tuple[float, float]:
        """CPU seconds of Noren and of mongod between two readings."""
        return self.noren_cpu_s - before.noren_cpu_s, self.mongod_cpu_s - before.mongod_cpu_s


@dataclass(frozen=True, slots=True)
class Running:
    """A started system."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    url: str
    start_s: float

    def usage(self) -> Usage:
        """What its processes have used; `noren` includes the keeper of the database."""
        noren_cpu = mongod_cpu = noren_mb = mongod_mb = 0.0
        for pid in _family(self.process.pid, self.data_dir):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "mongod":
                mongod_cpu, mongod_mb = mongod_cpu + _cpu_s(pid), mongod_mb + _memory_mb(pid)
            else:
                noren_cpu, noren_mb = noren_cpu + _cpu_s(pid), noren_mb + _memory_mb(pid)
        return Usage(noren_cpu, mongod_cpu, noren_mb, mongod_mb)


@contextmanager
def running(data_dir: Path, port: int, *arguments: str) -> Iterator[Running]:
    """`noren up` with these arguments on this data, until the block ends; started means: it answers as ready."""
    environment = {**os.environ, "NOREN_DATA_DIR": str(data_dir), "NOREN_PORT": str(port), "NOREN_LOG_LEVEL": "WARNING"}
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "noren", "up", *arguments], env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        while not _is_ready(f"{base}/health/ready"):
            if process.poll() is not None or time.monotonic() - started > START_S:
                raise SystemExit("noren up did not come up; its output above says why")
            time.sleep(0.05)
        yield Running(process, data_dir, f"{base}/graphql", time.monotonic() - started)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


CALM_SHARE = 0.2
"""Of a core: what five idle services and their MongoDB take, and some more."""
CALM_S = 3
CALM_AT_MOST_S = 300


def await_calm(system: Running) -> None:
    """Wait until what a fresh catalog left to hear in the background is heard: else it counts as a request's."""
    calm, waited = 0, 0
    while calm < CALM_S and waited < CALM_AT_MOST_S:
        before = system.usage()
        time.sleep(1.0)
        ours, mongods = system.usage().since(before)
        calm, waited = calm + 1 if ours + mongods < CALM_SHARE else 0, waited + 1
    print(f"calm after {waited} s", flush=True)


def machine() -> str:
    """What the figures were taken on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown CPU",
    )
    return f"{os.cpu_count()} cores ({model}), Python {sys.version.split()[0]}, MongoDB on the same cores"


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):
            return True
    except (URLError, OSError):
        return False


def _family(root: int, data_dir: Path) -> list[int]:
    """The command, its children, and the database's keeper and mongod, which are nobody's children."""
    parents: dict[int, int] = {}
    found = [root]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
                if str(data_dir).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid and child not in found]
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_s(pid: int) -> float:
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / TICK


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
