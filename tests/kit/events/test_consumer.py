"""A consumer hears every event at least once, whatever stops, dies or is lost."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError
from structlog.testing import capture_logs

from kit.events import Consumer, Event, EventLog
from kit.events import consumer as module
from kit.events.consumer import CHECKPOINTS, PARKED
from kit.events.log import Position
from kit.mongo import Database, Document
from tests.kit.events.ward import ADMITTED, Ear, Ward, event, running

pytestmark = pytest.mark.usefixtures("quick")


def listening(ward: Ward, ear: Ear, log: EventLog | None = None) -> Consumer:
    return Consumer("nurse", ward.db, log or ward.log, [ADMITTED], ear.handle)


async def checkpoint(db: Database) -> Document:
    return await db[CHECKPOINTS].find_one({"_id": "nurse"}) or {}


async def until_checkpoint(ward: Ward) -> Document:
    """The checkpoint, once a token is kept."""
    async with asyncio.timeout(30):
        while not (there := await checkpoint(ward.db)).get("token"):
            await asyncio.sleep(0.02)
    return there


async def append(ward: Ward, *ids: str) -> None:
    await ward.log.append([event(id) for id in ids])


async def test_it_hears_what_was_before_it_and_what_comes(ward: Ward, ear: Ear) -> None:
    await append(ward, "past1", "past2")
    async with running(listening(ward, ear)):
        await ear.until("past1", "past2")
        await append(ward, "next")
        await ear.until("next")

    assert ear.ids == ["past1", "past2", "next"]


async def test_it_goes_on_from_its_checkpoint_and_hears_what_was_logged_while_it_was_down(ward: Ward, ear: Ear) -> None:
    async with running(listening(ward, ear)):
        await append(ward, "e0")
        await ear.until("e0")
        await append(ward, "e1", "e2")
        await ear.until("e1", "e2")
        await until_checkpoint(ward)
        await asyncio.sleep(0.1)
    await append(ward, "while down")

    again = Ear()
    async with running(listening(ward, again)):
        await again.until("while down")

    assert again.ids == ["while down"]


@pytest.mark.parametrize("token", [None, {"_data": "no token at all"}])
async def test_without_its_token_it_reads_again_and_loses_nothing(ward: Ward, ear: Ear, token: Document | None) -> None:
    async with running(listening(ward, ear)):
        await append(ward, "e0")
        await ear.until("e0")
        await append(ward, "e1")
        await ear.until("e1")
        await until_checkpoint(ward)
    await append(ward, "while down")
    await ward.db[CHECKPOINTS].update_one({"_id": "nurse"}, {"$set": {"token": token}})

    again = Ear()
    async with running(listening(ward, again)):
        await again.until("e0", "e1", "while down")
        await append(ward, "next")
        await again.until("next")


async def test_a_process_that_dies_in_the_middle_of_a_batch_hears_it_again(ward: Ward) -> None:
    async def die(events: Sequence[Event]) -> None:
        await asyncio.Event().wait()

    dying = Ear(before=die)
    await append(ward, "e1")
    async with running(listening(ward, dying)):
        await asyncio.sleep(0.3)

    again = Ear()
    async with running(listening(ward, again)):
        await again.until("e1")
    assert dying.ids == []


async def test_one_instance_works_at_a_time_and_another_takes_over_when_it_dies(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE", timedelta(seconds=1.5))
    first, second = Ear(), Ear()
    holder, waiting = listening(ward, first), listening(ward, second)

    async def dead() -> None:
        """A process that dies gives nothing back."""

    monkeypatch.setattr(holder, "release", dead)
    async with running(holder):
        await append(ward, "e1")
        await first.until("e1")
        async with running(waiting):
            await asyncio.sleep(2.0)
            await append(ward, "e2")
            await first.until("e2")
            assert second.ids == []
    async with running(waiting):
        await append(ward, "e3")
        await second.until("e3")

    assert "e3" not in first.ids


async def test_an_instance_that_stops_hands_over_at_once(ward: Ward) -> None:
    first, second = Ear(), Ear()
    async with running(listening(ward, first)):
        await append(ward, "e1")
        await first.until("e1")
    assert (await checkpoint(ward.db))["holder"] is None

    async with running(listening(ward, second)):
        await append(ward, "e2")
        await asyncio.wait_for(second.until("e2"), module.LEASE.total_seconds() / 3)


async def test_a_batch_that_takes_longer_than_the_lease_keeps_it(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE", timedelta(seconds=1.2))

    async def slowly(events: Sequence[Event]) -> None:
        await asyncio.sleep(2.4)

    slow, other = Ear(before=slowly), Ear()
    async with running(listening(ward, slow)):
        await append(ward, "e1")
        await asyncio.sleep(0.2)
        async with running(listening(ward, other)):
            await slow.until("e1")
            await asyncio.sleep(0.1)

    assert (slow.ids, other.ids) == (["e1"], [])


async def test_an_instance_that_lost_its_lease_stops_and_writes_no_checkpoint(
    ward: Ward, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE", timedelta(seconds=0.3))
    with capture_logs() as logs:
        async with running(listening(ward, ear)):
            await append(ward, "e1")
            await ear.until("e1")
            stolen = {"holder": "hld_other", "lease_until": (await checkpoint(ward.db))["lease_until"] + timedelta(60)}
            await ward.db[CHECKPOINTS].update_one({"_id": "nurse"}, {"$set": stolen})
            await asyncio.sleep(0.5)
            before = await checkpoint(ward.db)
            await append(ward, "e2")
            await asyncio.sleep(0.3)

    assert "consumer handed over" in [entry["event"] for entry in logs]
    assert ear.ids == ["e1"]
    assert await checkpoint(ward.db) == before


async def test_an_event_that_cannot_be_handled_is_parked_while_the_rest_goes_on(ward: Ward) -> None:
    def refuse(events: Sequence[Event]) -> None:
        if any(one.id == "poison" for one in events):
            raise KeyError("no such ward")

    ear = Ear(before=refuse)
    await append(ward, "e1", "poison", "e2")
    with capture_logs() as logs:
        async with running(listening(ward, ear)):
            await ear.until("e1", "e2")
            await append(ward, "e3")
            await ear.until("e3")

    (parked,) = await ward.db[PARKED].find().to_list()
    assert parked["_id"] == "nurse:poison"
    assert Event.from_document(parked["event"]).data == {"id": "poison"}
    assert parked["error"] == "KeyError('no such ward')"
    assert "poison" not in ear.ids
    assert [entry["event_id"] for entry in logs if entry["event"] == "event parked"] == ["poison"]


async def test_a_write_that_would_fail_again_is_poison_too(ward: Ward) -> None:
    def refuse(events: Sequence[Event]) -> None:
        if any(one.id == "poison" for one in events):
            raise DuplicateKeyError("twice", 11000)

    ear = Ear(before=refuse)
    async with running(listening(ward, ear)):
        await append(ward, "e1", "poison", "e2")
        await ear.until("e1", "e2")

    assert [row["_id"] async for row in ward.db[PARKED].find()] == ["nurse:poison"]


async def test_an_outage_is_waited_for_and_parks_nothing(ward: Ward) -> None:
    failures = iter([AutoReconnect("away"), AutoReconnect("still away")])

    def away(events: Sequence[Event]) -> None:
        if (error := next(failures, None)) is not None:
            raise error

    ear = Ear(before=away)
    with capture_logs() as logs:
        async with running(listening(ward, ear)):
            await append(ward, "e1", "e2")
            await ear.until("e1", "e2")

    assert [entry["event"] for entry in logs].count("consumer waits") == 2
    assert await ward.db[PARKED].count_documents({}) == 0


async def test_a_log_that_breaks_off_is_followed_again(ward: Ward, ear: Ear) -> None:
    class Breaking(EventLog):
        breaks = 2

        async def follow(self, types: Sequence[str], position: Position) -> Any:
            async for item in super().follow(types, position):
                yield item
                if self.breaks:
                    self.breaks -= 1
                    raise AutoReconnect("broken off")

    await append(ward, "e1", "e2", "e3")
    async with running(listening(ward, ear, Breaking(ward.log._db))):
        await ear.until("e1", "e2", "e3")
        await append(ward, "e4")
        await ear.until("e4")


async def test_a_slow_handler_gets_batches_no_larger_than_the_limit(ward: Ward) -> None:
    sizes: list[int] = []
    ear = Ear(before=lambda events: sizes.append(len(events)))
    ids = [f"e{number:04}" for number in range(2 * module.BATCH + 7)]
    await append(ward, *ids)

    async with running(listening(ward, ear)):
        await ear.until(*ids)

    assert ear.ids == ids
    assert max(sizes) <= module.BATCH


async def test_stopping_leaves_no_task_behind(ward: Ward, ear: Ear) -> None:
    before = asyncio.all_tasks()
    async with running(listening(ward, ear)):
        await append(ward, "e1")
        await ear.until("e1")
    await asyncio.sleep(0.05)

    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks() - before]  # type: ignore[union-attr]
    assert [name for name in names if "Consumer" in name or "Queue" in name] == []


async def test_stopping_without_a_database_does_not_hang(ward: Ward, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RELEASE_S", 0.1)
    consumer = listening(ward, ear)

    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(consumer, "release", never)
    task = asyncio.create_task(consumer.run())
    await asyncio.sleep(0.05)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert task.done()


async def test_catching_up_handles_all_behind_the_checkpoint_and_counts(ward: Ward, ear: Ear) -> None:
    ids = [f"e{number:04}" for number in range(module.BATCH + 3)]
    await append(ward, *ids)

    assert await listening(ward, ear).catch_up() == len(ids)
    assert ear.ids == ids


async def test_catching_up_parks_what_it_cannot_handle(ward: Ward) -> None:
    def refuse(events: Sequence[Event]) -> None:
        if any(one.id == "poison" for one in events):
            raise ValueError("bad")

    ear = Ear(before=refuse)
    await append(ward, "e1", "poison")

    assert await listening(ward, ear).catch_up() == 2
    assert ear.ids == ["e1"]
    assert await ward.db[PARKED].count_documents({}) == 1


async def test_two_consumers_of_other_names_each_hear_everything(ward: Ward) -> None:
    one, other = Ear(), Ear()
    second = Consumer("doctor", ward.db, ward.log, [ADMITTED], other.handle)
    async with running(listening(ward, one)), running(second):
        await append(ward, "e1")
        await asyncio.gather(one.until("e1"), other.until("e1"))
