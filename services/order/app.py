"""The order service's composition root: opens the database, starts drainers and sweeper, builds the app."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from kit.app import Service, build_app
from kit.context import ContextSigner, RequestContext
from kit.events import EventLog, open_event_log
from kit.mongo import ensure_indexes, is_ready, open_database
from kit.settings import context_secret
from kit.subgraph import Subgraph
from kit.tasks import background
from services.order.context import Context
from services.order.events import drainers
from services.order.loaders import Loaders
from services.order.returns.sweeper import sweep
from services.order.schema import schema
from services.order.settings import Settings
from services.order.store import INDEXES, OrderStore


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[OrderStore]:
    """The order service's store with its indexes made."""
    async with open_database(settings.mongodb_url, f"{settings.database_prefix}_order") as db:
        await ensure_indexes(db, INDEXES)
        yield OrderStore(db)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The running service."""
    signer = ContextSigner(context_secret(settings))
    async with (
        open_store(settings) as store,
        open_event_log(settings.mongodb_url, settings.database_prefix) as event_log,
        _background_work(store, event_log),
    ):

        def make_context(caller: RequestContext) -> Context:
            return Context(caller, store, Loaders(store))

        yield Service(Subgraph("order", schema, signer, make_context), partial(is_ready, store.db))


def _background_work(store: OrderStore, event_log: EventLog) -> AbstractAsyncContextManager[None]:
    orders, returns = drainers(store, event_log)
    return background(drain_orders=orders.run(), drain_returns=returns.run(), finish_returns=sweep(store))


app = build_app("order", lambda: open_service(Settings()))
