"""The index follows the catalog, whoever writes it, and however that writer ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.mongo import Database
from kit.tasks import background
from services.catalog.availability.model import Level
from services.catalog.category.actions import create_category, rename_category
from services.catalog.model import Channel
from services.catalog.product.actions import ProductEdit, import_products, upsert_product
from services.catalog.search.actions import set_synonyms
from services.catalog.search.directory import Directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import ANYWHERE
from services.catalog.search.store import WRITERS
from services.catalog.search.upkeep import Upkeep
from services.catalog.store import CatalogStore
from tests.architecture.tree import ROOT
from tests.services.catalog.search.conftest import Find
from tests.services.catalog.shop import NOW, draft

WAIT_S = 60
"""Generous: the machine may be busy."""
LEASE = timedelta(seconds=1)
WRITING = "tests.services.catalog.search.writing"


@pytest.fixture
async def kept(store: CatalogStore, engine: SearchEngine, search_directory: Directory) -> AsyncIterator[None]:
    async with keeping(store, engine, search_directory):
        yield


@asynccontextmanager
async def keeping(store: CatalogStore, engine: SearchEngine, directory: Directory) -> AsyncIterator[Upkeep]:
    upkeep = Upkeep(store, engine, directory, lease=LEASE)
    async with background(keep=upkeep.run(), watch=upkeep.watch()):
        await until(lambda: found(engine))
        yield upkeep


async def found(engine: SearchEngine) -> bool:
    engine.refresh()
    return engine._reader is not None


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("kept")
async def test_what_is_written_is_found_and_what_is_gone_is_not(store: CatalogStore, find: Find) -> None:
    mug = await upsert_product(store, draft(names={"en": "Mug"}), None, now=NOW)
    await until(lambda: finds(find, "mug", ["mug"]))

    await upsert_product(store, draft(names={"en": "Cup"}), ProductEdit(mug.id, 1), now=NOW)
    await until(lambda: finds(find, "cup", ["mug"]))
    assert await find("Mug", categories=("none",)) == []

    await store.product.products.delete_one({"_id": mug.id})
    await until(lambda: finds(find, "", []))


async def finds(find: Find, text: str, slugs: list[str], **narrow: object) -> bool:
    return sorted(await find(text, **narrow)) == sorted(slugs)


@pytest.mark.usefixtures("kept")
async def test_a_renamed_category_a_sold_out_variant_and_a_synonym_are_followed(
    store: CatalogStore, find: Find
) -> None:
    bikes = await create_category(store, "bikes", {"en": "Bikes"}, now=NOW)
    road = await create_category(store, "road", {"en": "Road"}, bikes.id, now=NOW)
    await import_products(store, [draft("racer", category_ids=(road.id,)), draft("mug")], now=NOW)
    await until(lambda: finds(find, "bikes", ["racer"]))

    await rename_category(store, bikes.id, {"en": "Velocipedes"}, 1, now=NOW)
    await until(lambda: finds(find, "velocipede", ["racer"]))

    await store.availability.keep([Level("RACER", "loc_a", 3, 1), Level("MUG", "loc_b", 1, 1)])
    await until(lambda: finds(find, "", ["racer", "mug"], in_stock_at=ANYWHERE))
    assert await find(in_stock_at="loc_a") == ["racer"]

    await store.availability.keep([Level("RACER", "loc_a", 0, 3), Level("RACER", "loc_a", 5, 2)])
    await until(lambda: finds(find, "", ["mug"], in_stock_at=ANYWHERE))

    await set_synonyms(store, "cups", ["beaker", "mug"])
    await until(lambda: finds(find, "beaker", ["mug"]))
    await set_synonyms(store, "cups", [])
    await until(lambda: finds(find, "beaker", []))


@pytest.mark.usefixtures("kept")
async def test_a_new_channel_has_the_index_built_anew_for_its_prices(
    store: CatalogStore, search_directory: Directory
) -> None:
    before = search_directory.current()
    assert before is not None
    assert before.channels == ("tokyo", "web")

    await store.channel.put(Channel("kiosk", "Kiosk", "EUR", 1_900))

    await until(lambda: has_channels(search_directory, ("kiosk", "tokyo", "web")))
    await until(lambda: only(search_directory))


async def has_channels(directory: Directory, channels: tuple[str, ...]) -> bool:
    current = directory.current()
    return current is not None and current.channels == channels


async def only(directory: Directory) -> bool:
    """Old generations are removed."""
    current = directory.current()
    assert current is not None
    path = directory.path_of(current.generation)
    return [one.name for one in path.parent.glob("gen_*")] == [path.name]


async def test_an_index_of_other_fields_or_without_a_place_in_the_stream_is_built_anew(
    store: CatalogStore, engine: SearchEngine, search_directory: Directory, find: Find
) -> None:
    async with keeping(store, engine, search_directory):
        built = search_directory.current()
    assert built is not None
    await import_products(store, [draft("mug")], now=NOW)
    search_directory.swap(replace(built, stamp="v0"))
    assert not engine.refresh()

    async with keeping(store, engine, search_directory):
        await until(lambda: finds(find, "", ["mug"]))
        second = search_directory.current()
        assert second is not None
        assert second.generation != built.generation

    await store.db[WRITERS].update_one({}, {"$set": {"token": {"_data": "00"}}})
    await import_products(store, [draft("cup")], now=NOW)
    async with keeping(store, engine, search_directory):
        await until(lambda: finds(find, "", ["mug", "cup"]))


@pytest.mark.usefixtures("kept")
async def test_a_rebuild_is_done_by_the_process_that_writes(store: CatalogStore, search_directory: Directory) -> None:
    before = search_directory.current()
    other = Upkeep(store, SearchEngine(search_directory), search_directory, lease=LEASE)

    generation = await asyncio.wait_for(other.rebuild(), WAIT_S)

    now = search_directory.current()
    assert before is not None
    assert now is not None
    assert now.generation == generation != before.generation


@contextmanager
def writer(mongo_url: str, db: Database, directory: Directory) -> Iterator[subprocess.Popen[bytes]]:
    path = str(directory.path_of(""))
    command = [sys.executable, "-W", "ignore", "-m", WRITING, mongo_url, db.name, path]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_writer_killed_while_it_commits_loses_nothing_and_another_takes_over(
    mongo_url: str, db: Database, store: CatalogStore, engine: SearchEngine, search_directory: Directory, find: Find
) -> None:
    """Two writers at a time, one of them killed by SIGKILL again and again while products stream in and change."""
    slugs: list[str] = []

    async def write(until_killed: "subprocess.Popen[bytes]") -> None:
        seen = len(await find()) if await found(engine) else 0
        while until_killed.poll() is None:
            batch = [draft(f"product-{len(slugs) + i}") for i in range(20)]
            await import_products(store, batch, now=NOW)
            slugs.extend(one.slug for one in batch)
            if await found(engine) and len(await find()) > seen + 40:
                os.kill(until_killed.pid, signal.SIGKILL)
                await asyncio.to_thread(until_killed.wait)

    with writer(mongo_url, db, search_directory) as first:
        await until(lambda: found(engine))
        with writer(mongo_url, db, search_directory) as second:
            await asyncio.wait_for(write(first), WAIT_S)
            with writer(mongo_url, db, search_directory):
                await asyncio.wait_for(write(second), WAIT_S)
                for product in (await store.product.by_slug(slugs[:5])).values():
                    edited = replace(product.draft, names={"en": "Edited"})
                    await upsert_product(store, edited, ProductEdit(product.id, 1), now=NOW)
                await until(lambda: finds_all(engine, find, slugs))
                assert sorted(await find("edited")) == sorted(slugs[:5])

    assert len(slugs) > 80


async def finds_all(engine: SearchEngine, find: Find, slugs: list[str]) -> bool:
    engine.refresh()
    return sorted(await find()) == sorted(slugs) and len(await find("edited")) == 5
