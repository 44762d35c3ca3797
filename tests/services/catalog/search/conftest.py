"""What is found, page by page."""

from collections.abc import Awaitable, Callable

import pytest

from kit.pages import PageArgs
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import Narrow, Order
from services.catalog.search.reader import Ask as Asked
from services.catalog.store import CatalogStore

Find = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def find(store: CatalogStore, engine: SearchEngine) -> Find:
    """`await find(text, order=…, size=…, brands=…)` is all slugs found, page by page."""

    async def slugs(text: str = "", *, order: Order = Order.RELEVANCE, size: int = 100, **narrow: object) -> list[str]:
        ask = Asked(Narrow("web", **narrow), text, order)  # type: ignore[arg-type]
        found: list[str] = []
        after: str | None = None
        while True:
            page = engine.reader.page(ask, PageArgs.parse(size, after))
            assert len(page.ids) <= size
            found += page.ids
            if not page.has_next:
                break
            after = page.cursors[-1]
        products = await store.product.by_id(found)
        return [products[id].draft.slug for id in found if id in products]

    return slugs
