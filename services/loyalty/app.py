"""Loyalty's composition root: opens the database, starts drainer, consumer and sweep, builds the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from kit.app import Service, build_app
from kit.context import ContextSigner, RequestContext
from kit.events import open_event_log
from kit.mongo import ensure_indexes, is_ready, open_database
from kit.settings import context_secret
from kit.subgraph import Subgraph
from kit.tasks import background
from services.loyalty.context import Context
from services.loyalty.events import consumers, drainers
from services.loyalty.loaders import Loaders
from services.loyalty.schema import schema
from services.loyalty.settings import Settings
from services.loyalty.store import INDEXES, LoyaltyStore
from services.loyalty.sweeper import sweep


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[LoyaltyStore]:
    """Loyalty's store with its indexes made."""
    async with open_database(settings.mongodb_url, f"{settings.database_prefix}_loyalty") as db:
        await ensure_indexes(db, INDEXES)
        yield LoyaltyStore(db)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The running service."""
    signer = ContextSigner(context_secret(settings))
    async with (
        open_store(settings) as store,
        open_event_log(settings.mongodb_url, settings.database_prefix) as event_log,
    ):
        tellers, hearers = drainers(store, event_log), consumers(store, event_log)

        def make_context(caller: RequestContext) -> Context:
            return Context(caller, store, Loaders(store, caller.at))

        async with background(
            **{f"drain_{number}": one.run() for number, one in enumerate(tellers)},
            **{f"hear_{number}": one.run() for number, one in enumerate(hearers)},
            live=store.live.run(),
            sweep=sweep(store, settings.expiry_sweep_s),
        ):
            yield Service(Subgraph("loyalty", schema, signer, make_context), partial(is_ready, store.db))


app = build_app("loyalty", lambda: open_service(Settings()))
