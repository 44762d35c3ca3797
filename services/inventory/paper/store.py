"""Every MongoDB query and update that papers share; decides nothing.

A paper's document: `version`, `state`, `steps`, `pending` (posts decided, not yet made), `outbox`, and its noun's own
fields. Shard key: none; the keys of steps are unique over the collection, which keeps it on one shard.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Generic

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.inventory.model import Actor, MovementReason, StockState
from services.inventory.paper.model import Decision, Move, PaperT, Post, Step, Told

SWEEP_BATCH = 100
"""Papers finished at a time."""
NEWEST: Sort = (("_id", DESCENDING),)

MAX_CLAIMS = 10_000
"""Open papers of one SKU at one location that are read together."""
INDEXES: Sequence[IndexModel] = (
    IndexModel(
        [("steps.key", ASCENDING)], name="key", unique=True, partialFilterExpression={"steps.0": {"$exists": True}}
    ),
    IndexModel([("updated_at", ASCENDING)], name="pending", partialFilterExpression={"pending.0": {"$exists": True}}),
    OUTBOX_INDEX,
)
"""Of every collection of papers; nouns add their own."""


class StepKeyTaken(Exception):
    """The key stands for a step of another paper."""


class PaperStore(Generic[PaperT]):
    """Papers of one noun. `body` and `parse` turn the noun's own fields to and from a document.

    `kind` is what one is called where it is refused.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        db: Database,
        collection: str,
        changed: Callable[[], None],
        body: Callable[[PaperT], Document],
        parse: Callable[[Document], PaperT],
    ) -> None:
        self.collection = db[collection]
        self._changed = changed
        self._body = body
        self._parse = parse

    async def by_id(self, id: str) -> PaperT | None:
        """The paper with this id."""
        return self._one(await self.collection.find_one({"_id": id}, {"outbox": 0}))

    async def by_ids(self, ids: Sequence[str]) -> dict[str, PaperT]:
        """The papers there are, by id."""
        found = await self.collection.find({"_id": {"$in": list(ids)}}, {"outbox": 0}).to_list()
        return {document["_id"]: self._parse(document) for document in found}

    async def by_key(self, key: str) -> PaperT | None:
        """The paper with a step of this key."""
        where: Document = {"steps.key": key, "steps.0": {"$exists": True}}
        return self._one(await self.collection.find_one(where, {"outbox": 0}))

    async def insert(self, decision: Decision[PaperT], step: Step, actor: Actor) -> PaperT | None:
        """Keep a new paper with its first step; None if the id or the key is there already."""
        paper = decision.after
        document = {
            "_id": paper.id,
            "version": 1,
            "created_at": step.at,
            **self._body(paper),
            "updated_at": step.at,
            "steps": [asdict(step)],
            "pending": _posts(paper.id, 1, decision.moves, step, actor),
            "outbox": _entries(paper.id, 1, decision.told, step),
        }
        try:
            await self.collection.insert_one(document)
        except DuplicateKeyError:
            return None
        self._changed()
        return self._parse(document)

    async def decide(self, before: PaperT, decision: Decision[PaperT], step: Step, actor: Actor) -> PaperT | None:
        """Take the step if the paper is still at `before`'s version; None if it is not; StepKeyTaken."""
        version = before.version + 1
        posts = _posts(before.id, version, decision.moves, step, actor)
        update: Document = {
            "$set": {**self._body(decision.after), "version": version, "updated_at": step.at},
            "$push": {
                "steps": asdict(step),
                "pending": {"$each": posts},
                "outbox": {"$each": _entries(before.id, version, decision.told, step)},
            },
        }
        try:
            kept = await self.collection.find_one_and_update(
                {"_id": before.id, "version": before.version}, update, {"outbox": 0}, return_document=True
            )
        except DuplicateKeyError as error:
            raise StepKeyTaken(step.key) from error
        self._changed()
        return self._one(kept)

    async def retract(self, before: PaperT, decision: Decision[PaperT], key: str) -> PaperT | None:
        """Undo a step that could not be done and free its key, if the paper is still at `before`'s version."""
        update: Document = {
            "$set": {**self._body(decision.after), "version": before.version + 1},
            "$pull": {"steps": {"key": key}},
        }
        kept = await self.collection.find_one_and_update(
            {"_id": before.id, "version": before.version}, update, {"outbox": 0}, return_document=True
        )
        return self._one(kept)

    async def posted(self, paper: PaperT) -> None:
        """Take the paper's posts, all of which have been made, off its list."""
        ids = [post.id for post in paper.pending]
        await self.collection.update_one({"_id": paper.id}, {"$pull": {"pending": {"id": {"$in": ids}}}})

    async def unposted(self) -> list[PaperT]:
        """The next batch of papers some of whose posts may not have been made."""
        return await self.find({"pending.0": {"$exists": True}}, "updated_at")

    async def find(self, where: Document, order: str, limit: int = SWEEP_BATCH) -> list[PaperT]:
        """The first papers by `order`."""
        cursor = self.collection.find(where, {"outbox": 0}).sort(order, ASCENDING).limit(limit)
        return [self._parse(document) for document in await cursor.to_list()]

    async def page(self, where: Document, args: PageArgs) -> Page[PaperT]:
        """One page, newest first."""
        return await find_page(self.collection, where, NEWEST, args, self._parse, projection={"outbox": 0})

    async def stuck(self, session: AsyncClientSession, before: datetime) -> dict[str, datetime]:
        """The papers with posts to make since before then, at the session's one instant."""
        where: Document = {"pending.0": {"$exists": True}, "updated_at": {"$lt": before}}
        cursor = self.collection.find(where, {"updated_at": 1}, session=session).limit(SWEEP_BATCH)
        return {document["_id"]: document["updated_at"] async for document in cursor}

    async def open_at(self, where: Document, session: AsyncClientSession) -> list[PaperT]:
        """Every paper that matches at the session's one instant."""
        cursor = self.collection.find(where, {"outbox": 0}, session=session)
        return [self._parse(document) async for document in cursor]

    def _one(self, document: Document | None) -> PaperT | None:
        return None if document is None else self._parse(document)


def header(document: Document) -> dict[str, Any]:
    """The fields every paper has, as keywords of its class."""
    return {
        "id": document["_id"],
        "version": document["version"],
        "created_at": document["created_at"],
        "updated_at": document["updated_at"],
        "steps": tuple(Step(**step) for step in document["steps"]),
        "pending": tuple(_post(post) for post in document["pending"]),
    }


def among(field: str, values: Sequence[str] | None) -> Document:
    """The condition that a field is one of these; none if nothing was asked for."""
    return {} if values is None else {field: {"$in": list(values)}}


def _posts(id: str, version: int, moves: Sequence[Move], step: Step, actor: Actor) -> list[Document]:
    common = {"paper_id": id, "actor": asdict(actor), "at": step.at}
    return [{"id": f"{id}:{version}:{place}", "move": asdict(move), **common} for place, move in enumerate(moves)]


def _post(document: Document) -> Post:
    return Post(
        document["id"], document["paper_id"], _move(document["move"]), Actor(**document["actor"]), document["at"]
    )


def _entries(id: str, version: int, told: Sequence[Told], step: Step) -> list[Document]:
    return [
        outbox_entry(
            f"{id}:{version}:{one.name}",
            f"noren.inventory.{one.name}.v1",
            id,
            step.at,
            {**one.data, "actor": step.actor},
        )
        for one in told
    ]


def _move(document: Mapping[str, Any]) -> Move:
    source, target = document["source"], document["target"]
    return Move(
        sku=document["sku"],
        location_id=document["location_id"],
        quantity=document["quantity"],
        source=None if source is None else StockState(source),
        target=None if target is None else StockState(target),
        reason=MovementReason(document["reason"]),
    )
