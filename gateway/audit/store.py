"""Where the audit's entries lie; decides nothing. Shard key: `_id`, but a chain is written by one at a time anyway."""

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

from kit.chain import Chain
from kit.mongo import Database, Document, ensure_indexes

ENTRIES = "audit"
HEADS = "audit_heads"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    ENTRIES: [
        IndexModel("id", name="entry", unique=True),
        IndexModel([("caller", 1), ("_id", -1)], name="caller"),
        IndexModel([("fields", 1), ("_id", -1)], name="field"),
    ]
}


class AuditStore:
    """The chain of entries, the head with it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.chain = Chain(db[ENTRIES], "id", db[HEADS])

    async def prepare(self) -> None:
        """Make the indexes."""
        await ensure_indexes(self._db, INDEXES)

    async def add(self, entries: Sequence[Document]) -> None:
        """Append entries; one that is there already is not added again."""
        await self.chain.extend(entries)

    async def latest(self, limit: int, *, caller: str | None = None, field: str | None = None) -> list[Document]:
        """The latest entries, the oldest of them first: of all, of one key, of one mutation."""
        where: Document = {name: value for name, value in (("caller", caller), ("fields", field)) if value is not None}
        found = self._db[ENTRIES].find(where).sort("_id", -1).limit(limit)
        return [{"number": document.pop("_id"), **document} async for document in found][::-1]
