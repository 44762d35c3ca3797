"""Names every file of a data directory; decides nothing about them."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A unix socket's path must fit 104 bytes with its closing zero on macOS, 108 on Linux.
SOCKET_PATH_MAX_BYTES = 100
_SHORT_PREFIX = "noren-"


@dataclass(frozen=True, slots=True)
class Place:
    """One data directory. `root` is absolute, so that keeper and callers mean the same files."""

    root: Path

    @property
    def database(self) -> Path:
        """MongoDB's own files."""
        return self.root / "db"

    @property
    def mongod_log(self) -> Path:
        """What the running mongod says."""
        return self.root / "mongod.log"

    @property
    def previous_mongod_log(self) -> Path:
        """What the mongod before it said; older logs are not kept."""
        return self.root / "mongod.previous.log"

    @property
    def keeper_log(self) -> Path:
        """What the keeper says, which is nothing unless it breaks."""
        return self.root / "keeper.log"

    @property
    def lock(self) -> Path:
        """Locked by the one living keeper of this directory; holds its process id."""
        return self.root / "keeper.lock"

    @property
    def port(self) -> Path:
        """The port used last, so that the address stays the same from start to start where it can."""
        return self.root / "port"

    @property
    def binaries(self) -> Path:
        """Where a mongod is copied to when it cannot be made executable where it lies."""
        return self.root / "bin"

    @property
    def address(self) -> Path:
        """Holds the path of the socket on which the keeper listens."""
        return self.root / "keeper.address"

    def socket(self) -> Path | None:
        """The socket of the keeper that was here last, which may be dead; None if none is to be read."""
        try:
            return Path(os.fsdecode(self.address.read_bytes()))
        except OSError:
            return None

    def new_socket(self) -> Path:
        """Chooses and records a free path for a socket; for the holder of the lock only.

        In the data directory, or in a new private directory of a short name where that path is too long.
        """
        self.forget_socket()
        path = self.root / "keeper.sock"
        if len(os.fsencode(path)) > SOCKET_PATH_MAX_BYTES:
            path = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX)) / "keeper.sock"
        self.address.write_bytes(os.fsencode(path))
        return path

    def forget_socket(self) -> None:
        """Removes the socket of the last keeper and its record; for the holder of the lock only."""
        path = self.socket()
        if path is None:
            return
        self.address.unlink()
        path.unlink(missing_ok=True)
        if path.parent != self.root and path.parent.name.startswith(_SHORT_PREFIX):
            with contextlib.suppress(OSError):  # not ours, not empty or already gone: nothing to clear away
                path.parent.rmdir()
