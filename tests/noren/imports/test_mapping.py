"""A mapping is refused with every key that is wrong in it."""

from pathlib import Path

import pytest

from noren.imports.errors import ImportStopped
from noren.imports.mapping import TaxTreatment, load_mapping, shipped

PLAIN = """
source = "till"
channel = "pos"
currency = "JPY"
time_zone = "Asia/Tokyo"
[columns]
invoice = "伝票"
sku = "品番"
quantity = "数量"
date = "日時"
unit_price = "単価"
"""


def _written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_few_keys_is_enough(tmp_path: Path) -> None:
    mapping = load_mapping(_written(tmp_path, PLAIN))
    assert mapping.columns.named() == {
        "invoice": "伝票",
        "sku": "品番",
        "quantity": "数量",
        "date": "日時",
        "unit_price": "単価",
    }
    assert mapping.tax.treatment is TaxTreatment.UNKNOWN
    assert mapping.cancellation_prefix is None


def test_every_shipped_mapping_is_valid() -> None:
    assert [load_mapping(name).source for name in shipped()] == ["uci"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('colour = "red"', "colour: unknown key"),
        ("[columns]\nsky = 'x'", "columns.sky: unknown key"),
        ("[columns]\nsky = 'x'", "columns.sku: missing"),
        ("currency = 'XYZ'", "currency: one of AUD"),
        ("time_zone = 'London'", "time_zone: 'London' is no IANA time zone"),
        ("[tax]\nrate = 17.5", "tax.rate: "),
        ("[tax]\ntreatment = 'vat'", "tax.treatment: "),
        ("[non_goods]\npatterns = ['(']", "non_goods.patterns: '(' is not a regular expression"),
        ("[file]\nencoding = 'ebcdic'", "file.encoding: "),
    ],
)
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ImportStopped) as stopped:
        load_mapping(_written(tmp_path, line))
    assert told in str(stopped.value)


def test_what_is_no_mapping_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportStopped, match="uci-online-retail"):
        load_mapping("no-such-mapping")
    with pytest.raises(ImportStopped, match="not TOML"):
        load_mapping(_written(tmp_path, "= ="))
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'source = "caf\xe9"')
    with pytest.raises(ImportStopped, match="not UTF-8"):
        load_mapping(str(latin))
