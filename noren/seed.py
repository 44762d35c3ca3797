"""`noren seed`: the sample data into every service, once; again it changes nothing."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kit.events.log import insert_new
from kit.mongo import Document, open_database
from kit.settings import KitSettings
from kit.times import utc_now
from noren import sample_drafts as drafts
from noren.delivery import Stores, deliver
from noren.sample.files import MissingExtra, Sample, load_sample
from noren.stores import open_stores
from services.catalog.category.actions import create_category
from services.catalog.category.model import Category
from services.catalog.channel.actions import put_channel
from services.catalog.product.actions import import_products
from services.customer.importing import import_customers
from services.inventory.location.actions import import_locations
from services.inventory.location.model import ExternalRef
from services.inventory.model import LocationId
from services.inventory.policy.model import ANY
from services.inventory.stock.actions import import_opening_stock
from services.order.actions import import_orders

SEED = "adventureworks"
MissingSample = MissingExtra
console = Console(stderr=True)
T = TypeVar("T")


class SeedIncomplete(Exception):
    """Rows of the sample were refused; the message says which: the sample and the rules disagree."""


def seed_all(mongodb_url: str, read: Callable[[], Sample] = load_sample) -> None:
    """Load the sample data, with a progress bar."""
    uvloop.run(_seed(mongodb_url, read))


def seed_if_empty(mongodb_url: str, read: Callable[[], Sample] = load_sample) -> None:
    """Load the sample data on the first start, or go on with a load that was broken off."""
    if uvloop.run(_is_wanted(mongodb_url)):
        seed_all(mongodb_url, read)


async def load(stores: Stores, sample: Sample, progress: Progress) -> None:
    """Every service's share, in an order in which each refers only to what is there."""
    bar = _Bars(progress)
    await _load_catalog_and_stock(stores, sample, bar)
    await _load_customers_and_orders(stores, sample, bar)
    await deliver(stores, bar.filled("points"))


async def _seed(mongodb_url: str, read: Callable[[], Sample]) -> None:
    started = time.monotonic()
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with _marked(mongodb_url), open_stores(mongodb_url) as stores:
        with Progress(*columns, console=console) as progress:
            await load(stores, read(), progress)
    console.print(f"sample data loaded in {time.monotonic() - started:.1f} s")


async def _load_catalog_and_stock(stores: Stores, sample: Sample, bar: "_Bars") -> None:
    now = utc_now()
    for channel in bar.over("channels", sample.channels):
        await put_channel(stores.catalog, drafts.channel_of(channel))
    categories = await _load_categories(stores, sample, bar)
    products = list(drafts.products_of(sample, categories))
    await import_products(stores.catalog, bar.over("products", products), now=now)
    locations = await _load_locations(stores, sample, bar)
    await stores.inventory.policies.put(ANY, drafts.STOCK_POLICY, 0, now)  # kept as it is, if somebody has set one
    stock = list(drafts.stock_of(sample, locations))
    await import_opening_stock(stores.inventory, bar.over("stock", stock), now=now)


async def _load_customers_and_orders(stores: Stores, sample: Sample, bar: "_Bars") -> None:
    now = utc_now()
    people = [drafts.customer_of(row) for row in sample.customers]
    members = await import_customers(stores.customer, bar.over("customers", people), now=now)
    if members.refused:
        raise SeedIncomplete(f"{len(members.refused)} customers were refused, the first: {members.refused[0]}")
    orders = drafts.orders_of(sample, members.ids)
    sold = await import_orders(stores.order, bar.over("orders", orders, len(sample.orders)), now=now)
    if sold.problems:
        raise SeedIncomplete(f"{len(sold.problems)} orders were refused, the first: {sold.problems[0]}")


async def _load_categories(stores: Stores, sample: Sample, bar: "_Bars") -> dict[str, str]:
    known: dict[str, Category] = await stores.catalog.category.by_slug([row.slug for row in sample.categories])
    for row in bar.over("categories", drafts.parents_first(sample.categories)):
        if row.slug not in known:
            parent = known[row.parent_slug].id if row.parent_slug else None
            known[row.slug] = await create_category(stores.catalog, row.slug, row.names, parent, now=utc_now())
    return {slug: category.id for slug, category in known.items()}


async def _load_locations(stores: Stores, sample: Sample, bar: "_Bars") -> dict[str, LocationId]:
    places = [drafts.location_of(row) for row in sample.locations]
    ids = await import_locations(stores.inventory, bar.over("locations", places), now=utc_now())
    return {row.code: ids[ExternalRef(drafts.SOURCE, row.code)] for row in sample.locations}


class _Bars:
    """One bar a step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def over(self, step: str, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """The items, counted on the bar as they are taken."""
        if total is None and isinstance(items, Sequence):
            total = len(items)
        return iter(self._progress.track(items, total=total, description=step))

    def filled(self, step: str) -> Callable[[int, int], None]:
        """What fills a bar up to so many of so many."""
        bar = self._progress.add_task(step, total=None)
        return lambda done, total: self._progress.update(bar, completed=done, total=total)


async def _is_wanted(mongodb_url: str) -> bool:
    async with open_database(mongodb_url, f"{KitSettings().database_prefix}_system") as db:
        mark = await db["seeds"].find_one({"_id": SEED})
    if mark is not None:
        return "finished_at" not in mark
    async with open_stores(mongodb_url) as stores:
        return await stores.catalog.product.count() == 0


@asynccontextmanager
async def _marked(mongodb_url: str) -> AsyncIterator[None]:
    """Keeps when the load began and ended, so that one that was broken off is gone on with."""
    async with open_database(mongodb_url, f"{KitSettings().database_prefix}_system") as db:
        mark: Document = await db["seeds"].find_one({"_id": SEED}) or {"_id": SEED, "started_at": utc_now()}
        await insert_new(db["seeds"], [mark])
        yield
        await db["seeds"].replace_one({"_id": SEED}, {**mark, "finished_at": utc_now()})
