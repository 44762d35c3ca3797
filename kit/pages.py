"""Keyset pages: a page costs the same wherever it lies, and new rows do not shift the next one.

A cursor is the sort key of its row, base64url over JSON. It is opaque to clients and worthless as a secret.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, overload

import orjson

from kit.errors import BadUserInput
from kit.mongo import Collection, Document

MAX_PAGE = 100
"""Rows of a page: enough for any screen, little enough that one page is never a burden."""
DEFAULT_PAGE = 20
COUNT_CAP = 10_000
"""`totalCount` stops here: nobody pages further by number, and counting on costs what reading costs."""
MAX_CURSOR = 8_192
"""Characters of a cursor: a sort key may be a name of hundreds of characters or a path of ten slugs."""
INT64 = range(-(2**63), 2**63)
"""The integers MongoDB compares with."""

NOT_OURS = "after: expected a cursor this list gave"

T = TypeVar("T")
U = TypeVar("U")
Sort = Sequence[tuple[str, int]]
"""Fields with 1 (rising) or -1 (falling); the last one must be unique, and no row lacks one or holds null in it."""


@dataclass(frozen=True, slots=True)
class PageArgs:
    """What a client asked of a list; `after` is the decoded cursor."""

    first: int = DEFAULT_PAGE
    after: tuple[Any, ...] | None = None

    @classmethod
    def parse(cls, first: int = DEFAULT_PAGE, after: str | None = None) -> "PageArgs":
        """From a field's arguments; BadUserInput names the one that cannot be."""
        if not 1 <= first <= MAX_PAGE:
            raise BadUserInput(f"first: expected 1 to {MAX_PAGE}, got {first}")
        return cls(first, None if after is None else decode_cursor(after))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in order, each with its cursor; `count` runs only if somebody asks."""

    nodes: Sequence[T]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool
    count: Callable[[], Awaitable[int]]

    def mapped(self, show: Callable[[T], U | None]) -> "Page[U]":
        """The same page with each row shown otherwise; a row that is shown as None is left out."""
        shown = [(row, cursor) for node, cursor in zip(self.nodes, self.cursors, strict=True) if (row := show(node))]
        rows, cursors = [row for row, _ in shown], [cursor for _, cursor in shown]
        return Page(rows, cursors, self.has_next, self.has_previous, self.count)


class Cursors(Sequence[str]):
    """The cursors of rows, each made when somebody looks at it: most pages are read without them."""

    __slots__ = ("_key", "_rows")

    def __init__(self, rows: Sequence[T], key: Callable[[T], Sequence[Any]]) -> None:
        self._rows: Sequence[Any] = rows
        self._key = key

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [encode_cursor(self._key(row)) for row in self._rows[place]]
        return encode_cursor(self._key(self._rows[place]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def encode_cursor(key: Sequence[Any]) -> str:
    """The cursor of the row with this sort key."""
    plain = [{"$date": v.isoformat()} if isinstance(v, datetime) else v for v in key]
    return base64.urlsafe_b64encode(orjson.dumps(plain)).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[Any, ...]:
    """The sort key inside a cursor, or BadUserInput."""
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError("too long")
        plain = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list) or not plain:
            raise ValueError("not a key")
        return tuple(_decode_value(value) for value in plain)
    except (ValueError, KeyError, TypeError) as error:
        raise BadUserInput(NOT_OURS) from error


def _decode_value(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["$date"])
    if isinstance(value, int) and value not in INT64:
        raise ValueError("not a 64-bit number")
    if isinstance(value, str | int | float):
        return value
    raise ValueError("not a key value")


async def find_page(
    collection: Collection,
    where: Document,
    sort: Sort,
    args: PageArgs,
    parse: Callable[[Document], T],
    *,
    projection: Mapping[str, Any] | None = None,
) -> Page[T]:
    """One page of `collection`; give every field of `sort` an index that starts with `where`'s."""
    if args.after is not None and len(args.after) != len(sort):
        raise BadUserInput(NOT_OURS)
    filters = where if args.after is None else {"$and": [where, _past(sort, args.after)]}
    cursor = collection.find(filters, projection).sort(list(sort)).limit(args.first + 1)
    rows = await cursor.to_list()
    kept = rows[: args.first]

    async def count() -> int:
        return await collection.count_documents(where, limit=COUNT_CAP)

    return Page(
        nodes=[parse(row) for row in kept],
        cursors=Cursors(kept, lambda row: [_dig(row, name) for name, _ in sort]),
        has_next=len(rows) > args.first,
        has_previous=args.after is not None,
        count=count,
    )


def slice_page(rows: Sequence[T], key: Callable[[T], Sequence[Any]], args: PageArgs) -> Page[T]:
    """A page of rows already in memory, sorted by `key` rising; for small, bounded lists."""
    left = rows if args.after is None else _behind(rows, key, args.after)
    kept = left[: args.first]

    async def count() -> int:
        return min(len(rows), COUNT_CAP)

    return Page(
        nodes=kept,
        cursors=Cursors(kept, key),
        has_next=len(left) > args.first,
        has_previous=args.after is not None,
        count=count,
    )


def _behind(rows: Sequence[T], key: Callable[[T], Sequence[Any]], after: tuple[Any, ...]) -> list[T]:
    try:
        return [row for row in rows if tuple(key(row)) > after]
    except TypeError as error:  # a cursor of another list: text against a number
        raise BadUserInput(NOT_OURS) from error


def _past(sort: Sort, after: Sequence[Any]) -> Document:
    """The rows behind `after`: a > x, or a = x and b > y, and so on."""
    branches: list[Document] = []
    for index, (name, direction) in enumerate(sort):
        same = {previous: after[i] for i, (previous, _) in enumerate(sort[:index])}
        branches.append({**same, name: {"$gt" if direction > 0 else "$lt": after[index]}})
    return {"$or": branches}


def _dig(row: Document, path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value[part]
    return value
