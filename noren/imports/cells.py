"""Where the columns of a mapping stand in a file, and the rows of its cells. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from noren.imports.errors import ImportStopped
from noren.imports.reading import UNEVEN, Table

SLICE = 10_000
"""Rows turned into Python values at a time."""


def places_of(columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, int]:
    """Role to place, of each wanted column by its name; ImportStopped names those that are missing or there twice."""
    names = [name.strip() for name in columns]
    missing = [f"{name!r} ({role})" for role, name in wanted.items() if name not in names]
    if missing:
        raise ImportStopped(f"columns missing: {', '.join(missing)}; found: {', '.join(map(repr, names)) or 'none'}")
    twice = [repr(name) for name in wanted.values() if names.count(name) > 1]
    if twice:
        raise ImportStopped(f"columns there more than once: {', '.join(twice)}")
    return {role: names.index(name) for role, name in wanted.items()}


def rows_of(table: Table) -> Iterator[tuple[int, int | None, tuple[str, ...]]]:
    """Of every row its line, how many cells it had if that is not right, and its cells; none is empty text."""
    columns = [str(place) for place in range(len(table.columns))]
    frame = table.cells.select("line", UNEVEN, *columns)
    for line, uneven, *cells in (row for part in frame.iter_slices(SLICE) for row in part.iter_rows()):
        yield line, uneven, tuple(text or "" for text in cells)
