"""`noren doctor` is content with a healthy installation, and names what is wrong with an ill one."""

import io
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from rich.console import Console

from gateway.keys.actions import create_key
from gateway.keys.model import KeyDraft
from gateway.keys.store import KeyStore
from gateway.settings import GatewaySettings
from kit.events.consumer import PARKED
from kit.mongo import Database, Document, connect, database
from kit.times import utc_now
from noren.doctor import INDEXES, Finding, check_all, print_report
from noren.system import SERVICES
from tests.noren.conftest import Place

Settings = Mapping[str, str]
DatabaseOf = Callable[[str], Database]


async def ailments(seeded: Settings) -> dict[str, Finding]:
    """The checks that fail."""
    settings = GatewaySettings()
    assert settings.database_prefix == seeded["NOREN_DATABASE_PREFIX"]
    return {one.check: one for one in await check_all(seeded["NOREN_MONGODB_URL"], settings) if not one.ok}


def test_a_healthy_installation_is_found_healthy(place: Place, seeded: Settings) -> None:
    code, said = place.run("doctor", **seeded)
    assert code == 0, said
    lines = said.strip().splitlines()
    assert lines[-1] == "everything holds"
    assert all(line.startswith("ok ") for line in lines[:-1])
    for check in ("mongodb", *(f"{name} indexes" for name in INDEXES), *(f"{name} events" for name in SERVICES)):
        assert sum(line.startswith(f"ok   {check}: ") for line in lines) == 1, check


def test_an_ill_one_is_named_and_the_exit_code_says_so(place: Place) -> None:
    code, said = place.run("doctor", NOREN_MONGODB_URL="mongodb://127.0.0.1:1/?replicaSet=rs0")
    assert code == 1
    assert said.startswith("FAIL mongodb: NOREN_MONGODB_URL: MongoDB does not answer: 127.0.0.1:1: ")
    assert said.strip().endswith("1 of 7 checks failed")
    assert "Traceback" not in said


@pytest.fixture
async def database_of(seeded: Settings) -> AsyncIterator[DatabaseOf]:
    """A service's database, for tampering with."""
    async with connect(seeded["NOREN_MONGODB_URL"]) as client:
        yield lambda service: database(client, f"{seeded['NOREN_DATABASE_PREFIX']}_{service}")


async def test_a_dropped_index_is_named_and_not_made_again(database_of: DatabaseOf, seeded: Settings) -> None:
    orders = database_of("order")["orders"]
    dropped = next(model for model in INDEXES["order"]["orders"] if model.document["name"] == "outbox")
    await orders.drop_index("outbox")
    for _ in range(2):
        found = await ailments(seeded)
        assert list(found) == ["order indexes"]
        assert found["order indexes"].details == ["orders.outbox"]
    await orders.create_indexes([dropped])
    assert await ailments(seeded) == {}


@pytest.mark.parametrize(
    ("service", "collection", "field", "check"),
    [
        ("inventory", "stock", "on_hand", "inventory journal equals stock"),
        ("loyalty", "wallets", "regular_points", "loyalty journal equals wallets"),
        ("order", "orders", "totals.goods_gross", "order sums, returns and events agree"),
    ],
)
async def test_what_somebody_changed_by_hand_is_named(
    database_of: DatabaseOf, seeded: Settings, service: str, collection: str, field: str, check: str
) -> None:
    documents = database_of(service)[collection]
    kept = await documents.find_one({field: {"$gt": 0}})
    assert kept is not None
    await documents.update_one({"_id": kept["_id"]}, {"$inc": {field: 1}})
    found = await ailments(seeded)
    await documents.replace_one({"_id": kept["_id"]}, kept)
    assert list(found) == [check]
    assert any(kept["_id"] in detail for detail in found[check].details)
    assert found[check].seen == f"{len(found[check].details)} disagree"


async def test_a_parked_event_is_named_with_its_error(database_of: DatabaseOf, seeded: Settings) -> None:
    parked = database_of("loyalty")[PARKED]
    event: Document = {"_id": "loyalty:x", "event": {"id": "x"}, "error": "KeyError('y')", "parked_at": utc_now()}
    await parked.insert_one(event)
    found = await ailments(seeded)
    await parked.delete_one({"_id": "loyalty:x"})
    assert list(found) == ["loyalty events"]
    assert found["loyalty events"].details == ["x: KeyError('y')"]


def test_a_report_shows_each_check_and_no_more_details_than_can_be_read() -> None:
    told = io.StringIO()
    findings = [Finding("a", True, "fine"), Finding("b", False, "many", [f"[{n}]" for n in range(30)])]
    print_report(Console(file=told, width=100), findings)
    lines = told.getvalue().splitlines()
    assert lines[0] == "ok   a: fine"
    assert lines[1] == "FAIL b: many"
    assert lines[2].strip() == "[0]"
    assert lines[-1] == "1 of 2 checks failed"
    assert len(lines) == 13


async def test_an_altered_record_of_a_key_is_found(database_of: DatabaseOf, seeded: Settings) -> None:
    store = KeyStore(database_of("access"))
    await create_key(store, b"p" * 32, KeyDraft("till"), actor="ops", now=utc_now())
    assert await ailments(seeded) == {}
    await database_of("access")["key_records"].update_one({"_id": 1}, {"$set": {"actor": "nobody"}})
    assert list(await ailments(seeded)) == ["records of keys are as they were written"]
