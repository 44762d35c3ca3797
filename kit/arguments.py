"""Arguments of root fields that name one object in one of several ways."""

from typing import TypeVar

from kit.errors import BadUserInput

WayT = TypeVar("WayT")


def exactly_one(**ways: tuple[WayT, str | None]) -> tuple[WayT, str]:
    """The way and value of the only argument that was given; BadUserInput names them all if it is not one.

    `exactly_one(id=(by_id, id), slug=(by_slug, slug))` gives `(by_slug, "road-150")` when only slug is set.
    """
    given = [(way, value) for way, value in ways.values() if value is not None]
    if len(given) != 1:
        names = ", ".join(ways)
        raise BadUserInput(f"expected exactly one of the arguments {names}, got {len(given)}")
    return given[0]
