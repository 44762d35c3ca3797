"""Keys made, presented, rotated and revoked; the chain that says who did it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.access import Access, Ends
from gateway.keys.actions import Shown, create_key, revoke_key, rotate_key
from gateway.keys.directory import KeyDirectory
from gateway.keys.model import Grant, Key, KeyDraft, KeyEnded, KeyKind, KeyState
from gateway.keys.store import KeyStore
from gateway.settings import GatewaySettings
from kit.chain import first_broken
from kit.errors import BadUserInput, Forbidden, InvalidInput, NotFound, Refused, Unauthenticated, Unavailable
from kit.mongo import Database, connect, database
from kit.tasks import background
from kit.times import utc_now

PEPPER = b"p" * 32
HERE = Ends("127.0.0.1", "203.0.113.9")
LOCAL = {"host": "localhost"}


@pytest.fixture
async def store(db: Database) -> KeyStore:
    store = KeyStore(db)
    await store.prepare()
    return store


@pytest.fixture
async def directory(store: KeyStore) -> AsyncIterator[KeyDirectory]:
    directory = KeyDirectory(store, PEPPER, "live")
    await directory.refresh()
    async with background(follow=directory.follow()):
        yield directory


async def made(store: KeyStore, name: str = "partner", **draft: Any) -> Shown:
    return await create_key(store, PEPPER, KeyDraft(name, **draft), actor="test", now=utc_now())


async def knows(directory: KeyDirectory, text: str, address: str = "203.0.113.9") -> Key:
    """What the directory says once it has heard of the key."""
    async with asyncio.timeout(10):
        while True:
            try:
                return directory.open(text, address, utc_now())
            except Unauthenticated:
                await asyncio.sleep(0.01)


async def forgets(directory: KeyDirectory, text: str) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                directory.open(text, "203.0.113.9", utc_now())
            except Unauthenticated:
                return
            await asyncio.sleep(0.01)


async def test_a_key_gives_what_it_was_given_and_nothing_else(store: KeyStore, directory: KeyDirectory) -> None:
    grant = Grant(frozenset({"stock:read"}), channel="pos", locations=("loc_1",), staff="stf_1")
    shown = await made(store, "till", grant=grant)
    await knows(directory, shown.secret)
    access = Access(GatewaySettings(), directory)
    caller = access.identify({"authorization": f"Bearer {shown.secret}"}, HERE, "t")
    context = caller.context
    assert (caller.name, context.channel, context.location, context.staff) == ("till", "pos", "loc_1", "stf_1")
    assert context.scopes == frozenset({"stock:read"})
    for header, value in (("x-noren-location", "loc_2"), ("x-noren-channel", "web"), ("x-noren-scopes", "stock:write")):
        with pytest.raises(Forbidden):
            access.identify({"x-noren-key": shown.secret, header: value}, HERE, "t")


async def test_of_several_locations_one_is_named(store: KeyStore, directory: KeyDirectory) -> None:
    shown = await made(store, grant=Grant(locations=("loc_1", "loc_2")))
    await knows(directory, shown.secret)
    access = Access(GatewaySettings(), directory)
    named = {"x-noren-key": shown.secret, "x-noren-location": "loc_2"}
    assert access.identify(named, HERE, "t").context.location == "loc_2"
    with pytest.raises(BadUserInput):
        access.identify({"x-noren-key": shown.secret}, HERE, "t")
    with pytest.raises(Forbidden):
        access.identify({**named, "x-noren-location": "loc_3"}, HERE, "t")


async def test_a_publishable_key_acts_for_nobody_whatever_a_header_says(
    store: KeyStore, directory: KeyDirectory
) -> None:
    shown = await made(store, "page", kind=KeyKind.PUBLISHABLE)
    await knows(directory, shown.secret)
    access = Access(GatewaySettings(), directory)
    caller = access.identify({"x-noren-key": shown.secret}, HERE, "t")
    assert (caller.context.customer, caller.context.scopes) == (None, frozenset())
    assert "authenticated" not in caller.authority.holds
    for header in ("x-noren-customer", "x-noren-staff"):
        with pytest.raises(Forbidden):
            access.identify({"x-noren-key": shown.secret, header: "cus_1"}, HERE, "t")


async def test_the_first_key_ends_the_development_caller(store: KeyStore, directory: KeyDirectory) -> None:
    access = Access(GatewaySettings(), directory)
    assert access.identify(LOCAL, HERE, "t").name == "development"
    shown = await made(store)
    await knows(directory, shown.secret)
    with pytest.raises(Unauthenticated):
        access.identify(LOCAL, HERE, "t")
    await revoke_key(store, shown.key.id, reason="", actor="ops", now=utc_now())
    await forgets(directory, shown.secret)
    with pytest.raises(Unauthenticated):  # nobody gets all rights by losing their key
        access.identify(LOCAL, HERE, "t")


async def test_before_the_keys_are_known_nobody_is_let_in_or_called_a_stranger(store: KeyStore) -> None:
    shown = await made(store)
    access = Access(GatewaySettings(), KeyDirectory(store, PEPPER, "live"))
    for headers in (LOCAL, {"x-noren-key": shown.secret}):
        with pytest.raises(Unavailable):
            access.identify(headers, HERE, "t")


async def test_a_mistyped_and_a_foreign_key_are_told_without_a_look_up(store: KeyStore) -> None:
    nowhere = KeyDirectory(store, PEPPER, "live")  # knows nothing, so a look-up would be Unavailable
    shown = await made(store)
    with pytest.raises(Unauthenticated, match="checksum"):
        nowhere.open(shown.secret[:-1] + ("0" if shown.secret[-1] != "0" else "1"), "", utc_now())
    other = await made(store, environment="test")
    with pytest.raises(Unauthenticated, match="live keys only"):
        nowhere.open(other.secret, "", utc_now())


async def test_the_store_alone_opens_nothing(store: KeyStore, db: Database) -> None:
    shown = await made(store)
    documents = str([document async for document in db["keys"].find()])
    records = str(await store.records())
    assert shown.secret not in documents + records
    assert shown.secret.rpartition("_")[2][:43] not in documents + records
    stranger = KeyDirectory(store, b"q" * 32, "live")
    await stranger.refresh()
    with pytest.raises(Unauthenticated):
        stranger.open(shown.secret, "", utc_now())


async def test_an_address_list_is_kept(store: KeyStore, directory: KeyDirectory) -> None:
    shown = await made(store, grant=Grant(addresses=("203.0.113.0/24", "2001:db8::/32")))
    await knows(directory, shown.secret, "203.0.113.9")
    for inside in ("203.0.113.255", "::ffff:203.0.113.1", "2001:db8::1"):
        assert directory.open(shown.secret, inside, utc_now())
    for outside in ("203.0.114.1", "2001:db9::1", "", "unix"):
        with pytest.raises(Forbidden):
            directory.open(shown.secret, outside, utc_now())


async def test_a_revoked_key_opens_nothing_soon_after(store: KeyStore, directory: KeyDirectory) -> None:
    shown = await made(store)
    await knows(directory, shown.secret)
    revoked = await revoke_key(store, shown.key.id, reason="lost", actor="ops", now=utc_now())
    await forgets(directory, shown.secret)
    assert revoked.state(utc_now()) is KeyState.REVOKED
    assert await revoke_key(store, shown.key.id, reason="again", actor="ops", now=utc_now()) == revoked
    with pytest.raises(Refused) as refused:
        await rotate_key(store, PEPPER, shown.key.id, overlap=timedelta(0), actor="ops", now=utc_now())
    assert refused.value.refusals == (KeyEnded(id=shown.key.id, state=KeyState.REVOKED),)


async def test_two_secrets_live_while_their_holders_change_over(store: KeyStore, directory: KeyDirectory) -> None:
    first = await made(store)
    id, now = first.key.id, utc_now()
    second = await rotate_key(store, PEPPER, id, overlap=timedelta(hours=1), actor="ops", now=now)
    await knows(directory, second.secret)
    assert directory.open(first.secret, "", now).id == directory.open(second.secret, "", now).id == id
    with pytest.raises(Unauthenticated):
        directory.open(first.secret, "", now + timedelta(hours=1))
    third = await rotate_key(store, PEPPER, id, overlap=timedelta(hours=1), actor="ops", now=now)
    await knows(directory, third.secret)
    with pytest.raises(Unauthenticated):  # of three only the newest two
        directory.open(first.secret, "", now)
    at_once = await rotate_key(store, PEPPER, id, overlap=timedelta(0), actor="ops", now=now)
    await knows(directory, at_once.secret)
    with pytest.raises(Unauthenticated):
        directory.open(third.secret, "", now)


async def test_an_expired_key_is_unknown(store: KeyStore, directory: KeyDirectory) -> None:
    ends = utc_now() + timedelta(days=1)
    shown = await made(store, expires_at=ends)
    await knows(directory, shown.secret)
    with pytest.raises(Unauthenticated):
        directory.open(shown.secret, "", ends)


@pytest.mark.parametrize(
    ("draft", "where"),
    [
        (KeyDraft("two words"), "name"),
        (KeyDraft("a", grant=Grant(frozenset({"stock:everything"}))), "scopes"),
        (KeyDraft("a", KeyKind.PUBLISHABLE, grant=Grant(frozenset({"stock:write"}))), "scopes"),
        (KeyDraft("a", KeyKind.PUBLISHABLE, grant=Grant(customer="cus_1")), "customer"),
        (KeyDraft("a", grant=Grant(addresses=("203.0.113.9/24",))), "addresses"),
        (KeyDraft("a", grant=Grant(locations=("loc 1",))), "locations"),
        (KeyDraft("a", expires_at=utc_now() - timedelta(seconds=1)), "expires"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(store: KeyStore, draft: KeyDraft, where: str) -> None:
    with pytest.raises(Refused) as refused:
        await create_key(store, PEPPER, draft, actor="test", now=utc_now())
    (refusal,) = refused.value.refusals
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == (where,)
    assert await store.all() == []
    assert await store.records() == []


async def test_a_key_that_is_not_there_is_named(store: KeyStore) -> None:
    with pytest.raises(Refused) as refused:
        await revoke_key(store, "nobody", reason="", actor="test", now=utc_now())
    assert refused.value.refusals == (NotFound(path=("id",), kind="key", id="nobody"),)


async def test_every_change_is_in_the_chain_once_and_an_altered_record_is_found(store: KeyStore, db: Database) -> None:
    keys = await asyncio.gather(*[made(store, f"k{n}") for n in range(6)])
    now = utc_now()
    await asyncio.gather(
        *[rotate_key(store, PEPPER, keys[0].key.id, overlap=timedelta(0), actor="ops", now=now) for _ in range(4)],
        *[store.settle() for _ in range(3)],
    )
    records = await store.records()
    assert [record["number"] for record in records] == list(range(1, 11))
    assert sorted(record["what"] for record in records) == ["created"] * 6 + ["rotated"] * 4
    assert first_broken(records) is None
    await db["key_records"].update_one({"_id": 4}, {"$set": {"actor": "nobody"}})
    assert first_broken(await store.records()) == 4
    await db["key_records"].delete_one({"_id": 4})
    assert first_broken(await store.records()) == 4


async def test_what_an_interrupted_change_left_reaches_the_chain(store: KeyStore, db: Database) -> None:
    shown = await made(store)
    waiting = {"id": "chg_1", "what": "rotated", "actor": "ops", "at": utc_now(), "facts": {}}
    await db["keys"].update_one({"_id": shown.key.id}, {"$push": {"changes": waiting}})
    await store.prepare()
    await store.prepare()
    assert [record["what"] for record in await store.records(shown.key.id)] == ["created", "rotated"]


async def test_when_a_key_was_last_used_is_written_down(store: KeyStore, directory: KeyDirectory) -> None:
    shown = await made(store)
    await knows(directory, shown.secret)
    await directory.flush()
    used = await store.uses()
    assert utc_now() - used[shown.key.id] < timedelta(minutes=1)


async def test_without_its_database_the_last_copy_counts(store: KeyStore, db: Database) -> None:
    shown = await made(store)
    async with connect("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50") as client:
        directory = KeyDirectory(KeyStore(database(client, "nowhere")), PEPPER, "live")
        directory._keys = {shown.key.id: shown.key}  # as if it had been there before
        async with background(follow=directory.follow()):
            await asyncio.sleep(0.2)
            assert directory.open(shown.secret, "", utc_now()) == shown.key
