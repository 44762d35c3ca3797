"""Every MongoDB query and index of promotions; decides nothing.

A promotion is one document with its limits, what was taken of them and, while checkouts are under way, who holds what:
the limit is the filter of the update that takes. Shard key: `_id`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from kit.events import Event
from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.promotion.documents import draft_document, promotion_of, told
from services.catalog.promotion.model import Promotion, PromotionDraft

PROMOTION_CHANGED = "noren.catalog.promotion_changed.v1"
COLLECTION, CUSTOMERS, HISTORY = "promotions", "promotion_customers", "promotion_history"
ON = {"draft.enabled": True}
BY_ID: Sort = (("_id", ASCENDING),)
HIDDEN = {"outbox": 0, "holds": 0}

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("draft.enabled", ASCENDING), ("_id", ASCENDING)], name="enabled"),
        OUTBOX_INDEX,
    ],
    CUSTOMERS: [IndexModel([("customer", ASCENDING), ("promotion", ASCENDING)], name="customer")],
    HISTORY: [IndexModel([("updated_at", ASCENDING), ("_id", ASCENDING)], name="by_time")],
}
Stamp = tuple[str, int, int, int]
"""What the live promotions are recognised by: id, version, uses and what was spent of a budget."""


class PromotionStore:
    """Promotions, and how often a customer used one; `on_write` is called after every write of a promotion."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self.promotions = db[COLLECTION]
        self._customers = db[CUSTOMERS]
        self._history = db[HISTORY]
        self._changed = changed
        self.on_write: Callable[[], None] = lambda: None

    async def by_id(self, ids: Sequence[str]) -> dict[str, Promotion]:
        """The promotions there are, by id."""
        found = await self.promotions.find({"_id": {"$in": list(ids)}}, HIDDEN).to_list()
        return {document["_id"]: promotion_of(document) for document in found}

    async def page(self, page: PageArgs) -> Page[Promotion]:
        """All, oldest first."""
        return await find_page(self.promotions, {}, BY_ID, page, promotion_of, projection=HIDDEN)

    async def count_enabled(self) -> int:
        """How many are switched on."""
        return await self.promotions.count_documents(ON)

    async def enabled(self) -> list[Promotion]:
        """Every promotion that is switched on."""
        return [promotion_of(document) for document in await self.promotions.find(ON, HIDDEN).to_list()]

    async def stamps(self) -> list[Stamp]:
        """What tells whether the enabled promotions are still the same, cheaper than they are themselves."""
        wanted = {"version": 1, "uses": 1, "spent_minor": 1}
        found = await self.promotions.find(ON, wanted).to_list()
        return sorted((d["_id"], d["version"], d.get("uses", 0), d.get("spent_minor", 0)) for d in found)

    async def insert(self, draft: PromotionDraft, now: datetime) -> Promotion:
        """A new promotion."""
        id = new_id("prm")
        document: Document = {
            "_id": id,
            "version": 1,
            "draft": draft_document(draft),
            "updated_at": now,
            "uses": 0,
            "spent_minor": 0,
            "holds": {},
            "outbox": [_entry(id, 1, draft, now)],
        }
        await self.promotions.insert_one(document)
        self.on_write()
        self._changed()
        return promotion_of(document)

    async def replace(self, id: str, version: int, draft: PromotionDraft, now: datetime) -> Promotion | None:
        """The next version, if `version` is still the last; what was taken of it stays taken."""
        values = {"draft": draft_document(draft), "version": version + 1, "updated_at": now}
        kept = await self.promotions.find_one_and_update(
            {"_id": id, "version": version},
            {"$set": values, "$push": {"outbox": _entry(id, version + 1, draft, now)}},
            return_document=True,
            projection=HIDDEN,
        )
        self.on_write()
        self._changed()
        return None if kept is None else promotion_of(kept)

    async def used_by(self, customer: str, ids: Sequence[str]) -> dict[str, int]:
        """How often this customer used these promotions."""
        found = self._customers.find(
            {"customer": customer, "promotion": {"$in": list(ids)}}, {"promotion": 1, "uses": 1}
        )
        return {document["promotion"]: document["uses"] for document in await found.to_list()}

    async def versions(self) -> list[Promotion]:
        """Every version there ever was, oldest first."""
        found = await self._history.find().sort([("updated_at", ASCENDING), ("_id", ASCENDING)]).to_list()
        return [promotion_of({**document, "_id": document["promotion"]}) for document in found]

    async def add_versions(self, events: Sequence[Event]) -> None:
        """Append the versions these events tell of; the same again changes nothing."""
        rows = [
            {
                "_id": event.id,
                "promotion": event.data["promotionId"],
                "version": event.data["version"],
                "draft": event.data["promotion"],
                "updated_at": event.time,
            }
            for event in events
        ]
        await insert_new(self._history, rows)


def _entry(id: str, version: int, draft: PromotionDraft, now: datetime) -> Document:
    data = {"promotionId": id, "version": version, "promotion": told(draft)}
    return outbox_entry(f"{id}:v{version}", PROMOTION_CHANGED, id, now, data)
