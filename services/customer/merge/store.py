"""Every query of merges and of candidates for them; decides nothing. Shard key of both collections: `_id`.

`merges`: one document a merge, for ever. `candidates`: one a pair, `_id` the two ids in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import outbox_entry
from kit.ids import new_id
from kit.mongo import Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.checks import MAX_EXTERNAL_IDS
from services.customer.identity import IdentityType
from services.customer.merge.collections import CANDIDATES, MERGES
from services.customer.merge.model import (
    MAX_EVIDENCE,
    Candidate,
    CandidateState,
    Evidence,
    EvidenceKind,
    Merge,
    MergeState,
    candidate_id,
    over_limit,
    score,
)
from services.customer.model import State
from services.customer.sighting.collections import SIGHTINGS
from services.customer.store import LIVE, CustomerStore, Unmatched

MERGED = "noren.customer.merged.v1"
UNMERGED = "noren.customer.unmerged.v1"
STITCHED = "noren.customer.stitched.v1"
UNSTITCHED = "noren.customer.unstitched.v1"
QUEUE: Sort = (("score", DESCENDING), ("_id", ASCENDING))


class MergeStore:
    """Merges of the profiles in `customers`."""

    def __init__(self, customers: CustomerStore) -> None:
        self.customers = customers
        self._profiles = customers.profiles
        self._merges = customers.db[MERGES]
        self._candidates = customers.db[CANDIDATES]
        self._sightings = customers.db[SIGHTINGS]

    async def by_id(self, id: str, session: AsyncClientSession | None = None) -> Merge | None:
        """One merge."""
        found = await self._merges.find_one({"_id": id}, session=session)
        return None if found is None else _merge(found)

    async def by_key(self, key: str) -> Merge | None:
        """The merge an idempotency key has made."""
        found = await self._merges.find_one({"key": key})
        return None if found is None else _merge(found)

    async def of_customer(self, ids: Iterable[str]) -> list[Merge]:
        """Every merge these profiles took part in, the oldest first."""
        ids = list(ids)
        where = {"$or": [{"kept": {"$in": ids}}, {"merged": {"$in": ids}}]}
        return [_merge(found) async for found in self._merges.find(where).sort("_id", ASCENDING)]

    async def merge(self, merge: Merge) -> bool:
        """Hang `merged` and all it has under `kept`; False if one of them does not stand for itself, both are one, the
        limits do not allow it, or its key was used.
        """

        async def work(session: AsyncClientSession) -> bool:
            families = await self.customers.families([merge.kept, merge.merged], session)
            kept, merged = families.get(merge.kept, []), families.get(merge.merged, [])
            if not kept or not merged or not _fits(kept, merged):
                raise Unmatched
            await self._merges.insert_one(_merge_document(merge), session=session)
            hung = {"state": State.MERGED.value, "parent": merge.kept, "merge": merge.id}
            await self._hang(merged, merge.kept, hung, merge.at, session)
            data = {"customerId": merge.kept, "mergedId": merge.merged, "mergeId": merge.id}
            await self._tell(merge.kept, MERGED, data | {"automatic": merge.automatic}, merge.at, session)
            accepted = {"state": CandidateState.ACCEPTED.value, "decided_at": merge.at, "merge_id": merge.id}
            pair = {"_id": candidate_id(merge.kept, merge.merged), "state": CandidateState.OPEN.value}
            await self._candidates.update_one(pair, {"$set": accepted | {"decided_by": merge.actor}}, session=session)
            await self._unsettle([one["_id"] for one in (*kept, *merged)], merge.at, session)
            return True

        try:
            return bool(await self.customers.transact(work))
        except DuplicateKeyError:
            return False

    async def unmerge(self, merge: Merge, actor: str, now: datetime) -> bool:
        """Cut `merged` off again with all that came with it; False if it is undone, or `kept` was merged on.

        The pair is rejected: nothing merges it again but a person.
        """

        async def work(session: AsyncClientSession) -> bool:
            family = (await self.customers.families([merge.kept], session)).get(merge.kept, [])
            cut = next((one for one in family if one["_id"] == merge.merged and one.get("merge") == merge.id), None)
            if cut is None or family[0]["_id"] != merge.kept:
                raise Unmatched
            await self._cut(_branch(family, cut), now, session)
            data = {"customerId": merge.kept, "restoredId": merge.merged, "mergeId": merge.id}
            await self._tell(merge.kept, UNMERGED, data, now, session)
            undone = {"state": MergeState.UNDONE.value, "undone_at": now, "undone_by": actor}
            await self._merges.update_one({"_id": merge.id}, {"$set": undone}, session=session)
            await self._reject(merge.kept, merge.merged, actor, now, session)
            await self._unsettle([one["_id"] for one in family], now, session)
            return True

        return bool(await self.customers.transact(work))

    # Devices.

    async def stitch(self, anonymous: str, owners: Sequence[str], now: datetime) -> bool:
        """Hang an anonymous profile under one of `owners`, who are one customer, or under nobody if there are none.

        False if it hangs there already or cannot.
        """

        async def work(session: AsyncClientSession) -> bool:
            found = await self._profiles.find_one({"_id": anonymous, "anonymous": True}, session=session)
            if found is None or found.get("parent") in (owners or (None,)):
                raise Unmatched
            if found.get("parent") is not None:
                await self._cut([found], now, session)
                data = {"customerId": found["root"], "anonymousId": anonymous}
                await self._tell(found["root"], UNSTITCHED, data, now, session)
                found |= {"root": anonymous}
            if owners:
                family = (await self.customers.families(owners[:1], session)).get(owners[0])
                if not family or not _fits(family, [found]):
                    raise Unmatched
                root, hung = str(family[0]["_id"]), {"state": State.MERGED.value, "parent": owners[0]}
                await self._hang([found], root, hung, now, session)
                await self._tell(root, STITCHED, {"customerId": root, "anonymousId": anonymous}, now, session)
            return True

        return bool(await self.customers.transact(work))

    # Candidates.

    async def suggest(self, one: str, other: str, evidence: Sequence[Evidence], now: datetime) -> None:
        """Keep what speaks for these two being one; a decided pair keeps its decision. Again changes nothing.

        A linkage compares all there is each time: what it says takes the place of what it said before.
        """
        id = candidate_id(one, other)
        fresh = {"pair": sorted((one, other)), "state": CandidateState.OPEN.value, "since": now}
        told = [asdict(fact) | {"kind": fact.kind.value} for fact in evidence]
        outdated = [EvidenceKind.LINKAGE.value] if any(fact.kind is EvidenceKind.LINKAGE for fact in evidence) else []
        stays = {"$not": {"$in": ["$$this.kind", outdated]}}
        kept = {"$filter": {"input": "$evidence", "cond": stays}}
        facts = {"$slice": [{"$setUnion": [kept, {"$literal": told}]}, MAX_EVIDENCE]}
        odds = {"$map": {"input": "$evidence", "as": "fact", "in": {"$subtract": [1, "$$fact.weight"]}}}
        product = {"$reduce": {"input": odds, "initialValue": 1, "in": {"$multiply": ["$$value", "$$this"]}}}
        begin: Document = {"$replaceWith": {"$mergeObjects": [{"$literal": fresh | {"evidence": []}}, "$$ROOT"]}}
        change: list[Document] = [
            begin,
            {"$set": {"evidence": facts}},
            {"$set": {"score": {"$round": [{"$subtract": [1, product]}, 4]}}},
        ]
        await self._candidates.update_one({"_id": id}, change, upsert=True)

    async def rejected(self, ones: Iterable[str], others: Iterable[str]) -> bool:
        """Whether any of these pairs was rejected."""
        ids = [candidate_id(one, other) for one in ones for other in others]
        where = {"_id": {"$in": ids}, "state": CandidateState.REJECTED.value}
        return await self._candidates.find_one(where, {"_id": 1}) is not None

    async def in_open_candidates(self, profiles: Iterable[str]) -> set[str]:
        """Those of these profiles that are in an open candidate."""
        where = {"pair": {"$in": list(profiles)}, "state": CandidateState.OPEN.value}
        return {id async for one in self._candidates.find(where, {"pair": 1}) for id in one["pair"]}

    async def candidate(self, id: str) -> Candidate | None:
        """One candidate."""
        found = await self._candidates.find_one({"_id": id})
        return None if found is None else _candidate(found)

    async def count(self, state: CandidateState) -> int:
        """How many are in this state."""
        return await self._candidates.count_documents({"state": state.value})

    async def candidates(self, state: CandidateState, page: PageArgs) -> Page[Candidate]:
        """Those in this state, the likeliest first."""
        return await find_page(self._candidates, {"state": state.value}, QUEUE, page, _candidate)

    async def reject(self, candidate: Candidate, actor: str, now: datetime) -> bool:
        """OPEN → REJECTED; False if it was decided."""
        where = {"_id": candidate.id, "state": CandidateState.OPEN.value}
        decided = {"state": CandidateState.REJECTED.value, "decided_at": now, "decided_by": actor}
        return bool((await self._candidates.update_one(where, {"$set": decided})).modified_count)

    async def _reject(self, one: str, other: str, actor: str, now: datetime, session: AsyncClientSession) -> None:
        decided = {"state": CandidateState.REJECTED.value, "decided_at": now, "decided_by": actor}
        fresh = {"pair": sorted((one, other)), "since": now, "evidence": [], "score": score([])}
        change = {"$set": decided, "$setOnInsert": fresh}
        await self._candidates.update_one({"_id": candidate_id(one, other)}, change, upsert=True, session=session)

    # The tree.

    async def _hang(
        self, branch: Sequence[Document], root: str, top: Document, now: datetime, session: AsyncClientSession
    ) -> None:
        """`branch`, its top first, under `root`."""
        below = [one["_id"] for one in branch[1:]]
        change = {"$set": top | {"root": root, "updated_at": now}, "$inc": {"version": 1}}
        hung = await self._profiles.update_one({"_id": branch[0]["_id"], **LIVE}, change, session=session)
        if not hung.matched_count:
            raise Unmatched
        if below:
            await self._profiles.update_many({"_id": {"$in": below}}, {"$set": {"root": root}}, session=session)

    async def _cut(self, branch: Sequence[Document], now: datetime, session: AsyncClientSession) -> None:
        """`branch`, its top first, stands for itself."""
        top, below = branch[0]["_id"], [one["_id"] for one in branch[1:]]
        change = {
            "$set": {"state": State.LIVE.value, "root": top, "updated_at": now},
            "$unset": {"parent": "", "merge": ""},
            "$inc": {"version": 1},
        }
        await self._profiles.update_one({"_id": top}, change, session=session)
        if below:
            await self._profiles.update_many({"_id": {"$in": below}}, {"$set": {"root": top}}, session=session)

    async def _tell(self, root: str, type: str, data: Document, now: datetime, session: AsyncClientSession) -> None:
        """An event of the family, which also makes every change of it take its turn."""
        event = outbox_entry(new_id("evt"), type, root, now, data)
        change = {"$push": {"outbox": event}, "$inc": {"version": 1}, "$set": {"updated_at": now}}
        told = await self._profiles.update_one({"_id": root, **LIVE}, change, session=session)
        if not told.matched_count:
            raise Unmatched

    async def _unsettle(self, profiles: Sequence[str], now: datetime, session: AsyncClientSession) -> None:
        """What was seen with these is looked at anew."""
        where = {"seen": {"$in": list(profiles)}}
        await self._sightings.update_many(where, {"$set": {"unsettled": now}}, session=session)


def _fits(kept: Sequence[Document], merged: Sequence[Document]) -> bool:
    """Two families, each asked for by the id that stands for it, whose limits hold together."""
    family = [*kept, *merged]
    types = [IdentityType(identity["type"]) for one in family for identity in one["identities"]]
    external = sum(len(one["external_ids"]) for one in family)
    apart = kept[0]["root"] != merged[0]["root"]
    return apart and over_limit(types) is None and external <= MAX_EXTERNAL_IDS


def _branch(family: Sequence[Document], top: Document) -> list[Document]:
    """`top` and everything that hangs below it."""
    branch, ids = [top], {top["_id"]}
    while more := [one for one in family if one.get("parent") in ids and one["_id"] not in ids]:
        branch += more
        ids |= {one["_id"] for one in more}
    return branch


def _merge_document(merge: Merge) -> Document:
    document = {name: value for name, value in asdict(merge).items() if value is not None}
    return {"_id": document.pop("id"), **document, "state": merge.state.value}


def _merge(document: Document) -> Merge:
    kept = {name: value for name, value in document.items() if name not in ("_id", "state")}
    return Merge(id=document["_id"], state=MergeState(document["state"]), **kept)


def _candidate(document: Document) -> Candidate:
    facts = [Evidence(EvidenceKind(fact["kind"]), fact["reference"], fact["weight"]) for fact in document["evidence"]]
    one, other = document["pair"]
    return Candidate(
        document["_id"],
        (one, other),
        tuple(sorted(facts, key=lambda fact: (-fact.weight, fact.reference))),
        document["score"],
        CandidateState(document["state"]),
        document["since"],
        document.get("decided_at"),
        document.get("decided_by"),
        document.get("merge_id"),
    )
