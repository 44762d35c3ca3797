"""Every MongoDB query and index of customer; decides nothing.

A profile is one document: DRAFT while its identities are being claimed, then LIVE; nothing but LIVE is ever read by
the outside. A draft that cannot be finished becomes ABORTED and goes. DRAFT → LIVE and DRAFT → ABORTED are guarded
updates of that one document, so exactly one of them happens, and no id comes back from ABORTED. A claim is a document
with `_id = type:HMAC`; it holds no personal value, and is `pending` until its profile is live.
Shard keys: profiles `_id`, claims `_id`. (Unique external ids and creation keys need one shard for profiles' index.)
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.claim.store import Claims
from services.customer.documents import customer_document, encode, identity_document, parse_customer, parse_identity
from services.customer.identity import IdentityType
from services.customer.model import (
    MAX_IDENTITIES,
    MAX_IDENTITIES_OF_TYPE,
    Begun,
    Creation,
    Customer,
    ExternalId,
    Holder,
    Identity,
    State,
)

CREATED = "noren.customer.created.v1"
UPDATED = "noren.customer.updated.v1"
READ_BATCH = 1_000
"""Profiles read at a time by the audit, a megabyte or so."""
BY_AGE: Sort = (("_id", ASCENDING),)
DRAFT: Document = {"state": State.DRAFT.value}
LIVE: Document = {"state": State.LIVE.value}
PUBLISH: Document = {"$set": LIVE, "$rename": {"announcement": "outbox"}}
"""A draft carries its event under another name: nobody hears of what is never published."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "profiles": [
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="by_state"),
        IndexModel(
            [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)],
            name="external_id",
            unique=True,
            partialFilterExpression={"external_ids.0": {"$exists": True}},
        ),
        IndexModel(
            [("creation.key", ASCENDING)],
            name="creation_key",
            unique=True,
            partialFilterExpression={"creation.key": {"$exists": True}},
        ),
        OUTBOX_INDEX,
    ],
    "claims": [
        IndexModel([("claimed_at", ASCENDING)], name="pending", partialFilterExpression={"pending": True}),
    ],
    "journal": [],
    "keys": [],
}


class ClaimedElsewhere(Exception):
    """The identifier is claimed by `profile`; None if it was let go meanwhile."""

    def __init__(self, profile: str | None) -> None:
        super().__init__(profile)
        self.profile = profile


class IdentityKeyChanged(Exception):
    """The claims of this database were made with another key; with this one every identity would look free."""


class _Unmatched(Exception):
    """A guard inside a transaction did not match: nothing is kept."""


class CustomerStore:
    """Customer's collections. `identity_key` is what claims are keyed with (`identity.derive_key`)."""

    def __init__(self, db: Database, identity_key: bytes) -> None:
        self.db = db
        self.profiles = db["profiles"]
        self.claims = Claims(db["claims"], identity_key)
        self.journal = db["journal"]
        self.on_change: Callable[[], None] = lambda: None

    async def pin_identity_key(self) -> None:
        """Remember by a digest which key this database is claimed with; IdentityKeyChanged if it was another."""
        check = self.claims.key_check
        keys = self.db["keys"]
        await keys.update_one({"_id": "identity"}, {"$setOnInsert": {"check": check}}, upsert=True)
        kept = await keys.find_one({"_id": "identity"})
        if kept is None or kept["check"] != check:
            raise IdentityKeyChanged(
                "the identities in this database were claimed with another secret: "
                "set NOREN_IDENTITY_SECRET to that one"
            )

    # Reading: live profiles only.

    async def customers_by_id(self, ids: Sequence[str]) -> dict[str, Customer]:
        """The customers there are, by id."""
        found = await self.profiles.find({"_id": {"$in": list(ids)}, **LIVE}).to_list()
        return {document["_id"]: parse_customer(document) for document in found}

    async def customer_by_identity(self, type: IdentityType, value: str) -> Customer | None:
        """Whose this normalised identifier is."""
        holder = await self.claims.holder(self.claims.key(type, value))
        if holder is None:
            return None
        listed = {"identities": {"$elemMatch": {"type": type.value, "value": value}}}
        document = await self.profiles.find_one({"_id": holder, **LIVE, **listed})
        return None if document is None else parse_customer(document)

    async def list_customers(self, page: PageArgs) -> Page[Customer]:
        """One page of all customers, the longest known first."""
        return await find_page(self.profiles, LIVE, BY_AGE, page, parse_customer)

    async def holders(self, external_ids: Iterable[ExternalId]) -> dict[ExternalId, Holder]:
        """Who carries these external ids, drafts included."""
        wanted = set(external_ids)
        found: dict[ExternalId, Holder] = {}
        for source in {ref.source for ref in wanted}:
            values = [ref.value for ref in wanted if ref.source == source]
            where = {"external_ids": {"$elemMatch": {"source": source, "value": {"$in": values}}}}
            async for document in self.profiles.find(where, {"state": 1, "external_ids": 1}):
                holder = Holder(document["_id"], State(document["state"]))
                found |= dict.fromkeys((ExternalId(**ref) for ref in document["external_ids"]), holder)
        return {ref: holder for ref, holder in found.items() if ref in wanted}

    # Creating: insert_draft, claim, publish, settle; or abort, discard.

    async def insert_draft(self, customer: Customer, creation: Creation) -> bool:
        """Keep an unpublished profile; False if its creation key or an external id is in use."""
        try:
            await self.profiles.insert_one(_draft_document(customer, creation))
        except DuplicateKeyError:
            return False
        return True

    async def insert_drafts(self, customers: Sequence[Customer]) -> set[str]:
        """Keep unpublished profiles, leaving out those whose external id is in use; the ids that were kept."""
        ids = [customer.id for customer in customers]
        if await insert_new(self.profiles, [_draft_document(customer, None) for customer in customers]) == len(ids):
            return set(ids)
        kept = await self.profiles.find({"_id": {"$in": ids}}, {"_id": 1}).to_list()
        return {document["_id"] for document in kept}

    async def begun(self, key: str) -> Begun | None:
        """What was begun with this creation key, and how far it is."""
        document = await self.profiles.find_one({"creation.key": key})
        return None if document is None else _begun(document)

    async def publish(self, id: str) -> Customer | None:
        """DRAFT → LIVE and tell of it; None if it is no draft any more."""
        document = await self.profiles.find_one_and_update({"_id": id, **DRAFT}, PUBLISH, return_document=True)
        self.on_change()
        return None if document is None else parse_customer(document)

    async def publish_all(self, customers: Sequence[Customer]) -> set[str]:
        """DRAFT → LIVE for many, with the identities they have here; the ids that are live now."""
        ids = [customer.id for customer in customers]
        published = await self.profiles.update_many({"_id": {"$in": ids}, **DRAFT}, PUBLISH)
        self.on_change()
        if published.modified_count == len(ids):
            return set(ids)
        live = self.profiles.find({"_id": {"$in": ids}, **LIVE}, {"_id": 1})
        return {document["_id"] for document in await live.to_list()}

    async def keep_identities(self, drafts: Sequence[Customer]) -> None:
        """Set the identities of drafts to those they have here."""
        updates = [
            UpdateOne({"_id": draft.id, **DRAFT}, {"$set": {"identities": encode("identities", draft.identities)}})
            for draft in drafts
        ]
        if updates:
            await self.profiles.bulk_write(updates, ordered=False)

    async def abort(self, id: str) -> bool:
        """DRAFT → ABORTED; False if the profile is live."""
        await self.profiles.update_one({"_id": id, **DRAFT}, {"$set": {"state": State.ABORTED.value}})
        return await self.profiles.find_one({"_id": id, **LIVE}, {"_id": 1}) is None

    async def discard(self, id: str) -> None:
        """Let go what an aborted draft claimed, then the draft."""
        document = await self.profiles.find_one({"_id": id, "state": State.ABORTED.value})
        if document is not None:
            await self.claims.release([parse_customer(document)])
            await self.profiles.delete_one({"_id": id, "state": State.ABORTED.value})

    # Editing.

    async def update(self, id: str, version: int, values: Mapping[str, object], now: datetime) -> Customer | None:
        """Set checked fields if the live profile still has `version`; None if it has not."""
        encoded = {name: encode(name, value) for name, value in values.items()}
        kept = await self.profiles.find_one_and_update(
            {"_id": id, **LIVE, "version": version},
            {
                "$set": {**encoded, "updated_at": now},
                "$inc": {"version": 1},
                "$push": {"outbox": _updated(id, now)},
            },
            return_document=True,
        )
        self.on_change()
        return None if kept is None else parse_customer(kept)

    async def add_identity(self, id: str, identity: Identity, now: datetime) -> Customer | None:
        """Claim and list an identity, both or neither; None if the profile is gone, full, or lists it already.

        Raises ClaimedElsewhere. A transaction: cold work on a document nobody else writes to at that moment.
        """
        key = self.claims.key(identity.type, identity.value)

        async def both(session: AsyncClientSession) -> Document:
            await self.claims.add(key, id, now, session)
            return await self._edit_identities(
                {"_id": id, **_has_room(identity)}, {"$push": {"identities": identity_document(identity)}}, now, session
            )

        try:
            return await self._transact(both)
        except DuplicateKeyError:
            raise ClaimedElsewhere(await self.claims.holder(key)) from None

    async def remove_identity(self, id: str, type: IdentityType, value: str, now: datetime) -> Customer | None:
        """Unlist an identity and let it go, both or neither; None if the profile is gone or does not list it."""
        named = {"type": type.value, "value": value}

        async def both(session: AsyncClientSession) -> Document:
            listed = {"_id": id, "identities": {"$elemMatch": named}}
            kept = await self._edit_identities(listed, {"$pull": {"identities": named}}, now, session)
            await self.claims.remove(self.claims.key(type, value), id, session)
            return kept

        return await self._transact(both)

    async def _edit_identities(
        self, where: Document, change: Document, now: datetime, session: AsyncClientSession
    ) -> Document:
        push = {**change.get("$push", {}), "outbox": _updated(where["_id"], now)}
        edit = {**change, "$push": push, "$inc": {"version": 1}, "$set": {"updated_at": now}}
        kept = await self.profiles.find_one_and_update({**where, **LIVE}, edit, return_document=True, session=session)
        if kept is None:
            raise _Unmatched
        return kept

    async def _transact(self, both: Callable[[AsyncClientSession], Awaitable[Document]]) -> Customer | None:
        async with self.db.client.start_session() as session:
            try:
                kept = await session.with_transaction(
                    both, read_concern=ReadConcern("snapshot"), write_concern=self.db.write_concern
                )
            except _Unmatched:
                return None
        self.on_change()
        return parse_customer(kept)

    # Healing and proving.

    async def stale_drafts(self, before: datetime) -> list[str]:
        """Profiles begun before then that are not live."""
        unfinished = {"$in": [State.DRAFT.value, State.ABORTED.value]}
        found = self.profiles.find({"state": unfinished, "created_at": {"$lt": before}}, {"_id": 1}).limit(READ_BATCH)
        return [document["_id"] for document in await found.to_list()]

    async def begun_by_id(self, ids: Iterable[str]) -> dict[str, Begun]:
        """Profiles in any state, by id."""
        found = await self.profiles.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _begun(document) for document in found}

    async def live_identities(self) -> AsyncIterator[list[tuple[str, Identity]]]:
        """The identities live profiles list, with the profile's id, some hundreds at a time."""
        found = self.profiles.find({**LIVE, "identities.0": {"$exists": True}}, {"identities": 1})
        batch: list[tuple[str, Identity]] = []
        async for document in found:
            batch += [(document["_id"], parse_identity(identity)) for identity in document["identities"]]
            if len(batch) >= READ_BATCH:
                yield batch
                batch = []
        yield batch


def _draft_document(customer: Customer, creation: Creation | None) -> Document:
    data = {"customerId": customer.id, "createdAt": customer.created_at.isoformat()}
    document = customer_document(customer) | DRAFT
    document["announcement"] = [outbox_entry(f"{customer.id}:v1", CREATED, customer.id, customer.created_at, data)]
    if creation is not None:
        document["creation"] = {"key": creation.key, "fingerprint": creation.fingerprint}
    return document


def _begun(document: Document) -> Begun:
    fingerprint = document.get("creation", {}).get("fingerprint", "")
    return Begun(parse_customer(document), fingerprint, State(document["state"]))


def _updated(id: str, now: datetime) -> Document:
    return outbox_entry(new_id("evt"), UPDATED, id, now, {"customerId": id})


def _has_room(identity: Identity) -> Document:
    """Not listed yet, and one more is not too many."""
    of_type = {"$filter": {"input": "$identities", "cond": {"$eq": ["$$this.type", identity.type.value]}}}
    return {
        "identities": {"$not": {"$elemMatch": {"type": identity.type.value, "value": identity.value}}},
        f"identities.{MAX_IDENTITIES - 1}": {"$exists": False},
        "$expr": {"$lt": [{"$size": of_type}, MAX_IDENTITIES_OF_TYPE[identity.type]]},
    }
