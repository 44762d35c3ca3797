"""What wakes subscribers: one change stream of the journal a process. It carries no entries, only whose there are new.

Subscribers read the entries themselves, by the number of the last they have seen (`store.entries_after`). A wallet's
entries have numbers without gaps and are kept for ever, so nothing is missed, however long a client or a stream was
away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import PyMongoError

from kit.log import logger
from kit.mongo import Collection, Document

log = logger(__name__)

RETRY_S = 0.5
"""Between two attempts to open the stream again; an election takes about a second."""
AWAIT_MS = 1_000
"""How long the server waits for the next change before it says that there is none."""


class WalletHub:
    """`run` it once a process; `watch` as often as there are subscribers."""

    def __init__(self, journal: Collection) -> None:
        self._journal = journal
        self._by_wallet: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def run(self) -> None:
        """Wake for ever; an unreachable database is waited for, and everybody looks when it is back."""
        while True:
            try:
                await self._follow()
            except PyMongoError as error:
                log.warning("live wallets wait", error=type(error).__name__)
            await asyncio.sleep(RETRY_S)

    @contextmanager
    def watch(self, wallet_id: str) -> Iterator[asyncio.Event]:
        """An event that is set each time the wallet may have new entries."""
        stirred = asyncio.Event()
        self._by_wallet[wallet_id].add(stirred)
        try:
            yield stirred
        finally:
            self._by_wallet[wallet_id].discard(stirred)
            if not self._by_wallet[wallet_id]:
                del self._by_wallet[wallet_id]

    async def _follow(self) -> None:
        inserted: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument.subject": 1}}]
        async with await self._journal.watch(inserted, max_await_time_ms=AWAIT_MS) as stream:
            for waiting in self._by_wallet.values():
                for stirred in waiting:
                    stirred.set()
            while stream.alive:
                change = await stream.try_next()
                if change is not None:
                    for stirred in self._by_wallet.get(change["fullDocument"]["subject"], ()):
                        stirred.set()
