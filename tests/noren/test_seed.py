"""The sample is loaded once, a load that was broken off is gone on with, and a shop's own data is left alone."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import uvloop
from rich.console import Console
from rich.progress import Progress

from kit.mongo import connect
from kit.times import utc_now
from noren.sample.files import Sample
from noren.seed import SeedIncomplete, load, seed_all, seed_if_empty
from noren.stores import open_stores
from services.catalog.product.actions import import_products
from services.catalog.product.model import ProductDraft, Sku, Variant
from tests.noren.conftest import ROOT

Counts = Mapping[str, int]
DYING = """
import os, signal, sys
import noren.seed as seed
from noren.sample.files import sample_slice

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(seed, sys.argv[1], die)
seed.seed_all(os.environ["NOREN_MONGODB_URL"], lambda: sample_slice(products=10, customers=20, orders=40))
"""


async def _counts(url: str, prefix: str) -> Counts:
    async with connect(url) as client:
        return {
            f"{name.removeprefix(prefix)}.{collection}": await client[name][collection].count_documents({})
            for name in sorted(await client.list_database_names())
            if name.startswith(prefix)
            for collection in sorted(await client[name].list_collection_names())
        }


def counts(settings: Mapping[str, str]) -> Counts:
    """Documents of every collection of an installation."""
    return uvloop.run(_counts(settings["NOREN_MONGODB_URL"], settings["NOREN_DATABASE_PREFIX"]))


def expected(sample: Sample) -> dict[str, int]:
    """What the sample makes of collections that hold one document a row."""
    return {
        "_catalog.channels": len(sample.channels),
        "_catalog.categories": len(sample.categories),
        "_catalog.products": len(sample.products),
        "_inventory.locations": len(sample.locations),
        "_inventory.stock": len(sample.stock),
        "_inventory.journal": len(sample.stock),
        "_customer.profiles": len(sample.customers),
        "_loyalty.wallets": len(sample.customers),
        "_loyalty.accruals": len(sample.orders),
        "_order.orders": len(sample.orders),
        "_system.seeds": 1,
    }


def assert_complete(settings: Mapping[str, str], sample: Sample) -> Counts:
    seen = counts(settings)
    assert {name: seen.get(name) for name in expected(sample)} == expected(sample)
    return seen


def test_everything_is_loaded_once(named_mongo: Mapping[str, str], sample: Sample) -> None:
    url = named_mongo["NOREN_MONGODB_URL"]
    seed_all(url, lambda: sample)
    first = assert_complete(named_mongo, sample)
    seed_all(url, lambda: sample)
    assert counts(named_mongo) == first


@pytest.mark.parametrize("step", ["import_customers", "deliver"])
def test_a_load_that_was_killed_is_completed_by_the_next_start(
    named_mongo: Mapping[str, str], sample: Sample, step: str
) -> None:
    killed = subprocess.run([sys.executable, "-c", DYING, step], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert counts(named_mongo)["_loyalty.wallets"] == 0

    seed_if_empty(named_mongo["NOREN_MONGODB_URL"], lambda: sample)

    assert_complete(named_mongo, sample)


def test_what_is_complete_is_not_read_again(named_mongo: Mapping[str, str], sample: Sample) -> None:
    seed_if_empty(named_mongo["NOREN_MONGODB_URL"], lambda: sample)
    assert_complete(named_mongo, sample)
    seed_if_empty(named_mongo["NOREN_MONGODB_URL"], refuse)


def test_a_shop_with_products_of_its_own_is_not_seeded_into(named_mongo: Mapping[str, str]) -> None:
    url = named_mongo["NOREN_MONGODB_URL"]

    async def sell_something() -> None:
        variant = Variant(sku=Sku("OWN-1"), options={}, names={"en": "Own"}, prices=())
        async with open_stores(url) as stores:
            draft = ProductDraft(slug="own", names={"en": "Own"}, variants=(variant,), descriptions={})
            assert await import_products(stores.catalog, [draft], now=utc_now()) == 1

    uvloop.run(sell_something())
    before = counts(named_mongo)
    seed_if_empty(url, refuse)
    assert counts(named_mongo) == before


def test_a_sample_the_rules_refuse_stops_the_load_and_is_not_marked_as_loaded(
    named_mongo: Mapping[str, str], sample: Sample
) -> None:
    broken = replace(sample, orders=(replace(sample.orders[0], currency="Euro"), *sample.orders[1:]))
    with pytest.raises(SeedIncomplete, match="1 orders were refused"):
        seed_all(named_mongo["NOREN_MONGODB_URL"], lambda: broken)
    seed_if_empty(named_mongo["NOREN_MONGODB_URL"], lambda: sample)
    assert_complete(named_mongo, sample)


async def test_every_step_fills_its_bar(named_mongo: Mapping[str, str], sample: Sample) -> None:
    with Progress(console=Console(quiet=True)) as progress:
        async with open_stores(named_mongo["NOREN_MONGODB_URL"]) as stores:
            await load(stores, sample, progress)
    done: dict[str, Any] = {task.description: (task.completed, task.total) for task in progress.tasks}
    read, total = done["points"]
    assert done["orders"] == (len(sample.orders), len(sample.orders))
    assert read == total >= len(sample.customers) + len(sample.orders)
    assert all(task.finished for task in progress.tasks)


def refuse() -> Sample:
    """For where the sample must not even be read."""
    raise AssertionError("the sample was read")
