"""A server as a child process: started, waited for, measured from /proc (Linux), stopped."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import orjson

TICK = os.sysconf("SC_CLK_TCK")
START_S = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running child."""

    process: subprocess.Popen[bytes]
    url: str

    def cpu_s(self) -> float:
        """CPU seconds used so far, in user and kernel mode, threads included."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICK

    def memory_mb(self) -> float:
        """Resident megabytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def open_files(self) -> int:
        """Files and connections it holds open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextmanager
def started(
    command: Sequence[str],
    url: str,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
) -> Iterator[Server]:
    """Run `command` until the block ends; started means that `url` answers `{ __typename }`."""
    with (log or Path(os.devnull)).open("ab") as sink:
        process = subprocess.Popen(
            command, env={**os.environ, **(environment or {})}, cwd=folder, stdout=sink, stderr=sink
        )
        try:
            end = time.monotonic() + START_S
            while not answers(url):
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"{' '.join(command)} did not come up; see {log}")
                time.sleep(0.05)
            yield Server(process, url)
        finally:
            process.terminate()
            process.wait(30)


def answers(url: str) -> bool:
    """Whether a GraphQL server is there."""
    try:
        return "data" in ask(url, "{ __typename }")
    except (URLError, OSError, ValueError):
        return False


def ask(url: str, query: str) -> dict[str, object]:
    """Ask once, without a pool."""
    request = Request(url, orjson.dumps({"query": query}), {"content-type": "application/json"})
    try:
        with urlopen(request, timeout=30) as answer:
            body = answer.read()
    except HTTPError as refused:
        body = refused.read()
    answered = orjson.loads(body)
    assert isinstance(answered, dict)
    return answered


def machine() -> str:
    """What figures are taken on, and how busy it is."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown CPU",
    )
    return f"{os.cpu_count()} cores ({model}), load average {os.getloadavg()[0]:.1f} at the start"
