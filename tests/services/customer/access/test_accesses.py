"""Who saw whom is kept, in a chain, and shown to whom it is about."""

from datetime import datetime

from services.customer.access.store import AccessStore
from services.customer.store import CustomerStore
from tests.services.customer.conftest import Ask
from tests.services.customer.test_graph import ENTITIES, code, make

READ = "customers:read"
SEEN = "query ($id: ID!) { customer(id: $id) { accesses { totalCount nodes { kind actor channel } } } }"


async def test_every_look_at_somebody_else_is_in_the_chain(ask: Ask, store: CustomerStore, now: datetime) -> None:
    me = await make(ask)
    await ask("query ($id: ID!) { customer(id: $id) { id } }", {"id": me}, scopes=READ)
    await ask('{ customerLookup(email: "hanako@example.jp") { id } }', scopes=READ)
    await ask('{ customerSearch(kana: "た") { id } }', scopes=READ)
    await ask("{ customers { nodes { id } } }", scopes=READ)
    await ask(ENTITIES, {"of": [{"__typename": "Customer", "id": me}]}, scopes=READ)
    await ask("query ($id: ID!) { customerExport(id: $id) }", {"id": me}, scopes=READ)
    mine = (await ask(SEEN, {"id": me}, customer=me))["data"]["customer"]["accesses"]
    kinds = [node["kind"] for node in mine["nodes"]]
    assert set(kinds) == {"EXPORT", "REFERENCE", "LIST", "SEARCH", "LOOKUP", "READ"}
    assert {(node["actor"], node["channel"]) for node in mine["nodes"]} == {("channel:web", "web")}
    log = AccessStore(store.db)
    assert await log.chain.first_broken() is None
    [first, *_] = [record async for record in log.chain.records()]
    assert first["customers"] == [me]
    await log.chain.collection.update_one({"_id": 1}, {"$set": {"actor": "staff:nobody"}})
    assert await log.chain.first_broken() == 1


async def test_looking_at_oneself_and_finding_nobody_leaves_nothing(ask: Ask, store: CustomerStore) -> None:
    me = await make(ask)
    await ask("{ me { id } }", customer=me)
    await ask('{ customerLookup(email: "hanako@example.jp") { id } }', customer=me)
    await ask('{ customerLookup(card: "490123") { id } }', scopes=READ)
    await ask('{ customerSearch(kana: "ん") { id } }', scopes=READ)
    assert await AccessStore(store.db).settle() == 0


async def test_who_saw_somebody_is_for_themselves_and_the_auditor(ask: Ask) -> None:
    me = await make(ask)
    assert code(await ask(SEEN, {"id": me}, scopes=READ)) == "FORBIDDEN"
    latest = SEEN.replace("accesses { totalCount", "accesses(first: 1) {")
    audited = await ask(latest, {"id": me}, scopes=f"{READ} customers:audit")
    assert audited["data"]["customer"]["accesses"]["nodes"][0]["kind"] == "READ"
