"""Runs one mongod process: its options, its port, its start and stop, and a leftover of it."""

import asyncio
import asyncio.subprocess
import contextlib
import ctypes
import fcntl
import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from kit.mongod import failure
from kit.mongod.errors import MongodFailed
from kit.mongod.place import Place

HOST = "127.0.0.1"  # never another: this mongod asks nobody for a password
REPLICA_SET = "noren"
EXIT_ADDRESS_IN_USE = 48
# Below the ports that Linux (32768 up) and macOS (49152 up) hand out, so that it stays free from start to start.
PORTS = range(20_000, 32_000)
PORT_TRIES = 20
# The oplog is the past that a change stream can resume from; MongoDB's default is 5 % of the free disk.
OPLOG_MB = 1024
# A clean stop takes about a second; after this the journal has to do.
STOP_TIMEOUT_S = 20.0
_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def free_port(preferred: int | None) -> int:
    """`preferred` if nobody has it, else another that is free. Someone may still take it before mongod does."""
    tries = random.sample(PORTS, PORT_TRIES)
    for port in tries if preferred is None else [preferred, *tries]:
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as mongod does: no waiting for TIME_WAIT
            probe.bind((HOST, port))
            return port
    raise MongodFailed(f"{PORT_TRIES} ports on {HOST} are all taken.")


class Mongod:
    """One mongod process at a time: a child that dies with this process and writes all it says to one log."""

    def __init__(self, binary: Path, place: Place, cache_gb: float) -> None:
        self._binary = binary
        self._place = place
        self._cache_gb = cache_gb
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 before the first start."""
        return self._process.pid if self._process else 0

    async def start(self, port: int) -> None:
        """Starts it; it listens some time later, if it does not end first."""
        self._place.database.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._place.mongod_log.replace(self._place.previous_mongod_log)
        with self._place.mongod_log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(port),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with(os.getpid()),
            )

    def _command(self, port: int) -> list[str]:
        options = {
            "--dbpath": str(self._place.database),
            "--bind_ip": HOST,
            "--port": str(port),
            "--replSet": REPLICA_SET,
            "--wiredTigerCacheSizeGB": str(self._cache_gb),
            "--oplogSize": str(OPLOG_MB),
            "--setParameter": "diagnosticDataCollectionEnabled=false",  # up to 200 MB of telemetry for support
        }
        words = [word for pair in options.items() for word in pair]
        return [str(self._binary), "--quiet", "--nounixsocket", *words]

    async def ended(self) -> int:
        """Waits until it is gone and returns its exit code, negative for a signal."""
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """Ends it cleanly, or at once if it does not end in STOP_TIMEOUT_S. Returns when it is gone."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def why_it_ended(self) -> MongodFailed:
        """The failure that an ended mongod stands for."""
        code = self._process.returncode if self._process else None
        return failure.of_exit(code or 0, self._place)

    def gave_up(self, why: str) -> MongodFailed:
        """A failure for a reason of the caller's, with the end of the log."""
        return MongodFailed(why, failure.tail(failure.last_words(self._place.mongod_log)))


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does before it becomes mongod: ask Linux to end it when the keeper dies, however it dies.

    Elsewhere the next start ends the leftover. The signal follows the thread that forks: call from the main thread.
    """

    def ask() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    return ask


async def stop_leftover(place: Place, waiting: Callable[[str], None]) -> None:
    """Ends a mongod that still runs on this data directory although its keeper is dead.

    A living mongod holds a lock on `mongod.lock`, which has its process id; a stale file is not locked and harmless.
    """
    try:
        lock = (place.database / "mongod.lock").open("rb")
    except FileNotFoundError:
        return
    with lock:
        for last_word in (signal.SIGTERM, signal.SIGKILL):
            if _free(lock.fileno()):
                return
            waiting("a mongod left over from a crash to end")
            if pid := _leftover_pid(place):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, last_word)
            waited = 0.0
            while not _free(lock.fileno()) and waited < STOP_TIMEOUT_S:
                await asyncio.sleep(_POLL_S)
                waited += _POLL_S
        if not _free(lock.fileno()):
            raise MongodFailed(f"a mongod left over on {place.database} cannot be stopped")


def _free(lock: int) -> bool:
    """Whether no living process holds the lock; takes it for an instant."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


def _leftover_pid(place: Place) -> int | None:
    """The process that mongod.lock names; None while it comes or goes.

    Refuses a stranger: after a hard stop, or in another container, the same number can mean another process.
    """
    text = (place.database / "mongod.lock").read_text(errors="replace").strip()
    if not text.isdecimal():
        return None
    if sys.platform == "linux":
        try:
            arguments = Path(f"/proc/{text}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        if arguments != [b""] and os.fsencode(place.database) not in arguments:  # empty: it is ending
            raise MongodFailed(f"{place.database} is in use by process {text}, which is not ours.")
    return int(text)
