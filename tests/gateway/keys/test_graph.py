"""Keys by the graph: shown once, never more than their maker, and the SDL that is committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

import gateway.own
from gateway.app import build_gateway
from gateway.keys.actions import create_key
from gateway.keys.directory import KeyDirectory
from gateway.keys.model import Grant, KeyDraft
from gateway.keys.store import KeyStore
from gateway.own import own_issuer
from gateway.settings import GatewaySettings
from gateway.tokens.reader import Tokens
from gateway.transports.in_process import InProcessTransport
from kit.mongo import Database
from kit.tasks import background
from kit.times import utc_now
from tests.gateway.stall import SECRET, Stall, stall_subgraph

PEPPER = b"p" * 32
CREATE = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret
  apiKey { id name kind scopes locations state liveSecrets } userErrors { code path } } }"""
ROTATE = """mutation ($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) { secret apiKey { liveSecrets }
  userErrors { code path ... on ScopeNotHeld { scope } ... on ApiKeyEnded { state } } } }"""
REVOKE = """mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) { apiKey { state revokedAt }
  userErrors { code path } } }"""
LIST = "{ apiKeys(first: 10) { totalCount nodes { id name lastUsedAt } } }"


class Office:
    """A gateway with keys, and those who ask it."""

    def __init__(self, http: httpx2.AsyncClient, store: KeyStore) -> None:
        self._http = http
        self.store = store

    async def key(self, *scopes: str, **grant: Any) -> str:
        """A key made by an operator, once the gateway takes it."""
        draft = KeyDraft("ops", grant=Grant(frozenset(scopes), **grant))
        shown = await create_key(self.store, PEPPER, draft, actor="test", now=utc_now())
        await self.until(shown.secret, 200)
        return shown.secret

    async def until(self, key: str, status: int) -> None:
        async with asyncio.timeout(20):
            while (await self.post(key, "{ caller }")).status_code != status:
                await asyncio.sleep(0.01)

    async def post(self, key: str, query: str, input: dict[str, Any] | None = None) -> httpx2.Response:
        body = {"query": query, "variables": {"input": input} if input is not None else {}}
        return await self._http.post("/graphql", json=body, headers={"x-noren-key": key})

    async def ask(self, key: str, query: str, input: dict[str, Any] | None = None) -> Any:
        answer = (await self.post(key, query, input)).json()
        assert "errors" not in answer, answer
        (payload,) = answer["data"].values()
        return payload


@pytest.fixture
async def office(db: Database, tmp_path: Path) -> AsyncIterator[Office]:
    store = KeyStore(db)
    await store.prepare()
    async with _gateway(store, tmp_path) as http:
        yield Office(http, store)


@asynccontextmanager
async def _gateway(store: KeyStore, data_dir: Path) -> AsyncIterator[httpx2.AsyncClient]:
    directory, subgraph = KeyDirectory(store, PEPPER, "live"), stall_subgraph(Stall())
    await directory.refresh()
    settings = GatewaySettings(context_secret=SECRET, data_dir=data_dir)  # type: ignore[arg-type]
    stall = {"stall": InProcessTransport(subgraph)}
    tokens = Tokens([own_issuer(settings)], settings.staff_roles)
    app = build_gateway(settings, {"stall": subgraph.sdl}, stall, keys=directory, tokens=tokens)
    async with (
        background(follow=directory.follow()),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as http,
    ):
        yield http


async def test_an_administrator_makes_rotates_and_revokes_a_key(office: Office) -> None:
    boss = await office.key("keys:read", "keys:write", "stock:read")
    made = await office.ask(boss, CREATE, {"name": "till", "scopes": ["stock:read"], "locations": ["loc_1"]})
    assert made["userErrors"] == []
    assert made["apiKey"] | {"id": ""} == {
        "id": "",
        "name": "till",
        "kind": "SECRET",
        "scopes": ["stock:read"],
        "locations": ["loc_1"],
        "state": "ACTIVE",
        "liveSecrets": 1,
    }
    first, id = made["secret"], made["apiKey"]["id"]
    await office.until(first, 200)

    rotated = await office.ask(boss, ROTATE, {"id": id})
    assert rotated["apiKey"] == {"liveSecrets": 2}
    await office.until(rotated["secret"], 200)
    listed = await office.ask(boss, LIST)
    assert listed["totalCount"] == 2
    assert {node["name"] for node in listed["nodes"]} == {"ops", "till"}

    revoked = await office.ask(boss, REVOKE, {"id": id, "reason": "lost"})
    assert revoked["apiKey"]["state"] == "REVOKED"
    for secret in (first, rotated["secret"]):
        await office.until(secret, 401)
    ended = await office.ask(boss, ROTATE, {"id": id})
    assert ended["userErrors"] == [{"code": "KEY_ENDED", "path": ["id"], "state": "REVOKED"}]
    whats = [(record["what"], record["actor"]) for record in await office.store.records(id)]
    assert whats == [("created", "channel:web"), ("rotated", "channel:web"), ("revoked", "channel:web")]


async def test_nobody_makes_or_rotates_a_key_that_may_do_more_than_they(office: Office) -> None:
    clerk = await office.key("keys:write", "stock:read")
    more = await office.ask(clerk, CREATE, {"name": "x", "scopes": ["stock:read", "stock:write"]})
    assert more["userErrors"] == [{"code": "SCOPE_NOT_HELD", "path": ["input", "scopes"]}]
    assert more["secret"] is None

    strong = (await office.key("stock:write")).split("_")[2]
    rotated = await office.ask(clerk, ROTATE, {"id": strong})
    assert rotated["userErrors"] == [{"code": "SCOPE_NOT_HELD", "path": ["input", "scopes"], "scope": "stock:write"}]
    assert (await office.ask(clerk, REVOKE, {"id": strong, "reason": "seen outside"}))["apiKey"]["state"] == "REVOKED"


async def test_whoever_is_bound_to_a_place_or_person_binds_their_keys_likewise(office: Office) -> None:
    bound = await office.key("keys:write", locations=("loc_1",), customer="cus_1")
    wide = await office.ask(bound, CREATE, {"name": "x"})
    assert [error["path"] for error in wide["userErrors"]] == [["locations"], ["customer"]]
    own = await office.ask(bound, CREATE, {"name": "x", "locations": ["loc_1"], "customer": "cus_1"})
    assert own["userErrors"] == []


async def test_a_publishable_key_holds_no_scope_and_nobody(office: Office) -> None:
    boss = await office.key("keys:write", "stock:read")
    wrong = {"name": "page", "kind": "PUBLISHABLE", "scopes": ["stock:read"], "staff": "stf_1"}
    refused = await office.ask(boss, CREATE, wrong)
    assert [error["path"] for error in refused["userErrors"]] == [["scopes"], ["staff"]]
    made = await office.ask(boss, CREATE, {"name": "page", "kind": "PUBLISHABLE"})
    await office.until(made["secret"], 200)


async def test_without_the_scope_there_are_no_keys_to_be_seen(office: Office) -> None:
    stranger = await office.key("stock:read")
    for query in (LIST, 'mutation { apiKeyRevoke(input: {id: "x", reason: ""}) { apiKey { id } } }'):
        answer = (await office.post(stranger, query)).json()
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    shown = (await office.post(stranger, "{ __schema { queryType { fields { name } } } }")).json()
    assert "apiKeys" not in str(shown)


def test_the_committed_sdl_is_the_codes() -> None:
    committed = Path(gateway.own.__file__).with_name("own.graphql").read_text(encoding="utf-8")

    assert committed == gateway.own.schema.sdl
