"""Every MongoDB query and index of lists; decides nothing.

`lists`: a list is one document. `slot` numbers the lists of an owner from 0: the unique index over both is what keeps
an owner to `MAX_LISTS`. Name and notes are sealed with a key of the list's own in the vault. A device's list goes at
`forget_at` (TTL). Shard key: `_id`; owners, links and creation keys need one shard for their unique indexes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.shopping.model import MAX_LISTS, Item, Link, ListKind, ShoppingList
from services.customer.vault.cipher import MemberKey
from services.customer.vault.store import Vault

COLLECTION: Final = "lists"
NEWEST_FIRST: Final[Sort] = (("_id", DESCENDING),)
ROUNDS: Final = 20
"""Attempts to find a free slot while others take them at the same moment."""
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("creation.key", ASCENDING)], name="creation_key", unique=True),
        IndexModel([("owner", ASCENDING), ("slot", ASCENDING)], name="owner_slot", unique=True),
        IndexModel([("owner", ASCENDING), ("_id", DESCENDING)], name="by_owner"),
        IndexModel(
            [("link.digest", ASCENDING)],
            name="link",
            unique=True,
            partialFilterExpression={"link.digest": {"$exists": True}},
        ),
        IndexModel([("forget_at", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
}


class NoRoom(Exception):
    """The owner has as many lists as there may be."""


@dataclass(frozen=True, slots=True)
class NewList:
    """A list to be made, with the digest of the input; `forget_at`: when it goes, if it is a device's."""

    owner: str
    kind: ListKind
    name: str
    items: tuple[Item, ...]
    key: str
    fingerprint: str
    forget_at: datetime | None


class ShoppingStore:
    """Lists."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.collection = db[COLLECTION]
        self._vault = vault

    async def create(self, new: NewList, now: datetime) -> str | None:
        """Make a list; its id, or None if its key was used. NoRoom if the owner has too many."""
        id = new_id("lst", at=now)
        key = (await self._vault.make([id]))[id]
        document = {
            "_id": id,
            "creation": {"key": new.key, "fingerprint": new.fingerprint},
            "owner": new.owner,
            "kind": new.kind.value,
            "name": key.seal("name", new.name),
            "items": _item_documents(new.items, key),
            "version": 1,
            "created_at": now,
            "updated_at": now,
            **({} if new.forget_at is None else {"forget_at": new.forget_at}),
        }
        try:
            for _ in range(ROUNDS):
                try:
                    await self.collection.insert_one({**document, "slot": await self._free_slot(new.owner)})
                    return id
                except DuplicateKeyError:
                    if await self.made_by(new.key) is not None:
                        break
            await self._vault.destroy([id])
            return None
        except NoRoom:
            await self._vault.destroy([id])
            raise

    async def made_by(self, key: str) -> tuple[str, str] | None:
        """The list that was made with this key, and the digest of the input."""
        row = await self.collection.find_one({"creation.key": key}, {"creation": 1})
        return None if row is None else (row["_id"], row["creation"]["fingerprint"])

    async def by_id(self, ids: Sequence[str]) -> dict[str, ShoppingList]:
        """The lists there are, by id."""
        rows = await self.collection.find({"_id": {"$in": list(ids)}}).to_list()
        return {one.id: one for one in await self._parsed(rows)}

    async def by_link(self, digest: bytes, now: datetime | None) -> ShoppingList | None:
        """The list this link leads to; at an instant: if the link is in force then."""
        where: Document = {"link.digest": digest}
        if now is not None:
            where |= {"link.expires_at": {"$gt": now}, "link.revoked": False}
        rows = await self.collection.find(where).to_list()
        return next(iter(await self._parsed(rows)), None)

    async def page_of(self, owners: Iterable[str], kind: ListKind | None, args: PageArgs) -> Page[ShoppingList]:
        """Lists of these owners, the newest first."""
        where: Document = {"owner": {"$in": sorted(owners)}}
        if kind is not None:
            where["kind"] = kind.value
        rows = await find_page(self.collection, where, NEWEST_FIRST, args, lambda row: row)
        shown = {one.id: one for one in await self._parsed(rows.nodes)}
        return rows.mapped(lambda row: shown.get(row["_id"]))

    async def edit(
        self, id: str, version: int, change: Mapping[str, Any], forget_at: datetime | None, now: datetime
    ) -> bool:
        """Set name or items of the version that was read; False if it is gone."""
        key = (await self._vault.keys([id])).get(id)
        if key is None:
            return False
        values: Document = {"updated_at": now}
        if "name" in change:
            values["name"] = key.seal("name", change["name"])
        if "items" in change:
            values["items"] = _item_documents(change["items"], key)
        if forget_at is not None:
            values["forget_at"] = forget_at
        edit = {"$set": values, "$inc": {"version": 1}}
        return (await self.collection.update_one({"_id": id, "version": version}, edit)).modified_count == 1

    async def delete(self, id: str, version: int) -> bool:
        """Let the version that was read go, with its key; False if it is gone."""
        if (await self.collection.delete_one({"_id": id, "version": version})).deleted_count == 0:
            return False
        await self._vault.destroy([id])
        return True

    async def link(self, id: str, digest: bytes, key: str, expires_at: datetime) -> None:
        """Put a link in force in place of the one before; the link of the same key stays as it is, revoked or not."""
        new = {"digest": digest, "key": key, "expires_at": expires_at, "revoked": False}
        await self.collection.update_one({"_id": id, "link.key": {"$ne": key}}, {"$set": {"link": new}})

    async def link_of(self, id: str, key: str) -> datetime | None:
        """When the link that was made with this key ends; None if another was made since, or it was revoked."""
        row = await self.collection.find_one({"_id": id, "link.key": key, "link.revoked": False}, {"link": 1})
        return None if row is None else row["link"]["expires_at"]

    async def revoke(self, id: str) -> None:
        """Put the link out of force."""
        await self.collection.update_one({"_id": id, "link": {"$exists": True}}, {"$set": {"link.revoked": True}})

    async def take_over(self, digest: bytes, owner: str, customer_id: str, now: datetime) -> bool:
        """Make a device's list a profile's, and its link void, if it is in force; False if not. NoRoom."""
        where = {"link.digest": digest, "link.expires_at": {"$gt": now}, "link.revoked": False, "owner": owner}
        for _ in range(ROUNDS):
            slot = await self._free_slot(customer_id)
            change = {
                "$set": {"owner": customer_id, "slot": slot, "link.revoked": True, "updated_at": now},
                "$unset": {"forget_at": ""},
                "$inc": {"version": 1},
            }
            try:
                return (await self.collection.update_one(where, change)).modified_count == 1
            except DuplicateKeyError:
                continue
        raise NoRoom

    async def erase(self, customer_id: str) -> int:
        """Destroy the keys of a profile's lists, then the lists; how many there were."""
        rows = await self.collection.find({"owner": customer_id}, {"_id": 1}).to_list()
        ids = [row["_id"] for row in rows]
        await self._vault.destroy(ids)
        return (await self.collection.delete_many({"_id": {"$in": ids}})).deleted_count

    async def _free_slot(self, owner: str) -> int:
        taken = {row["slot"] async for row in self.collection.find({"owner": owner}, {"slot": 1, "_id": 0})}
        free = next((slot for slot in range(MAX_LISTS) if slot not in taken), None)
        if free is None:
            raise NoRoom
        return free

    async def _parsed(self, rows: Sequence[Document]) -> list[ShoppingList]:
        """Opened; a list that is erased this very moment is left out."""
        keys = await self._vault.keys(row["_id"] for row in rows)
        return [_parse(row, keys[row["_id"]]) for row in rows if row["_id"] in keys]


def _item_documents(items: Iterable[Item], key: MemberKey) -> list[Document]:
    return [
        {
            "sku": item.sku,
            "design": item.design_id,
            "quantity": item.quantity,
            "note": None if item.note is None else key.seal("note", item.note),
            "added_at": item.added_at,
        }
        for item in items
    ]


def _parse(row: Document, key: MemberKey) -> ShoppingList:
    link = row.get("link")
    items = [
        Item(
            one["sku"],
            one["design"],
            one["quantity"],
            None if one["note"] is None else key.open("note", one["note"]),
            one["added_at"],
        )
        for one in row["items"]
    ]
    return ShoppingList(
        id=row["_id"],
        kind=ListKind(row["kind"]),
        name=key.open("name", row["name"]),
        owner=row["owner"],
        items=tuple(items),
        link=None if link is None or link["revoked"] else Link(link["expires_at"]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
