"""A data directory for each test, processes that use it, and a look at which mongod really runs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Starts the MongoDB of the directory it is given, says so in one line, and keeps it until its input ends.
# A Ctrl-C makes it write one more document before it leaves, as a service does that drains.
USER_PROGRAM = """
import json, sys
from pathlib import Path
from kit.mongod import EmbeddedMongo
from pymongo import MongoClient
with EmbeddedMongo.start(Path(sys.argv[1]), on_wait=lambda text: print(text, file=sys.stderr, flush=True)) as mongo:
    facts = {name: getattr(mongo, name) for name in ("url", "started", "keeper_pid", "mongod_pid")}
    try:
        print(json.dumps(facts), flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        with MongoClient(mongo.url) as client:
            client.test.things.insert_one({"_id": "written after Ctrl-C"})
"""


@dataclass
class User:
    """A process that uses an embedded MongoDB."""

    process: subprocess.Popen[str]

    def facts(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process ended without MongoDB"
        return dict(json.loads(line))

    def wait_for_message(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def leave(self) -> int:
        self.process.communicate(timeout=20)
        return self.process.returncode

    def begin_to_leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Cleared away at once: each one takes 300 MB."""
    path = tmp_path / "mongo"
    yield path
    until(lambda: not running(path))
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def new_user() -> Iterator[Callable[[Path], User]]:
    users: list[User] = []

    def start(data_dir: Path) -> User:
        process = subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        users.append(User(process))
        return users[-1]

    yield start
    for user in users:
        if user.process.returncode is None:
            user.kill()


def running(data_dir: Path) -> list[int]:
    """The process ids of every living keeper and mongod of a data directory."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        keeps = b"kit.mongod.keeper" in arguments and os.fsencode(data_dir) in arguments
        if keeps or os.fsencode(data_dir / "db") in arguments:
            found.append(int(process.name))
    return found


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for what another process does."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def processes() -> Callable[[Path], list[int]]:
    return running


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture
def kill_hard() -> Callable[..., None]:
    def kill(*pids: int) -> None:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # none may see the other die and tidy up
            for pid in pids:
                os.kill(pid, number)

    return kill
