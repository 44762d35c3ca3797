"""What loyalty's tests may use: a store, a drainer, a member, a way to let time pass and a way to ask the graph."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.events import Drainer, EventLog
from kit.ids import new_id
from kit.mongo import Database, ensure_indexes
from kit.subgraph import Subgraph
from services.loyalty.context import Context
from services.loyalty.events import drainers
from services.loyalty.loaders import Loaders
from services.loyalty.model import CustomerId
from services.loyalty.schema import schema
from services.loyalty.store import INDEXES, LoyaltyStore

Ask = Callable[..., Awaitable[dict[str, Any]]]
PassTime = Callable[[timedelta], Awaitable[None]]


@pytest.fixture
async def store(db: Database) -> LoyaltyStore:
    await ensure_indexes(db, INDEXES)
    return LoyaltyStore(db)


@pytest.fixture
def drainer(store: LoyaltyStore, event_log: EventLog) -> Drainer:
    return drainers(store, event_log)[0]


@pytest.fixture
def member() -> CustomerId:
    return CustomerId(new_id("cus"))


@pytest.fixture
def pass_time(store: LoyaltyStore) -> PassTime:
    """Moves every expiry into the past's direction, which to the database's clock is time that has passed."""

    async def go_on(by: timedelta) -> None:
        ms = int(by.total_seconds() * 1000)
        moved = {"$map": {"input": "$limited", "in": {"points": "$$this.points", "expires_at": "$$this.expires_at"}}}
        moved["$map"]["in"]["expires_at"] = {"$subtract": ["$$this.expires_at", ms]}  # type: ignore[index]
        earlier = {
            name: {"$subtract": [f"${name}", ms]} for name in ("regular_expires_at", "next_expiry_at", "next_notice_at")
        }
        told = {"days": "$$this.days", "at": {"$subtract": ["$$this.at", ms]}}
        noticed = {"$map": {"input": {"$ifNull": ["$noticed", []]}, "in": told}}
        await store.wallets.update_many({}, [{"$set": {"limited": moved, "noticed": noticed, **earlier}}])

    return go_on


@pytest.fixture
def ask(store: LoyaltyStore) -> Ask:
    """Asks the subgraph as a caller with these facts; returns the whole response."""
    signer = ContextSigner(b"x" * 32)
    subgraph = Subgraph("loyalty", schema, signer, lambda caller: Context(caller, store, Loaders(store, caller.at)))

    async def execute(query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        scopes = frozenset(caller.pop("scopes", ()))
        token = signer.sign(RequestContext(channel="web", scopes=scopes, **caller))
        return await subgraph.execute(query, variables, None, {CONTEXT_HEADER: token})

    return execute
