"""A customer store on a fresh database, and the subgraph over it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.mongo import Database, ensure_indexes
from kit.subgraph import Subgraph
from services.customer.context import Context
from services.customer.identity import derive_key
from services.customer.loaders import Loaders
from services.customer.schema import schema
from services.customer.store import INDEXES, CustomerStore

VAULT_KEY = b"v" * 32
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
async def store(db: Database) -> CustomerStore:
    await ensure_indexes(db, INDEXES)
    return CustomerStore(db, derive_key(b"a secret for tests only"), VAULT_KEY)


@pytest.fixture
def ask(store: CustomerStore) -> Ask:
    """`await ask(query, variables, scopes=…, customer=…)` is the subgraph's response."""
    signer = ContextSigner(b"x" * 32)
    subgraph = Subgraph("customer", schema, signer, lambda caller: Context(caller, store, Loaders(store), "JP"))

    async def execute(
        query: str, variables: dict[str, Any] | None = None, *, scopes: str = "", customer: str | None = None
    ) -> dict[str, Any]:
        caller = RequestContext(channel="web", customer=customer, scopes=frozenset(scopes.split()), trace_id="t")
        return await subgraph.execute(query, variables, None, {CONTEXT_HEADER: signer.sign(caller)})

    return execute
