"""Stock as inventory tells it: whatever comes twice or late, the highest version of every place stays."""

import random

import pytest

from kit.events import Event, EventLog
from kit.events.consumer import PARKED
from services.catalog.availability.events import STOCK_CHANGED, EventNotUnderstood, hear_stock
from services.catalog.availability.model import LOW_AT, StockBand, band_of, sku_of
from services.catalog.events import consumers
from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft


def told(sku: str, location: str, available: int, version: int, **more: object) -> Event:
    data = {"sku": sku, "locationId": location, "available": available, "version": version, "onHand": 9, **more}
    return Event(f"{sku}@{location}:{version}", "/noren/inventory", STOCK_CHANGED, f"{sku}@{location}", NOW, data)


async def levels(store: CatalogStore) -> dict[str, tuple[int, int]]:
    return {row["_id"]: (row["available"], row["version"]) async for row in store.availability.levels.find()}


async def test_any_order_and_repetition_leaves_the_highest_version(store: CatalogStore) -> None:
    rng = random.Random(7)
    events = [
        told(sku, place, rng.randrange(9), v) for sku in "AB" for place in ("loc_1", "loc_2") for v in range(1, 9)
    ]
    last = {
        f"{e.data['sku']}@{e.data['locationId']}": (e.data["available"], 8) for e in events if e.data["version"] == 8
    }

    for _ in range(5):
        mixed = rng.sample(events * 2, len(events) * 2)
        cut = rng.randrange(len(mixed))
        await hear_stock(store.availability, mixed[:cut])
        await hear_stock(store.availability, mixed[cut:])

        assert await levels(store) == last
        await store.availability.levels.delete_many({})


async def test_the_past_is_heard_on_the_first_start_and_what_makes_no_sense_is_parked(
    store: CatalogStore, event_log: EventLog
) -> None:
    await event_log.append([told("A", "loc_1", 3, 1), told("A", "loc_2", 0, 1), told("B", "loc_1", "many", 1)])  # type: ignore[arg-type]
    for consumer in consumers(store, event_log):
        await consumer.catch_up()

    assert await levels(store) == {"A@loc_1": (3, 1), "A@loc_2": (0, 1)}
    assert await store.db[PARKED].count_documents({}) == 1
    assert await store.availability.in_stock(["A", "B"]) == {"A": frozenset({"loc_1"})}


async def test_an_event_without_its_facts_is_not_understood(store: CatalogStore) -> None:
    event = told("A", "loc_1", 1, 1)
    del event.data["available"]

    with pytest.raises(EventNotUnderstood, match="available"):
        await hear_stock(store.availability, [event])


def test_bands() -> None:
    assert [band_of(n) for n in (-1, 0, 1, LOW_AT, LOW_AT + 1)] == [
        StockBand.OUT, StockBand.OUT, StockBand.LOW, StockBand.LOW, StockBand.IN_STOCK,
    ]  # fmt: skip
    assert sku_of("A@B@loc_1") == "A@B"


BANDS = """query($at: ID) { products(first: 9, sort: NAME) { nodes { variants { nodes {
  sku here: stockBand(location: $at) anywhere: stockBand
} } } } }"""


async def test_bands_in_the_graph_are_a_places_or_everywheres(store: CatalogStore, ask: Ask) -> None:
    for slug in ("a", "b", "c"):
        await upsert_product(store, draft(slug), None, now=NOW)
    await hear_stock(
        store.availability,
        [told("A", "loc_1", 2, 1), told("A", "loc_2", 2, 1), told("B", "loc_1", 0, 1), told("A", "loc_3", -5, 1)],
    )

    answer = await ask(BANDS, {"at": "loc_1"})

    assert [node["variants"]["nodes"][0] for node in answer["data"]["products"]["nodes"]] == [
        {"sku": "A", "here": "LOW", "anywhere": "IN_STOCK"},
        {"sku": "B", "here": "OUT", "anywhere": "OUT"},
        {"sku": "C", "here": None, "anywhere": None},
    ]
