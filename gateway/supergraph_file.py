"""A gateway over a supergraph that was composed elsewhere: reads its file, connects to its subgraphs, follows changes.

Owns the file and the transports. A file that cannot be read, is no supergraph or lacks the URL of a subgraph changes
nothing; the log says why, once for each state of the file. A transport that is no more used is closed when the requests
that began with it have ended.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.composer.contract import Contract
from gateway.errors import CompositionError, CompositionProblem
from gateway.live import LiveEngine
from gateway.supergraph import Supergraph
from gateway.transports import Transport
from kit.log import logger

Connect = Callable[[str, str], Transport]
"""The way to a subgraph, by its name and URL."""

_log = logger(__name__)


class SupergraphFile:
    """One file, and the ways to the subgraphs it names. `known_urls` are for those of which it gives no URL.

    `transports` is always that of the graph in service, by name; whoever shows it may hold on to it.
    """

    def __init__(
        self,
        path: Path,
        known_urls: Mapping[str, str],
        connect: Connect,
        retire_s: float = 60.0,
        contract: Contract | None = None,
    ) -> None:
        self._path = path
        self._known_urls = known_urls
        self._connect = connect
        self._retire_s = retire_s
        self._contract = contract
        self._urls: dict[str, str] = {}
        self._seen: tuple[int, ...] = ()
        self._text = ""
        self._retired: set[asyncio.Task[None]] = set()
        self.transports: dict[str, Transport] = {}

    def open(self) -> Supergraph:
        """Read the file and connect to all that it names; raises `OSError`, `ValueError` and `CompositionError`."""
        self._seen = self._state()
        text, supergraph, urls = self._read()
        self.transports.update(self._ways(urls))
        self._text, self._urls = text, urls
        return supergraph

    async def watch(self, engine: LiveEngine, every_s: float) -> None:
        """Look at the file again and again, and put what it says into service, until cancelled."""
        try:
            while True:
                await asyncio.sleep(every_s)
                try:
                    await self.look(engine)
                except Exception:
                    _log.exception("reload failed; the old graph stays", path=str(self._path))
        finally:
            for retiring in self._retired:
                retiring.cancel()

    async def look(self, engine: LiveEngine) -> bool:
        """Follow the file if it has changed; False if there was nothing to follow, or nothing that could be."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        try:
            text, supergraph, urls = await asyncio.to_thread(self._read)
            if text == self._text:
                return False
            ways = self._ways(urls)
            await engine.switch(supergraph, ways)
        except CompositionError as error:
            problems = [str(problem) for problem in error.problems]
            _log.error("supergraph not followed; the old graph stays", path=str(self._path), problems=problems)
            return False
        except (OSError, ValueError) as error:
            _log.error("supergraph not followed; the old graph stays", path=str(self._path), problems=[str(error)])
            return False
        self._put_in_service(text, urls, ways)
        return True

    def _state(self) -> tuple[int, ...]:
        """Differs whenever the file has been written or replaced; empty while it is away."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> tuple[str, Supergraph, dict[str, str]]:
        text = self._path.read_text(encoding="utf-8")
        supergraph = Supergraph.from_sdl(text, self._contract)
        urls = {**self._known_urls, **supergraph.urls}
        if missing := [name for name in supergraph.subgraphs if name not in urls]:
            message = f"the supergraph gives no URL of {', '.join(missing)}"
            hint = "give it in NOREN_SUBGRAPH_URLS"
            raise CompositionError([CompositionProblem("NO_SUBGRAPH_URL", message, tuple(missing), hint)])
        return text, supergraph, {name: urls[name] for name in supergraph.subgraphs}

    def _ways(self, urls: Mapping[str, str]) -> dict[str, Transport]:
        """Transports by name: those at hand where the URL is the same, new ones for the rest."""
        return {
            name: self.transports[name] if self._urls.get(name) == url else self._connect(name, url)
            for name, url in urls.items()
        }

    def _put_in_service(self, text: str, urls: dict[str, str], ways: dict[str, Transport]) -> None:
        for name, transport in [*self.transports.items()]:
            if ways.get(name) is not transport:
                retiring = asyncio.create_task(self._retire(transport))
                self._retired.add(retiring)
                retiring.add_done_callback(self._retired.discard)
                del self.transports[name]
        self.transports.update(ways)
        self._text, self._urls = text, urls

    async def _retire(self, transport: Transport) -> None:
        try:
            await asyncio.sleep(self._retire_s)
        finally:
            await transport.close()
