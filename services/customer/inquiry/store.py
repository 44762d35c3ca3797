"""Every MongoDB query and index of inquiries; decides nothing.

`inquiries`: a thread is one document with its messages, so that a message, the state it leads to, the history and the
event are one update. What people wrote is sealed with a key of the thread's own in the vault: a thread may begin before
anybody knows whose it is, and erasing it is destroying that key. Shard key: `_id`; what is asked by customer, state or
assignee is asked of every shard.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.inquiry.documents import (
    SUBJECT,
    act_document,
    message_document,
    parse_inquiry,
    parse_thread,
)
from services.customer.inquiry.model import (
    MAX_ACTS,
    MAX_MESSAGES,
    Act,
    Author,
    Inquiry,
    InquiryChannel,
    InquiryState,
    Letter,
    Thread,
)
from services.customer.vault.store import Vault

COLLECTION: Final = "inquiries"
OPENED: Final = "noren.customer.inquiry_opened.v1"
CHANGED: Final = "noren.customer.inquiry_changed.v1"
NEWEST_FIRST: Final[Sort] = (("_id", DESCENDING),)
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("opening.key", ASCENDING)], name="opening_key", unique=True),
        IndexModel([("customer", ASCENDING), ("_id", DESCENDING)], name="by_customer"),
        IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="by_state"),
        IndexModel([("assignee", ASCENDING), ("_id", DESCENDING)], name="by_assignee"),
        OUTBOX_INDEX,
    ],
}
HEAD: Final = {"messages": 0, "acts": 0, "outbox": 0, "opening": 0}
IS_OPEN: Final = {"$ne": InquiryState.CLOSED.value}


@dataclass(frozen=True, slots=True)
class Opening:
    """A thread to be begun, with the digest of the input it is begun by."""

    customer_id: str | None
    channel: InquiryChannel
    subject: str
    letter: Letter
    fingerprint: str
    actor: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a list of threads is narrowed to; None: not by that."""

    state: InquiryState | None = None
    assignee: str | None = None
    channel: InquiryChannel | None = None


class InquiryStore:
    """Threads."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.collection = db[COLLECTION]
        self._vault = vault
        self.on_change: Callable[[], None] = lambda: None

    async def open(self, opening: Opening, now: datetime) -> str | None:
        """Begin a thread; its id, or None if its idempotency key was used. Without the thread its key opens nothing."""
        id = new_id("inq", at=now)
        key = (await self._vault.make([id]))[id]
        data = {"inquiryId": id, "customerId": opening.customer_id, "channel": opening.channel.value}
        document = {
            "_id": id,
            "opening": {"key": opening.letter.idempotency_key, "fingerprint": opening.fingerprint},
            "customer": opening.customer_id,
            "channel": opening.channel.value,
            "subject": key.seal(SUBJECT, opening.subject),
            "state": (opening.letter.author.leads_to or InquiryState.OPEN).value,
            "assignee": None,
            "messages": [message_document(opening.letter, key, opening.fingerprint, opening.actor, now)],
            "acts": [act_document(Act.OPENED, opening.actor, now, opening.channel.value)],
            "count": 1,
            "version": 1,
            "opened_at": now,
            "updated_at": now,
            "outbox": [outbox_entry(f"{id}:opened", OPENED, id, now, data)],
        }
        try:
            await self.collection.insert_one(document)
        except DuplicateKeyError:
            await self._vault.destroy([id])
            return None
        self.on_change()
        return id

    async def opened_by(self, key: str) -> tuple[str, str] | None:
        """The thread that was begun with this key, and the digest of the input."""
        row = await self.collection.find_one({"opening.key": key}, {"opening": 1})
        return None if row is None else (row["_id"], row["opening"]["fingerprint"])

    async def say(self, id: str, letter: Letter, fingerprint: str, actor: str, now: datetime) -> bool:
        """Add a message, and what follows from it; False if it is there, there is no room, or the thread is closed."""
        key = (await self._vault.keys([id])).get(id)
        if key is None:
            return False
        change: dict[str, Any] = {
            "$push": {
                "messages": message_document(letter, key, fingerprint, actor, now),
                "acts": act_document(Act.MESSAGE, actor, now, letter.author.value),
                "outbox": _changed(id, now, author=letter.author),
            },
            "$inc": {"count": 1, "version": 1},
            "$set": {"updated_at": now},
        }
        if letter.author.leads_to is not None:
            change["$set"]["state"] = letter.author.leads_to.value
        where = {
            "_id": id,
            "state": IS_OPEN,
            "messages.key": {"$ne": letter.idempotency_key},
            f"messages.{MAX_MESSAGES - 1}": {"$exists": False},
            f"acts.{MAX_ACTS - 1}": {"$exists": False},
        }
        return await self._update(where, change)

    async def said(self, id: str, key: str) -> str | None:
        """The digest of the message that was added with this key."""
        row = await self.collection.find_one({"_id": id, "messages.key": key}, {"messages.$": 1})
        return None if row is None else str(row["messages"][0]["fingerprint"])

    async def set(self, id: str, version: int, act: Act, value: str | None, actor: str, now: datetime) -> bool:
        """Set assignee, state or customer of the version that was read; False if that is gone, full or closed."""
        where = {"_id": id, "version": version, "state": IS_OPEN, f"acts.{MAX_ACTS - 1}": {"$exists": False}}
        change = {
            "$set": {_FIELDS[act]: value, "updated_at": now},
            "$inc": {"version": 1},
            "$push": {"acts": act_document(act, actor, now, value), "outbox": _changed(id, now)},
        }
        return await self._update(where, change)

    async def by_id(self, ids: Sequence[str]) -> dict[str, Inquiry]:
        """The threads there are, by id."""
        rows = await self.collection.find({"_id": {"$in": list(ids)}}, HEAD).to_list()
        return {inquiry.id: inquiry for inquiry in await self._parsed(rows)}

    async def threads(self, ids: Sequence[str]) -> dict[str, Thread]:
        """What was said and done in these, by id."""
        found = self.collection.find({"_id": {"$in": list(ids)}}, {"messages": 1, "acts": 1})
        rows = {row["_id"]: row async for row in found}
        keys = await self._vault.keys(rows)
        return {id: parse_thread(row, keys[id]) for id, row in rows.items() if id in keys}

    async def page_of(self, customers: Iterable[str], args: PageArgs) -> Page[Inquiry]:
        """Threads of a person, the newest first."""
        return await self._page({"customer": {"$in": sorted(customers)}}, args)

    async def page(self, search: Search, args: PageArgs) -> Page[Inquiry]:
        """Threads of everybody, the newest first."""
        given = (("state", search.state), ("assignee", search.assignee), ("channel", search.channel))
        return await self._page({name: value for name, value in given if value is not None}, args)

    async def erase(self, customer_id: str) -> int:
        """Destroy the keys of a profile's threads, then the threads; how many there were."""
        rows = await self.collection.find({"customer": customer_id}, {"_id": 1}).to_list()
        ids = [row["_id"] for row in rows]
        await self._vault.destroy(ids)
        return (await self.collection.delete_many({"_id": {"$in": ids}})).deleted_count

    async def _page(self, where: Document, args: PageArgs) -> Page[Inquiry]:
        rows = await find_page(self.collection, where, NEWEST_FIRST, args, lambda row: row, projection=HEAD)
        shown = {inquiry.id: inquiry for inquiry in await self._parsed(rows.nodes)}
        return rows.mapped(lambda row: shown.get(row["_id"]))

    async def _parsed(self, rows: Sequence[Document]) -> list[Inquiry]:
        """Opened; a thread that is erased this very moment is left out."""
        keys = await self._vault.keys(row["_id"] for row in rows)
        return [parse_inquiry(row, keys[row["_id"]]) for row in rows if row["_id"] in keys]

    async def _update(self, where: Document, change: Document) -> bool:
        done = await self.collection.update_one(where, change)
        self.on_change()
        return done.modified_count == 1


_FIELDS: Final = {Act.ASSIGNED: "assignee", Act.STATE: "state", Act.CUSTOMER: "customer"}


def _changed(id: str, now: datetime, *, author: Author | None = None) -> Document:
    data = {"inquiryId": id, "saidBy": None if author is None else author.value}
    return outbox_entry(new_id("evt"), CHANGED, id, now, data)
