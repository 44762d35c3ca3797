"""Loaders of one request: every one asks the store once for all keys of a moment."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from aiodataloader import DataLoader

T = TypeVar("T")


def by_key(fetch: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]) -> "DataLoader[str, T | None]":
    """A loader over a store function that returns what it found, by key; a key that is not there gives None."""

    async def load(keys: list[str]) -> list[T | None]:
        found = await fetch(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load)
