"""Files whose rows name their cells: JSON Lines, and the INSERT statements of an SQL dump; the same kind of table."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

import orjson
import polars as pl

from noren.imports.errors import ImportStopped

CHUNK = 50_000
"""Rows turned into columns at a time, as for CSV."""
INSERT = re.compile(
    r"INSERT\s+INTO\s+[`\"\[]?(?P<table>\w+)[`\"\]]?\s*\((?P<columns>[^)]*)\)\s*VALUES\s*", re.IGNORECASE
)
VALUE = re.compile(r"\s*(?:N?'(?P<text>(?:[^'\\]|''|\\.)*)'|(?P<plain>[^\s,()']+))\s*(?P<end>[,)])", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": ""}

Found = tuple[int, Mapping[str, str]]
"""The line a row begins on, and its cells by column."""


def json_rows(text: str, name: str) -> Iterator[Found]:
    """One object a line; what is no text is written as JSON has it, null is an empty cell."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ImportStopped(f"{name}, line {number}: no JSON ({error})") from None
        if not isinstance(row, dict):
            raise ImportStopped(f"{name}, line {number}: expected an object, one a line")
        yield number, {str(key): _plain(value) for key, value in row.items()}


def sql_rows(text: str, name: str) -> Iterator[Found]:
    """Every row of every INSERT that names its columns; all of them must be into one table."""
    tables: set[str] = set()
    line, counted = 1, 0
    for found in INSERT.finditer(text):
        tables.add(found["table"])
        if len(tables) > 1:
            raise ImportStopped(f"{name} fills several tables, {' and '.join(sorted(tables))}: give a file for each")
        line += text.count("\n", counted, found.start())
        counted = found.start()
        columns = [column.strip(' `"[]\n\r\t') for column in found["columns"].split(",")]
        for values in _tuples(text, found.end(), f"{name}, line {line}"):
            if len(values) != len(columns):
                raise ImportStopped(f"{name}, line {line}: {len(columns)} columns, {len(values)} values")
            yield line, dict(zip(columns, values, strict=True))
    if not tables:
        raise ImportStopped(f"{name} has no INSERT INTO table (columns) VALUES (…)")


def chunked(rows: Iterator[Found]) -> tuple[tuple[str, ...], list[pl.DataFrame], int]:
    """Columns in the order in which they first appear, frames of the rows named by the columns' places, and a count."""
    places: dict[str, int] = {}
    frames: list[pl.DataFrame] = []
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        for _, row in chunk:
            for column in row:
                places.setdefault(column, len(places))
        cells = {str(place): [row.get(column, "") for _, row in chunk] for column, place in places.items()}
        schema: dict[str, Any] = dict.fromkeys(cells, pl.String)
        lines = [line for line, _ in chunk]
        frames.append(pl.DataFrame(cells | {"line": lines}, schema=schema | {"line": pl.Int64}))
        count += len(chunk)
    return tuple(places), frames, count


def _tuples(text: str, start: int, where: str) -> Iterator[list[str]]:
    """(…), (…), … from `start` on."""
    position = start
    while position < len(text) and text[position] == "(":
        values: list[str] = []
        position += 1
        while True:
            found = VALUE.match(text, position)
            if found is None:
                raise ImportStopped(f"{where}: a value that cannot be read, {text[position : position + 40]!r}")
            plain = found["plain"]
            values.append(_unquoted(found["text"]) if plain is None else ("" if plain.upper() == "NULL" else plain))
            position = found.end()
            if found["end"] == ")":
                break
        yield values
        rest = re.compile(r"\s*,\s*").match(text, position)
        position = position if rest is None else rest.end()


def _unquoted(text: str) -> str:
    plain = text.replace("''", "'")
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), plain, flags=re.DOTALL)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(Decimal(repr(value)).normalize())
        case _:
            return orjson.dumps(value).decode()
