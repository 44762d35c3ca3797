"""The audit: what is noted of a mutation, what never is, and that nothing can be taken out of it unseen."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from pymongo.errors import ConnectionFailure

from gateway.app import build_gateway
from gateway.audit.log import Audit, outcome_of
from gateway.audit.store import ENTRIES, HEADS, AuditStore
from gateway.settings import GatewaySettings
from gateway.transports.in_process import InProcessTransport
from kit.context import RequestContext
from kit.mongo import Database
from noren.audit import line_of
from tests.gateway.stall import SECRET, Stall, client_of, stall_subgraph

KEY = "key-of-the-till"
KEYS = ({"name": "till", "sha256": sha256(KEY.encode()).hexdigest(), "channel": "pos"},)


@pytest.fixture
async def store(db: Database) -> AuditStore:
    store = AuditStore(db)
    await store.prepare()
    return store


async def noted(store: AuditStore, count: int) -> Audit:
    audit = Audit(store)
    for number in range(count):
        audit.note("till", RequestContext(channel="pos"), f"Op{number}", ["sell"], [])
    await audit.flush()
    return audit


async def test_a_mutation_is_noted_with_its_caller_and_its_end_and_a_query_is_not(
    store: AuditStore, tmp_path: Path
) -> None:
    subgraph, audit = stall_subgraph(Stall()), Audit(store)
    settings = GatewaySettings(context_secret=SECRET, data_dir=tmp_path, api_keys=KEYS)
    app = build_gateway(settings, {"stall": subgraph.sdl}, {"stall": InProcessTransport(subgraph)}, audit=audit)
    headers = {"authorization": f"Bearer {KEY}", "x-noren-customer": "cus_1"}
    async with client_of(app) as client:
        for accept in ("application/json", "multipart/mixed"):
            envelope = {
                "query": "mutation Sell($s: String!) { sell(sku: $s) b: sell(sku: $s) }",
                "operationName": "Sell",
            }
            sent = {**envelope, "variables": {"s": "hanako@example.jp"}}
            await client.post("/graphql", json=sent, headers={**headers, "accept": accept})
        await client.post("/graphql", json={"query": "{ caller }"}, headers=headers)
        await client.post("/graphql", json={"query": 'mutation { nothing(a: "x") }'}, headers=headers)
    await audit.flush()
    entries = await store.latest(10)
    assert [(entry["number"], entry["caller"], entry["fields"], entry["outcome"]) for entry in entries] == [
        (1, "till", ["sell", "sell"], []),
        (2, "till", ["sell", "sell"], []),
    ]
    assert (entries[0]["customer"], entries[0]["channel"], entries[0]["operation"]) == ("cus_1", "pos", "Sell")
    assert b"hanako" not in orjson.dumps(entries, default=str)
    assert "till@pos customer=cus_1 sell, sell: done" in line_of(entries[0])


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ({"data": {"sell": {"id": "1", "userErrors": []}}}, []),
        ({"data": {"sell": {"userErrors": [{"code": "A"}, {"code": "B"}, {"code": "A"}]}}}, ["A", "B"]),
        ({"data": {"sell": {"userErrors": [{"message": "no"}]}}}, ["REFUSED"]),
        ({"data": None, "errors": [{"extensions": {"code": "FORBIDDEN"}}]}, ["FORBIDDEN"]),
        ({"errors": [{"message": "x"}]}, ["None"]),
    ],
)
def test_how_it_ended_is_told_by_codes(answer: dict[str, Any], codes: list[str]) -> None:
    assert outcome_of(answer) == codes


async def test_many_processes_write_one_chain(store: AuditStore) -> None:
    await asyncio.gather(*[noted(store, 40) for _ in range(4)])
    entries = await store.latest(1_000)
    assert [entry["number"] for entry in entries] == list(range(1, 161))
    assert await store.chain.first_broken() is None


async def test_what_was_altered_or_taken_out_is_found_at_the_end_too(store: AuditStore, db: Database) -> None:
    await noted(store, 5)
    saved = [document async for document in db[ENTRIES].find()]

    async def after(change: Any) -> int | None:
        await change
        broken = await store.chain.first_broken()
        await db[ENTRIES].delete_many({})
        await db[ENTRIES].insert_many(saved)
        return broken

    assert await after(db[ENTRIES].update_one({"_id": 2}, {"$set": {"caller": "somebody"}})) == 2
    assert await after(db[ENTRIES].delete_one({"_id": 3})) == 3
    assert await after(db[ENTRIES].delete_one({"_id": 5})) == 5
    assert await after(db[ENTRIES].delete_many({})) == 1
    assert await store.chain.first_broken() is None


async def test_the_number_of_one_that_was_taken_out_is_not_given_again(store: AuditStore, db: Database) -> None:
    await noted(store, 3)
    await db[ENTRIES].delete_one({"_id": 3})
    await noted(store, 1)
    assert [entry["number"] for entry in await store.latest(10)] == [1, 2, 4]
    assert await store.chain.first_broken() == 3


async def test_a_head_that_a_crash_left_behind_goes_on(store: AuditStore, db: Database) -> None:
    await noted(store, 3)
    await db[HEADS].update_one({"_id": "head"}, {"$set": {"count": 0, "hash": "0" * 64}})
    await noted(store, 2)
    assert await store.chain.first_broken() is None


async def test_while_the_database_is_away_notes_wait_and_those_too_many_are_counted(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.audit.log.MAX_WAITING", 3)

    class Away:
        async def add(self, *_: object) -> None:
            raise ConnectionFailure("away")

    audit = Audit(Away())  # type: ignore[arg-type]
    for _ in range(5):
        audit.note("till", RequestContext(channel="pos"), None, ["sell"], [])
    await audit.flush()
    audit.store = store
    await audit.flush()
    entries = await store.latest(10)
    assert [entry["outcome"] for entry in entries] == [[], [], [], ["LOST 2"]]
