"""A service's tests share one database, emptied for each; their queries run compiled and by Strawberry, both."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from pymongo import MongoClient

from kit import mongo
from kit.graphql.schema import Schema
from kit.ids import new_id
from kit.mongo import Database, connect, database

HERE = Path(__file__).parent


def is_query(document: str) -> bool:
    """Whether running it twice changes nothing."""
    try:
        parsed = parse(document)
    except GraphQLError:
        return False
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    return bool(operations) and all(node.operation == OperationType.QUERY for node in operations)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that starts beside other tests may wait longer for its primary than a caller would."""
    monkeypatch.setattr(mongo, "SERVER_SELECTION_MS", 15_000)


@pytest.fixture(autouse=True)
def both_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Compare the answers of the two; the list holds what was compared."""
    compared: list[str] = []
    compiled_run = Schema.run

    async def run(self: Schema, query: str, variables: Any, operation_name: str | None, context: object) -> Any:
        ours = await compiled_run(self, query, variables, operation_name, context)
        if is_query(query) and await self.compiled.execute(query, variables, operation_name, context):
            theirs = await self.execute(query, variables, context_value=context, operation_name=operation_name)
            assert ours.data == theirs.data
            assert shown(ours) == shown(theirs)
            compared.append(query)
        return ours

    monkeypatch.setattr(Schema, "run", run)
    return compared


def shown(result: Any) -> list[Any]:
    """Errors as clients see them, in an order of their own."""
    return sorted((error.formatted for error in result.errors or ()), key=repr)


@pytest.fixture(scope="session")
def kept_databases(mongo_url: str) -> Iterator[str]:
    """The prefix of one database a service that every test of this session uses in turn."""
    prefix = f"k{new_id('x')[2:].lower()}"
    yield prefix
    with MongoClient[dict[str, object]](mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


@pytest.fixture
async def db(mongo_url: str, kept_databases: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """The service's database, empty: making its hundred indexes anew for each test took most of the suite's time."""
    service = request.path.relative_to(HERE).parts[0]
    async with connect(mongo_url) as client:
        kept = database(client, f"{kept_databases}_{service}")
        await kept.command("profile", 0)
        await kept.drop_collection("system.profile")
        names = await kept.list_collection_names(filter={"name": {"$not": {"$regex": r"^system\."}}})
        await asyncio.gather(*[kept[name].delete_many({}) for name in names])
        yield kept
