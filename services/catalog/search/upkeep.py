"""Keeps the index fresh: builds it, follows what changes, hands over to another process when this one falls silent.

The steps of a writer, in order:
A. Claim the lease of this index directory in MongoDB. Who has it not, only reads.
B. Build the index anew if there is none, if it was made for other fields or channels, if the change stream can no
   longer go on from where it was left, or if somebody asked (`noren search rebuild`).
C. Follow the change stream; a moment's changes become one commit, and then the stream's place is noted in the lease.

A crash between commit and note repeats changes, and a product that is indexed again is read as it is then: nothing is
lost, nothing is stale. A writer that lost its lease while it slept cannot write: its next note is refused, and until
it has closed the engine's own file lock keeps its successor waiting.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from pymongo.errors import OperationFailure, PyMongoError

from kit.ids import new_id
from kit.log import logger
from kit.mongo import is_outage
from kit.tasks import stop
from kit.times import utc_now
from services.catalog.attribute.store import COLLECTION as ATTRIBUTES
from services.catalog.availability.model import sku_of
from services.catalog.availability.store import COLLECTION as AVAILABILITY
from services.catalog.category.store import COLLECTION as CATEGORIES
from services.catalog.channel.store import COLLECTION as CHANNELS
from services.catalog.pricing.store import BOOKS
from services.catalog.product.store import COLLECTION as PRODUCTS
from services.catalog.search.actions import SKU, indexed, load_shop
from services.catalog.search.directory import Current, Directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.entry import Shop
from services.catalog.search.fields import stamp
from services.catalog.search.store import Change, Changes, Claim
from services.catalog.search.writer import Writer, WriterBusy
from services.catalog.standing.store import COLLECTION as STANDINGS
from services.catalog.store import CatalogStore

log = logger(__name__)

LEASE: Final = timedelta(seconds=10)
"""How long a silent writer keeps others out; renewed three times within."""
RETRY_S: Final = 0.5
RELEASE_S: Final = 1.0
"""What giving the lease back may cost a shutdown; without it the next writer waits for the rest of the lease."""
REFRESH_S: Final = 0.2
"""How often a reader looks for what another process has committed."""
WAKE_S: Final = 0.3
"""How late a change by date may be seen."""
GATHER_S: Final = 0.05
"""Changes of this long become one commit: a commit costs some 20 ms whatever is in it."""
MAX_GATHERED: Final = 500
"""Changes of one commit; a stock take is many."""
QUEUE: Final = 5_000
REBUILD_BATCH: Final = 200
"""Ids of products read at a time in a rebuild."""
SLICE: Final = 8
"""Products indexed at a stretch: some ten milliseconds of Python, in which this process answers nobody."""


class LeaseLost(Exception):
    """Another process has become the writer."""


class Upkeep:
    """The writer's work of one process; any number of processes may run one on the same directory."""

    def __init__(
        self, store: CatalogStore, engine: SearchEngine, directory: Directory, *, lease: timedelta = LEASE
    ) -> None:
        self._store = store
        self._engine = engine
        self._directory = directory
        self._lease = lease
        self._holder = new_id("hld")
        self._index = ""

    async def run(self) -> None:
        """Write whenever the lease is free, for ever; cancelled, give it back."""
        self._index = await asyncio.to_thread(self._directory.identity)
        try:
            while True:
                try:
                    await self._turn()
                except PyMongoError as error:
                    log.warning("search index waits", error=type(error).__name__)
                except (LeaseLost, WriterBusy) as error:
                    log.info("search index is written elsewhere", reason=type(error).__name__)
                await asyncio.sleep(RETRY_S)
        finally:
            with suppress(PyMongoError, TimeoutError):
                async with asyncio.timeout(RELEASE_S):
                    await self._store.search.release(self._index, self._holder)

    async def rebuild(self) -> str:
        """Make the index anew, here or in the process that writes it; returns the new generation when it is read."""
        self._index = await asyncio.to_thread(self._directory.identity)
        search = self._store.search
        before = await search.generation(self._index)
        await search.ask_rebuild(self._index)
        while (now := await search.generation(self._index)) == before or now is None:
            claim = await search.claim(self._index, self._holder, utc_now(), self._lease)
            if claim is not None and claim.rebuild_asked:
                await _until_one_ends(self._rebuild(await load_shop(self._store)), self._keep_lease())
            if claim is not None:
                await search.release(self._index, self._holder)
            else:
                await asyncio.sleep(RETRY_S)
        return now

    async def watch(self) -> None:
        """Show this process what any writer has committed, and staff's synonyms, for ever."""
        own: dict[str, Sequence[str]] = {}
        while True:
            self._engine.refresh()
            try:
                found = await self._store.search.synonym_groups()
            except PyMongoError:
                found = own
            if found != own:
                own = found
                self._engine.use_synonyms(own)
            await asyncio.sleep(REFRESH_S)

    async def _turn(self) -> None:
        claim = await self._store.search.claim(self._index, self._holder, utc_now(), self._lease)
        if claim is None:
            return
        shop = await load_shop(self._store)
        current = self._directory.current()
        if current is None or _is_stale(current, claim, shop):
            await _until_one_ends(self._rebuild(shop), self._keep_lease())
            return
        assert claim.token is not None, "what is not stale has a place in the stream"
        writer = await asyncio.to_thread(Writer.open, self._directory, current.generation)
        try:
            async with self._store.search.changes(token=claim.token) as changes:
                await self._follow(changes, writer, shop)
        except OperationFailure as error:
            if is_outage(error):
                raise
            log.warning("search index is built anew: its place in the change stream is gone", code=error.code)
            await self._store.search.ask_rebuild(self._index)
        finally:
            await asyncio.to_thread(writer.close)

    async def _rebuild(self, shop: Shop) -> None:
        """A new generation of all products; changes since its beginning are followed from the token on."""
        async with self._store.search.changes(at=await self._store.search.now()) as changes:
            token = changes.token
        writer, current = await asyncio.to_thread(
            Writer.create, self._directory, [channel.id for channel in shop.channels]
        )
        try:
            count = await self._fill(writer, shop)
            await asyncio.to_thread(writer.commit)
        finally:
            await asyncio.to_thread(writer.close)
        await self._note({"generation": current.generation, "token": token, "rebuild_asked": False})
        self._directory.swap(current)
        self._directory.remove_others(current.generation)
        self._engine.refresh()
        log.info("search index built", products=count, generation=current.generation)

    async def _fill(self, writer: Writer, shop: Shop) -> int:
        """Put all products; returns how many there were."""
        count, after = 0, ""
        while ids := await self._store.search.product_ids(after, REBUILD_BATCH):
            count, after = count + await self._put(writer, ids, shop), ids[-1]
        return count

    async def _put(self, writer: Writer, ids: Sequence[str], shop: Shop) -> int:
        """Index these products as they are now, and take away what is gone; returns how many there are. Between slices
        the process answers others: a service builds its index beside its requests."""
        count = 0
        for start in range(0, len(ids), SLICE):
            rows, gone = await indexed(self._store, ids[start : start + SLICE], shop, utc_now())
            await asyncio.to_thread(writer.put, rows, gone)
            count += len(rows)
        return count

    async def _follow(self, changes: Changes, writer: Writer, shop: Shop) -> None:
        queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE)
        idle = asyncio.Event()
        idle.set()
        await _until_one_ends(
            _read(changes, queue),
            self._work(queue, idle, writer, shop),
            self._wake(queue),
            self._keep_place(changes, queue, idle),
        )

    async def _work(self, queue: "asyncio.Queue[Change]", idle: asyncio.Event, writer: Writer, shop: Shop) -> None:
        """Commit what has changed, batch after batch; ends when the index must be built anew."""
        while True:
            batch = [await queue.get()]
            idle.clear()
            await asyncio.sleep(GATHER_S)
            while len(batch) < MAX_GATHERED and not queue.empty():
                batch.append(queue.get_nowait())
            if await self._is_another_shop(batch, shop):
                await self._store.search.ask_rebuild(self._index)
                return
            ids = await self._products_of(batch)
            if ids:
                await self._put(writer, ids, shop)
                await asyncio.to_thread(writer.commit)
                self._engine.refresh()
            tokens = [change.token for change in batch if change.token is not None]
            await self._note({"token": tokens[-1]} if tokens else {})
            idle.set()

    async def _is_another_shop(self, batch: Sequence[Change], shop: Shop) -> bool:
        touched = any(change.collection in (CHANNELS, ATTRIBUTES) for change in batch)
        return touched and signature(await load_shop(self._store)) != signature(shop)

    async def _wake(self, queue: "asyncio.Queue[Change]") -> None:
        """Have products indexed again in which something changes by itself: a publication or a price by date."""
        while True:
            await asyncio.sleep(WAKE_S)
            for id in self._engine.reader.due(int(utc_now().timestamp()), MAX_GATHERED):
                await queue.put(Change(PRODUCTS, id, None))

    async def _products_of(self, batch: Sequence[Change]) -> list[str]:
        """The products whose entries a batch of changes touches."""
        search = self._store.search
        ids = {change.id: None for change in batch if change.collection in (PRODUCTS, STANDINGS)}
        skus = {sku_of(change.id) for change in batch if change.collection == AVAILABILITY}
        skus |= {change.id.removeprefix(SKU) for change in batch if change.collection == BOOKS}
        if skus:
            ids |= dict.fromkeys(await search.products_of_skus(sorted(skus)))
        for category in {change.id for change in batch if change.collection == CATEGORIES}:
            ids |= dict.fromkeys(await search.products_of_category(category))
        return list(ids)

    async def _keep_place(self, changes: Changes, queue: "asyncio.Queue[Change]", idle: asyncio.Event) -> None:
        """Renew the lease; where nothing waits, note how far the stream is, so that its place does not grow old."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            quiet = idle.is_set() and queue.empty() and changes.token is not None
            claim = await self._note({"token": changes.token} if quiet else {})
            if claim.rebuild_asked:
                return

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            await self._note({})

    async def _note(self, values: dict[str, Any]) -> Claim:
        claim = await self._store.search.renew(self._index, self._holder, utc_now() + self._lease, values)
        if claim is None:
            raise LeaseLost
        return claim


def signature(shop: Shop) -> tuple[object, ...]:
    """What of a shop its index is made for: other currencies are other prices, other attributes other facets."""
    channels = sorted((channel.id, channel.currency, channel.kind) for channel in shop.channels)
    return channels, sorted((code, one.version) for code, one in shop.definitions.items())


def _is_stale(current: Current, claim: Claim, shop: Shop) -> bool:
    other = current.stamp != stamp([channel.id for channel in shop.channels])
    return other or claim.rebuild_asked or claim.token is None or claim.generation != current.generation


async def _read(changes: Changes, queue: "asyncio.Queue[Change]") -> None:
    async for change in changes.follow():
        await queue.put(change)


async def _until_one_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side; the first that ends or fails ends all."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await stop(*tasks)
