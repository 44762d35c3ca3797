"""Versions of one kind of rules in MongoDB: a document each, `_id` its number. A handful; no shard key needed."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from kit.events.log import insert_new
from kit.mongo import Collection, Document

T = TypeVar("T")


class VersionStore(Generic[T]):
    """One collection of versions; `write` and `read` turn rules into documents, whose `_id` is theirs, and back."""

    def __init__(self, versions: Collection, write: Callable[[T], Document], read: Callable[[Document], T]) -> None:
        self._versions = versions
        self._write = write
        self._read = read

    async def all(self) -> list[T]:
        """Every version that was set, in no order."""
        return [self._read(document) async for document in self._versions.find({})]

    async def newest(self) -> T | None:
        """The one with the highest number; None: none was set."""
        document = await self._versions.find_one({}, sort=[("_id", -1)])
        return None if document is None else self._read(document)

    async def newest_number(self, first: int) -> int:
        """The highest number; `first` if none was set."""
        document = await self._versions.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        return first if document is None else max(first, int(document["_id"]))

    async def add(self, rules: T, key: str, fingerprint: str, set_by: str, now: datetime) -> bool:
        """Keep a version under its number; whether the number was free."""
        document = {**self._write(rules), "key": key, "fingerprint": fingerprint, "set_by": set_by, "set_at": now}
        return await insert_new(self._versions, [document]) == 1

    async def by_key(self, key: str) -> tuple[T, str] | None:
        """The version an idempotency key has set, and the fingerprint of its input."""
        document = await self._versions.find_one({"key": key})
        return None if document is None else (self._read(document), document["fingerprint"])
