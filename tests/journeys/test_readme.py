"""The README's one question, with exactly the answer it prints."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from rich.console import Console
from rich.progress import Progress

from gateway.settings import GatewaySettings
from noren.queries import JOURNEY, SAMPLE_MEMBER, SAMPLE_PRODUCT
from noren.sample.files import Sample, load_sample
from noren.seed import load
from noren.stores import open_stores
from noren.system import open_system
from tests.journeys.conftest import Graph

README = Path(__file__).parents[2] / "README.md"


def _slice() -> Sample:
    """What the question is about: one product, one member, all the member bought."""
    whole = load_sample()
    member = next(row for row in whole.customers if row.email == SAMPLE_MEMBER)
    orders = tuple(order for order in whole.orders if order.customer == member.external_id)
    slug_of = {variant.sku: variant.product_slug for variant in whole.variants}
    slugs = {SAMPLE_PRODUCT, *(slug_of[line.sku] for order in orders for line in order.lines)}
    return Sample(
        channels=whole.channels,
        categories=whole.categories,
        products=tuple(row for row in whole.products if row.slug in slugs),
        variants=tuple(row for row in whole.variants if row.product_slug in slugs),
        locations=whole.locations,
        stock=tuple(row for row in whole.stock if slug_of[row.sku] in slugs),
        customers=(member,),
        orders=orders,
    )


@pytest.fixture
async def readers_graph(
    mongo_url: str, fresh_databases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Graph]:
    monkeypatch.setenv("NOREN_DATABASE_PREFIX", fresh_databases)
    monkeypatch.setenv("NOREN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("kit.mongo.SERVER_SELECTION_MS", 15_000)  # beside other tests
    async with open_stores(mongo_url) as stores:
        with Progress(console=Console(quiet=True)) as progress:
            await load(stores, _slice(), progress)
    async with (
        open_system(mongo_url, GatewaySettings()) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as http,
    ):
        yield Graph(http)


async def test_the_readmes_question_has_the_readmes_answer(readers_graph: Graph) -> None:
    text = README.read_text(encoding="utf-8").split("## One question")[1]
    query = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)[0]
    variables, answer = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)[:2])
    assert query == JOURNEY.query[JOURNEY.query.index("query Journey") :]
    assert variables == JOURNEY.variables
    assert await readers_graph.ask(query, **variables) == answer
