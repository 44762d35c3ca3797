"""`python -m benchmarks.catalog.listing`: listing, search and detail through the gateway, and the index itself.

It fills a catalog of its own in a directory of its own for every size, builds the index, starts the whole system in
one process and measures over HTTP. CPU is that of Noren, gateway and services together, without MongoDB's.
"""

import argparse
import asyncio
import resource
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.catalog.goods import Question, Traits, goods, questions
from benchmarks.load import load
from benchmarks.system import Running, await_calm, machine, running
from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport
from kit.pages import PageArgs, decode_cursor
from kit.times import utc_now
from noren.database import use_mongodb
from services.catalog.app import open_store, search_directory
from services.catalog.availability.model import Level
from services.catalog.category.actions import create_category
from services.catalog.model import Channel
from services.catalog.product.actions import import_products
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import FacetAsked, FacetKind, Narrow, Order
from services.catalog.search.reader import Ask, Reader
from services.catalog.search.upkeep import Upkeep
from services.catalog.settings import Settings

PORT = 8_790
SHOPS = tuple(f"loc_shop{number}" for number in range(5))
DEEP = 400
CHANNEL = Channel("web", "Web", "JPY", 1_000)
CARD = """nodes { id slug name(locale: "ja") brand
  variants(first: 1) { nodes { sku price { gross { amount currency } } stockBand } } } pageInfo { endCursor }"""
LISTING = f"""query($after: String) {{ productSearch(first: 24, after: $after, sort: POPULARITY,
  filter: {{categories: ["tops"]}}, facets: [{{kind: BRAND}}, {{kind: OPTION, name: "color"}},
  {{kind: OPTION, name: "size"}}]) {{ {CARD} totalCount facets {{ name values {{ value count }} }} }} }}"""
WITHOUT_FACETS = f"""query($after: String) {{ productSearch(first: 24, after: $after, sort: NEWEST) {{ {CARD} }} }}"""
SEARCH = """query($query: String!) { productSearch(query: $query, first: 24) {
  nodes { id slug name(locale: "ja") brand } totalCount } }"""
DETAIL = """query($slug: String!) { product(slug: $slug) { id name(locale: "ja") description(locale: "ja") brand
  options { name values } rating { average count }
  variants(first: 20) { nodes { sku options { name value } price { gross { amount } taxRate } stockBand } } } }"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A catalog in its directory."""

    directory: Path
    products: int
    traits: Sequence[Traits]
    build_s: float
    memory_mb: float
    index_mb: float


async def fill(url: str, settings: Settings, variants: int) -> tuple[list[Traits], float]:
    """Products, categories and stock; returns what the products are made from and the CPU seconds of the build."""
    async with open_store(settings.model_copy(update={"mongodb_url": url})) as store:
        await store.channel.put(CHANNEL)
        parent = await create_category(store, "clothes", {"ja": "衣料", "en": "Clothes"}, now=utc_now())
        ids = [
            (await create_category(store, slug, {"en": slug.capitalize()}, parent.id, now=utc_now())).id
            for slug in ("tops", "bottoms", "shoes", "bags", "outer", "small", "sports", "kids", "home", "sale")
        ]
        made = list(goods(variants, ids))
        await import_products(store, [draft for draft, _ in made], now=utc_now())
        skus = [one.sku for draft, _ in made for one in draft.variants]
        for start in range(0, len(skus), 2_000):
            batch = skus[start : start + 2_000]
            await store.availability.keep([Level(sku, SHOPS[n % 5], n % 4, 1) for n, sku in enumerate(batch, start)])
        directory = search_directory(settings)
        began = time.process_time()
        await Upkeep(store, SearchEngine(directory), directory).rebuild()
        return [traits for _, traits in made], time.process_time() - began


def filled(root: Path, variants: int) -> Filled:
    """Fill, unless it is there from before."""
    directory = root / str(variants)
    shutil.rmtree(directory, ignore_errors=True)
    settings = Settings(data_dir=directory)
    with use_mongodb(settings) as url:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        traits, build_s = asyncio.run(fill(url, settings, variants))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(file.stat().st_size for file in (directory / "search").rglob("*") if file.is_file())
    return Filled(directory, len(traits), traits, build_s, (peak - before) / 1024, size / 1e6)


def index_alone(made: Filled) -> None:
    """Print what the index itself takes in this process, nothing kept from before: no MongoDB, no GraphQL."""
    engine = SearchEngine(search_directory(Settings(data_dir=made.directory)))
    tops = Narrow(CHANNEL.id, categories=("tops",))
    narrow = Narrow(CHANNEL.id)
    newest = Ask(narrow, order=Order.NEWEST)
    after: tuple[Any, ...] | None = None
    for _ in range(DEEP):
        found = engine.reader.page(newest, PageArgs(24, after))
        if not found.has_next:
            break
        after = decode_cursor(found.cursors[-1])
    facets = [FacetAsked(FacetKind.BRAND), FacetAsked(FacetKind.OPTION, "color"), FacetAsked(FacetKind.OPTION, "size")]
    work: dict[str, Callable[[Reader], object]] = {
        "page of 24, all products, newest first": lambda r: r.page(newest, PageArgs(24)),
        f"the same, page {DEEP} or the last": lambda r: r.page(newest, PageArgs(24, after)),
        "page of 24, one category of ten": lambda r: r.page(Ask(tops), PageArgs(24)),
        "its three facets, 43 values": lambda r: r.facets(Ask(tops), facets),
        "search 長袖 しゃつ 青": lambda r: r.page(Ask(narrow, "長袖 しゃつ 青"), PageArgs(24)),
        "search shirt": lambda r: r.page(Ask(narrow, "shirt"), PageArgs(24)),
        "search mis-typed: sneekers": lambda r: r.page(Ask(narrow, "sneekers"), PageArgs(24)),
        "suggestions for 藍": lambda r: r.suggestions(narrow, "藍", 10),
    }
    print("\n| the index alone | CPU ms |\n|---|---|")
    for name, act in work.items():
        taken = []
        for _ in range(30):
            engine.use_synonyms({})  # a fresh reader, which has answered nothing yet
            reader = engine.reader
            began = time.process_time()
            act(reader)
            taken.append(time.process_time() - began)
        print(f"| {name} | {sorted(taken)[len(taken) // 2] * 1e3:.2f} |", flush=True)


async def measure(system: Running, name: str, query: str, variables: Mapping[str, Any], seconds: float) -> str:
    """A line: CPU a request and latencies at 32 connections."""
    await load(system.url, query, variables, connections=8, seconds=1)
    before = system.usage()
    got = await load(system.url, query, variables, connections=32, seconds=seconds)
    ours, mongods = system.usage().since(before)
    cpu, other = ours / got.requests * 1e3, mongods / got.requests * 1e3
    return f"| {name} | {cpu:.2f} | {other:.2f} | {got.p50_ms:.0f} | {got.p99_ms:.0f} | {got.per_second:.0f} |"


async def deep_cursor(system: Running, query: str, pages: int) -> str | None:
    """The cursor behind so many pages, or as far as there are any."""
    after: str | None = None
    transport = PooledHttpTransport(system.url, max_connections=1)
    for _ in range(pages):
        answer = await transport.send(SubgraphRequest(query, {"after": after}, None, "query"), {}, 30.0)
        end = answer["data"]["productSearch"]["pageInfo"]["endCursor"]
        if end is None:
            break
        after = end
    await transport.close()
    return after


async def quality(system: Running, asked: Sequence[Question]) -> str:
    """Mean precision and recall over the questions, all pages."""
    transport = PooledHttpTransport(system.url, max_connections=1)
    precision = recall = 0.0
    everything = "query($query: String!, $after: String) { productSearch(query: $query, first: 100, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } } }"  # fmt: skip  # noqa: E501
    for question in asked:
        found: set[str] = set()
        after: str | None = None
        while True:
            variables = {"query": question.text, "after": after}
            answer = await transport.send(SubgraphRequest(everything, variables, None, "query"), {}, 30.0)
            page = answer["data"]["productSearch"]
            found |= {node["slug"] for node in page["nodes"]}
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        hits = len(found & question.truth)
        precision += hits / len(found) if found else 1.0
        recall += hits / len(question.truth) if question.truth else 1.0
    await transport.close()
    return f"{len(asked)} queries: precision {precision / len(asked):.3f}, recall {recall / len(asked):.3f}"


async def report(system: Running, made: Filled, seconds: float, count: int) -> None:
    """Print everything of one size."""
    await asyncio.to_thread(await_calm, system)
    print("\n| request | CPU ms | mongod CPU ms | p50 ms | p99 ms | requests/s |\n|---|---|---|---|---|---|")
    deep = await deep_cursor(system, WITHOUT_FACETS, DEEP)
    for name, query, variables in (
        ("listing of 24, price, stock band, 3 facets, count", LISTING, {}),
        ("listing of 24, price, stock band, page 1", WITHOUT_FACETS, {}),
        (f"the same, page {DEEP} or the last", WITHOUT_FACETS, {"after": deep}),
        ("search 長袖 しゃつ 青", SEARCH, {"query": "長袖 しゃつ 青"}),
        ("search shirt", SEARCH, {"query": "shirt"}),
        ("search mis-typed: sneekers", SEARCH, {"query": "sneekers"}),
        ("detail, 7 variants", DETAIL, {"slug": "item-7"}),
    ):
        print(await measure(system, name, query, variables, seconds), flush=True)
    if count:
        print(f"\n{await quality(system, questions(made.traits, count))}")


def main() -> None:
    """Run all sizes and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(".noren/bench-catalog"))
    parser.add_argument("--variants", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    print(f"{machine()}")
    for variants in given.variants:
        made = filled(given.directory.resolve(), variants)
        print(f"\n### {variants:,} variants ({made.products:,} products)\n")
        built = f"Index built in {made.build_s:.1f} s of CPU, {made.index_mb:.0f} MB on disk"
        print(f"{built}, {made.memory_mb:.0f} MB at most over what the products took.")
        index_alone(made)
        with running(made.directory, PORT, "--no-seed") as system:
            asyncio.run(report(system, made, given.seconds, given.questions))


if __name__ == "__main__":
    main()
