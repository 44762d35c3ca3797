"""The command as people run it: processes of their own, ports and a data directory of the test's own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from rich.console import Console
from rich.progress import Progress

from kit.ids import new_id
from kit.mongo import connect
from noren.sample.files import Sample, sample_slice
from noren.seed import load
from noren.stores import open_stores

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 6
"""The gateway's port and the five services' after it."""
START_S = 60.0
"""Six Python processes and a mongod on a busy machine; 8 s on an idle one."""
QUIET = "WARNING"
MARK = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what another process does."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not come true in time"
        time.sleep(0.05)


def free_block() -> int:
    """The first of six neighbouring ports that nobody listens on, below those the system hands out."""
    for first in range(11_000 + os.getpid() % 500 * 10, 20_000, 10):
        if all(can_listen(port) for port in range(first, first + BLOCK)):
            return first
    raise AssertionError("no six free ports in a row")


def can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True


def get(port: int, path: str = "/health/ready") -> int:
    """The status; 0 if nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            status: int = answer.status
            return status
    except HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0


def ask(port: int, query: str, **variables: Any) -> dict[str, Any]:
    """The gateway's whole response."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"http://127.0.0.1:{port}/graphql", body, {"content-type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        response: dict[str, Any] = json.load(answer)
        return response


@dataclass
class Running:
    """A command that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def said(self) -> str:
        return MARK.sub("", self.log.read_text(errors="replace"))

    def is_calm(self) -> bool:
        """No stack trace, and no last words of an interpreter that could not end."""
        return not any(word in self.said() for word in ("Traceback", "Fatal Python error"))

    def await_up(self) -> None:
        until(lambda: "Ctrl-C stops everything" in self.said() or self.process.poll() is not None, START_S)
        assert self.process.poll() is None, self.said()

    def send(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@dataclass
class Place:
    """A data directory, and who lives in it."""

    data_dir: Path
    environment: Mapping[str, str]
    started: list[Running]

    def start(self, *arguments: str, port: int | None = None, **settings: str) -> Running:
        """`noren …`, not waited for; its log is what it says on both outputs."""
        first = free_block() if port is None else port
        log = self.data_dir.parent / f"{len(self.started)}.log"
        environment = {**self.environment, "NOREN_PORT": str(first), **settings}
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "noren", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.started.append(Running(process, first, log))
        return self.started[-1]

    def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """`noren …` to its end: exit code, and what it said on both outputs."""
        running = self.start(*arguments, **settings)
        return running.process.wait(START_S), running.said()

    def inhabitants(self) -> dict[int, str]:
        """Every living process that has this data directory in its environment, children and mongod included."""
        mine = f"NOREN_DATA_DIR={self.data_dir}".encode()
        found: dict[int, str] = {}
        for process in Path("/proc").iterdir():
            if process.name.isdecimal():
                try:
                    if mine in (process / "environ").read_bytes().split(b"\0"):
                        found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
                except OSError:
                    continue
        return found

    def is_empty(self) -> bool:
        return not self.inhabitants()


def make_place(directory: Path) -> Iterator[Place]:
    data_dir = directory / "data"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOREN_")}
    place = Place(data_dir, {**kept, "NOREN_DATA_DIR": str(data_dir), "NOREN_LOG_LEVEL": QUIET}, [])
    yield place
    for running in place.started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
    until(place.is_empty)
    shutil.rmtree(data_dir, ignore_errors=True)  # each mongod's takes 300 MB


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores opened here may wait longer for their primary than a caller would; where there is none, nobody waits."""
    if "unreachable" not in request.node.name:
        monkeypatch.setattr("kit.mongo.SERVER_SELECTION_MS", 15_000)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A data directory of the test's own; when the test is over, nobody may live in it any more."""
    yield from make_place(tmp_path)


@pytest.fixture(scope="session")
def sample() -> Sample:
    """A slice of the sample data, with every reference inside it."""
    return sample_slice(products=10, customers=20, orders=40)


@pytest.fixture
def named_mongo(
    mongo_url: str, fresh_databases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """Settings that name the session's MongoDB and databases of the test's own; in this process they hold too."""
    settings = {
        "NOREN_MONGODB_URL": mongo_url,
        "NOREN_DATABASE_PREFIX": fresh_databases,
        "NOREN_DATA_DIR": str(tmp_path / "data"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture(scope="module")
async def seeded(
    mongo_url: str, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, str]]:
    """Settings of an installation with the slice in it, for tests that leave it as they found it."""
    prefix = f"s{new_id('x')[2:].lower()}"
    data_dir = str(tmp_path_factory.mktemp("noren"))
    settings = {"NOREN_MONGODB_URL": mongo_url, "NOREN_DATABASE_PREFIX": prefix, "NOREN_DATA_DIR": data_dir}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        async with open_stores(mongo_url) as stores:
            with Progress(console=Console(quiet=True)) as progress:
                await load(stores, sample, progress)
        yield settings
    async with connect(mongo_url) as client:
        for name in await client.list_database_names():
            if name.startswith(prefix):
                await client.drop_database(name)
