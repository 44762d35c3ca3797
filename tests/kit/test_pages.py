"""Keyset pages: together they are the whole list, whatever their size and whatever is written between them."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import pages
from kit.errors import BadUserInput
from kit.mongo import Database, Document
from kit.pages import MAX_PAGE, PageArgs, Sort, decode_cursor, encode_cursor, find_page, slice_page

START = datetime(2026, 1, 1, tzinfo=UTC)
SORTS: dict[str, Sort] = {
    "rising": (("ward", 1), ("_id", 1)),
    "falling": (("at", -1), ("_id", -1)),
    "mixed": (("ward", -1), ("at", 1), ("_id", -1)),
    "nested": (("bed.floor", 1), ("_id", 1)),
}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def row(number: int) -> Document:
    """Many rows share a ward, a time and a floor."""
    return {
        "_id": f"p{number:03}",
        "ward": "abc"[number % 3],
        "at": START + timedelta(milliseconds=number % 4),
        "bed": {"floor": number % 5},
    }


async def read_all(db: Database, sort: Sort, size: int) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    while True:
        page = await find_page(db.patients, {}, sort, PageArgs.parse(size, after), lambda d: str(d["_id"]))
        assert len(page.nodes) == len(page.cursors) <= size
        assert page.has_previous == (after is not None)
        ids += page.nodes
        if not page.has_next:
            return ids
        after = page.cursors[-1]


@pytest.fixture
async def patients(db: Database) -> list[Document]:
    rows = [row(number) for number in range(60)]
    await db.patients.insert_many(rows)
    return rows


def in_order(rows: list[Document], sort: Sort) -> list[str]:
    def value(document: Any, path: str) -> Any:
        for part in path.split("."):
            document = document[part]
        return document

    ordered = list(rows)
    for path, direction in reversed(sort):
        ordered.sort(key=lambda document: value(document, path), reverse=direction < 0)
    return [document["_id"] for document in ordered]


@pytest.mark.parametrize("name", SORTS)
@FEW
@given(size=st.integers(min_value=1, max_value=MAX_PAGE))
async def test_pages_of_any_size_are_the_whole_list_in_order(
    db: Database, patients: list[Document], name: str, size: int
) -> None:
    assert await read_all(db, SORTS[name], size) == in_order(patients, SORTS[name])


@pytest.mark.parametrize("name", SORTS)
async def test_rows_written_between_two_pages_shift_nothing(db: Database, patients: list[Document], name: str) -> None:
    sort, expected = SORTS[name], in_order(patients, SORTS[name])
    first = await find_page(db.patients, {}, sort, PageArgs(20), lambda d: str(d["_id"]))
    await db.patients.insert_many([{**row(number), "_id": f"q{number}"} for number in range(30)])
    await db.patients.delete_one({"_id": first.nodes[-1]})

    second = await find_page(db.patients, {}, sort, PageArgs.parse(100, first.cursors[-1]), lambda d: str(d["_id"]))

    assert [id for id in second.nodes if id.startswith("p")] == expected[20:]
    assert not set(first.nodes) & set(second.nodes)


async def test_a_page_keeps_its_filter_and_counts_only_when_asked(
    db: Database, patients: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await find_page(db.patients, {"ward": "a"}, SORTS["rising"], PageArgs(5), lambda d: str(d["ward"]))

    assert set(page.nodes) == {"a"}
    assert await page.count() == 20
    monkeypatch.setattr(pages, "COUNT_CAP", 7)
    assert await page.count() == 7


async def test_an_empty_list_is_an_empty_page(db: Database) -> None:
    page = await find_page(db.patients, {}, SORTS["rising"], PageArgs(), dict)

    assert (page.nodes, page.cursors, page.has_next, page.has_previous) == ([], [], False, False)
    assert await page.count() == 0


@pytest.mark.parametrize("first", [0, -1, MAX_PAGE + 1])
def test_a_page_of_another_size_is_refused_with_the_limits(first: int) -> None:
    with pytest.raises(BadUserInput, match=f"first: expected 1 to {MAX_PAGE}, got {first}"):
        PageArgs.parse(first)


KEYS = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=300)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.datetimes(timezones=st.just(UTC)),
    min_size=1,
    max_size=3,
)


@given(KEYS)
def test_every_cursor_we_give_is_taken_back(key: list[Any]) -> None:
    assert list(decode_cursor(encode_cursor(key))) == key


def test_a_cursor_of_the_longest_names_is_taken_back() -> None:
    key = ("暖" * 300, "prd_" + "0" * 26)

    assert decode_cursor(encode_cursor(key)) == key


def raw(value: Any) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else orjson.dumps(value)).decode().rstrip("=")


BAD = [
    "",
    "!",
    "暖簾",
    raw(b"not json"),
    raw(b"\xff\xfe"),
    raw({}),
    raw([]),
    raw([None, "p1"]),
    raw([[1], "p1"]),
    raw([{"$gt": ""}, "p1"]),
    raw([{"$date": 5}, "p1"]),
    raw([{"$date": "soon"}, "p1"]),
    raw([2**64 - 1, "p1"]),
    "A" * 100_000,
]


@pytest.mark.parametrize("cursor", BAD)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadUserInput, match="after: expected a cursor this list gave"):
        PageArgs.parse(10, cursor)


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_no_text_at_all_breaks_the_decoder(cursor: str) -> None:
    try:
        assert decode_cursor(cursor)
    except BadUserInput as error:
        assert str(error) == pages.NOT_OURS  # noqa: PT017


async def test_a_cursor_of_another_list_is_refused(db: Database) -> None:
    cursor = encode_cursor(["a", START, "p1"])

    with pytest.raises(BadUserInput, match="a cursor this list gave"):
        await find_page(db.patients, {}, SORTS["rising"], PageArgs.parse(5, cursor), dict)
    with pytest.raises(BadUserInput, match="a cursor this list gave"):
        slice_page([1, 2], lambda n: (n,), PageArgs.parse(5, cursor))


@given(st.lists(st.integers(), unique=True, max_size=30), st.integers(min_value=1, max_value=MAX_PAGE))
def test_pages_of_a_list_in_memory_are_the_whole_list(numbers: list[int], size: int) -> None:
    rows = sorted(n % 2**63 for n in set(numbers))
    rows = sorted(set(rows))
    read: Sequence[int] = []
    after: str | None = None
    while True:
        page = slice_page(rows, lambda n: (n,), PageArgs.parse(size, after))
        read = [*read, *page.nodes]
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert read == rows


async def test_a_list_in_memory_knows_its_length() -> None:
    assert await slice_page([1, 2, 3], lambda n: (n,), PageArgs(1)).count() == 3
