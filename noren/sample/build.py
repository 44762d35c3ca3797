"""Builds the sample data from its sources: `python -m noren.sample.build SHARED_DATA_DIR [--check]`.

SHARED_DATA_DIR holds `adventureworks_dw/` and `jp_store_geo/`. The same input and polars version give the
same bytes; `--check` builds aside, writes nothing, and fails if any committed file differs.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from noren.sample.derive.catalog import Catalog, catalog
from noren.sample.derive.channels import channels
from noren.sample.derive.places import TOKYO_SHOPS, locations
from noren.sample.derive.stock import balances, stock
from noren.sample.derive.trade import customers, orders_and_lines
from noren.sample.files import DATA, MANIFEST

COMPRESSION_LEVEL = 19  # written once, read often
SIZE_LIMIT_BYTES = 5_000_000  # the sample travels in every checkout and wheel


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when the files were written, or are what they should be."""
    parser = argparse.ArgumentParser(prog="python -m noren.sample.build", description=__doc__)
    parser.add_argument("shared_data_dir", type=Path)
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    options = parser.parse_args(arguments)
    built = tables(options.shared_data_dir)
    if not options.check:
        write(built, DATA)
        return 0
    with tempfile.TemporaryDirectory() as aside:
        write(built, Path(aside))
        different = [
            path.name for path in sorted(Path(aside).iterdir()) if path.read_bytes() != _bytes(DATA / path.name)
        ]
    print("different: " + ", ".join(different) if different else "the committed files are what the build makes")
    return 1 if different else 0


def tables(shared: Path) -> dict[str, pl.DataFrame]:
    """Every table by name, derived from the shared data."""
    source = shared / "adventureworks_dw"
    goods = catalog(source)
    places = locations(shared / "jp_store_geo")
    members = customers(source)
    orders, order_lines = orders_and_lines(source, members)
    built = {
        "channels": channels(),
        "categories": goods.categories,
        "products": goods.products,
        "variants": goods.variants,
        "descriptions": goods.descriptions,
        "prices": goods.prices,
        "locations": places,
        "stock": _stock(source, goods, places),
        "customers": members,
        "orders": orders,
        "order_lines": order_lines,
    }
    refuse_holes(built)
    return built


def write(built: dict[str, pl.DataFrame], directory: Path) -> None:
    """One zstd parquet file a table, and a manifest with what each must be."""
    files: dict[str, dict[str, Any]] = {}
    for name, frame in built.items():
        path = directory / f"{name}.parquet"
        # One row group and no statistics: nothing in the file depends on the machine that wrote it.
        frame.rechunk().write_parquet(
            path,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            statistics=False,
            row_group_size=max(1, frame.height),
        )
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files[path.name] = {"rows": frame.height, "bytes": len(content), "sha256": digest}
    size = sum(file["bytes"] for file in files.values())
    if size > SIZE_LIMIT_BYTES:
        raise ValueError(f"the sample has {size} bytes, more than {SIZE_LIMIT_BYTES}")
    manifest = {"files": files, "totals": _totals(built)}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _stock(source: Path, goods: Catalog, places: pl.DataFrame) -> pl.DataFrame:
    shelf_skus = frozenset(goods.variants.filter(pl.col("finished_good"))["sku"])
    tokyo = frozenset(places.filter(kind="SHOP")["code"].head(TOKYO_SHOPS))
    return stock(balances(source), shelf_skus, places, tokyo)


def _totals(built: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Sums that must survive every reading and loading."""
    orders = built["orders"]
    amounts = ("net_minor_units", "tax_minor_units", "freight_minor_units", "total_minor_units")
    return {
        "stock_units": int(built["stock"]["on_hand"].sum()),
        **{f"orders_{amount}": int(orders[amount].sum()) for amount in amounts},
    }


def refuse_holes(built: dict[str, pl.DataFrame]) -> None:
    """A reference that resolves nowhere means the source changed its shape."""
    references = (
        ("order_lines", "sku", "variants", "sku"),
        ("orders", "customer", "customers", "external_id"),
        ("orders", "channel", "channels", "code"),
        ("stock", "sku", "variants", "sku"),
        ("stock", "location", "locations", "code"),
        ("prices", "sku", "variants", "sku"),
        ("descriptions", "product_slug", "products", "slug"),
        ("variants", "product_slug", "products", "slug"),
    )
    for table, column, target, key in references:
        known = set(built[target][key])
        missing = {value for value in built[table][column] if value not in known}
        if missing:
            raise ValueError(f"{table}.{column} names {len(missing)} unknown {target}.{key}")
    if built["orders"].null_count().sum_horizontal().item():
        raise ValueError("an order lacks a value, most likely the currency rate of its day")


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


if __name__ == "__main__":
    sys.exit(main())
