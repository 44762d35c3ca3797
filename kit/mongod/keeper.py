"""The keeper: a process that owns one mongod and lives as long as someone holds a lease on it.

Owns the lock of a data directory, the socket on which leases are taken, and the order of things:
detach from the starter, claim the directory, listen, launch mongod, tell the leases, wait for the last lease to end,
stop mongod. Refuses to restart a mongod that ends by itself: its users are told, and start anew.
"""

import argparse
import asyncio
import fcntl
import os
import resource
import signal
import socket
import traceback
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from kit.mongod import replica_set, server
from kit.mongod.errors import MongodFailed
from kit.mongod.messages import Elsewhere, Failed, Message, Ready, Waiting, encode
from kit.mongod.place import Place

# A cold start takes a second; the replay of a long journal on a slow disk takes much longer.
START_TIMEOUT_S = 120.0
# A keeper that is about to leave holds the lock while it stops its mongod.
CLAIM_TIMEOUT_S = server.STOP_TIMEOUT_S + 10
PORT_ATTEMPTS = 5  # a free port can be taken by another before mongod binds it
STDERR_FD = 2
FIRST_LEASE_FD = 0  # the starter's end of a socket pair comes as standard input
WANTED_OPEN_FILES = 64_000  # what MongoDB asks for; macOS gives 256 unless asked
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Order:
    """What the starter asked for."""

    place: Place
    binary: Path
    cache_gb: float


class Leases:
    """The open connections of those who use mongod, and what they were told last."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()  # nobody uses mongod any more, or we were told to stop
        self._open: set[StreamWriter] = set()
        self._last: StreamWriter | None = None
        self._news: Message = Waiting("waiting for the keeper of MongoDB")

    async def hold(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Holds one lease until its user hangs up.

        The last one stays open on our side, so that its user sees the end of it when mongod is gone.
        """
        if self.ended.is_set():  # too late: the caller sees the connection end, and starts another keeper
            writer.close()
            return
        self._open.add(writer)
        writer.write(encode(self._news))
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        self._open.discard(writer)
        if self._open:
            writer.close()
        else:
            self._last = writer
            self.ended.set()

    def tell(self, news: Message) -> None:
        """Tells every user now, and every later one when it comes."""
        self._news = news
        for writer in self._open:
            writer.write(encode(news))

    def waiting(self, what: str) -> None:
        """Tells what the start waits for."""
        self.tell(Waiting(f"waiting for {what}"))

    async def unless_ended(self, work: Awaitable[None]) -> None:
        """Does `work`, or gives it up when the leases end."""
        doing = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait({doing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
        finally:
            for task in (doing, ended):
                task.cancel()
            await asyncio.gather(doing, ended, return_exceptions=True)


class Claim:
    """The exclusive lock on a data directory; the system frees it when its holder dies, so it is never stale."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file = place.lock.open("a+")
        self.taken = False

    def take(self) -> bool:
        """Whether the directory is ours now."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        self.taken = True
        return True

    def holder(self) -> int:
        """The process id that the holder wrote; 0 before it did."""
        text = self._place.lock.read_text().strip()
        return int(text) if text.isdecimal() else 0

    def holder_listens(self) -> bool:
        """Whether the holder takes leases, rather than being on its way in or out."""
        path = self._place.socket()
        if path is None:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(os.fspath(path))
            except OSError:
                return False
        return True


async def keep(order: Order, first: socket.socket) -> Leases:
    """Lives from the first lease to the last. Tells failures to the leases instead of raising them.

    Returns the leases, for the connections left in them must end no sooner than the process.
    """
    leases = Leases()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leases.ended.set)
    first_lease = asyncio.ensure_future(leases.hold(*await asyncio.open_unix_connection(sock=first)))
    await asyncio.sleep(0)  # let it be held before anyone else asks
    try:
        claim = Claim(order.place)
        await leases.unless_ended(_claimed(claim, leases))
        if claim.taken:
            await _serve(order, leases)
        elif not leases.ended.is_set():
            leases.tell(Elsewhere(claim.holder()))
    except MongodFailed as failure:
        leases.tell(Failed(failure.reason, failure.log_tail))
    except Exception as error:  # this process ends here: its users must hear why
        traceback.print_exc()
        leases.tell(Failed(f"The keeper of MongoDB broke: {error!r}", ""))
    first_lease.cancel()
    return leases


async def _claimed(claim: Claim, leases: Leases) -> None:
    """Returns when the directory is ours or its holder takes leases; raises if neither comes true in time."""
    if claim.take():
        return
    leases.waiting("the last user of this data directory to leave it")
    try:
        async with asyncio.timeout(CLAIM_TIMEOUT_S):
            while True:
                if claim.take() or claim.holder_listens():
                    return
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise MongodFailed(
            f"Process {claim.holder()} holds the data directory but does not answer: end it and start again."
        ) from None


async def _serve(order: Order, leases: Leases) -> None:
    """Takes leases and runs mongod until the leases end; it is gone when this returns or raises."""
    os.ftruncate(STDERR_FD, 0)  # keeper.log was appended to by every keeper that came too late
    place = order.place
    listener = await asyncio.start_unix_server(leases.hold, place.new_socket())
    mongod = server.Mongod(order.binary, place, order.cache_gb)
    try:
        await leases.unless_ended(_run(mongod, place, leases))
    finally:
        listener.close()  # first: who comes now waits for the lock and starts afresh
        place.forget_socket()
        await mongod.stop()


async def _run(mongod: server.Mongod, place: Place, leases: Leases) -> None:
    """Launches mongod, tells the leases, and raises when it ends by itself."""
    await server.stop_leftover(place, leases.waiting)
    port, version = await _launch(mongod, place, leases)
    place.port.write_text(str(port))
    leases.tell(Ready(replica_set.url(port), version, os.getpid(), mongod.pid))
    await mongod.ended()
    raise mongod.why_it_ended()


async def _launch(mongod: server.Mongod, place: Place, leases: Leases) -> tuple[int, str]:
    """The port and version of a mongod that takes writes; tries other ports where one is taken under its feet."""
    text = place.port.read_text().strip() if place.port.exists() else ""
    preferred = int(text) if text.isdecimal() else None
    for _ in range(PORT_ATTEMPTS):
        port = server.free_port(preferred)
        if preferred not in (None, port):  # mongod asks at its old address who is there; the silent cost it 30 s
            leases.waiting(f"mongod to move: the port it had, {preferred}, is taken")
        await mongod.start(port)
        opening = asyncio.ensure_future(replica_set.open_replica_set(port, leases.waiting))
        ended = asyncio.ensure_future(mongod.ended())
        try:
            await asyncio.wait({opening, ended}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                return port, opening.result()
        finally:
            opening.cancel()
            ended.cancel()
        if not ended.done():
            raise mongod.gave_up(f"mongod took no writes within {START_TIMEOUT_S:.0f} s.")
        if ended.result() != server.EXIT_ADDRESS_IN_USE:
            raise mongod.why_it_ended()
        preferred = None
    raise mongod.gave_up(f"mongod found {PORT_ATTEMPTS} ports taken.")


def main() -> None:
    """Detaches from the starter, which so has no child to wait for, and keeps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("binary", type=Path)
    parser.add_argument("cache_gb", type=float)
    given = parser.parse_args()
    if os.fork():
        os._exit(0)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_OPEN_FILES if most == resource.RLIM_INFINITY else min(WANTED_OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    first = socket.socket(fileno=os.dup(FIRST_LEASE_FD))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), FIRST_LEASE_FD)  # else our copy would keep the lease from ending
    leases = asyncio.run(keep(Order(Place(given.root), given.binary, given.cache_gb), first))
    os._exit(0 if leases.ended.is_set() else 1)  # at once: the end of the process is what the last user waits for


if __name__ == "__main__":
    main()
