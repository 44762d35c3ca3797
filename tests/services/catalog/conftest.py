"""A catalog on a fresh database, with two channels, and the subgraph over it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.mongo import Database, connect, database, ensure_indexes
from kit.subgraph import Subgraph
from services.catalog.context import Context
from services.catalog.loaders import Loaders
from services.catalog.schema import schema
from services.catalog.search.directory import Directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.upkeep import Upkeep
from services.catalog.store import INDEXES, CatalogStore
from tests.services.catalog.shop import NOW, TOKYO, WEB

Ask = Callable[..., Awaitable[dict[str, Any]]]
Index = Callable[[], Awaitable[None]]


@pytest.fixture
async def store(db: Database) -> CatalogStore:
    await ensure_indexes(db, INDEXES)
    store = CatalogStore(db, b"c" * 32)
    await store.channel.put(WEB)
    await store.channel.put(TOKYO)
    return store


@pytest.fixture
def search_directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "search")


@pytest.fixture
def engine(search_directory: Directory) -> SearchEngine:
    """Reads an index nobody has built; see `indexing`."""
    return SearchEngine(search_directory)


@pytest.fixture
def index(store: CatalogStore, engine: SearchEngine, search_directory: Directory) -> Index:
    """`await index()` builds the index of what the store has now."""

    async def build() -> None:
        await Upkeep(store, engine, search_directory).rebuild()
        engine.refresh()

    return build


@pytest.fixture
def ask(store: CatalogStore, engine: SearchEngine) -> Ask:
    """`await ask(query, variables, scopes=…, channel=…)` is the subgraph's response."""
    return asking(store, engine)


@pytest.fixture
async def ask_in_vain(mongo_url: str, engine: SearchEngine) -> AsyncIterator[Ask]:
    """The same over a database that is not there: for what is refused before anything is read."""
    async with connect(mongo_url) as client:
        yield asking(CatalogStore(database(client, "no_catalog")), engine)


def asking(store: CatalogStore, engine: SearchEngine) -> Ask:
    signer = ContextSigner(b"c" * 32)
    subgraph = Subgraph("catalog", schema, signer, lambda caller: Context(caller, store, Loaders(store), engine))

    async def execute(
        query: str, variables: dict[str, Any] | None = None, *, scopes: str = "", channel: str = "web", **who: Any
    ) -> dict[str, Any]:
        whole = {"channel": channel, "scopes": frozenset(scopes.split()), "trace_id": "t", "at": NOW, **who}
        caller = RequestContext(**whole)
        return await subgraph.execute(query, variables, None, {CONTEXT_HEADER: signer.sign(caller)})

    return execute
