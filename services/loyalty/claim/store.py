"""Every MongoDB query of claims; decides nothing. Shard key: `_id`, but the unique key holds them on one shard.

Every change of state is one compare-and-set. `refund_due` and `stock_due` stay until what a claim's end gives back has
come back, so that whoever comes by can finish it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Collection, Database, Document, transact
from kit.pages import Page, PageArgs, Sort, find_page
from services.loyalty.claim.model import (
    FENCE_MARGIN_S,
    TRY_S,
    UNDECIDED,
    ClaimId,
    ClaimRequest,
    ClaimState,
    ClaimTerms,
    RewardClaim,
)
from services.loyalty.merge.families import families
from services.loyalty.model import CustomerId
from services.loyalty.reward.model import RewardId, RewardKind
from services.loyalty.reward.store import COLLECTION as REWARDS

COLLECTION = "reward_claims"
REWARD_CLAIMED = "noren.loyalty.reward_claimed.v1"
COUPON_ASKED = "noren.loyalty.reward_coupon_asked.v1"
REWARD_ENDED = "noren.loyalty.reward_ended.v1"


def _partial(name: str, *, field: str | None = None, on: Document) -> IndexModel:
    return IndexModel([(field or name, ASCENDING)], name=name, partialFilterExpression=on)


INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("customer_id", ASCENDING), ("key", ASCENDING)], name="key", unique=True),
        IndexModel([("customer_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="of_customer"),
        _partial("tried", field="try_until", on={"state": ClaimState.TRY.value}),
        _partial("unsettled", field="try_until", on={"settled": False}),
        _partial("due", field="look_at", on={"state": ClaimState.CLAIMED.value}),
        _partial("refund_due", field="ended_at", on={"refund_due": True}),
        _partial("stock_due", field="ended_at", on={"stock_due": True}),
        OUTBOX_INDEX,
    ]
}
NEWEST_FIRST: Sort = (("created_at", DESCENDING), ("_id", DESCENDING))
_WITHOUT: Document = {"outbox": 0}
_TRY_UNTIL: Document = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": TRY_S}}
_FENCED: Document = {
    "$gt": ["$$NOW", {"$dateAdd": {"startDate": "$try_until", "unit": "second", "amount": FENCE_MARGIN_S}}]
}
"""No worker can take a piece or spend the points any more."""


class ClaimStore:
    """The collection `reward_claims`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._claims: Collection = db[COLLECTION]
        self._rewards: Collection = db[REWARDS]
        self._wallets: Collection = db["wallets"]

    async def by_id(self, ids: Sequence[str]) -> dict[str, RewardClaim]:
        """The claims there are, by id."""
        found = self._claims.find({"_id": {"$in": list(ids)}}, _WITHOUT)
        return {row["_id"]: _claim(row) async for row in found}

    async def by_key(self, customer_id: str, key: str) -> RewardClaim | None:
        """The claim a customer's idempotency key stands for."""
        row = await self._claims.find_one({"customer_id": customer_id, "key": key}, _WITHOUT)
        return None if row is None else _claim(row)

    async def page(self, customer_id: str, args: PageArgs) -> Page[RewardClaim]:
        """Claims of a customer and those its wallet stands for, newest first, without those that came to nothing."""
        others = (await families(self._wallets, [customer_id])).get(customer_id, [])
        where = {"customer_id": {"$in": [customer_id, *others]}, "state": {"$nin": sorted(UNDECIDED)}}
        return await find_page(self._claims, where, NEWEST_FIRST, args, _claim, projection=_WITHOUT)

    async def begin(self, request: ClaimRequest, terms: ClaimTerms, now: datetime) -> RewardClaim | None:
        """A first attempt; None if the key stands for a claim already."""
        fresh = {
            "customer_id": request.customer_id,
            "key": request.idempotency_key,
            "fingerprint": request.fingerprint,
            "actor": request.actor,
            "created_at": now,
            "outbox": [],
        }
        try:
            return await self._try({"_id": new_id("rcl")}, {**fresh, **_begun(terms)}, upsert=True)
        except DuplicateKeyError:
            return None

    async def begin_again(self, claim: RewardClaim, terms: ClaimTerms) -> RewardClaim | None:
        """The next attempt after one that was aborted and settled; None if another worker was first."""
        where = {"_id": claim.id, "attempt": claim.attempt, "state": ClaimState.ABORTED.value, "settled": True}
        return await self._try(where, _begun(terms), upsert=False)

    async def confirm(self, claim: RewardClaim, entry_seq: int, at: datetime) -> RewardClaim | None:
        """TRY to CLAIMED, since the points are spent; None if somebody did so before."""
        terms = claim.terms
        data = {
            "claimId": claim.id,
            "rewardId": terms.reward_id,
            "rewardVersion": terms.version,
            "customerId": claim.customer_id,
            "kind": terms.kind.value,
            "points": terms.points,
            "promotionId": terms.promotion_id,
            "sku": terms.sku,
            "validUntil": terms.valid_until.isoformat(),
        }
        entry = outbox_entry(f"{claim.id}:claimed", REWARD_CLAIMED, claim.id, at, data)
        values = {"state": ClaimState.CLAIMED.value, "entry_seq": entry_seq}
        return await self._move(claim, ClaimState.TRY, values, entry)

    async def abort(self, claim: RewardClaim) -> RewardClaim | None:
        """TRY to ABORTED, when nobody can spend its points any more; None if it is too early, or decided."""
        values = {"state": ClaimState.ABORTED.value}
        return await self._move(claim, ClaimState.TRY, values, also={"$expr": _FENCED})

    async def is_fenced(self, claim: RewardClaim) -> bool:
        """Whether nobody can take a piece for it or spend its points any more."""
        return await self._claims.count_documents({"_id": claim.id, "$expr": _FENCED}, limit=1) == 1

    async def ask(
        self, claim: RewardClaim, ends_as: ClaimState, actor: str | None, now: datetime
    ) -> RewardClaim | None:
        """CLAIMED to ASKED, with the question to the catalog; None if it is not CLAIMED any more."""
        number = claim.ask + 1
        data = {"claimId": claim.id, "ask": number, "customerId": claim.customer_id, "endsAs": ends_as.value}
        entry = outbox_entry(f"{claim.id}:asked:{number}", COUPON_ASKED, claim.id, now, data)
        values = {"state": ClaimState.ASKED.value, "ends_as": ends_as.value, "ask": number, "ended_by": actor}
        return await self._move(claim, ClaimState.CLAIMED, values, entry, also={"ask": claim.ask})

    async def keep(self, claim: RewardClaim, look_at: datetime, reason: str) -> RewardClaim | None:
        """ASKED to CLAIMED again; it is looked at again then, if it is over."""
        values = {"state": ClaimState.CLAIMED.value, "look_at": look_at, "reason": reason}
        return await self._move(claim, ClaimState.ASKED, values, also={"ask": claim.ask})

    async def end(
        self, claim: RewardClaim, state: ClaimState, *, refund: bool, actor: str | None, reason: str, now: datetime
    ) -> RewardClaim | None:
        """From the state it was read in to its end, and what is to come back; None if it is in another by now."""
        values: Document = {
            "state": state.value,
            "ended_at": now,
            "ended_by": actor,
            "reason": reason,
            "refund_due": refund,
            "stock_due": state is not ClaimState.FULFILLED,
        }
        data = {"claimId": claim.id, "customerId": claim.customer_id, "state": state.value, "returnsPoints": refund}
        entry = outbox_entry(f"{claim.id}:ended", REWARD_ENDED, claim.id, now, data)
        return await self._move(claim, claim.state, values, entry, also={"ask": claim.ask})

    async def is_refund_due(self, claim: RewardClaim) -> bool:
        """Whether its points have still to come back."""
        return await self._claims.count_documents({"_id": claim.id, "refund_due": True}, limit=1) == 1

    async def refunded(self, claim: RewardClaim) -> None:
        """Its points have come back."""
        await self._claims.update_one({"_id": claim.id}, {"$set": {"refund_due": False}})

    async def give_stock_back(self, claim: RewardClaim) -> None:
        """Its piece can be claimed by others, once: both documents in one transaction; cancelling is cold work."""

        async def both(session: AsyncClientSession) -> None:
            due = {"_id": claim.id, "stock_due": True}
            done = await self._claims.update_one(due, {"$set": {"stock_due": False}}, session=session)
            if done.matched_count:
                given = {"$inc": {"taken": -1}}
                await self._rewards.update_one({"_id": claim.terms.reward_id}, given, session=session)

        await transact(self._db, both)

    async def settled(self, claim: RewardClaim) -> None:
        """Its mark is gone from the reward."""
        where = {"_id": claim.id, "attempt": claim.attempt, "state": {"$ne": ClaimState.TRY.value}}
        await self._claims.update_one(where, {"$set": {"settled": True}})

    async def stalled(self, limit: int) -> list[RewardClaim]:
        """Those in TRY whose points nobody can spend any more."""
        return await self._some({"state": ClaimState.TRY.value, "$expr": _FENCED}, limit)

    async def unsettled(self, limit: int) -> list[RewardClaim]:
        """Those decided whose mark can go."""
        decided = {"settled": False, "state": {"$ne": ClaimState.TRY.value}, "$expr": _FENCED}
        return await self._some(decided, limit)

    async def over(self, now: datetime, limit: int) -> list[RewardClaim]:
        """Those that are good no longer, and have not ended."""
        return await self._some({"state": ClaimState.CLAIMED.value, "look_at": {"$lte": now}}, limit)

    async def refunds_due(self, before: datetime, limit: int) -> list[RewardClaim]:
        """Those ended before that time whose points have not come back."""
        return await self._some({"refund_due": True, "ended_at": {"$lte": before}}, limit)

    async def stock_due(self, before: datetime, limit: int) -> list[RewardClaim]:
        """The same of pieces."""
        return await self._some({"stock_due": True, "ended_at": {"$lte": before}}, limit)

    async def every(self) -> list[RewardClaim]:
        """All of them, for audits and tests."""
        return await self._some({}, 0)

    async def with_a_piece(self) -> set[str]:
        """The claims that count in their reward's `taken`, for audits: claimed, or their mark is there."""
        has = {"$or": [{"state": {"$in": ["CLAIMED", "ASKED", "FULFILLED"]}}, {"stock_due": True}]}
        kept = {row["_id"] async for row in self._claims.find(has, {"_id": 1})}
        undecided = {row["_id"] async for row in self._claims.find({"state": {"$in": sorted(UNDECIDED)}}, {"_id": 1})}
        marked = {id async for row in self._rewards.find({}, {"taking": 1}) for id in row["taking"]}
        return kept | (marked & undecided)

    async def _some(self, where: Document, limit: int) -> list[RewardClaim]:
        return [_claim(row) async for row in self._claims.find(where, _WITHOUT).limit(limit)]

    async def _try(self, where: Document, values: Document, *, upsert: bool) -> RewardClaim | None:
        written = {name: {"$literal": value} for name, value in values.items()}
        attempt = {"$add": [{"$ifNull": ["$attempt", 0]}, 1]}
        update = [{"$set": {**written, "attempt": attempt, "try_until": _TRY_UNTIL}}]
        row = await self._claims.find_one_and_update(where, update, upsert=upsert, return_document=True)
        return None if row is None else _claim(row)

    async def _move(
        self,
        claim: RewardClaim,
        state: ClaimState,
        values: Document,
        entry: Document | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> RewardClaim | None:
        where = {"_id": claim.id, "attempt": claim.attempt, "state": state.value, **(also or {})}
        update: Document = {"$set": values}
        if entry is not None:
            update["$push"] = {"outbox": entry}
        row = await self._claims.find_one_and_update(where, update, projection=_WITHOUT, return_document=True)
        return None if row is None else _claim(row)


def _begun(terms: ClaimTerms) -> Document:
    body = asdict(terms)
    body["kind"] = terms.kind.value
    return {"state": ClaimState.TRY.value, "terms": body, "settled": False, "look_at": terms.valid_until, "ask": 0}


def _claim(row: Document) -> RewardClaim:
    said = {**row["terms"], "kind": RewardKind(row["terms"]["kind"]), "reward_id": RewardId(row["terms"]["reward_id"])}
    ends_as = row.get("ends_as")
    return RewardClaim(
        id=ClaimId(row["_id"]),
        customer_id=CustomerId(row["customer_id"]),
        terms=ClaimTerms(**said),
        state=ClaimState(row["state"]),
        attempt=row["attempt"],
        key=row["key"],
        fingerprint=row["fingerprint"],
        actor=row["actor"],
        created_at=row["created_at"],
        try_until=row["try_until"],
        settled=row["settled"],
        entry_seq=row.get("entry_seq"),
        ends_as=None if ends_as is None else ClaimState(ends_as),
        ask=row["ask"],
        ended_at=row.get("ended_at"),
        ended_by=row.get("ended_by"),
        reason=row.get("reason"),
    )
