"""The five sources' files of generated people, each as its source writes them, and the mappings to read them by."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.identity.people import SOURCES, Known

HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "desk": ("会員番号", "氏名", "ﾌﾘｶﾞﾅ", "生年月日", "郵便番号", "番地", "電話番号", "メール"),
    "web": ("id", "family_name", "given_name", "kana", "birthday", "zip", "address", "tel", "email"),
    "newsletter": ("email", "name", "kana"),
    "survey": ("回答番号", "せい", "めい", "生年月日", "郵便番号"),
    "line": ("line_id", "name", "birthday", "phone"),
}
MAPPINGS: Final[Mapping[str, str]] = {
    "desk": """
        [file]
        encoding = "auto"
        [columns]
        id = "会員番号"
        name = "氏名"
        name_kana = "ﾌﾘｶﾞﾅ"
        birthday = "生年月日"
        postal_code = "郵便番号"
        line1 = "番地"
        phone = "電話番号"
        email = "メール"
        """,
    "web": """
        [columns]
        id = "id"
        family = "family_name"
        given = "given_name"
        name_kana = "kana"
        birthday = "birthday"
        postal_code = "zip"
        line1 = "address"
        phone = "tel"
        email = "email"
        """,
    "newsletter": """
        [columns]
        email = "email"
        name = "name"
        name_kana = "kana"
        """,
    "survey": """
        [columns]
        id = "回答番号"
        family_kana = "せい"
        given_kana = "めい"
        birthday = "生年月日"
        postal_code = "郵便番号"
        """,
    "line": """
        [columns]
        line = "line_id"
        name = "name"
        birthday = "birthday"
        phone = "phone"
        """,
}
PROVEN: Final[Mapping[str, str]] = {"web": '["email"]', "newsletter": '["email"]', "line": '["phone"]'}
"""Which identifiers a source has proven: mails of shop and newsletter were confirmed, LINE's phone by a code."""


def write(known: Sequence[Known], folder: Path) -> dict[str, tuple[Path, Path]]:
    """Each source's file and its mapping."""
    made: dict[str, tuple[Path, Path]] = {}
    for source in SOURCES:
        rows = [_cells(one) for one in known if one.source == source]
        mapping = folder / f"{source}.toml"
        proven = f"verified = {PROVEN[source]}\n" if source in PROVEN else ""
        mapping.write_text(f'source = "{source}"\n{proven}{MAPPINGS[source]}', encoding="utf-8")
        made[source] = (_written(source, rows, folder), mapping)
    return made


def _cells(one: Known) -> tuple[str, ...]:
    name, kana = _joined(one.family, one.given), _joined(one.family_kana, one.given_kana)
    born = "" if one.birthday is None else one.birthday.isoformat()
    text = {key: value or "" for key, value in _texts(one).items()}
    match one.source:
        case "desk":
            era = "" if one.birthday is None else f"{one.birthday:%Y/%m/%d}"
            half = _half_width(kana)
            return one.id, name, half, era, text["postal"], text["address"], text["phone"], text["email"]
        case "web":
            family, given = text["family"], text["given"]
            return one.id, family, given, kana, born, text["postal"], text["address"], text["phone"], text["email"]
        case "newsletter":
            return text["email"], name, kana
        case "survey":
            return one.id, text["family_kana"], text["given_kana"], born, text["postal"]
        case _:
            return f"U{one.person:032x}", name, born, text["phone"]


def _texts(one: Known) -> dict[str, str | None]:
    return {
        "family": one.family,
        "given": one.given,
        "family_kana": one.family_kana,
        "given_kana": one.given_kana,
        "postal": one.postal,
        "address": one.address,
        "phone": one.phone,
        "email": one.email,
    }


def _written(source: str, rows: Sequence[Sequence[str]], folder: Path) -> Path:
    head = HEADS[source]
    if source == "survey":
        pl.DataFrame(rows, schema=dict.fromkeys(head, pl.String), orient="row").write_excel(folder / "survey.xlsx")
        return folder / "survey.xlsx"
    if source == "line":
        path = folder / "line.parquet"
        pl.DataFrame(rows, schema=dict.fromkeys(head, pl.String), orient="row").write_parquet(path)
        return path
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    encoding = {"desk": "cp932", "web": "utf-8", "newsletter": "utf-8-sig"}[source]
    path = folder / f"{source}.csv"
    path.write_bytes(text.getvalue().encode(encoding, "replace"))
    return path


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _half_width(text: str) -> str:
    """Hiragana as tills print it."""
    katakana = "".join(chr(ord(one) + 0x60) if "ぁ" <= one <= "ゖ" else one for one in text)
    return "".join(HALF.get(one, one) for one in katakana)


def _halves() -> dict[str, str]:
    """Full-width katakana to half-width ones, by what Unicode says the latter stand for."""
    halves = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
    for base, half in list(halves.items()):
        for mark, sign in (("\u3099", "\uff9e"), ("\u309a", "\uff9f")):
            composed = unicodedata.normalize("NFC", base + mark)
            if len(composed) == 1:
                halves[composed] = half + sign
    return halves


HALF: Final = _halves()
