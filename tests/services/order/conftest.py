"""A store on a fresh database, drafts of sales and returns, and a caller who asks the subgraph."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.mongo import Database, ensure_indexes
from kit.subgraph import Subgraph
from services.order.context import Context
from services.order.identity.model import ExternalId
from services.order.line.model import Line, line_of_gross
from services.order.loaders import Loaders
from services.order.model import OrderDraft
from services.order.returns.model import ReturnDraft
from services.order.schema import schema
from services.order.store import INDEXES, OrderStore

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
MUG = line_of_gross("MUG", "Mug, blue", 5, 1_001, discount_minor=4, tax_rate_bp=1_000)

NewDraft = Callable[..., OrderDraft]
NewReturn = Callable[..., ReturnDraft]
Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
async def store(db: Database) -> OrderStore:
    await ensure_indexes(db, INDEXES)
    return OrderStore(db)


@pytest.fixture
def mug() -> Line:
    """Five mugs for 50.01, an amount that five returns cannot share evenly."""
    return MUG


@pytest.fixture
def new_draft() -> NewDraft:
    """A sale of five mugs by default, named by its external id."""

    def make(called: str = "A-1", /, **changes: Any) -> OrderDraft:
        values: dict[str, Any] = {
            "external_ids": (ExternalId("till", called),),
            "channel": "pos",
            "placed_at": NOW,
            "currency": "EUR",
            "lines": (MUG,),
        }
        return OrderDraft(**(values | changes))

    return make


@pytest.fixture
def new_return() -> NewReturn:
    """A return, named by its external id; the test says of what."""

    def make(called: str = "R-1", /, **changes: Any) -> ReturnDraft:
        values: dict[str, Any] = {
            "external_ids": (ExternalId("till", called),),
            "channel": "pos",
            "returned_at": NOW,
        }
        return ReturnDraft(**(values | changes))

    return make


@pytest.fixture
def ask(store: OrderStore) -> Ask:
    """Ask the subgraph as the gateway would, as somebody with these scopes and this customer."""
    signer = ContextSigner(b"x" * 32)
    subgraph = Subgraph("order", schema, signer, lambda caller: Context(caller, store, Loaders(store)))

    async def execute(query: str, variables: dict[str, Any] | None = None, **who: Any) -> dict[str, Any]:
        values: dict[str, Any] = {"channel": "pos", "at": NOW} | who
        values["scopes"] = frozenset(who.get("scopes", ()))
        caller = RequestContext(**values)
        return await subgraph.execute(query, variables, None, {CONTEXT_HEADER: signer.sign(caller)})

    return execute
