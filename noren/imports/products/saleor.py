"""Saleor's `populatedb_data.json`, a Django fixture of many small records, as rows: one JSON object a variant.

`python -m noren.imports.products.saleor populatedb_data.json rows.jsonl`, then
`noren import products rows.jsonl --mapping saleor`.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

Record = Mapping[str, Any]
SEPARATOR = "|"


def rows_of(fixture: Sequence[Record]) -> Iterator[dict[str, str]]:
    """A row a variant, in the fixture's order; `variant` is its key there, whether or not it has a SKU."""
    by_model: dict[str, dict[int, Record]] = defaultdict(dict)
    for record in fixture:
        by_model[record["model"]][record["pk"]] = record["fields"]
    products, categories = by_model["product.product"], by_model["product.category"]
    prices, chosen = _prices(by_model), _chosen(by_model)
    for key, variant in by_model["product.productvariant"].items():
        product = products[variant["product"]]
        category = categories.get(product["category"])
        yield {
            "variant": str(key),
            "product": str(variant["product"]),
            "sku": variant["sku"] or "",
            "name": product["name"],
            "description": product["description_plaintext"] or "",
            "category": "" if category is None else category["name"],
            **{f"option:{name}": value for name, value in chosen[key].items()},
            **{f"price:{currency}": amount for currency, amount in prices[key].items()},
        }


def _prices(by_model: Mapping[str, Mapping[int, Record]]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for listing in by_model["product.productvariantchannellisting"].values():
        if listing["price_amount"] is not None:
            found[listing["variant"]][listing["currency"]] = listing["price_amount"]
    return found


def _chosen(by_model: Mapping[str, Mapping[int, Record]]) -> dict[int, dict[str, str]]:
    """The values of attributes by which a product type's variants are told apart."""
    attributes, values = by_model["attribute.attribute"], by_model["attribute.attributevalue"]
    assigned = by_model["attribute.assignedvariantattribute"]
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for one in by_model["attribute.assignedvariantattributevalue"].values():
        value = values[one["value"]]
        slug = attributes[value["attribute"]]["slug"]
        found[assigned[one["assignment"]]["variant"]][slug] = value["name"]
    return found


def main(source: str, target: str) -> None:
    """Write the rows of the fixture."""
    with Path(target).open("wb") as file:
        for row in rows_of(orjson.loads(Path(source).read_bytes())):
            file.write(orjson.dumps(row) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
