"""`python -m benchmarks.identity.extract NAMES POSTAL`: the extracts in `data/` from their sources, again the same.

NAMES is a folder with `last_name_org.csv.zst` and `first_name_{man,woman}_org.csv.zst` (readings and spellings, MIT);
POSTAL is Japan Post's `ken_all.zip`. See `data/SOURCES.md`.
"""

import csv
import io
import random
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent / "data"
FAMILIES = 1_200
GIVEN_EACH = 700
SPELLINGS = 6
TOWNS = 3_000
SEED = 1


def rows_of(path: Path) -> list[list[str]]:
    """The cells of a compressed file of uneven rows."""
    text = pl.read_csv(path, has_header=False, separator="\n", quote_char=None, infer_schema=False)
    return [line.split(",") for line in text.to_series().to_list()]


def families(folder: Path) -> Iterator[list[str]]:
    """kind, reading, spelling, how many people have it; the most frequent."""
    for spelling, count, reading, _ in rows_of(folder / "last_name_org.csv.zst")[:FAMILIES]:
        yield ["family", reading, count, spelling]


def given(folder: Path, kind: str, rng: random.Random) -> Iterator[list[str]]:
    """Readings drawn by chance, each with a few of its spellings; how frequent they are the source does not say."""
    rows = [row for row in rows_of(folder / f"first_name_{kind}_org.csv.zst") if len(row) > 2]
    for reading, _, *spellings in sorted(rng.sample(rows, GIVEN_EACH)):
        for spelling in spellings[:SPELLINGS]:
            yield [kind, reading, "1", spelling]


def towns(path: Path, rng: random.Random) -> Iterator[list[str]]:
    """postal code, prefecture, city, town; drawn by chance from the codes that name one town."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode("cp932")
    whole = [row for row in csv.reader(io.StringIO(text)) if "（" not in row[8] and row[8] != "以下に掲載がない場合"]
    for row in sorted(rng.sample(whole, TOWNS), key=lambda row: row[2]):
        yield [row[2], row[6], row[7], row[8]]


def main() -> None:
    """Write both extracts."""
    rng = random.Random(SEED)
    folder, postal = Path(sys.argv[1]), Path(sys.argv[2])
    names = [*families(folder), *given(folder, "man", rng), *given(folder, "woman", rng)]
    for file, head, rows in (
        ("names.csv", ["kind", "reading", "count", "spelling"], names),
        ("towns.csv", ["postal", "prefecture", "city", "town"], list(towns(postal, rng))),
    ):
        with (HERE / file).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([head, *rows])


if __name__ == "__main__":
    main()
