"""Customer's composition root: opens the database, starts drainer and sweep, builds the app."""

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
from services.customer.actions import sweep_for_ever
from services.customer.context import Context
from services.customer.events import consumers, drainers
from services.customer.loaders import Loaders
from services.customer.schema import schema
from services.customer.settings import Settings, identity_key, survivorship, vault_key
from services.customer.store import INDEXES, CustomerStore


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[CustomerStore]:
    """Customer's store with its indexes made; IdentityKeyChanged, VaultKeyChanged if it was kept with other keys."""
    async with open_database(settings.mongodb_url, f"{settings.database_prefix}_customer") as db:
        await ensure_indexes(db, INDEXES)
        store = CustomerStore(db, identity_key(settings), vault_key(settings), survivorship(settings))
        await store.pin_keys()
        yield store


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The running service."""
    signer = ContextSigner(context_secret(settings))
    async with (
        open_store(settings) as store,
        open_event_log(settings.mongodb_url, settings.database_prefix) as event_log,
        background(**{f"drain_{n}": each.run() for n, each in enumerate(drainers(store, event_log))}),
        background(sweep=sweep_for_ever(store), live=store.live.events.run(), lookups=store.live.lookups.run()),
        background(**{f"hear_{n}": each.run() for n, each in enumerate(consumers(store, event_log))}),
    ):

        def make_context(caller: RequestContext) -> Context:
            return Context(caller, store, Loaders(store), settings.phone_region, settings.postal_file)

        yield Service(Subgraph("customer", schema, signer, make_context), partial(is_ready, store.db))


app = build_app("customer", lambda: open_service(Settings()))
