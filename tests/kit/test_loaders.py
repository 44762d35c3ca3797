"""Loaders ask once for all keys of a moment."""

import asyncio
from collections.abc import Sequence

from kit.loaders import by_key


async def test_all_keys_of_a_moment_are_one_call_and_a_missing_one_is_none() -> None:
    calls: list[list[str]] = []

    async def fetch(keys: Sequence[str]) -> dict[str, int]:
        calls.append(list(keys))
        return {key: int(key) for key in keys if key != "9"}

    loader = by_key(fetch)

    assert await asyncio.gather(*(loader.load(key) for key in ["3", "9", "1", "3"])) == [3, None, 1, 3]
    assert calls == [["3", "9", "1"]]
