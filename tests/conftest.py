"""What every test may use: one real MongoDB a session, one fresh database a test."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kit.events import EventLog
from kit.ids import new_id
from kit.mongo import Database, connect, database
from kit.mongod import EmbeddedMongo

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
"""How long an example takes says how busy the machine is, not whether the code is right."""


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set: NOREN_TEST_MONGODB_URL's, else an embedded one of this session's own. Missing, it fails."""
    given = os.environ.get("NOREN_TEST_MONGODB_URL")
    if given:
        yield given
        return
    mongo = EmbeddedMongo.start(Path(tmp_path_factory.mktemp("mongo")))
    try:
        yield mongo.url
    finally:
        mongo.close()


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
