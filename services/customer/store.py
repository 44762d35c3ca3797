"""Every MongoDB query and index of customer; decides nothing.

A profile is one document: DRAFT while its identities are being claimed, then LIVE; nothing but LIVE is ever read by
the outside. A draft that cannot be finished becomes ABORTED and goes. DRAFT → LIVE and DRAFT → ABORTED are guarded
updates of that one document, so exactly one of them happens, and no id comes back from ABORTED. A claim is a document
with `_id = type:HMAC`; it holds no personal value, and is `pending` until its profile is live.
Shard keys: profiles `_id`, claims `_id`. (Unique external ids and creation keys need one shard for profiles' index.)
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.keys import derive_key
from kit.mongo import Database, Document, transact
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.access import collections as access_collections
from services.customer.attribute import collections as attribute_collections
from services.customer.claim.store import Claims
from services.customer.counter.model import terms_of
from services.customer.documents import Sealer, parse_customer
from services.customer.erasure import collections as erasure_collections
from services.customer.identity import HKDF_SALT, IdentityType
from services.customer.merge import collections as merge_collections
from services.customer.model import Begun, Creation, Customer, ExternalId, Holder, State
from services.customer.person import store as person
from services.customer.profile.model import LATEST_WINS, Survivorship, Trait
from services.customer.sighting import collections as sighting_collections
from services.customer.vault import store as vault
from services.customer.vault.cipher import MemberKey

T = TypeVar("T")
CREATED = "noren.customer.created.v1"
UPDATED = "noren.customer.updated.v1"
READ_BATCH = 1_000
"""Profiles read at a time by the audit, a megabyte or so."""
BY_AGE: Sort = (("_id", ASCENDING),)
DRAFT: Document = {"state": State.DRAFT.value}
LIVE: Document = {"state": State.LIVE.value}
PRESENT: Document = {"state": {"$in": [State.LIVE.value, State.MERGED.value]}}
"""Profiles that show somebody: by themselves, or as a part of another."""
UNREAD: Document = {"terms": 0, "outbox": 0}
"""What nobody reads of a profile that is shown; the terms are half of it."""
HAS_TERMS: Document = {"terms.0": {"$exists": True}}
HAS_EXTERNAL_IDS: Document = {"external_ids.0": {"$exists": True}}
"""Said by every query that is to use the index of it: MongoDB takes a partial index only where the filter says so."""
PUBLISHED: Document = {"state": {"$nin": [State.DRAFT.value, State.ABORTED.value]}}
KNOWN: Document = {**LIVE, "anonymous": None}
PUBLISH: Document = {"$set": LIVE, "$rename": {"announcement": "outbox"}}
"""A draft carries its event under another name: nobody hears of what is never published."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "profiles": [
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="by_state"),
        IndexModel([("root", ASCENDING)], name="root"),
        IndexModel(
            [("terms", ASCENDING), ("_id", ASCENDING)],
            name="by_terms",
            partialFilterExpression=HAS_TERMS,
        ),
        IndexModel(
            [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)],
            name="external_id",
            unique=True,
            partialFilterExpression=HAS_EXTERNAL_IDS,
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
    **vault.INDEXES,
    **person.INDEXES,
    **access_collections.INDEXES,
    **attribute_collections.INDEXES,
    **erasure_collections.INDEXES,
    **merge_collections.INDEXES,
    **sighting_collections.INDEXES,
}


class ClaimedElsewhere(Exception):
    """The identifier is claimed by `profile`; None if it was let go meanwhile."""

    def __init__(self, profile: str | None) -> None:
        super().__init__(profile)
        self.profile = profile


class IdentityKeyChanged(Exception):
    """The claims of this database were made with another key; with this one every identity would look free."""


class VaultKeyChanged(Exception):
    """The personal values of this database were sealed with another master key; with this one none opens."""


class Unmatched(Exception):
    """A guard inside a transaction did not match: nothing is kept."""


class CustomerStore(person.PersonStore):
    """Customer's collections. `identity_key` is what claims are keyed with (`identity.derive_key`), `vault_key` what
    members' keys are wrapped with (`vault.cipher.derive_master`).
    """

    def __init__(
        self, db: Database, identity_key: bytes, vault_key: bytes, survivorship: Survivorship = LATEST_WINS
    ) -> None:
        self.vault = vault.Vault(db[vault.COLLECTION], vault_key)
        super().__init__(db, identity_key, self.vault)
        self.db = db
        self.profiles = db["profiles"]
        self.claims = Claims(db["claims"], identity_key)
        self.code_key = derive_key(identity_key, salt=HKDF_SALT, info=b"member codes v1")
        self.journal = db["journal"]
        self.survivorship = survivorship
        self.on_change: Callable[[], None] = lambda: None

    async def pin_keys(self) -> None:
        """Remember by digests which keys this database is kept with; IdentityKeyChanged, VaultKeyChanged if others."""
        if not await self._pin("identity", self.claims.key_check):
            raise IdentityKeyChanged(
                "the identities in this database were claimed with another secret: "
                "set NOREN_IDENTITY_SECRET to that one"
            )
        if not await self._pin("vault", self.vault.key_check):
            raise VaultKeyChanged(
                "the personal values in this database were sealed with another key: set NOREN_VAULT_KEY to that one"
            )

    async def _pin(self, name: str, check: str) -> bool:
        keys = self.db["keys"]
        await keys.update_one({"_id": name}, {"$setOnInsert": {"check": check}}, upsert=True)
        kept = await keys.find_one({"_id": name})
        return kept is not None and kept["check"] == check

    # Reading: live profiles only, each with what was merged into it.

    async def customers_by_id(self, ids: Sequence[str]) -> dict[str, Customer]:
        """The customers there are, by the id asked for: one that was merged finds whom it was merged into."""
        if not ids:
            return {}
        families, keys = await asyncio.gather(self.families(ids), self.vault.keys(ids))
        return await self._shown(families, keys)

    async def families(
        self, ids: Sequence[str], session: AsyncClientSession | None = None
    ) -> dict[str, list[Document]]:
        """The profiles of these customers, by id asked for; of each the one that stands for all first."""
        found = await self._by_root(ids, session)
        if missing := [id for id in ids if id not in found]:
            merged = {"_id": {"$in": missing}, "state": State.MERGED.value}
            roots = {one["_id"]: one["root"] async for one in self.profiles.find(merged, {"root": 1}, session=session)}
            above = await self._by_root(set(roots.values()), session) if roots else {}
            found |= {id: above[root] for id, root in roots.items() if root in above}
        return found

    async def _by_root(self, roots: Iterable[str], session: AsyncClientSession | None) -> dict[str, list[Document]]:
        where = {"root": {"$in": list(roots)}, **PRESENT}
        families: dict[str, list[Document]] = defaultdict(list)
        async for document in self.profiles.find(where, UNREAD, session=session).sort("_id", ASCENDING):
            if document["_id"] == document["root"]:
                families[document["root"]].insert(0, document)
            else:
                families[document["root"]].append(document)
        return {root: family for root, family in families.items() if family[0]["_id"] == root}

    async def _shown(
        self, families: Mapping[str, list[Document]], keys: Mapping[str, MemberKey]
    ) -> dict[str, Customer]:
        """Opened; who was erased this very moment is left out."""
        of_members = {one["_id"] for family in families.values() for one in family} - keys.keys()
        keys = {**keys, **(await self.vault.keys(of_members) if of_members else {})}
        return {
            id: parse_customer(family, keys, self.survivorship)
            for id, family in families.items()
            if all(one["_id"] in keys for one in family)
        }

    async def customer_by_identity(self, type: IdentityType, value: str) -> Customer | None:
        """Whose this normalised identifier is."""
        holder = await self.claims.holder(self.claims.key(type, value))
        found = None if holder is None else (await self.customers_by_id([holder])).get(holder)
        return found if found is not None and found.has(type, value) else None

    async def customers_by_terms(self, terms: Iterable[str], limit: int) -> list[Customer]:
        """Customers one of whose profiles has all these look-up terms, at most `limit` profiles."""
        where = {**HAS_TERMS, "terms": {"$all": [self.claims.term(term) for term in terms]}, **PRESENT}
        found = await self.profiles.find(where, {"root": 1}).sort("_id", ASCENDING).limit(limit).to_list()
        roots = list(dict.fromkeys(one["root"] for one in found))
        shown = await self.customers_by_id(roots)
        return [shown[root] for root in roots if root in shown]

    async def list_customers(self, page: PageArgs) -> Page[Customer]:
        """One page of all customers that are known, the longest known first."""
        rows = await find_page(self.profiles, KNOWN, BY_AGE, page, lambda row: str(row["_id"]))
        shown = await self.customers_by_id(rows.nodes)
        return rows.mapped(shown.get)

    async def everybody(self) -> AsyncIterator[list[Customer]]:
        """All customers that are known, some hundreds at a time, in the order of their ids."""
        ids: list[str] = []
        async for document in self.profiles.find(KNOWN, {"_id": 1}).sort("_id", ASCENDING):
            ids.append(document["_id"])
            if len(ids) >= READ_BATCH:
                yield list((await self.customers_by_id(ids)).values())
                ids = []
        yield list((await self.customers_by_id(ids)).values())

    async def holders(self, external_ids: Iterable[ExternalId]) -> dict[ExternalId, Holder]:
        """Who carries these external ids, drafts included."""
        wanted = set(external_ids)
        found: dict[ExternalId, Holder] = {}
        for source in {ref.source for ref in wanted}:
            values = [ref.value for ref in wanted if ref.source == source]
            where = {**HAS_EXTERNAL_IDS, "external_ids": {"$elemMatch": {"source": source, "value": {"$in": values}}}}
            async for document in self.profiles.find(where, {"state": 1, "external_ids": 1}):
                holder = Holder(document["_id"], State(document["state"]))
                found |= dict.fromkeys((ExternalId(**ref) for ref in document["external_ids"]), holder)
        return {ref: holder for ref, holder in found.items() if ref in wanted}

    # Creating: insert_draft, claim, publish, settle; or abort, discard.

    async def insert_draft(self, customer: Customer, creation: Creation | None) -> bool:
        """Keep an unpublished profile; False if its creation key or an external id is in use."""
        key = (await self.vault.make([customer.id]))[customer.id]
        try:
            await self.profiles.insert_one(self._draft(customer, key, creation))
        except DuplicateKeyError:
            await self.vault.destroy([customer.id])
            return False
        return True

    async def insert_drafts(self, customers: Sequence[Customer]) -> set[str]:
        """Keep unpublished profiles, leaving out those whose external id is in use; the ids that were kept."""
        ids = {customer.id for customer in customers}
        keys = await self.vault.make(ids)
        drafts = [self._draft(customer, keys[customer.id], None) for customer in customers]
        if await insert_new(self.profiles, drafts) == len(ids):
            return set(ids)
        kept = {one["_id"] async for one in self.profiles.find({"_id": {"$in": list(ids)}}, {"_id": 1})}
        await self.vault.destroy(ids - kept)
        return kept

    async def begun(self, key: str) -> Begun | None:
        """What was begun with this creation key, and how far it is."""
        document = await self.profiles.find_one({"creation.key": key})
        return None if document is None else await self._begun(document)

    async def publish(self, id: str) -> Customer | None:
        """DRAFT → LIVE and tell of it; None if it is no draft any more."""
        document = await self.profiles.find_one_and_update({"_id": id, **DRAFT}, PUBLISH, return_document=True)
        self.on_change()
        return None if document is None else (await self._shown({id: [document]}, {})).get(id)

    async def publish_all(self, customers: Sequence[Customer]) -> set[str]:
        """DRAFT → LIVE for many, with the identities they have here; the ids that are live now."""
        ids = [customer.id for customer in customers]
        published = await self.profiles.update_many({"_id": {"$in": ids}, **DRAFT}, PUBLISH)
        self.on_change()
        if published.modified_count == len(ids):
            return set(ids)
        live = self.profiles.find({"_id": {"$in": ids}, **PRESENT}, {"_id": 1})
        return {document["_id"] for document in await live.to_list()}

    async def keep_identities(self, drafts: Sequence[Customer]) -> None:
        """Take from drafts the identities they do not have here."""
        updates = [
            UpdateOne(
                {"_id": draft.id, **DRAFT},
                {"$pull": {"identities": {"key": {"$nin": list(self.claims.keys(draft.identities))}}}},
            )
            for draft in drafts
        ]
        if updates:
            await self.profiles.bulk_write(updates, ordered=False)

    async def abort(self, id: str) -> bool:
        """DRAFT → ABORTED; False if the profile was published."""
        await self.profiles.update_one({"_id": id, **DRAFT}, {"$set": {"state": State.ABORTED.value}})
        return await self.profiles.find_one({"_id": id, **PUBLISHED}, {"_id": 1}) is None

    async def discard(self, id: str) -> None:
        """Let go what an aborted draft claimed, then the draft and its key."""
        document = await self.profiles.find_one({"_id": id, "state": State.ABORTED.value})
        if document is not None:
            await self.claims.release_keys(id, [identity["key"] for identity in document["identities"]])
            await self.profiles.delete_one({"_id": id, "state": State.ABORTED.value})
            await self.vault.destroy([id])

    def sealer(self, key: MemberKey) -> Sealer:
        """What the profile with this key is sealed with."""
        return Sealer(key, self.claims.key)

    def _draft(self, customer: Customer, key: MemberKey, creation: Creation | None) -> Document:
        document = self.sealer(key).profile(customer) | DRAFT
        values = {trait.field: trait.value for trait in customer.traits}
        phones = [one.value for one in customer.identities if one.type is IdentityType.PHONE]
        terms = terms_of(values | {"phones": (*values.get("phones", ()), *phones)})
        document["terms"] = [self.claims.term(term) for term in sorted(terms)]
        if not customer.anonymous:
            data = {"customerId": customer.id, "createdAt": customer.created_at.isoformat(), **born(customer.traits)}
            event = outbox_entry(f"{customer.id}:v1", CREATED, customer.id, customer.created_at, data)
            document["announcement"] = [event]
        if creation is not None:
            document["creation"] = {"key": creation.key, "fingerprint": creation.fingerprint}
        return document

    async def _begun(self, document: Document) -> Begun:
        keys = await self.vault.keys([document["_id"]])
        fingerprint = document.get("creation", {}).get("fingerprint", "")
        customer = parse_customer([document], keys, self.survivorship)
        return Begun(customer, fingerprint, State(document["state"]))

    async def transact(self, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T | None:
        """All of `work` or nothing; None if a guard did not match. Cold work only."""
        try:
            done = await transact(self.db, work)
        except Unmatched:
            return None
        self.on_change()
        return done

    # Healing and proving.

    async def stale_drafts(self, before: datetime) -> list[str]:
        """Profiles begun before then that are not live."""
        unfinished = {"$in": [State.DRAFT.value, State.ABORTED.value]}
        found = self.profiles.find({"state": unfinished, "created_at": {"$lt": before}}, {"_id": 1}).limit(READ_BATCH)
        return [document["_id"] for document in await found.to_list()]

    async def listed(self, ids: Iterable[str]) -> dict[str, tuple[State, set[str]]]:
        """How far these profiles are, and the claims they list, by id."""
        found = self.profiles.find({"_id": {"$in": list(ids)}}, {"state": 1, "identities.key": 1})
        return {
            one["_id"]: (State(one["state"]), {identity["key"] for identity in one["identities"]})
            async for one in found
        }

    async def live_identities(self) -> AsyncIterator[list[tuple[str, IdentityType, str]]]:
        """Profile, kind and claim of every identity that is in force, some hundreds at a time."""
        where = {**PRESENT, "identities.0": {"$exists": True}}
        batch: list[tuple[str, IdentityType, str]] = []
        async for document in self.profiles.find(where, {"identities": 1}):
            id = document["_id"]
            batch += [(id, IdentityType(one["type"]), one["key"]) for one in document["identities"]]
            if len(batch) >= READ_BATCH:
                yield batch
                batch = []
        yield batch


def updated(id: str, now: datetime, told: Iterable[Trait] = ()) -> Document:
    """The event of an edit, with the month of a birthday it tells."""
    return outbox_entry(new_id("evt"), UPDATED, id, now, {"customerId": id, **born(told)})


def born(traits: Iterable[Trait]) -> Document:
    """Of a birthday only its month, and since when it is known; a birthday that was taken away has none."""
    birthdays = [trait for trait in traits if trait.field == "birthday"]
    if not birthdays:
        return {}
    last = max(birthdays, key=lambda trait: trait.at)
    month = None if last.value is None else last.value.month
    return {"birthMonth": month, "birthdayAt": last.at.isoformat()}
