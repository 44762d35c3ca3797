from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.sample import build
from noren.sample.derive.places import branch_name
from noren.sample.derive.stock import stock
from noren.sample.derive.texts import clean, shared_name, slug
from noren.sample.files import DATA

PLACES = pl.DataFrame(
    {
        "code": ["warehouse-a", "warehouse-b", "shop-001", "shop-002", "shop-003"],
        "kind": ["WAREHOUSE", "WAREHOUSE", "SHOP", "SHOP", "SHOP"],
    }
)


@pytest.fixture
def built() -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_parquet(path) for path in DATA.glob("*.parquet")}


def test_the_same_tables_give_the_same_bytes(built: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        build.write(built, tmp_path / name)
    first = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}
    assert first == second
    assert set(first) == {f"{name}.parquet" for name in built} | {"manifest.json"}


def test_writing_refuses_a_sample_that_outgrew_its_limit(
    built: dict[str, pl.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SIZE_LIMIT_BYTES", 1_000)
    with pytest.raises(ValueError, match="more than 1000"):
        build.write(built, tmp_path)


def test_a_build_with_a_dangling_reference_is_refused(built: dict[str, pl.DataFrame]) -> None:
    built["variants"] = built["variants"].filter(pl.col("sku") != "BK-M68B-38")
    with pytest.raises(ValueError, match=r"order_lines\.sku names 1 unknown variants\.sku"):
        build.refuse_holes(built)


@given(
    st.dictionaries(st.text("ABC-123", min_size=1, max_size=8), st.integers(0, 5_000), max_size=8),
    st.booleans(),
)
def test_spreading_stock_keeps_every_sum(units: dict[str, int], on_shelves: bool) -> None:
    shelf_skus = frozenset(units) if on_shelves else frozenset()
    spread = stock(units, shelf_skus, PLACES, frozenset({"shop-001"}))
    total = dict.fromkeys(units, 0)
    for sku, place, on_hand in spread.rows():
        assert on_hand > 0
        assert on_shelves or place.startswith("warehouse")
        total[sku] += on_hand
    assert total == units


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ("LAWSON 銀座６丁目店 (LAWSON GINZA 6-chome)", "ローソン 銀座６丁目店"),
        ("セブンイレブン大阪江戸堀3丁目店\u200e", "セブン-イレブン 大阪江戸堀3丁目店"),
        ("ローソン (Lowson)西麻布1丁目店", "ローソン 西麻布1丁目店"),
        ("ローソンストア100 白山駅前店", "ローソンストア100 白山駅前店"),
        ("デイリ－ヤマザキ上野原新町店", "デイリーヤマザキ 上野原新町店"),
        ("サークルＫ　北浦店", "サークルK 北浦店"),
        ("セブン-イレブン (Seven-Eleven)", None),
        ("Ministopは閉店済み", None),
        ("木屋酒店", None),
        ("", None),
    ],
)
def test_a_branch_gets_its_brand_in_one_spelling(found: str, name: str | None) -> None:
    assert branch_name(found) == name


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ('"Hoëgehalte 1"" skroefdraad, vinnig."', 'Hoëgehalte 1" skroefdraad, vinnig.'),
        (" 軽量 ", "軽量"),
        ("e\u0301t\u00e9", "été"),
        ('Say "hello", again', 'Say "hello", again'),
    ],
)
def test_texts_lose_their_csv_quotes_and_nothing_else(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_slugs_are_plain() -> None:
    assert slug("Men's Sports Shorts") == "mens-sports-shorts"
    assert slug("HL Mountain Seat/Saddle 2") == "hl-mountain-seat-saddle-2"
    assert slug("Vélo de randonnée") == "velo-de-randonnee"


def test_a_product_is_called_what_its_variants_share() -> None:
    colors = frozenset({"roja", "rouge"})
    assert shared_name(["Carretera: 450, roja, 60", "Carretera: 450, roja, 44"], colors) == "Carretera: 450"
    assert shared_name(["Veste classique, taille L", "Veste classique, taille M"], colors) == "Veste classique"
    assert shared_name(["Vélo de route 650 noir, 58", "Vélo de route 650 rouge, 58"], colors) == "Vélo de route 650"
    assert shared_name(["Cadena roja"], colors) == "Cadena roja"
