"""How fast products come in: `python -m benchmarks.catalog.imports [variants]`.

A CSV of so many variants (default 30,000), seven to a product with names in two languages, is read, decided and brought
into a fresh catalog on an embedded MongoDB, and then once more, when nothing changes. CPU is this process's and, as it
says itself, MongoDB's: what other work on the machine does not change.
"""

import asyncio
import os
import platform
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import uvloop

from benchmarks.catalog.goods import VARIANTS_EACH
from kit.mongo import connect, database, ensure_indexes
from kit.mongod import EmbeddedMongo
from kit.times import utc_now
from noren.imports.products.loading import Loaded, load_products
from noren.imports.products.mapping import ProductMapping
from noren.imports.products.rows import Row, classify, products_of
from noren.imports.reading import read_table
from services.catalog.store import INDEXES, CatalogStore

VARIANTS = 30_000
MAPPING = ProductMapping.model_validate(
    {
        "source": "bench",
        "create_categories": True,
        "columns": {"sku": "sku", "product": "product", "brand": "brand", "category": "category"},
        "names": {"en": "name", "ja": "名前"},
        "descriptions": {"en": "description"},
        "options": {"color": "color"},
        "prices": [{"column": "price", "currency": "JPY"}],
    }
)


def write_file(path: Path, variants: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("sku,product,brand,category,name,名前,description,color,price\n")
        for number in range(variants):
            product, place = divmod(number, VARIANTS_EACH)
            names = f"Cotton shirt {product},綿シャツ {product},A shirt of washed cotton"
            file.write(f"S{number},P{product},Brand {product % 50},Category {product % 30},{names},c{place},{number}\n")


def decide(path: Path) -> list[list[Row]]:
    return products_of(classify(read_table(path, MAPPING.file), MAPPING))


async def mongod_cpu(store: CatalogStore) -> float:
    """Seconds, by its own account."""
    info = (await store.db.client.admin.command("serverStatus"))["extra_info"]
    return float(info["user_time_us"] + info["system_time_us"]) / 1e6


async def bring(store: CatalogStore, path: Path, what: str) -> None:
    server = await mongod_cpu(store)
    started, cpu = perf_counter(), process_time()
    products = decide(path)
    decided, decided_cpu = perf_counter(), process_time()
    loaded: Loaded = await load_products(store, products, MAPPING, lambda more: None, now=utc_now())
    ended, ended_cpu = perf_counter(), process_time()
    wall, spent, server = ended - started, ended_cpu - cpu, await mongod_cpu(store) - server
    print(
        f"{what:10} {loaded.variants:7,} variants, {loaded.created:6,} products created, {loaded.unchanged:6,} "
        f"unchanged: {loaded.variants / wall:7,.0f} variants/s, "
        f"{loaded.variants / (spent + server):6,.0f} per CPU second; "
        f"reading and deciding {decided - started:.1f} s ({decided_cpu - cpu:.1f} s CPU), "
        f"writing {ended - decided:.1f} s ({ended_cpu - decided_cpu:.1f} s CPU, and MongoDB {server:.1f} s)"
    )


async def main(url: str, variants: int) -> None:
    async with connect(url) as client:
        db = database(client, "bench_catalog")
        await ensure_indexes(db, INDEXES)
        store = CatalogStore(db)
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "products.csv"
            write_file(path, variants)
            await bring(store, path, "first")
            await bring(store, path, "again")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else VARIANTS
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}")
    with tempfile.TemporaryDirectory() as folder:
        mongo = EmbeddedMongo.start(Path(folder))
        try:
            uvloop.run(main(mongo.url, wanted))
        finally:
            mongo.close()
            asyncio.set_event_loop_policy(None)
