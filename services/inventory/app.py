"""Inventory's composition root: opens the database, starts drainers and sweeper, builds the app."""

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
from services.inventory.actions import sweep_for_ever, sweep_papers_for_ever
from services.inventory.auditor.actions import audit_for_ever
from services.inventory.context import Context
from services.inventory.events import consumers, drainers
from services.inventory.fulfillment.code import PickupCodes
from services.inventory.loaders import Loaders
from services.inventory.schema import schema
from services.inventory.settings import Settings
from services.inventory.store import INDEXES, InventoryStore


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[InventoryStore]:
    """Inventory's store with its indexes made."""
    async with open_database(settings.mongodb_url, f"{settings.database_prefix}_inventory") as db:
        await ensure_indexes(db, INDEXES)
        yield InventoryStore(db)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The running service."""
    signer = ContextSigner(context_secret(settings))
    async with (
        open_store(settings) as store,
        open_event_log(settings.mongodb_url, settings.database_prefix) as event_log,
    ):
        store.pickup_codes = PickupCodes(context_secret(settings))
        draining = {f"drain_{place}": drainer.run() for place, drainer in enumerate(drainers(store, event_log))}
        hearing = {f"hear_{place}": consumer.run() for place, consumer in enumerate(consumers(store, event_log))}

        def make_context(caller: RequestContext) -> Context:
            return Context(caller, store, Loaders(store))

        work = {
            **draining,
            **hearing,
            "live": store.live.run(),
            "audit": audit_for_ever(store),
            "sweep": sweep_for_ever(store),
            "sweep_papers": sweep_papers_for_ever(store),
        }
        async with background(**work):
            yield Service(Subgraph("inventory", schema, signer, make_context), partial(is_ready, store.db))


app = build_app("inventory", lambda: open_service(Settings()))
