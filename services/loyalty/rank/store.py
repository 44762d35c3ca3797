"""Every MongoDB query of ranks; decides nothing.

`rank_schemes`: every version of the scheme. `standings`: a member's rank; `_id` is the customer's id and the shard key.
What members did is read from the accruals, which have every order and return that was heard.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.command_cursor import AsyncCommandCursor

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Collection, Database, Document
from services.loyalty.accrual.store import COLLECTION as ACCRUALS
from services.loyalty.merge.families import families, homes
from services.loyalty.model import CustomerId
from services.loyalty.rank.model import Activity, Measure, RankScheme, Standing, Tier, Window
from services.loyalty.versions.store import VersionStore

STANDINGS = "standings"
SCHEMES = "rank_schemes"
RANK_CHANGED = "noren.loyalty.rank_changed.v1"
NO_RANKS = RankScheme(0, ())
"""In force until a scheme is set."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    STANDINGS: [
        IndexModel(
            [("valid_until", ASCENDING)], name="due", partialFilterExpression={"valid_until": {"$type": "date"}}
        ),
        OUTBOX_INDEX,
    ],
}


class RankStore:
    """The collections of ranks; `changed` is called after each write that left an event."""

    def __init__(self, db: Database, changed: Callable[[], None] = lambda: None) -> None:
        self.standings: Collection = db[STANDINGS]
        self.schemes: VersionStore[RankScheme] = VersionStore(db[SCHEMES], _scheme_document, _scheme)
        self._accruals: Collection = db[ACCRUALS]
        self._wallets: Collection = db["wallets"]
        self._changed = changed

    async def scheme(self) -> RankScheme:
        """The newest scheme."""
        return await self.schemes.newest() or NO_RANKS

    async def of(self, customer_ids: Sequence[str]) -> dict[str, Standing]:
        """The standings there are, by customer."""
        found = self.standings.find({"_id": {"$in": list(customer_ids)}}, {"outbox": 0})
        return {document["_id"]: _standing(document) async for document in found}

    async def due(self, now: datetime, limit: int) -> list[Standing]:
        """Standings whose period is over, the longest overdue first."""
        found = self.standings.find({"valid_until": {"$lte": now}}, {"outbox": 0}).sort("valid_until").limit(limit)
        return [_standing(document) async for document in found]

    async def activity(
        self, customer_ids: Sequence[str], currency: str, start: datetime, end: datetime
    ) -> dict[str, Activity]:
        """What each of these members did from `start` to `end`, both inclusive; nobody who did nothing.

        What customers did whose wallets were merged into a member's is the member's, as long as they are.
        """
        also = await families(self._wallets, customer_ids)
        everybody = [*customer_ids, *(other for others in also.values() for other in others)]
        whose = {"customer_id": {"$in": everybody}}
        did = {row["_id"]: _activity(row) async for row in await self._activities(whose, currency, start, end)}
        joint = {id: [did[one] for one in (id, *also.get(id, ())) if one in did] for id in customer_ids}
        return {
            id: Activity(sum(one.spend_minor for one in all_of), sum(one.visits for one in all_of))
            for id, all_of in joint.items()
            if all_of
        }

    async def heads(self, customer_ids: Sequence[str]) -> dict[str, CustomerId]:
        """Of each of these customers, whose wallet stands for them: of most, themselves."""
        found = await homes(self._wallets, customer_ids)
        return {id: found[id].customer_id if id in found else CustomerId(id) for id in customer_ids}

    async def activities(self, currency: str, start: datetime, end: datetime) -> AsyncIterator[Activity]:
        """What every member did from `start` to `end`, in no order."""
        async for row in await self._activities({"customer_id": {"$type": "string"}}, currency, start, end):
            yield _activity(row)

    async def keep(self, before: Standing, after: Standing, now: datetime) -> bool:
        """Replace a standing if nobody did since it was read, and tell a changed rank; whether it was kept."""
        values: Document = {"rank": after.rank, "since": after.since, "valid_until": after.valid_until}
        told = []
        if before.rank != after.rank:
            id = f"{after.customer_id}:rank:{before.version + 1}"
            data = {"customerId": after.customer_id, "rank": after.rank, "before": before.rank}
            data["validUntil"] = None if after.valid_until is None else after.valid_until.isoformat()
            told = [outbox_entry(id, RANK_CHANGED, after.customer_id, now, data)]
        if before.version == 0:
            document = {"_id": after.customer_id, **values, "version": 1, "outbox": told}
            kept = await insert_new(self.standings, [document]) == 1
        else:
            where = {"_id": after.customer_id, "version": before.version}
            change = {"$set": values, "$inc": {"version": 1}, "$push": {"outbox": {"$each": told}}}
            kept = (await self.standings.update_one(where, change)).matched_count == 1
        self._changed()
        return kept

    async def _activities(
        self, whose: Document, currency: str, start: datetime, end: datetime
    ) -> AsyncCommandCursor[Document]:
        kept = {"$cond": [{"$gt": ["$kept_minor", 0]}, 1, 0]}
        spend = {"$cond": [{"$eq": ["$currency", currency]}, "$kept_minor", 0]}
        return await self._accruals.aggregate(
            [
                {"$match": {**whose, "placed_at": {"$gte": start, "$lte": end}}},
                {"$group": {"_id": "$customer_id", "spend": {"$sum": spend}, "visits": {"$sum": kept}}},
            ]
        )


def _activity(row: Document) -> Activity:
    return Activity(int(row["spend"]), int(row["visits"]))


def _scheme_document(scheme: RankScheme) -> Document:
    body = asdict(scheme)
    return {"_id": body.pop("version"), **body}


def _scheme(document: Document) -> RankScheme:
    return RankScheme(
        version=document["_id"],
        tiers=tuple(Tier(tier["name"], tier["at_least"]) for tier in document["tiers"]),
        measure=Measure(document["measure"]),
        currency=document["currency"],
        window=Window(document["window"]),
        days=document["days"],
        zone=document["zone"],
        grace_days=document["grace_days"],
    )


def _standing(document: Document) -> Standing:
    return Standing(
        CustomerId(document["_id"]), document["rank"], document["since"], document["valid_until"], document["version"]
    )
