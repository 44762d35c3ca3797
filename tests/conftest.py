"""What every test may use: one real MongoDB a session, one fresh database a test."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pymongo import MongoClient

from kit.events import EventLog
from kit.ids import new_id
from kit.mongo import Database, connect, database
from kit.mongod import EmbeddedMongo

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
"""How long an example takes says how busy the machine is, not whether the code is right. The suite is a
seeded share: what it finds it finds again, and the make targets for long runs look further."""

SNAPSHOT_S = 20
"""How long the tests' server remembers what was: longer than any audit here reads."""


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set: NOREN_TEST_MONGODB_URL's, else an embedded one of this session's own. Missing, it fails."""
    given = os.environ.get("NOREN_TEST_MONGODB_URL")
    if given:
        yield given
        return
    mongo = EmbeddedMongo.start(Path(tmp_path_factory.mktemp("mongo")))
    try:
        _let_go_of_dropped_databases(mongo.url)
        _keep_what_is_past(mongo.url)
        yield mongo.url
    finally:
        mongo.close()


def _let_go_of_dropped_databases(url: str) -> None:
    """Every test has databases of its own, hundreds of files each: a server that keeps them open runs out."""
    with MongoClient[dict[str, object]](url) as client:
        client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=SNAPSHOT_S)
        files = "file_manager=(close_idle_time=5,close_scan_interval=2,close_handle_minimum=250)"
        client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig=files)


def _keep_what_is_past(url: str) -> None:
    """Tests live at a fixed moment: a TTL index would remove what they write once that lies far enough back."""
    with MongoClient[dict[str, object]](url) as client:
        client.admin.command("setParameter", 1, ttlMonitorEnabled=False)


@pytest.fixture
def database_prefix() -> str:
    """A name no other test has; every service's database begins with it."""
    return f"t{new_id('x')[2:].lower()}"


@pytest.fixture
async def fresh_databases(mongo_url: str, database_prefix: str) -> AsyncIterator[str]:
    """The prefix, whose databases are dropped when the test is over."""
    yield database_prefix
    async with connect(mongo_url) as client:
        for name in await client.list_database_names():
            if name.startswith(database_prefix):
                await client.drop_database(name)


@pytest.fixture
async def db(mongo_url: str, fresh_databases: str) -> AsyncIterator[Database]:
    """A fresh database with the services' concerns."""
    async with connect(mongo_url) as client:
        yield database(client, f"{fresh_databases}_test")


@pytest.fixture
async def event_log(mongo_url: str, fresh_databases: str) -> AsyncIterator[EventLog]:
    """A fresh event log, its indexes made."""
    async with connect(mongo_url) as client:
        log = EventLog(database(client, f"{fresh_databases}_events"))
        await log.prepare()
        yield log
