"""Root fields that name one object in one of several ways."""

import pytest

from kit.arguments import exactly_one
from kit.errors import BadUserInput


def test_the_way_that_is_given_comes_back_with_its_value() -> None:
    assert exactly_one(id=("by id", None), slug=("by slug", "road-150")) == ("by slug", "road-150")


@pytest.mark.parametrize(("id", "slug", "count"), [(None, None, 0), ("p", "s", 2)])
def test_none_or_several_are_refused_with_all_their_names(id: str | None, slug: str | None, count: int) -> None:
    with pytest.raises(BadUserInput, match=f"exactly one of the arguments id, slug, got {count}"):
        exactly_one(id=("by id", id), slug=("by slug", slug))


def test_an_empty_value_is_a_value() -> None:
    assert exactly_one(id=("by id", ""), slug=("by slug", None)) == ("by id", "")
