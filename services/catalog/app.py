"""Catalog's composition root: opens the database, starts the drainer, builds the app."""

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
from services.catalog.category.refiling import refile_for_ever
from services.catalog.context import Context
from services.catalog.coupon.actions import make_for_ever
from services.catalog.events import consumers, drainers
from services.catalog.loaders import Loaders
from services.catalog.redemption.actions import sweep_for_ever
from services.catalog.review.counting import Counter
from services.catalog.schema import schema
from services.catalog.search.directory import Directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.upkeep import Upkeep
from services.catalog.settings import Settings
from services.catalog.store import INDEXES, CatalogStore


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[CatalogStore]:
    """Catalog's store with its indexes made."""
    async with open_database(settings.mongodb_url, f"{settings.database_prefix}_catalog") as db:
        await ensure_indexes(db, INDEXES)
        yield CatalogStore(db, context_secret(settings))


def search_directory(settings: Settings) -> Directory:
    """Where this installation's search index lies."""
    return Directory(settings.data_dir / "search" / settings.database_prefix)


@asynccontextmanager
async def keeping_search(store: CatalogStore, engine: SearchEngine, directory: Directory) -> AsyncIterator[None]:
    """The index kept fresh, by this process or another."""
    upkeep = Upkeep(store, engine, directory)
    async with background(keep_search=upkeep.run(), watch_search=upkeep.watch()):
        yield


async def keep_counting(store: CatalogStore) -> None:
    """Every product's stars kept equal to its reviews, for ever."""
    counter = Counter(store.review, store.standing)
    store.review.on_mark = counter.nudge
    await counter.run()


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The running service."""
    signer = ContextSigner(context_secret(settings))
    directory = search_directory(settings)
    engine = SearchEngine(directory)
    async with (
        open_store(settings) as store,
        open_event_log(settings.mongodb_url, settings.database_prefix) as event_log,
        background(**{f"drain_{number}": one.run() for number, one in enumerate(drainers(store, event_log))}),
        background(**{f"hear_{number}": one.run() for number, one in enumerate(consumers(store, event_log))}),
        background(count_stars=keep_counting(store), follow_prices=store.quote.follow()),
        keeping_search(store, engine, directory),
        background(refile_products=refile_for_ever(store)),
        background(make_coupons=make_for_ever(store), sweep_redemptions=sweep_for_ever(store)),
    ):

        def make_context(caller: RequestContext) -> Context:
            return Context(caller, store, Loaders(store), engine)

        yield Service(Subgraph("catalog", schema, signer, make_context), partial(is_ready, store.db))


app = build_app("catalog", lambda: open_service(Settings()))
