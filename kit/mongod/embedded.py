"""The caller's side of an embedded MongoDB: take a lease on it, hold the lease, give it up."""

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from kit.mongod import binary, messages
from kit.mongod.errors import MongodFailed
from kit.mongod.place import Place

logger = logging.getLogger(__name__)

# Enough for a demonstration's working set; MongoDB's own default is half of the machine's memory, its floor 0.25.
DEFAULT_CACHE_GB = 0.5
MIN_CACHE_GB = 0.25
# A new journal alone takes 300 MB; below this mongod starts, and dies at some later write.
MIN_FREE_BYTES = 512 * 1024**2
# Longer than every wait of the keeper, which says what it waits for before it gives up.
SILENCE_TIMEOUT_S = 180.0
CLOSE_TIMEOUT_S = 30.0  # longer than the keeper gives mongod to stop
# Between a keeper that has just left and one that has just come there is nothing to wait on.
RETRY_S = 0.05
MAX_ATTEMPTS = 20
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class EmbeddedMongo:
    """A lease on the MongoDB of one data directory: it runs until the last lease on it ends.

    Give it up with `close()` or `with`; the death of this process does so too. `url` names a replica set on loopback,
    `started` is True if this call started it and False if it joined one that ran. Blocking, and safe to call in a
    thread. A forked child holds the lease together with its parent, until the parent closes it or both are gone.
    """

    def __init__(self, lease: socket.socket, ready: messages.Ready, *, started: bool) -> None:
        self.url = ready.url
        self.version = ready.version
        self.keeper_pid = ready.keeper_pid
        self.mongod_pid = ready.mongod_pid
        self.started = started
        self._lease = lease
        self._owner_pid = os.getpid()

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        on_wait: Callable[[str], None] = logger.info,
        mongod: Path | None = None,
        cache_gb: float = DEFAULT_CACHE_GB,
    ) -> Self:
        """Joins the MongoDB that runs on `data_dir`, or starts one; returns when it takes writes.

        `on_wait` hears what is waited for; `mongod` names a binary, before NOREN_MONGOD, PATH and the bundled one;
        `cache_gb` is the memory of the storage engine, for the one who starts it. Raises MongodMissing, MongodFailed.
        """
        if cache_gb < MIN_CACHE_GB:
            raise ValueError(f"cache_gb is {cache_gb}, MongoDB needs at least {MIN_CACHE_GB}")
        place = Place(data_dir.expanduser().resolve())
        for _ in range(MAX_ATTEMPTS):
            lease = _join(place)
            found: binary.Binary | None = None
            if lease is None:
                lease, found = _start_keeper(place, mongod, cache_gb)
            with _closed_on_error(lease):
                ready = _follow(lease, on_wait)
                if ready is not None:
                    if found is not None and found.bundled:
                        _warn_of_bundle(ready.version)
                    return cls(lease, ready, started=found is not None)
            lease.close()
            time.sleep(RETRY_S)
        raise MongodFailed(f"MongoDB on {place.root} was started and left by others {MAX_ATTEMPTS} times: try again.")

    def close(self) -> None:
        """Ends the lease; if it was the last, returns when mongod is gone. A second call does nothing."""
        if self._owner_pid == os.getpid():  # a forked child may only let go of its copy
            with contextlib.suppress(OSError):
                self._lease.shutdown(socket.SHUT_WR)
                self._lease.settimeout(CLOSE_TIMEOUT_S)
                while self._lease.recv(1024):
                    pass
        self._lease.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _join(place: Place) -> socket.socket | None:
    """A connection to the keeper that lives here; None if none does."""
    path = place.socket()
    if path is None:
        return None
    lease = socket.socket(socket.AF_UNIX)
    try:
        lease.connect(os.fspath(path))
    except OSError:
        lease.close()
        return None
    return lease


def _start_keeper(place: Place, mongod: Path | None, cache_gb: float) -> tuple[socket.socket, binary.Binary]:
    """Our lease on a new keeper, and the mongod that it will start unless another keeper was faster."""
    try:
        _prepare(place)
        found = binary.find_mongod(mongod, place.binaries)
        return _spawn_keeper(place, found.path, cache_gb), found
    except OSError as error:
        raise MongodFailed(f"The data directory {place.root} cannot be used: {error.strerror or error}.") from error


def _prepare(place: Place) -> None:
    """Makes the data directory; refuses one that mongod would stumble over later."""
    place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(place.root).free
    if free < MIN_FREE_BYTES:
        raise MongodFailed(
            f"The disk that holds {place.root} is full: {free / 1024**2:.0f} MB are free, "
            f"MongoDB needs {MIN_FREE_BYTES / 1024**2:.0f} MB."
        )


def _spawn_keeper(place: Place, mongod: Path, cache_gb: float) -> socket.socket:
    """Starts a keeper that outlives this process if others need it; returns our lease on it."""
    ours, theirs = socket.socketpair()
    search_path = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with theirs, place.keeper_log.open("ab") as log:
        # In a session of its own: a Ctrl-C in the terminal is for us, and mongod must outlive our last write.
        starter = subprocess.run(
            [sys.executable, "-P", "-m", "kit.mongod.keeper", str(place.root), str(mongod), str(cache_gb)],
            stdin=theirs.fileno(),
            stdout=log,
            stderr=log,
            cwd=place.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(search_path)},
            start_new_session=True,
            check=False,
        )
    if starter.returncode != 0:
        ours.close()
        tail = place.keeper_log.read_text(errors="replace").splitlines()[-5:]
        raise MongodFailed("The keeper of MongoDB did not start.", "\n".join(tail))
    return ours


def _follow(lease: socket.socket, on_wait: Callable[[str], None]) -> messages.Ready | None:
    """Listens to the keeper until MongoDB is ready; None if this keeper has none for us, so that another must."""
    lease.settimeout(SILENCE_TIMEOUT_S)
    try:
        with lease.makefile("rb") as lines:
            for line in lines:
                match messages.decode(line):
                    case messages.Ready() as ready:
                        return ready
                    case messages.Waiting(text):
                        on_wait(text)
                    case messages.Failed(reason, log_tail):
                        raise MongodFailed(reason, log_tail)
                    case messages.Elsewhere():
                        return None
    except TimeoutError:
        raise MongodFailed(f"The keeper of MongoDB was silent for {SILENCE_TIMEOUT_S:.0f} s.") from None
    except ConnectionError:
        return None
    except ValueError as error:
        raise MongodFailed(f"The keeper of MongoDB is of another version: {error}") from error
    return None


@contextlib.contextmanager
def _closed_on_error(lease: socket.socket) -> Iterator[None]:
    """Lets go of a lease that its caller will never see."""
    try:
        yield
    except BaseException:
        lease.close()
        raise


def _warn_of_bundle(version: str) -> None:
    logger.warning(
        "MongoDB %s of the package %s was started: for trying and testing on loopback only, because it predates "
        "security fixes. Put a current mongod on PATH, or set NOREN_MONGODB_URL.",
        version,
        binary.BUNDLE,
    )
