"""Makes the file that is looked up in from Japan Post's two.

It is gzip over UTF-8 text of two parts. First a line a city: prefecture, city and their readings, parted by tabs; an
empty line; then a line an address, in the order of the codes: code, number of its city's line, town, reading, street,
office.
"""

import gzip
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from services.customer.postal.model import PostalPlace, offices_of, towns_of

ENCODING = "cp932"


def build(ken_all: Path, jigyosyo: Path | None, target: Path) -> int:
    """Write `target` and return how many addresses it has; each file is a .zip with one CSV, or the CSV itself."""
    towns = list(dict.fromkeys(towns_of(_text(ken_all))))
    readings = {(one.prefecture, one.city): (one.prefecture_kana, one.city_kana) for one in towns}
    offices = [] if jigyosyo is None else list(offices_of(_text(jigyosyo), readings))
    rows = sorted([*towns, *offices], key=lambda one: one.code)
    with gzip.GzipFile(target, "wb", mtime=0) as packed:
        packed.write(_written(rows).encode())
    return len(rows)


def _text(path: Path) -> io.StringIO:
    content = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content = archive.read(archive.namelist()[0])
    return io.StringIO(content.decode(ENCODING), newline="")


def _written(rows: Iterable[PostalPlace]) -> str:
    cities: dict[tuple[str, ...], int] = {}
    lines: list[str] = []
    for one in rows:
        city = (one.prefecture, one.city, one.prefecture_kana, one.city_kana)
        number = str(cities.setdefault(city, len(cities)))
        lines.append("\t".join((one.code, number, one.town, one.town_kana, one.street, one.office)))
    return "\n".join(["\t".join(city) for city in cities]) + "\n\n" + "\n".join(lines)
