"""The drainer: every event once in the journal and once in the log, whatever breaks in between."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from kit.events import Drainer, EventLog, outbox
from kit.events.outbox import HAS_OUTBOX
from kit.mongo import Document
from kit.tasks import stop
from tests.kit.events.ward import Ward, read

STEPS = 9
"""Three writes, each with a moment before it, one in its middle and one after it."""


class Crash(BaseException):
    """The process is gone: nothing may catch this."""


class Cut:
    """Lets `steps - 1` moments pass and ends the process at the next."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def moment(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class CutCollection:
    """A collection whose process may end before, in the middle of and after a write."""

    def __init__(self, collection: Any, cut: Cut) -> None:
        self._collection = collection
        self._cut = cut

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    async def insert_many(self, rows: Sequence[Document], **options: Any) -> Any:
        return await self._cut_short(self._collection.insert_many, rows, options)

    async def update_many(self, where: Document, update: Document) -> Any:
        async def of(ids: Sequence[Any]) -> Any:
            return await self._collection.update_many({**where, "_id": {"$in": ids}}, update)

        return await self._cut_short(of, where["_id"]["$in"], {})

    async def _cut_short(self, write: Any, rows: Sequence[Any], options: Any) -> Any:
        self._cut.moment()
        if self._cut.left == 1 and len(rows) > 1:
            await write(rows[: len(rows) // 2], **options)
        self._cut.moment()
        try:
            return await write(rows, **options)
        finally:
            self._cut.moment()


def cut_drainer(ward: Ward, steps: int) -> Drainer:
    cut = Cut(steps)
    log = EventLog(ward.log._db)
    log._events = CutCollection(log._events, cut)  # type: ignore[assignment]
    beds, journal = CutCollection(ward.db.beds, cut), CutCollection(ward.db.journal, cut)
    return Drainer(beds, journal, log, "ward")  # type: ignore[arg-type]


async def assert_told_once(ward: Ward, ids: Sequence[str]) -> None:
    assert await ward.in_journal() == sorted(ids)
    assert sorted(await ward.in_log()) == sorted(ids)
    assert await ward.left() == 0


@pytest.mark.parametrize("steps", range(1, STEPS + 1))
async def test_a_crash_at_any_moment_loses_and_repeats_nothing(ward: Ward, steps: int) -> None:
    ids = [f"e{number}" for number in range(6)]
    for number, id in enumerate(ids):
        await ward.tell(f"bed{number % 3}", id)

    with pytest.raises(Crash):
        await cut_drainer(ward, steps).drain()
    await ward.tell("bed0", "later")
    await ward.drainer().drain()

    await assert_told_once(ward, [*ids, "later"])


async def test_one_crash_after_the_other_while_events_are_written_loses_nothing(ward: Ward) -> None:
    ids: list[str] = []
    for steps in [*range(1, STEPS + 1), *range(STEPS, 0, -1)]:
        ids += [f"e{len(ids)}", f"e{len(ids) + 1}"]
        await ward.tell(f"bed{len(ids) % 4}", *ids[-2:])
        with pytest.raises(Crash):
            await cut_drainer(ward, steps).drain_once()

    await ward.drainer().drain()

    await assert_told_once(ward, ids)


async def test_four_drainers_beside_writers_tell_every_event_once(ward: Ward) -> None:
    beds = {f"bed{bed}": [f"{bed}-{number}" for number in range(15)] for bed in range(12)}
    drainers = [ward.drainer() for _ in range(4)]
    written = asyncio.Event()

    async def drain(drainer: Drainer) -> None:
        while not written.is_set():
            await drainer.drain_once()
            await asyncio.sleep(0.002)
        await drainer.drain()

    work = [asyncio.create_task(drain(drainer)) for drainer in drainers]
    await asyncio.gather(*(ward.tell(bed, *ids) for bed, ids in beds.items()))
    written.set()
    await asyncio.gather(*work)

    await assert_told_once(ward, [id for ids in beds.values() for id in ids])


async def test_events_of_one_document_stay_in_the_order_they_happened(ward: Ward) -> None:
    ids = [f"bed1:v{version}" for version in range(1, 13)]
    await ward.tell("bed1", *ids)

    assert await ward.drainer().drain() == 12
    assert await ward.in_log() == ids


async def test_more_documents_than_a_batch_are_drained_oldest_first(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 3)
    for number in range(8):
        await ward.tell(f"bed{7 - number}", f"e{number}")

    assert await ward.drainer().drain_once() == 3
    assert await ward.in_log() == ["e0", "e1", "e2"]
    assert await ward.drainer().drain() == 5


async def test_a_told_event_is_a_cloud_event(ward: Ward) -> None:
    await ward.tell("bed1", "e1")
    await ward.drainer().drain()

    (told,) = [event async for event in read(ward.log)]
    document = told.to_document()
    assert (document["specversion"], document["source"], document["subject"]) == ("1.0", "/noren/ward", "bed1")
    assert (document["id"], document["_id"], document["data"]) == ("e1", "e1", {"id": "e1"})
    assert (await ward.db.journal.find_one({"_id": "e1"})) == document


async def test_looking_for_nothing_to_drain_reads_the_index_only(ward: Ward) -> None:
    await ward.db.beds.insert_many([{"_id": f"b{number}", "outbox": []} for number in range(300)])
    await ward.tell("bed1", "e1")

    plan = await ward.db.beds.find(HAS_OUTBOX, {"outbox": 1}).sort("outbox.time", 1).limit(5).explain()

    assert "'indexName': 'outbox'" in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] == 1


async def test_a_nudge_drains_at_once_and_a_forgotten_event_with_the_next_look(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    drainer = ward.drainer()
    task = asyncio.create_task(drainer.run())
    try:
        await asyncio.sleep(0.1)
        monkeypatch.setattr(outbox, "POLL_S", 0.2)
        await ward.tell("bed1", "nudged")
        drainer.nudge()
        await until_told(ward, "nudged")
        await ward.tell("bed1", "forgotten")
        await until_told(ward, "forgotten")
    finally:
        await stop(task)


async def test_a_drainer_waits_for_a_database_that_is_away(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(CutCollection):
        async def insert_many(self, rows: Sequence[Document], **options: Any) -> Any:
            if self._cut.left:
                self._cut.left -= 1
                raise AutoReconnect("away")
            return await self._collection.insert_many(rows, **options)

    monkeypatch.setattr(outbox, "POLL_S", 0.05)
    drainer = Drainer(ward.db.beds, Away(ward.db.journal, Cut(3)), ward.log, "ward")  # type: ignore[arg-type]
    await ward.tell("bed1", "e1")
    task = asyncio.create_task(drainer.run())
    try:
        await until_told(ward, "e1")
    finally:
        await stop(task)
    await assert_told_once(ward, ["e1"])


async def until_told(ward: Ward, id: str) -> None:
    async with asyncio.timeout(30):
        while id not in await ward.in_log() or await ward.left():
            await asyncio.sleep(0.02)
