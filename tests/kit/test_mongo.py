"""The way to MongoDB: what is acknowledged is kept, and an outage is told from a mistake."""

import asyncio

import pytest
from pymongo import ASCENDING, IndexModel
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from kit import mongo
from kit.mongo import (
    WRITE_TIMEOUT_MS,
    Database,
    connect,
    database,
    ensure_indexes,
    is_outage,
    is_ready,
    missing_indexes,
    open_database,
)
from kit.times import utc_now

INDEXES = {
    "beds": [IndexModel([("ward", ASCENDING), ("_id", ASCENDING)], name="ward"), IndexModel("nurse", name="nurse")],
    "papers": [],
}


async def test_writes_wait_for_a_majority_and_the_journal_and_reads_see_them(db: Database) -> None:
    for part in (db, db["beds"]):
        assert part.write_concern.document == {"w": "majority", "j": True, "wtimeout": WRITE_TIMEOUT_MS}
        assert part.read_concern == ReadConcern("majority")
    assert db.client.options.retry_writes
    assert db.client.options.retry_reads


async def test_times_come_back_aware(db: Database) -> None:
    now = utc_now()
    await db.beds.insert_one({"_id": "b", "at": now})

    kept = await db.beds.find_one({"_id": "b"})
    assert kept is not None
    assert kept["at"] == now
    assert kept["at"].utcoffset() is not None


async def test_indexes_are_made_and_making_them_again_changes_nothing(db: Database) -> None:
    assert await missing_indexes(db, INDEXES) == ["beds.ward", "beds.nurse"]

    await ensure_indexes(db, INDEXES)
    first = await db.beds.index_information()
    await ensure_indexes(db, INDEXES)

    assert await missing_indexes(db, INDEXES) == []
    assert await db.beds.index_information() == first
    assert sorted(await db.list_collection_names()) == ["beds", "papers"]


async def test_a_dropped_index_is_named(db: Database) -> None:
    await ensure_indexes(db, INDEXES)
    await db.beds.drop_index("nurse")

    assert await missing_indexes(db, INDEXES) == ["beds.nurse"]


async def test_an_index_of_the_same_name_with_other_keys_is_an_error(db: Database) -> None:
    await ensure_indexes(db, INDEXES)

    with pytest.raises(OperationFailure):
        await ensure_indexes(db, {"beds": [IndexModel("floor", name="nurse")]})


async def test_a_database_that_answers_is_ready(db: Database) -> None:
    assert await is_ready(db)


async def test_a_port_where_nobody_listens_is_not_ready_and_says_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mongo.PING_S * 1_000 < mongo.SERVER_SELECTION_MS
    monkeypatch.setattr(mongo, "PING_S", 0.3)
    async with connect("mongodb://127.0.0.1:9/?directConnection=true&serverSelectionTimeoutMS=600000") as client:
        async with asyncio.timeout(60):
            assert not await is_ready(database(client, "nowhere"))


async def test_the_client_closes_with_its_block(mongo_url: str, fresh_databases: str) -> None:
    async with open_database(mongo_url, f"{fresh_databases}_x") as db:
        await db.command("ping")

    with pytest.raises(PyMongoError):
        await db.command("ping")


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("gone"),
        ServerSelectionTimeoutError("nobody"),
        ExecutionTimeout("slow", 50),
        WTimeoutError("no majority", 64),
        WriteConcernError("Replication is being shut down", 91),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}),
        OperationFailure("again", 112, {"errorLabels": ["TransientTransactionError"]}),
    ],
)
def test_what_may_pass_by_waiting_is_an_outage(error: PyMongoError) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("twice", 11000),
        WriteError("not a number", 14),
        OperationFailure("bad query", 2),
        BulkWriteError({"writeErrors": [{"code": 121}], "writeConcernErrors": []}),
        ValueError("ours"),
        TimeoutError(),
    ],
)
def test_what_would_fail_again_is_not_an_outage(error: Exception) -> None:
    assert not is_outage(error)
