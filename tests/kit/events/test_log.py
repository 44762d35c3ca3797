"""The log: appended once, followed without a gap."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure

from kit.events import EventLog
from kit.events.log import OVERLAP, Position, insert_new
from kit.mongo import Database
from tests.kit.events.ward import ADMITTED, PATIENCE_S, event, read

Heard = list[tuple[str, Position]]


async def follow(log: EventLog, position: Position, count: int, types: tuple[str, ...] = (ADMITTED,)) -> Heard:
    """The next `count` events from `position` on."""
    heard: Heard = []
    async with asyncio.timeout(PATIENCE_S), aclosing(log.follow(types, position)) as events:
        async for one, at in events:
            heard.append((one.id, at))
            if len(heard) == count:
                break
    return heard


async def test_an_id_that_is_there_is_left_as_it_is(event_log: EventLog) -> None:
    first = event("e1")
    await event_log.append([first])
    again = event("e2")
    await event_log.append([event("e1"), again])

    assert [one async for one in read(event_log)] == [first, again]
    assert await event_log.count([ADMITTED]) == 2


async def test_a_reader_without_a_position_hears_the_past_and_then_what_comes(event_log: EventLog) -> None:
    await event_log.append([event("past")])
    await event_log.append([event("other", type="hospital.other.v1")])
    reading = asyncio.create_task(follow(event_log, Position(), 2))
    await asyncio.sleep(0.2)
    await event_log.append([event("another", type="hospital.other.v1"), event("next")])

    heard = await reading
    assert [id for id, _ in heard] == ["past", "next"]
    assert [position.token is None for _, position in heard] == [True, False]


async def test_a_token_resumes_behind_its_event(event_log: EventLog) -> None:
    reading = asyncio.create_task(follow(event_log, Position(), 2))
    await asyncio.sleep(0.2)
    for id in ("e1", "e2", "e3"):
        await event_log.append([event(id)])
    heard = await reading

    assert [id for id, _ in await follow(event_log, heard[0][1], 2)] == ["e2", "e3"]


@pytest.mark.parametrize("code", [260, 280, 286])
async def test_a_token_the_server_no_longer_knows_means_reading_again(event_log: EventLog, code: int) -> None:
    class Forgetful(EventLog):
        async def _watch(self, types: Any, **start: Any) -> Any:
            if "resume_after" in start:
                raise OperationFailure("history lost", code)
            return await super()._watch(types, **start)

    await event_log.append([event(f"e{number}") for number in range(3)])
    (_, position), *_ = await follow(event_log, Position(), 3)
    lost = Position({"_data": "82"}, position.logged_at)

    heard = await follow(Forgetful(event_log._db), lost, 3)

    assert [id for id, _ in heard] == ["e0", "e1", "e2"]


async def test_a_token_that_never_was_one_means_reading_again(event_log: EventLog) -> None:
    await event_log.append([event("e1")])

    assert [id for id, _ in await follow(event_log, Position({"_data": "no token"}), 1)] == ["e1"]


@pytest.mark.parametrize("error", [AutoReconnect("away"), OperationFailure("not authorised", 13)])
async def test_a_failure_that_is_not_the_tokens_is_raised(event_log: EventLog, error: Exception) -> None:
    class Failing(EventLog):
        async def _watch(self, types: Any, **start: Any) -> Any:
            raise error

    with pytest.raises(type(error)):
        await follow(Failing(event_log._db), Position({"_data": "82"}), 1)


async def test_reading_again_begins_before_the_last_event_since_clocks_differ(event_log: EventLog) -> None:
    await event_log.append([event("late"), event("old"), event("last")])
    rows = {row["_id"]: row["logged_at"] async for row in event_log._events.find()}
    await move(event_log, "late", rows["last"] - OVERLAP / 2)
    await move(event_log, "old", rows["last"] - OVERLAP - timedelta(seconds=1))

    heard = await follow(event_log, Position(None, rows["last"]), 2)

    assert [id for id, _ in heard] == ["late", "last"]


async def move(log: EventLog, id: str, logged_at: Any) -> None:
    await log._events.update_one({"_id": id}, {"$set": {"logged_at": logged_at}})


async def test_no_event_falls_between_the_past_and_what_comes(event_log: EventLog) -> None:
    """Followers open at every moment of a stream of appends; each must hear every event."""
    ids = [f"e{number:03}" for number in range(120)]

    async def write() -> None:
        for id in ids:
            await event_log.append([event(id)])

    async def listen(delay_s: float) -> set[str]:
        await asyncio.sleep(delay_s)
        heard: set[str] = set()
        async with asyncio.timeout(PATIENCE_S), aclosing(event_log.follow([ADMITTED], Position())) as events:
            async for one, _ in events:
                heard.add(one.id)
                if len(heard) == len(ids):
                    break
        return heard

    _, *heard = await asyncio.gather(write(), *(listen(0.02 * number) for number in range(25)))

    assert heard == [set(ids)] * 25


async def test_inserting_counts_what_is_new_and_raises_what_is_not_a_duplicate(db: Database) -> None:
    await db.create_collection("rows", validator={"size": {"$lt": 10}})

    assert await insert_new(db.rows, []) == 0
    assert await insert_new(db.rows, [{"_id": 1, "size": 1}, {"_id": 2, "size": 1}]) == 2
    assert await insert_new(db.rows, [{"_id": 2, "size": 1}, {"_id": 3, "size": 1}]) == 1
    with pytest.raises(BulkWriteError):
        await insert_new(db.rows, [{"_id": 3, "size": 1}, {"_id": 4, "size": 99}])
