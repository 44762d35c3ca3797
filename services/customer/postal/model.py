"""Postal codes as Japan Post writes them, and as they are asked for. No I/O."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kit.errors import InvalidInput, Refused

DIGITS: Final = 7
_FLOOR = re.compile(r"（([０-９]+階)）")
_APART = re.compile(r"[\s‐-―−ー－-]+")
_ASIDE = re.compile(r"（.*")
_LOTS = re.compile(r"、?第?[０-９]+地割.*")
_LOTS_KANA = re.compile(r",?(ﾀﾞｲ)?[0-9]+(ﾁﾜﾘ|ｼﾞﾜﾘ).*")
_FLOOR_KANA = re.compile(r"\((\d+)ｶｲ\)")
_ASIDE_KANA = re.compile(r"\(.*")
_NO_TOWN = re.compile(r"以下に掲載がない場合|.*の次に.*場合|.+一円")
_NO_TOWN_KANA = re.compile(r"ｲｶﾆｹｲｻｲｶﾞﾅｲﾊﾞｱｲ|.*ﾉﾂｷﾞﾆ.*ﾊﾞｱｲ|.+ｲﾁｴﾝ")
"""The code is the rest of the city's, or all of it; 一円 alone is the name of a town in Shiga."""


@dataclass(frozen=True, slots=True)
class PostalPlace:
    """What one code stands for. `town` and `office` are empty where there is none; readings in full-width katakana, of
    an office's town none."""

    code: str
    prefecture: str
    city: str
    town: str
    prefecture_kana: str = ""
    city_kana: str = ""
    town_kana: str = ""
    street: str = ""
    office: str = ""


def read_code(text: str, path: tuple[str, ...]) -> str:
    """Seven digits of 〒100-0001, １００－０００１ or 1000001; Refused for what is no code."""
    digits = _APART.sub("", unicodedata.normalize("NFKC", text).removeprefix("〒"))
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Refused(InvalidInput(path=path, expected="a Japanese postal code: seven digits", got=repr(text[:20])))
    return digits


def towns_of(lines: Iterable[str]) -> Iterator[PostalPlace]:
    """The towns of KEN_ALL, decoded.

    Names cut across rows are put together, and several in one row taken apart; what stands in brackets beside a town
    goes, but the floors of a tower, which have codes of their own, stay.
    """
    for row in _whole_rows(csv.reader(lines)):
        code, city = row[2], (row[6], row[7])
        towns, readings = _town(row[8]).split("、"), _town_kana(row[5]).split("、")
        for town, reading in zip(towns, readings, strict=True):
            yield PostalPlace(code, *city, town, _wide(row[3]), _wide(row[4]), reading)


def offices_of(lines: Iterable[str], readings: dict[tuple[str, str], tuple[str, str]]) -> Iterator[PostalPlace]:
    """The offices of JIGYOSYO, decoded, that have a code of their own. `readings` of prefectures and cities."""
    for row in csv.reader(lines):
        prefecture_kana, city_kana = readings.get((row[3], row[4]), ("", ""))
        yield PostalPlace(
            code=row[7],
            prefecture=row[3],
            city=row[4],
            town=row[5],
            prefecture_kana=prefecture_kana,
            city_kana=city_kana,
            street=_wide(row[6]),
            office=row[2].replace("\u3000", " "),
        )


def _whole_rows(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    held: list[str] | None = None
    for row in rows:
        if held is None:
            held = row
        else:
            held[8] += row[8]
            held[5] = held[5] if held[5] == row[5] else held[5] + row[5]
        if held[8].count("（") > held[8].count("）"):
            continue
        yield held
        held = None
    if held is not None:
        raise ValueError(f"the last name is cut off: {held[8]}")


def _town(text: str) -> str:
    with_floor = _FLOOR.sub(lambda match: unicodedata.normalize("NFKC", match[1]), text)
    town = _LOTS.sub("", _ASIDE.sub("", with_floor)).replace("\u3000", " ")
    return "" if _NO_TOWN.fullmatch(town) else town


def _town_kana(text: str) -> str:
    kana = _LOTS_KANA.sub("", _ASIDE_KANA.sub("", _FLOOR_KANA.sub(r"\1ｶｲ", text)))
    return "" if _NO_TOWN_KANA.fullmatch(kana) else _wide(kana)


def _wide(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
