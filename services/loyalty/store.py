"""Every MongoDB query and index of the wallets and their journal; decides nothing.

A wallet is one document. Whether a posting may be made stands in the filter of one update, what it does in the same
update's pipeline, entry and running balance included. Shard keys: wallets `_id`, journal `subject` (the wallet's id).
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Collection, Database, Document
from kit.pages import COUNT_CAP, Page, PageArgs, encode_cursor
from services.loyalty.accounting.store import BOOKED_INDEX
from services.loyalty.accounting.store import INDEXES as ACCOUNTING_INDEXES
from services.loyalty.accrual.store import INDEXES as ACCRUAL_INDEXES
from services.loyalty.adjustment.store import INDEXES as ADJUSTMENT_INDEXES
from services.loyalty.audience.store import COLLECTION as BUYERS
from services.loyalty.balances.store import INDEXES as BALANCE_INDEXES
from services.loyalty.bond.store import INDEXES as BOND_INDEXES
from services.loyalty.caps.store import INDEXES as CAP_INDEXES
from services.loyalty.claim.store import INDEXES as CLAIM_INDEXES
from services.loyalty.documents import (
    BOOK_FIELDS,
    STEP_FIELDS,
    Posted,
    books_of,
    entry_of,
    new_wallet,
    step_of,
    wallet_from,
)
from services.loyalty.live.hub import WalletHub
from services.loyalty.merge.families import Home, homes
from services.loyalty.merge.store import INDEXES as MERGE_INDEXES
from services.loyalty.model import Books, CustomerId, Entry, Step, Wallet, WalletId
from services.loyalty.notice.store import INDEXES as NOTICE_INDEXES
from services.loyalty.notice.store import NOTICE_DUE_INDEX, NoticeStore
from services.loyalty.posting.expiry import EXPIRE
from services.loyalty.posting.groups import PostingGroups
from services.loyalty.posting.model import ENDING, Posting, Seen
from services.loyalty.posting.pipelines import GIFTED_TODAY, SOMETHING_EXPIRED, WINDOW
from services.loyalty.rank.store import INDEXES as RANK_INDEXES
from services.loyalty.rank.store import RankStore
from services.loyalty.refund.store import INDEXES as REFUND_INDEXES
from services.loyalty.reward.store import INDEXES as REWARD_INDEXES
from services.loyalty.spending.store import SpendingStore

__all__ = ["INDEXES", "WINDOW", "LoyaltyStore", "Posted", "entry_of", "wallet_from"]

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "wallets": [
        IndexModel(
            [("next_expiry_at", ASCENDING)], name="due", partialFilterExpression={"next_expiry_at": {"$type": "date"}}
        ),
        IndexModel(
            [("next_hold_end_at", ASCENDING)],
            name="holds_due",
            partialFilterExpression={"next_hold_end_at": {"$type": "date"}},
        ),
        NOTICE_DUE_INDEX,
        OUTBOX_INDEX,
    ],
    "journal": [
        IndexModel([("subject", ASCENDING), ("data.seq", DESCENDING)], name="statement"),
        IndexModel(
            [("data.reference.holdId", ASCENDING)],
            name="hold",
            partialFilterExpression={"data.reference.holdId": {"$type": "string"}},
        ),
        BOOKED_INDEX,
    ],
    **ACCOUNTING_INDEXES,
    **ACCRUAL_INDEXES,
    **ADJUSTMENT_INDEXES,
    BUYERS: [],
    **BALANCE_INDEXES,
    **BOND_INDEXES,
    **CAP_INDEXES,
    **CLAIM_INDEXES,
    **MERGE_INDEXES,
    **NOTICE_INDEXES,
    **RANK_INDEXES,
    **REFUND_INDEXES,
    **REWARD_INDEXES,
}

READ_BATCH = 5_000
"""Entries an audit reads at a time, a megabyte: the less it asks, the faster it is."""
ENTRY_FIELDS: Document = {"_id": 0, "subject": 1, **{f"data.{name}": 1 for name in STEP_FIELDS}}
ACCOUNT_FIELDS: Document = {**BOOK_FIELDS, **{f"outbox.data.{name}": 1 for name in STEP_FIELDS}}
WITHOUT_HISTORY: Document = {"keys": 0, "outbox": 0}


class LoyaltyStore:
    """The wallets and their journal; `db` also holds the accruals, which have a store of their own."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.wallets: Collection = db["wallets"]
        self.journal: Collection = db["journal"]
        self.on_change: Callable[[], None] = lambda: None
        self.ranks = RankStore(db, self._changed)
        self.notice = NoticeStore(db, self._changed)
        self.live = WalletHub(self.journal)
        self.spending = SpendingStore(db)
        self.groups = PostingGroups(db, self._changed)

    def _changed(self) -> None:
        self.on_change()

    async def open(self, customers: Mapping[CustomerId, datetime]) -> int:
        """Open the wallets that are not there yet, with the time since when; return how many were new."""
        return await insert_new(self.wallets, [new_wallet(id, at) for id, at in customers.items()])

    async def wallets_by_id(self, ids: Sequence[str]) -> dict[str, Wallet]:
        """The wallets there are, by id."""
        found = self.wallets.find({"_id": {"$in": list(ids)}}, WITHOUT_HISTORY)
        return {document["_id"]: wallet_from(document) async for document in found}

    async def homes(self, customer_ids: Sequence[str]) -> dict[str, Home]:
        """Where the points of these customers are, of those who are or were merged."""
        return await homes(self.wallets, customer_ids)

    async def look(self, posting: Posting) -> tuple[Wallet | None, Entry | None]:
        """The wallet, and the entry of this posting if it was made before.

        The wallet is read first. An entry older than this read is in its outbox or in the journal; a younger one has
        its key in the window for `WINDOW` postings, and `apply` refuses a wallet that went further since.
        """
        fields: Document = {"keys": 0, "outbox": {"$elemMatch": {"id": posting.id}}}
        document = await self.wallets.find_one({"_id": posting.wallet_id}, fields)
        if document is None:
            return None, None
        for entry in document.get("outbox", ()):
            return wallet_from(document), entry_of(entry)
        drained = await self.journal.find_one({"_id": posting.id})
        return wallet_from(document), None if drained is None else entry_of(drained)

    async def apply(self, posting: Posting, seen: Seen) -> Posted | None:
        """Make the posting, or change nothing and return None. `seen` is the wallet when it was looked at."""
        return await self.groups.apply_one(posting, seen)

    async def due(self, now: datetime, part: int, limit: int) -> AsyncGenerator[list[WalletId], None]:
        """Up to `limit` wallets with a lot past its expiry, the longest overdue first, so many at a time."""
        past = {"next_expiry_at": {"$lte": now}}
        found = self.wallets.find(past, {"_id": 1}, batch_size=part).sort("next_expiry_at").limit(limit)
        async with found:
            while rows := await found.to_list(part):
                yield [row["_id"] for row in rows]

    async def expire(self, wallet_ids: Sequence[str]) -> int:
        """Take the expired lots, by the database's clock, out of these wallets, each with one entry for all."""
        if len(wallet_ids) == 1:  # one update is sent again if the connection breaks; many are not
            result = await self.wallets.update_one({"_id": wallet_ids[0], **SOMETHING_EXPIRED}, EXPIRE)
        else:
            result = await self.wallets.update_many({"_id": {"$in": wallet_ids}, **SOMETHING_EXPIRED}, EXPIRE)
        if result.matched_count:
            self.on_change()
        return result.matched_count

    async def ended_holds(self, now: datetime, limit: int) -> list[tuple[Wallet, datetime]]:
        """Wallets with a hold past its end by the database's clock, and that clock; the longest overdue first."""
        ended = {"next_hold_end_at": {"$lte": now}, "$expr": {"$lte": ["$next_hold_end_at", "$$NOW"]}}
        rows = self.wallets.aggregate(
            [
                {"$match": ended},
                {"$sort": {"next_hold_end_at": ASCENDING}},
                {"$limit": limit},
                {"$set": {"database_now": "$$NOW"}},
                {"$unset": list(WITHOUT_HISTORY)},
            ]
        )
        return [(wallet_from(document), document["database_now"]) async for document in await rows]

    async def given_today(self, wallet_id: str) -> int:
        """Points the wallet has given away on this day (UTC) of the database's clock."""
        rows = await self.wallets.aggregate([{"$match": {"_id": wallet_id}}, {"$project": {"points": GIFTED_TODAY}}])
        return sum([int(row["points"]) async for row in rows])

    async def ending_of(self, wallet_id: str, hold_id: str) -> Entry | None:
        """The entry that ended a hold; None if it has not ended or there never was one."""
        kinds = {"$in": sorted(ENDING)}
        match = {"data.reference.holdId": hold_id, "data.kind": kinds}
        wallet = await self.wallets.find_one({"_id": wallet_id}, {"outbox": {"$elemMatch": match}})
        rows = (wallet or {}).get("outbox") or await self.journal.find({"subject": wallet_id, **match}).to_list(1)
        return entry_of(rows[0]) if rows else None

    async def entry(self, wallet_id: str, seq: int) -> Entry | None:
        """One entry of a wallet by its number."""
        undrained = {"outbox": {"$elemMatch": {"data.seq": seq}}}
        wallet = await self.wallets.find_one({"_id": wallet_id}, undrained)
        rows = (wallet or {}).get("outbox") or await self.journal.find({"subject": wallet_id, "data.seq": seq}).to_list(
            1
        )
        return entry_of(rows[0]) if rows else None

    async def statement(self, wallet_id: str, args: PageArgs) -> Page[Entry]:
        """The entries of a wallet, newest first, those that are still in its outbox included."""
        wallet = await self.wallets.find_one({"_id": wallet_id}, {"seq": 1, "outbox": 1})
        before = args.after[0] if args.after is not None else None
        where: Document = {"subject": wallet_id}
        if before is not None:
            where["data.seq"] = {"$lt": before}
        rows = await self.journal.find(where).sort("data.seq", DESCENDING).limit(args.first + 1).to_list()
        rows += wallet["outbox"] if wallet else []
        by_seq = {row["data"]["seq"]: row for row in rows if before is None or row["data"]["seq"] < before}
        entries = [entry_of(by_seq[seq]) for seq in sorted(by_seq, reverse=True)]
        kept = entries[: args.first]

        async def count() -> int:
            return min(wallet["seq"], COUNT_CAP) if wallet else 0

        return Page(
            nodes=kept,
            cursors=[encode_cursor([entry.seq]) for entry in kept],
            has_next=len(entries) > len(kept),
            has_previous=args.after is not None,
            count=count,
        )

    async def entries_after(self, wallet_id: str, seq: int, limit: int) -> tuple[Wallet | None, list[Entry]]:
        """The wallet, and its first entries behind that number, in order; one in the outbox is not missed."""
        document = await self.wallets.find_one({"_id": wallet_id}, {"keys": 0})
        if document is None:
            return None, []
        where = {"subject": wallet_id, "data.seq": {"$gt": seq, "$lte": document["seq"]}}
        rows = await self.journal.find(where).sort("data.seq", ASCENDING).limit(limit).to_list()
        rows += document["outbox"]
        by_seq = {row["data"]["seq"]: row for row in rows if row["data"]["seq"] > seq}
        return wallet_from(document), [entry_of(by_seq[number]) for number in sorted(by_seq)[:limit]]

    async def accounts(self, after: str, limit: int) -> list[tuple[Books, list[Step]]]:
        """The next wallets by id, each with all its entries in order: both as they were at one moment."""
        found = await self.wallets.find({"_id": {"$gt": after}}, ACCOUNT_FIELDS).sort("_id").limit(limit).to_list()
        if not found:
            return []
        steps: dict[str, list[Step]] = {wallet["_id"]: [] for wallet in found}
        seqs = {wallet["_id"]: wallet["seq"] for wallet in found}
        span = {"subject": {"$gte": found[0]["_id"], "$lte": found[-1]["_id"]}}
        rows = self.journal.find(span, ENTRY_FIELDS, hint="statement", batch_size=READ_BATCH)
        while batch := await rows.to_list(READ_BATCH):
            for row in batch:
                subject, data = row["subject"], row["data"]
                if data["seq"] <= seqs.get(subject, 0):  # what came after the wallet was read is not its matter
                    steps[subject].append(step_of(data))
        for wallet in found:
            its = steps[wallet["_id"]]
            if wallet["outbox"]:
                its += [step_of(entry["data"]) for entry in wallet["outbox"]]
                steps[wallet["_id"]] = [step for _, step in sorted({step.seq: step for step in its}.items())]
            else:
                its.reverse()  # the index has the newest first
        return [(books_of(wallet), steps[wallet["_id"]]) for wallet in found]
