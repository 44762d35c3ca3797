"""On a real MongoDB: what is imported is there, members have their points, and again changes nothing."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from kit.times import utc_now
from noren.delivery import Stores
from noren.imports.loading import Loaded, load_rows
from noren.imports.mapping import Mapping as FileMapping
from noren.imports.model import Outcome
from noren.imports.progress import showing
from noren.imports.sales import sales_of
from noren.stores import open_stores
from services.customer.model import ExternalId as CustomerExternalId
from services.loyalty.actions import audit
from services.loyalty.model import wallet_id_of
from services.order.identity.model import ExternalId
from services.order.line.model import goods_gross_of

Make = Callable[..., dict[str, str]]
Decide = Callable[..., pl.DataFrame]


@pytest.fixture
async def stores(
    mongo_url: str, fresh_databases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stores]:
    monkeypatch.setenv("NOREN_DATABASE_PREFIX", fresh_databases)
    monkeypatch.setenv("NOREN_DATA_DIR", str(tmp_path))
    async with open_stores(mongo_url) as opened:
        yield opened


async def _load(stores: Stores, rows: pl.DataFrame, mapping: FileMapping) -> Loaded:
    with showing(Console(quiet=True)) as steps:
        return await load_rows(stores, rows, mapping, steps, utc_now())


async def _everything(stores: Stores) -> dict[str, Any]:
    """Every document of every service, by collection."""
    found = {}
    for store in (stores.customer, stores.order, stores.loyalty):
        for name in sorted(await store.db.list_collection_names()):
            found[f"{store.db.name}.{name}"] = await store.db[name].find().sort("_id").to_list()
    return found


def _expected_points(rows: pl.DataFrame, mapping: FileMapping) -> dict[str, int]:
    """By customer, worked out here from the sales alone: a point a pound of goods, floored a sale."""
    points: defaultdict[str, int] = defaultdict(int)
    for way, returns in ((1, False), (-1, True)):
        for sale in sales_of(rows, mapping, returns=returns):
            if sale.customer is not None:
                points[sale.customer] += way * (goods_gross_of(sale.lines) // 100)
    return dict(points)


async def _points(stores: Stores, mapping: FileMapping, customers: list[str]) -> dict[str, int]:
    found = await stores.customer.holders(CustomerExternalId(mapping.source, name) for name in customers)
    ids = {ref.value: holder.id for ref, holder in found.items()}
    wallets = await stores.loyalty.wallets_by_id([wallet_id_of(id) for id in ids.values()])
    return {name: wallets[wallet_id_of(id)].booked - wallets[wallet_id_of(id)].debt for name, id in ids.items()}


async def test_sales_and_points_are_there_and_again_changes_nothing(
    stores: Stores, generated: list[dict[str, str]], decide: Decide, uci: FileMapping
) -> None:
    rows = decide(generated)
    first = await _load(stores, rows, uci)
    assert (first.troubles, first.events_parked) == ({}, 0)
    assert first.orders.recorded > 40
    assert first.returns.recorded > 8
    expected = _expected_points(rows, uci)
    assert len(expected) > 5
    assert await _points(stores, uci, list(expected)) == expected
    assert await audit(stores.loyalty) == []

    before = await _everything(stores)
    again = await _load(stores, rows, uci)
    assert await _everything(stores) == before
    assert (again.customers_created, again.orders.recorded, again.returns.recorded) == (0, 0, 0)
    assert (again.customers_matched, again.orders.known) == (first.customers_created, first.orders.recorded)
    assert (again.lines, again.returns.known) == (first.lines, first.returns.recorded)


async def test_guests_stay_guests_and_non_goods_earn_nothing(
    stores: Stores, row: Make, decide: Decide, uci: FileMapping
) -> None:
    rows = decide([row(customer=""), row(invoice="2", quantity="1", price="3"), row(invoice="2", sku="POST")])
    await _load(stores, rows, uci)
    found = await stores.order.by_external_ids([ExternalId("uci", "536365"), ExternalId("uci", "2")])
    guest, member = found[ExternalId("uci", "536365")], found[ExternalId("uci", "2")]
    assert guest.customer is None
    assert member.customer is not None
    assert (member.totals.goods_gross_minor, member.totals.non_goods_gross_minor) == (300, 1530)
    assert await _points(stores, uci, ["17850"]) == {"17850": 3}


async def test_a_return_of_what_was_never_earned_becomes_debt(
    stores: Stores, row: Make, decide: Decide, uci: FileMapping
) -> None:
    await _load(stores, decide([row(invoice="C1", quantity="-2", price="5")]), uci)
    assert await _points(stores, uci, ["17850"]) == {"17850": -10}


async def test_an_invoice_recorded_with_other_content_stays_and_is_told(
    stores: Stores, row: Make, decide: Decide, uci: FileMapping
) -> None:
    await _load(stores, decide([row(), row(invoice="C2", quantity="-1")]), uci)
    before = await _everything(stores)
    changed = [row(price="9.99"), row(sku="22041"), row(invoice="C2", quantity="-2")]
    again = await _load(stores, decide(changed), uci)
    assert await _everything(stores) == before
    assert {invoice: trouble.outcome for invoice, trouble in again.troubles.items()} == {
        "536365": Outcome.RECORDED_DIFFERENTLY,
        "C2": Outcome.RECORDED_DIFFERENTLY,
    }
    assert (again.lines, again.lines_refused) == (3, 3)


async def test_sales_of_a_customer_whom_the_service_refuses_are_told(
    stores: Stores, row: Make, decide: Decide, uci: FileMapping
) -> None:
    rows = decide([row(), row(invoice="2", customer="7")])
    nameless = rows.with_columns(sale_customer=pl.col("sale_customer").replace("7", "7" * 200))
    loaded = await _load(stores, nameless, uci)
    assert {invoice: trouble.outcome for invoice, trouble in loaded.troubles.items()} == {"2": Outcome.CUSTOMER_REFUSED}
    assert (loaded.orders.recorded, loaded.lines, loaded.lines_refused) == (1, 2, 1)
