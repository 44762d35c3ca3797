"""Postal codes: Japan Post's habits undone, what is found by a code, and how it is asked for."""

from pathlib import Path

import pytest

from kit.errors import Refused
from services.customer.postal.build import build
from services.customer.postal.directory import PostalDirectory, directory
from services.customer.postal.model import PostalPlace, read_code, towns_of
from tests.services.customer.conftest import Ask

ROW = '13101,"100  ","{code}","ﾄｳｷｮｳﾄ","ﾁﾖﾀﾞｸ","{kana}","東京都","千代田区","{town}",0,0,0,0,0,0\n'


def towns(*rows: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    found = towns_of(ROW.format(code=code, kana=kana, town=town) for code, town, kana in rows)
    return [(one.code, one.town, one.town_kana) for one in found]


@pytest.mark.parametrize(
    ("town", "kana", "expected"),
    [
        ("千代田", "ﾁﾖﾀﾞ", ("千代田", "チヨダ")),
        ("以下に掲載がない場合", "ｲｶﾆｹｲｻｲｶﾞﾅｲﾊﾞｱｲ", ("", "")),
        ("琴平町の次に１～４２６番地がくる場合（川東）", "ｺﾄﾋﾗﾁｮｳﾉﾂｷﾞﾆ1-426ﾊﾞﾝﾁｶﾞｸﾙﾊﾞｱｲ(ｶﾜﾋｶﾞｼ)", ("", "")),
        ("八丈島八丈町一円", "ﾊﾁｼﾞｮｳｼﾞﾏﾊﾁｼﾞｮｳﾏﾁｲﾁｴﾝ", ("", "")),
        ("一円", "ｲﾁｴﾝ", ("一円", "イチエン")),
        ("大手町（次のビルを除く）", "ｵｵﾃﾏﾁ(ﾂｷﾞﾉﾋﾞﾙｦﾉｿﾞｸ)", ("大手町", "オオテマチ")),
        ("大手町ＪＡビル（１０階）", "ｵｵﾃﾏﾁｼﾞｪｲｴｲﾋﾞﾙ(10ｶｲ)", ("大手町ＪＡビル10階", "オオテマチジェイエイビル10カイ")),
        (
            "大手町ＪＡビル（地階・階層不明）",
            "ｵｵﾃﾏﾁｼﾞｪｲｴｲﾋﾞﾙ(ﾁｶｲ･ｶｲｿｳﾌﾒｲ)",
            ("大手町ＪＡビル", "オオテマチジェイエイビル"),
        ),
        ("穴明２２地割、穴明２３地割", "ｱﾅｱｹ22ﾁﾜﾘ､ｱﾅｱｹ23ﾁﾜﾘ", ("穴明", "アナアケ")),
    ],
)
def test_a_town_is_what_an_address_has(town: str, kana: str, expected: tuple[str, str]) -> None:
    assert towns(("1000001", town, kana)) == [("1000001", *expected)]


def test_a_name_cut_across_rows_is_put_together_and_several_in_one_are_taken_apart() -> None:
    cut = [("0660005", "協和（８８－２、", "ｷｮｳﾜ(88-2､"), ("0660005", "２７１－１０）", "271-10)")]

    assert towns(*cut, ("1", "井道、奥井道", "ｲﾐﾁ､ｵｸｲﾐﾁ")) == [
        ("0660005", "協和", "キョウワ"),
        ("1", "井道", "イミチ"),
        ("1", "奥井道", "オクイミチ"),
    ]
    with pytest.raises(ValueError, match="cut off"):
        towns(("1", "協和（", "ｷｮｳﾜ("))


@pytest.mark.parametrize("text", ["1000001", "100-0001", "〒100-0001", "１００−０００１", " 100 0001 "])
def test_a_code_is_read_however_it_is_written(text: str) -> None:
    assert read_code(text, ("code",)) == "1000001"


@pytest.mark.parametrize("text", ["", "100", "100000a", "10000012", "１００ー０００"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_code(text, ("code",))
    assert refused.value.refusals[0].path == ("code",)


def test_the_file_that_ships_knows_the_country() -> None:
    ships = directory(None)

    assert ships.find("1000001") == [
        PostalPlace("1000001", "東京都", "千代田区", "千代田", "トウキョウト", "チヨダク", "チヨダ")
    ]
    assert [(one.office, one.street) for one in ships.find("0608621")] == [
        ("株式会社 日本経済新聞社 札幌支社", "6丁目1-2アーバンネット札幌ビル2F")
    ]
    assert len(ships.find("4520961")) > 50
    assert [ships.find(code) for code in ("0000000", "9999999")] == [[], []]


def test_a_file_made_here_is_found_in(tmp_path: Path) -> None:
    rows = [ROW.format(code=code, kana="ﾁﾖﾀﾞ", town=town) for code, town in (("2", "乙"), ("1", "甲"), ("2", "丙"))]
    (tmp_path / "ken_all.csv").write_text("".join(rows), encoding="cp932")

    assert build(tmp_path / "ken_all.csv", None, tmp_path / "postal.gz") == 3

    made = PostalDirectory((tmp_path / "postal.gz").read_bytes())
    assert [[one.town for one in made.find(code)] for code in ("1", "2")] == [["甲"], ["乙", "丙"]]


async def test_anybody_may_ask(ask: Ask) -> None:
    query = "query($code: String!) { postalPlaces(code: $code) { prefecture city town townKana } }"

    found = await ask(query, {"code": "〒100-0001"})

    assert found["data"]["postalPlaces"] == [
        {"prefecture": "東京都", "city": "千代田区", "town": "千代田", "townKana": "チヨダ"}
    ]
    refused = await ask(query, {"code": "100"})
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
