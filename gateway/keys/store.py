"""Where keys lie, with the record of every change; decides nothing. Shard key: `_id` of each collection.

A change and its record are one update: the record waits in the key's `changes` until it stands in the chain. The chain
is `kit.chain`: record n + 1 holds the hash of record n, so that one that was altered or taken out is found.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime

from pymongo import IndexModel

from gateway.keys.model import Grant, Key, KeyDraft, KeyKind, LiveSecret
from kit.chain import Chain
from kit.mongo import Database, Document, ensure_indexes

KEYS = "keys"
RECORDS = "key_records"
USES = "key_uses"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    KEYS: [IndexModel("changes.id", name="waiting", partialFilterExpression={"changes.0": {"$exists": True}})],
    RECORDS: [IndexModel("change_id", name="change", unique=True), IndexModel([("key", 1), ("_id", 1)], name="key")],
    USES: [],
}
AWAIT_MS = 1000
"""How long the server holds a change stream's question; a stop waits no longer."""


class KeyStore:
    """Keys by id, their uses, and the chain of records."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._keys, self._records, self._uses = db[KEYS], Chain(db[RECORDS], "change_id"), db[USES]

    async def prepare(self) -> None:
        """Make the indexes, and bring into the chain what an interrupted change left."""
        await ensure_indexes(self.db, INDEXES)
        await self.settle()

    async def all(self) -> list[Key]:
        """Every key, the oldest first."""
        return [_key(document) async for document in self._keys.find().sort("created_at", 1)]

    async def find(self, id: str) -> Key | None:
        """One key."""
        document = await self._keys.find_one({"_id": id})
        return None if document is None else _key(document)

    async def add(self, key: Key, record: Document) -> None:
        """A new key."""
        await self._keys.insert_one({"_id": key.id, **_document(key), "changes": [record]})
        await self.settle(key.id)

    async def put(self, key: Key, record: Document) -> bool:
        """The key's next version, unless it has changed meanwhile; whether it was written."""
        where = {"_id": key.id, "version": key.version - 1}
        changed = await self._keys.update_one(where, {"$set": _document(key), "$push": {"changes": record}})
        if not changed.modified_count:
            return False
        await self.settle(key.id)
        return True

    async def settle(self, id: str | None = None) -> None:
        """Bring waiting records into the chain: of one key, or whatever an interrupted change left."""
        where: Document = {"changes.0": {"$exists": True}} if id is None else {"_id": id}
        async for document in self._keys.find(where, {"changes": 1}):
            for change in document["changes"]:
                await self._append(document["_id"], change)
                await self._keys.update_one({"_id": document["_id"]}, {"$pull": {"changes": {"id": change["id"]}}})

    async def _append(self, key: str, change: Document) -> None:
        record = {"change_id": change["id"], "key": key, "at": change["at"], "actor": change["actor"]}
        await self._records.extend([record | {"what": change["what"], "facts": change["facts"]}])

    async def records(self, key: str | None = None) -> list[Document]:
        """The chain, or one key's part of it, the oldest first; each has `number`."""
        where = {} if key is None else {"key": key}
        return [record async for record in self._records.records(where)]

    async def note_uses(self, used: Mapping[str, datetime]) -> None:
        """When keys were last used."""
        for id, at in used.items():
            await self._uses.update_one({"_id": id}, {"$max": {"last_used_at": at}}, upsert=True)

    async def uses(self) -> dict[str, datetime]:
        """When each key was last used, of those that ever were."""
        return {document["_id"]: document["last_used_at"] async for document in self._uses.find()}

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[None]]:
        """Something each time when a key has changed, from now on."""
        async with await self._keys.watch(max_await_time_ms=AWAIT_MS) as stream:

            async def told() -> AsyncIterator[None]:
                async for _ in stream:
                    yield None

            yield told()


def _document(key: Key) -> Document:
    draft = key.draft
    return {
        "name": draft.name,
        "kind": draft.kind.value,
        "environment": draft.environment,
        "grant": {**asdict(draft.grant), "scopes": sorted(draft.grant.scopes)},
        "expires_at": draft.expires_at,
        "secrets": [asdict(secret) for secret in key.secrets],
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "version": key.version,
    }


def _key(document: Document) -> Key:
    grant = document["grant"]
    tuples = {name: tuple(grant[name]) for name in ("locations", "addresses")}
    draft = KeyDraft(
        document["name"],
        KeyKind(document["kind"]),
        document["environment"],
        Grant(**{**grant, "scopes": frozenset(grant["scopes"]), **tuples}),
        document["expires_at"],
    )
    secrets = tuple(LiveSecret(**secret) for secret in document["secrets"])
    return Key(document["_id"], draft, secrets, document["created_at"], document["revoked_at"], document["version"])
