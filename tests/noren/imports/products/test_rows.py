"""What becomes of every row of a product file, and of the products they make."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.imports.accounting import prove
from noren.imports.errors import ImportStopped
from noren.imports.products import saleor
from noren.imports.products.drafts import slug_of
from noren.imports.products.mapping import ProductMapping, load_product_mapping
from noren.imports.products.model import MEANING, REMARK_MEANING, Outcome, Remark
from noren.imports.products.rows import Row, classify, products_of
from noren.imports.products.run import account_of, not_taken
from noren.imports.reading import csv_table, read_table
from services.catalog.model import check_slug

EXTRACTS = Path(__file__).parent / "extracts"
PLAIN: dict[str, Any] = {
    "source": "erp",
    "columns": {"sku": "SKU", "product": "Product", "barcode": "EAN", "category": "Category", "image": "Image"},
    "names": {"en": "Name"},
    "options": {"color": "Color"},
    "prices": [{"column": "Price", "currency": "EUR"}],
}
HEADER = "SKU,Product,EAN,Category,Image,Name,Color,Price"


def decided(*lines: str, **changes: Any) -> list[Row]:
    mapping = ProductMapping.model_validate({**PLAIN, **changes})
    return classify(csv_table("\n".join([HEADER, *lines]) + "\n", "t.csv"), mapping)


def ends(rows: list[Row]) -> list[str | None]:
    return [None if row.outcome is None else row.outcome.value for row in rows]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("A,P,4006381333931,,,Mug,Red,11.90", None),
        (",,,,,,,", "ROW_EMPTY"),
        ("A,P,,,,Mug,Red", "CELLS_UNEVEN"),
        (",P,,,,Mug,Red,1", "SKU_MISSING"),
        ("A,P,,,,,Red,1", "NAME_MISSING"),
        ("A,P,4006381333930,,,Mug,Red,1", "BARCODE_WRONG"),
        ("A,P,2006381333937,,,Mug,Red,1", "BARCODE_WRONG"),
        ("A,P,,,,Mug,Red,one", "PRICE_UNREADABLE"),
        ("A,P,,,,Mug,Red,0.001", "PRICE_UNREADABLE"),
        ("A,P,,,,Mug,Red,-1", "PRICE_UNREADABLE"),
        ("A,P,,,,Mug,Red,NaN", "PRICE_UNREADABLE"),
        ("A,P,,,,Mug,Red,10.00 USD", "PRICE_UNREADABLE"),
        ("Ａ,P,４００６３８１３３３９３１,,,Mug,Red,１１．９０", None),
    ],
)
def test_a_row_ends_in_the_first_outcome_that_fits(line: str, outcome: str | None) -> None:
    assert ends(decided(line)) == [outcome]


def test_a_price_in_another_currency_than_its_columns_is_told_by_column() -> None:
    (row,) = decided("A,P,,,,Mug,Red,10.00 USD")
    assert row.detail == "Price: '10.00 USD', expected an amount of EUR"


def test_rows_of_a_product_stand_or_fall_together() -> None:
    rows = decided(
        "A1,A,,,,Mug,Red,1", "A2,A,,,,Mug,Blue,x", "B1,B,,,,Cup,Red,1", "B2,B,,,,Cup,Blue,1", "C1,C,,,,Bowl,,1"
    )

    assert ends(rows) == ["SIBLING_REFUSED", "PRICE_UNREADABLE", None, None, None]
    assert rows[0].detail == "line 3"
    assert [[row.sku for row in group] for group in products_of(rows)] == [["A1", "A2"], ["B1", "B2"], ["C1"]]


def test_every_row_of_a_product_chooses_in_every_option_and_no_two_the_same() -> None:
    lines = ("A1,A,,,,Mug,Red,1", "A2,A,,,,Mug,,1")
    same = ("B1,B,,,,Mug,Red,1", "B2,B,,,,Mug,Red,2")

    assert ends(decided(*lines)) == ["SIBLING_REFUSED", "OPTION_MISSING"]
    assert ends(decided(*lines, option_missing="fill")) == [None, None]
    assert ends(decided(*same)) == ["SIBLING_REFUSED", "OPTION_REPEATED"]


def test_of_rows_with_one_sku_the_first_counts_or_the_last() -> None:
    lines = ("A,P,,,,Old,Red,1", "A,P,,,,New,Red,2", "A,P,,,,New,Red,2")

    assert ends(decided(*lines)) == ["SIBLING_REFUSED", "SKU_REPEATED", "DUPLICATE"]
    last = decided(*lines, repeated_sku="last")
    assert ends(last) == ["SUPERSEDED", None, "DUPLICATE"]
    assert last[0].detail == "by line 3"


def test_what_a_mapping_forgives_is_remarked() -> None:
    (row,) = decided("A,P,123,,ftp://x/a.jpg,ﾏｸﾞ,Red,1", barcode_wrong="drop")
    (derived,) = decided(",P,4006381333931,,,Mug,Red,1", sku_missing="barcode")

    assert row.outcome is None
    assert row.remarks == {Remark.BARCODE_DROPPED, Remark.IMAGE_DROPPED, Remark.TEXT_NORMALISED}
    assert (row.cells["name:en"], row.barcodes, row.image) == ("マグ", (), None)
    assert (derived.sku, derived.remarks) == ("4006381333931", {Remark.SKU_DERIVED})


def test_real_rows_of_open_food_facts_are_read_from_sql() -> None:
    mapping = load_product_mapping("openfoodfacts-jan")
    rows = classify(read_table(EXTRACTS / "openfoodfacts.sql", mapping.file), mapping)
    counts = Counter(ends(rows))

    assert counts["BARCODE_WRONG"] == 10
    assert counts["DUPLICATE"] == 1
    assert counts[None] == len(rows) - 11
    assert sum(Remark.TEXT_NORMALISED in row.remarks for row in rows) == 2
    assert all(character < "ｱ" or character > "ﾟ" for row in rows for character in row.cells.get("name:ja", ""))


CELLS = st.sampled_from(["", "A", "B", "A1", "4006381333931", "4006381333930", "1.50", "x", "Red", "ﾏｸﾞ", " "])


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, min_size=7, max_size=9), max_size=30), st.sampled_from(["refuse", "last"]))
def test_every_row_of_any_file_is_accounted_for(lines: list[list[str]], repeated: str) -> None:
    rows = decided(*(",".join(line) for line in lines), repeated_sku=repeated)
    taken = sum(row.outcome is None for row in rows)
    for row in rows:
        row.refuse(Outcome.READY)

    account = account_of(rows, len(rows))

    prove(account, lines_handed_over=taken, rows_listed=not_taken(rows).height)
    groups = [row for group in products_of(rows) if all(one.outcome is Outcome.READY for one in group) for row in group]
    assert len(groups) == taken == account.taken


@given(st.text(min_size=1, max_size=40))
def test_anything_makes_a_slug(text: str) -> None:
    assert check_slug(slug_of(text), ()) == []


def test_every_outcome_has_words_and_columns_that_are_missing_are_named() -> None:
    assert set(MEANING) == set(Outcome)
    assert set(REMARK_MEANING) == set(Remark)
    with pytest.raises(ImportStopped, match="columns missing: 'Name' \\(name:en\\)"):
        classify(csv_table("SKU,Product,EAN,Category,Image,Color,Price\n", "t.csv"), ProductMapping(**PLAIN))
    with pytest.raises(ImportStopped, match=r"prices\.0\.currency"):
        load_product_mapping(str(EXTRACTS / "bad-currency.toml"))


SALEOR = [
    {"model": "product.category", "pk": 1, "fields": {"name": "Shoes"}},
    {"model": "product.product", "pk": 7,
     "fields": {"name": "Plimsolls", "category": 1, "description_plaintext": "White."}},
    {"model": "product.productvariant", "pk": 70, "fields": {"product": 7, "sku": "P-40", "name": "40"}},
    {"model": "product.productvariant", "pk": 71, "fields": {"product": 7, "sku": None, "name": "41"}},
    {"model": "product.productvariantchannellisting", "pk": 1,
     "fields": {"variant": 70, "currency": "USD", "price_amount": "25.000"}},
    {"model": "attribute.attribute", "pk": 5, "fields": {"slug": "shoe-size"}},
    {"model": "attribute.attributevalue", "pk": 40, "fields": {"attribute": 5, "name": "40"}},
    {"model": "attribute.attributevalue", "pk": 41, "fields": {"attribute": 5, "name": "41"}},
    {"model": "attribute.assignedvariantattribute", "pk": 1, "fields": {"variant": 70, "assignment": 1}},
    {"model": "attribute.assignedvariantattribute", "pk": 2, "fields": {"variant": 71, "assignment": 1}},
    {"model": "attribute.assignedvariantattributevalue", "pk": 1, "fields": {"value": 40, "assignment": 1}},
    {"model": "attribute.assignedvariantattributevalue", "pk": 2, "fields": {"value": 41, "assignment": 2}},
]  # fmt: skip
"""Of the form of Saleor's `populatedb_data.json`."""


def test_saleors_records_become_rows_and_its_nameless_variants_get_a_sku(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_bytes(orjson.dumps(SALEOR))
    saleor.main(str(tmp_path / "data.json"), str(tmp_path / "rows.jsonl"))
    mapping = load_product_mapping("saleor")
    lacking = {"option:medium": "", "option:size": "", "price:PLN": ""}
    lines = [orjson.loads(line) | lacking for line in (tmp_path / "rows.jsonl").read_bytes().splitlines()]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(orjson.dumps(line) for line in lines))

    rows = classify(read_table(tmp_path / "rows.jsonl", mapping.file), mapping)

    assert ends(rows) == [None, None]
    assert [row.sku for row in rows] == ["P-40", "saleor-71"]
    assert rows[1].remarks == {Remark.SKU_DERIVED}
    assert [row.cells["option:shoe-size"] for row in rows] == ["40", "41"]
    assert [[price.gross_minor for price in row.prices] for row in rows] == [[2_500], []]
