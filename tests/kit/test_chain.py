"""A chain of records: each once, in one order, and what was altered is found."""

import asyncio

import pytest
from pymongo import IndexModel

from kit.chain import Chain
from kit.mongo import Database


@pytest.fixture
async def chain(db: Database) -> Chain:
    await db["chain"].create_indexes([IndexModel("name", unique=True)])
    return Chain(db["chain"], "name")


async def test_writers_at_one_time_make_one_chain_with_every_record_once(chain: Chain) -> None:
    names = [{"name": f"r{n}", "what": n} for n in range(12)]
    await asyncio.gather(*[chain.extend(names[n : n + 4]) for n in range(9)])
    records = [record async for record in chain.records()]
    assert [record["number"] for record in records] == list(range(1, 13))
    assert {record["name"] for record in records} == {f"r{n}" for n in range(12)}
    assert await chain.first_broken() is None


@pytest.mark.parametrize("damage", ["altered", "missing", "swapped"])
async def test_the_first_record_that_is_not_as_it_was_written_is_named(chain: Chain, damage: str) -> None:
    await chain.extend([{"name": f"r{n}", "what": n} for n in range(5)])
    if damage == "altered":
        await chain.collection.update_one({"_id": 3}, {"$set": {"what": 9}})
    elif damage == "missing":
        await chain.collection.delete_one({"_id": 3})
    else:
        third = await chain.collection.find_one({"_id": 4}) or {}
        await chain.collection.delete_one({"_id": 4})
        await chain.collection.replace_one({"_id": 3}, {**third, "_id": 3})
    assert await chain.first_broken() == 3
