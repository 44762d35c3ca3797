"""Stock: each SKU's last balance in AdventureWorks, spread over the locations so that its sum is kept.

Components stay in the warehouses. Of finished goods the shops hold a part, each shop its own assortment; the
spread is a function of SKU and location codes alone, so it never changes between builds.
"""

import hashlib
from pathlib import Path

import polars as pl

SEED = "noren-sample-1"
WAREHOUSE_SHARE_PERCENT = 40  # of a finished good; the shops divide the rest
SHELF_CHANCE_PERCENT = 35  # that a shop carries a finished good at all
TOKYO_SHELF_CHANCE_PERCENT = 70  # the cluster's shops are larger
TOKYO_WEIGHT = 2


def balances(source: Path) -> dict[str, int]:
    """SKU to units on hand: the last balance of its current version, and nothing where that is negative."""
    keys = pl.read_parquet(source / "DimProduct.parquet").sort("ProductKey")
    current = keys.group_by("ProductAlternateKey").agg(pl.last("ProductKey"))
    days = pl.read_parquet(source / "FactProductInventory.parquet")
    last = days.sort("DateKey").group_by("ProductKey").agg(pl.last("UnitsBalance"))
    rows = current.join(last, on="ProductKey").select("ProductAlternateKey", "UnitsBalance").rows()
    return {sku: max(0, balance) for sku, balance in sorted(rows)}


def stock(
    units: dict[str, int], shelf_skus: frozenset[str], places: pl.DataFrame, tokyo: frozenset[str]
) -> pl.DataFrame:
    """Rows (sku, location, on_hand), none of them zero; the sum a SKU is its balance."""
    warehouses = places.filter(kind="WAREHOUSE")["code"].to_list()
    shops = places.filter(kind="SHOP")["code"].to_list()
    rows: list[tuple[str, str, int]] = []
    for sku, balance in units.items():
        carriers = {shop: _shelf_weight(sku, shop, shop in tokyo) for shop in shops}
        carriers = {shop: weight for shop, weight in carriers.items() if weight > 0}
        kept = balance
        if sku in shelf_skus and carriers:
            kept = balance * WAREHOUSE_SHARE_PERCENT // 100
        spread = _divide(kept, {house: 1 + _draw(sku, house, "weight", 100) for house in warehouses})
        spread |= _divide(balance - kept, carriers)
        rows += [(sku, place, spread[place]) for place in warehouses + shops if spread.get(place)]
    return pl.DataFrame(rows, schema=["sku", "location", "on_hand"], orient="row")


def _shelf_weight(sku: str, shop: str, in_tokyo: bool) -> int:
    """0 where the shop does not carry the SKU, else how large its share is."""
    chance = TOKYO_SHELF_CHANCE_PERCENT if in_tokyo else SHELF_CHANCE_PERCENT
    if _draw(sku, shop, "carried", 100) >= chance:
        return 0
    return (1 + _draw(sku, shop, "weight", 100)) * (TOKYO_WEIGHT if in_tokyo else 1)


def _divide(total: int, weights: dict[str, int]) -> dict[str, int]:
    """Whole units by weight, the remainder to the largest fractions (Hamilton's method)."""
    if not weights:
        return {}
    whole = sum(weights.values())
    shares = {place: total * weight // whole for place, weight in weights.items()}
    by_fraction = sorted(weights, key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_fraction[: total - sum(shares.values())]:
        shares[place] += 1
    return shares


def _draw(sku: str, place: str, purpose: str, sides: int) -> int:
    """A number from 0 to sides - 1 that depends on its arguments only."""
    digest = hashlib.sha256(f"{SEED}|{purpose}|{sku}|{place}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % sides
