"""Every MongoDB query and index of redemptions, and of the counters they take from; decides nothing.

A take is one update of the counter's document: it matches only while something is left, while this attempt has neither
taken nor been shut out there, and while the database's own clock is before `take_until`. After that no late worker
matches any more, so tombstones can go. Shard key: `_id`, but the unique keys hold the collection on one shard.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Collection, Database, Document
from services.catalog.coupon.store import COUPONS
from services.catalog.promotion.store import COLLECTION as PROMOTIONS
from services.catalog.promotion.store import CUSTOMERS
from services.catalog.redemption.model import TRY_S, Counter, Redemption, RedemptionState, Take

COLLECTION = "redemptions"
QUOTE_REDEEMED = "noren.catalog.quote_redeemed.v1"
FENCE_MARGIN_S = 5
"""How far the clocks of two primaries may differ."""
SWEEP_BATCH = 200
FENCED = -1
"""In place of a held amount: this attempt is shut out."""


CounterKey = tuple[str, str]
Tally = tuple[int, int]
"""Uses, and minor units spent."""


def _tally(row: Document) -> Tally:
    return row["uses"], row.get("spent_minor", 0)


def _unique(name: str) -> IndexModel:
    return IndexModel([(name, ASCENDING)], name=name, unique=True, partialFilterExpression={name: {"$type": "string"}})


INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        _unique("reserve_key"),
        _unique("redeem_key"),
        _unique("release_key"),
        IndexModel([("expires_at", ASCENDING)], name="held", partialFilterExpression={"state": "HELD"}),
        IndexModel([("take_until", ASCENDING)], name="tried", partialFilterExpression={"state": "TRY"}),
        IndexModel([("take_until", ASCENDING)], name="unsettled", partialFilterExpression={"settled": False}),
        IndexModel([("take_until", ASCENDING)], name="fenced", partialFilterExpression={"fenced": True}),
        OUTBOX_INDEX,
    ],
}


class KeyTaken(Exception):
    """The idempotency key stands for another quote."""


class RedemptionStore:
    """Redemptions, and the counters."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._redemptions = db[COLLECTION]
        self._counters: Mapping[Counter, Collection] = {
            Counter.PROMOTION: db[PROMOTIONS],
            Counter.CUSTOMER: db[CUSTOMERS],
            Counter.COUPON: db[COUPONS],
        }
        self._changed = changed

    async def get(self, id: str) -> Redemption | None:
        """The redemption of a quote."""
        document = await self._redemptions.find_one({"_id": id})
        return None if document is None else _redemption(document)

    async def redeemed_with(self, key: str) -> str | None:
        """The quote this key has redeemed."""
        document = await self._redemptions.find_one({"redeem_key": key}, {"_id": 1})
        return None if document is None else str(document["_id"])

    async def begin(self, id: str, takes: Sequence[Take], key: str, *, expires_at: datetime) -> Redemption | None:
        """A first attempt, or the next after one that was aborted and settled; None if there is one under way or done.

        KeyTaken if the key stands for another quote.
        """
        fresh: Document = {
            "state": RedemptionState.TRY.value,
            "takes": [_take_document(take) for take in takes],
            "reserve_key": key,
            "expires_at": expires_at,
            "settled": True,
        }
        until = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": TRY_S}}
        attempt = {"$add": [{"$ifNull": ["$attempt", 0]}, 1]}
        free = {"_id": id, "state": RedemptionState.ABORTED.value, "settled": True}
        values = {name: {"$literal": value} for name, value in fresh.items()}
        update = [{"$set": {**values, "attempt": attempt, "take_until": until}}]
        try:
            kept = await self._redemptions.find_one_and_update(free, update, upsert=True, return_document=True)
        except DuplicateKeyError as error:
            if "reserve_key" in str((error.details or {}).get("keyPattern", "")):
                raise KeyTaken from error
            return None
        return None if kept is None else _redemption(kept)

    async def open_customers(self, takes: Sequence[Take], customer: str | None) -> None:
        """Make the documents that count a customer's uses."""
        new = [
            UpdateOne(
                {"_id": take.id},
                {"$setOnInsert": {"promotion": take.promotion_id, "customer": customer, "uses": 0}},
                upsert=True,
            )
            for take in takes
            if take.counter is Counter.CUSTOMER
        ]
        if new:
            await self._counters[Counter.CUSTOMER].bulk_write(new, ordered=False)

    async def take(self, redemption: Redemption, take: Take) -> bool:
        """Take once of a counter; whether this attempt has it now."""
        hold = f"holds.{redemption.hold_id}"
        left: list[Any] = [{"$lt": ["$$NOW", redemption.take_until]}]
        where: Document = {"_id": take.id, hold: None}
        if take.counter is Counter.PROMOTION:
            where["draft.enabled"] = True
            left += [_under("$uses", 1, "$draft.limits.max_uses")]
            left += [_under("$spent_minor", take.amount_minor, "$draft.limits.budget_minor")]
        else:
            where["uses"] = {"$lt": take.limit}
            where["revoked"] = None
        where["$expr"] = {"$and": left}
        change = {"$inc": {"uses": 1, "spent_minor": take.amount_minor}, "$set": {hold: take.amount_minor}}
        done = await self._counters[take.counter].update_one(where, change)
        return done.matched_count == 1 or await self._has(take, hold)

    async def confirm(self, redemption: Redemption) -> Redemption | None:
        """TRY to HELD; None if somebody decided otherwise."""
        return await self._move(redemption, RedemptionState.TRY, {"state": RedemptionState.HELD.value})

    async def abort(self, redemption: Redemption) -> Redemption | None:
        """TRY to ABORTED, every counter to be fenced; None if somebody decided otherwise."""
        values = {"state": RedemptionState.ABORTED.value, "settled": False, "fenced": True}
        return await self._move(redemption, RedemptionState.TRY, values)

    async def redeem(self, redemption: Redemption, key: str, told: Document, now: datetime) -> Redemption | None:
        """HELD to REDEEMED while the hold lasts; KeyTaken if the key redeemed another quote."""
        values = {"state": RedemptionState.REDEEMED.value, "settled": False, "redeem_key": key}
        entry = outbox_entry(f"{redemption.id}:redeemed", QUOTE_REDEEMED, redemption.id, now, told)
        return await self._move(redemption, RedemptionState.HELD, values, alive_at=now, entry=entry)

    async def release(self, redemption: Redemption, key: str) -> Redemption | None:
        """HELD to RELEASED; KeyTaken if the key released another quote."""
        values = {"state": RedemptionState.RELEASED.value, "settled": False, "release_key": key}
        return await self._move(redemption, RedemptionState.HELD, values)

    async def settle(self, redemption: Redemption) -> None:
        """Do on every counter what the redemption's end says. Again, it changes nothing."""
        for take in redemption.takes:
            await self._counters[take.counter].update_one(*_settling(redemption, take))
        where = {"_id": redemption.id, "attempt": redemption.attempt, "state": redemption.state.value}
        await self._redemptions.update_one(where, {"$set": {"settled": True}})

    async def expire_due(self, now: datetime) -> int:
        """HELD to EXPIRED where the hold is over."""
        update = {"$set": {"state": RedemptionState.EXPIRED.value, "settled": False}}
        done = await self._redemptions.update_many({"state": "HELD", "expires_at": {"$lte": now}}, update)
        return done.modified_count

    async def abort_stalled(self) -> int:
        """TRY to ABORTED where no take can match any more, by the database's clock."""
        update = {"$set": {"state": RedemptionState.ABORTED.value, "settled": False, "fenced": True}}
        stalled = {"state": "TRY", "$expr": {"$gt": ["$$NOW", _later("$take_until")]}}
        return (await self._redemptions.update_many(stalled, update)).modified_count

    async def unsettled(self) -> list[Redemption]:
        """Ended, but not yet on every counter."""
        found = await self._redemptions.find({"settled": False}).limit(SWEEP_BATCH).to_list()
        return [_redemption(document) for document in found]

    async def drop_fences(self) -> int:
        """Take tombstones away where no take can match any more."""
        ended = {"$ne": RedemptionState.TRY.value}
        over = {"fenced": True, "settled": True, "state": ended, "$expr": {"$gt": ["$$NOW", _later("$take_until")]}}
        found = [_redemption(d) for d in await self._redemptions.find(over).limit(SWEEP_BATCH).to_list()]
        for redemption in found:
            await self._unfence(redemption)
        return len(found)

    async def tally(self) -> dict[CounterKey, Tally]:
        """What held and redeemed quotes took, by counter: a look at all of them, for audits."""
        rows = await self._redemptions.aggregate(
            [
                {"$match": {"state": {"$in": [RedemptionState.HELD.value, RedemptionState.REDEEMED.value]}}},
                {"$unwind": "$takes"},
                {
                    "$group": {
                        "_id": {"counter": "$takes.counter", "id": "$takes.id"},
                        "uses": {"$sum": 1},
                        "spent_minor": {"$sum": "$takes.amount_minor"},
                    }
                },
            ],
            allowDiskUse=True,
        )
        return {(row["_id"]["counter"], row["_id"]["id"]): _tally(row) async for row in rows}

    async def counters(self) -> dict[CounterKey, Tally]:
        """What every counter that was used says, less what attempts under way hold in it."""
        trying = {
            _redemption(row).hold_id async for row in self._redemptions.find({"state": RedemptionState.TRY.value})
        }
        found: dict[CounterKey, Tally] = {}
        for counter, collection in self._counters.items():
            async for row in collection.find({"uses": {"$ne": 0}}, {"uses": 1, "spent_minor": 1, "holds": 1}):
                held = [amount for hold, amount in row.get("holds", {}).items() if hold in trying and amount >= 0]
                counted = _tally(row)
                found[counter.value, row["_id"]] = (counted[0] - len(held), counted[1] - sum(held))
        return found

    async def _unfence(self, redemption: Redemption) -> None:
        for attempt in range(1, redemption.attempt + 1):
            hold = f"holds.{redemption.hold_of(attempt)}"
            for take in redemption.takes:
                await self._counters[take.counter].update_one({"_id": take.id, hold: FENCED}, {"$unset": {hold: ""}})
        where = {"_id": redemption.id, "attempt": redemption.attempt}
        await self._redemptions.update_one(where, {"$set": {"fenced": False}})

    async def _has(self, take: Take, hold: str) -> bool:
        """Whether another worker with the same attempt took it."""
        return await self._counters[take.counter].count_documents({"_id": take.id, hold: {"$gte": 0}}, limit=1) == 1

    async def _move(
        self,
        redemption: Redemption,
        state: RedemptionState,
        values: Document,
        *,
        alive_at: datetime | None = None,
        entry: Document | None = None,
    ) -> Redemption | None:
        where: Document = {"_id": redemption.id, "attempt": redemption.attempt, "state": state.value}
        if alive_at is not None:
            where["expires_at"] = {"$gt": alive_at}
        update: Document = {"$set": values}
        if entry is not None:
            update["$push"] = {"outbox": entry}
        try:
            kept = await self._redemptions.find_one_and_update(where, update, return_document=True)
        except DuplicateKeyError as error:
            raise KeyTaken from error
        self._changed()
        return None if kept is None else _redemption(kept)


def _settling(redemption: Redemption, take: Take) -> tuple[Document, Any]:
    """What a counter still has to learn of a redemption that has ended."""
    hold = f"holds.{redemption.hold_id}"
    held: Document = {"_id": take.id, hold: {"$gte": 0}}
    if redemption.state is RedemptionState.REDEEMED:
        return held, {"$unset": {hold: ""}}
    if redemption.state is RedemptionState.ABORTED:
        return {"_id": take.id, hold: {"$ne": FENCED}}, _fence(hold)
    return held, {"$inc": {"uses": -1, "spent_minor": -take.amount_minor}, "$unset": {hold: ""}}


def _fence(hold: str) -> list[Document]:
    """Give back what this attempt held, if it did, and shut it out."""
    has = {"$gte": [{"$ifNull": [f"${hold}", FENCED]}, 0]}
    given = {
        "uses": {"$subtract": ["$uses", {"$cond": [has, 1, 0]}]},
        "spent_minor": {"$subtract": [{"$ifNull": ["$spent_minor", 0]}, {"$cond": [has, f"${hold}", 0]}]},
    }
    return [{"$set": {**given, hold: {"$literal": FENCED}}}]


def _under(counted: str, more: int, limit: str) -> Document:
    """Whether a counter with so many more is within its limit, or has none."""
    total = {"$add": [{"$ifNull": [counted, 0]}, more]}
    return {"$lte": [total, {"$ifNull": [limit, {"$add": [total, 1]}]}]}


def _later(name: str) -> Document:
    return {"$dateAdd": {"startDate": name, "unit": "second", "amount": FENCE_MARGIN_S}}


def _take_document(take: Take) -> Document:
    return {
        "counter": take.counter.value,
        "id": take.id,
        "amount_minor": take.amount_minor,
        "limit": take.limit,
        "promotion_id": take.promotion_id,
    }


def _redemption(document: Document) -> Redemption:
    return Redemption(
        id=document["_id"],
        state=RedemptionState(document["state"]),
        attempt=document["attempt"],
        takes=tuple(
            Take(Counter(one["counter"]), one["id"], one["amount_minor"], one["limit"], one["promotion_id"])
            for one in document["takes"]
        ),
        reserve_key=document["reserve_key"],
        expires_at=document["expires_at"],
        take_until=document["take_until"],
        settled=document["settled"],
        redeem_key=document.get("redeem_key"),
        release_key=document.get("release_key"),
    )
