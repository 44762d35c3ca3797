"""Three real mongod processes as one replica set, any of which can be killed and started again."""

import asyncio
import subprocess
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from kit.mongod.binary import find_mongod
from kit.mongod.server import HOST, free_port

NAME = "faults"
ELECTION_MS = 2_000
"""Until the others notice that a primary is gone; MongoDB's default of ten seconds only makes the run longer."""
READY_S = 90.0


class ReplicaSet(AbstractAsyncContextManager["ReplicaSet"]):
    """Three members under one directory; everything is killed when the block ends."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._binary = find_mongod(None, directory / "copies").path
        self._members: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """Where to reach it, whoever is primary."""
        hosts = ",".join(f"{HOST}:{port}" for port in self._members)
        return f"mongodb://{hosts}/?replicaSet={NAME}"

    async def __aenter__(self) -> "ReplicaSet":
        try:
            await self._begin()
        except BaseException:
            self._kill_all()
            raise
        return self

    async def _begin(self) -> None:
        while len(self._members) < 3:
            port = free_port(None)
            self._start(port)
        for port in self._members:
            await self._listening(port)
        first, *_ = self._members
        members = [{"_id": n, "host": f"{HOST}:{port}"} for n, port in enumerate(self._members)]
        config = {"_id": NAME, "members": members, "settings": {"electionTimeoutMillis": ELECTION_MS}}
        async with AsyncMongoClient[dict[str, Any]](HOST, first, directConnection=True) as client:
            await client.admin.command("replSetInitiate", config)
        await self.primary()

    async def _listening(self, port: int) -> None:
        """Initiating a set asks every member, and one that does not listen yet spoils it."""
        async with asyncio.timeout(READY_S), AsyncMongoClient[dict[str, Any]](HOST, port, directConnection=True) as one:
            while True:
                try:
                    await one.admin.command("ping")
                    return
                except PyMongoError:
                    await asyncio.sleep(0.1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill_all()

    def _kill_all(self) -> None:
        for process in self._members.values():
            process.kill()
            process.wait()

    async def primary(self) -> int:
        """The port of the member that takes writes, waited for."""
        async with asyncio.timeout(READY_S), AsyncMongoClient[dict[str, Any]](self.url) as client:
            while True:
                try:
                    await client.admin.command("ping")
                    found = await client.primary
                    if found is not None:
                        return int(found[1])
                except PyMongoError:
                    pass
                await asyncio.sleep(0.1)

    async def kill_primary(self) -> int:
        """SIGKILL; returns its port."""
        port = await self.primary()
        self._members[port].kill()
        self._members[port].wait()
        return port

    def start_again(self, port: int) -> None:
        """On its own data, as after a crash of the machine."""
        self._start(port)

    def _start(self, port: int) -> None:
        data = self._directory / str(port)
        data.mkdir(exist_ok=True)
        options = ["--dbpath", str(data), "--bind_ip", HOST, "--port", str(port), "--replSet", NAME]
        options += ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256", "--quiet", "--nounixsocket"]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        log = (data.parent / f"{port}.log").open("ab")
        self._members[port] = subprocess.Popen([str(self._binary), *options], stdout=log, stderr=log)
