"""Every MongoDB query and index of the wallets and their journal; decides nothing.

A wallet is one document. Whether a posting may be made stands in the filter of one update, what it does in the same
update's pipeline, entry and running balance included. Shard keys: wallets `_id`, journal `subject` (the wallet's id).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Collection, Database, Document
from kit.pages import COUNT_CAP, Page, PageArgs, encode_cursor
from services.loyalty.model import (
    COUNTERPART,
    MAX_BALANCE,
    MAX_LIMITED_LOTS,
    REGULAR_LIFE_MONTHS,
    Account,
    CustomerId,
    Entry,
    EntryKind,
    Lot,
    LotKind,
    Movement,
    Posting,
    Reference,
    Wallet,
    WalletId,
    wallet_id_of,
)

WINDOW = 64
"""Keys a wallet remembers, so also postings that may overtake one between its look and its update (see `look`)."""
MAX_OUTBOX = 5_000
"""Entries waiting in one wallet: a drainer that stands still stops the wallet before MongoDB's 16 MB a document do."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "wallets": [
        IndexModel(
            [("next_expiry_at", ASCENDING)], name="due", partialFilterExpression={"next_expiry_at": {"$type": "date"}}
        ),
        OUTBOX_INDEX,
    ],
    "journal": [IndexModel([("subject", ASCENDING), ("data.seq", DESCENDING)], name="statement")],
    "accruals": [],
}

_OVERDUE: Document = {"$and": ["$next_expiry_at", {"$lte": ["$next_expiry_at", "$$NOW"]}]}
SOMETHING_EXPIRED: Document = {"$expr": _OVERDUE}
NOTHING_EXPIRED: Document = {"$expr": {"$not": [_OVERDUE]}}
"""No lot is past its expiry without an entry for it: an earning cannot revive it, a redemption cannot burn it."""
WITHOUT_HISTORY: Document = {"keys": 0, "outbox": 0}


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry and its wallet: as the entry left it, or as it is by now if the entry was there before."""

    wallet: Wallet
    entry: Entry


class LoyaltyStore:
    """The wallets and their journal; `db` also holds the accruals, which have a store of their own."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.wallets: Collection = db["wallets"]
        self.journal: Collection = db["journal"]
        self.on_change: Callable[[], None] = lambda: None

    async def open(self, customers: Mapping[CustomerId, datetime]) -> int:
        """Open the wallets that are not there yet, with the time since when; return how many were new."""
        return await insert_new(self.wallets, [_new_wallet(id, at) for id, at in customers.items()])

    async def wallets_by_id(self, ids: Sequence[str]) -> dict[str, Wallet]:
        """The wallets there are, by id."""
        found = self.wallets.find({"_id": {"$in": list(ids)}}, WITHOUT_HISTORY)
        return {document["_id"]: _wallet(document) async for document in found}

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
            return _wallet(document), _entry(entry)
        drained = await self.journal.find_one({"_id": posting.id})
        return _wallet(document), None if drained is None else _entry(drained)

    async def apply(self, posting: Posting, seen_seq: int) -> Posted | None:
        """Make the posting, or change nothing and return None. `seen_seq` is the wallet's when it was looked at."""
        document = await self.wallets.find_one_and_update(
            _guard(posting, seen_seq),
            _pipeline(posting),
            projection={"keys": 0, "outbox": {"$slice": -1}},
            return_document=True,
        )
        if document is None:
            return None
        self.on_change()
        return Posted(_wallet(document), _entry(document["outbox"][-1]))

    async def apply_all(self, postings: Sequence[Posting], seen_seqs: Mapping[str, int]) -> int:
        """Make every posting whose wallet can take it, in their order; return how many were made."""
        updates = [UpdateOne(_guard(p, seen_seqs[p.wallet_id]), _pipeline(p)) for p in postings]
        result = await self.wallets.bulk_write(updates, ordered=True)
        self.on_change()
        return result.matched_count

    async def standings(self, wallet_ids: Iterable[str]) -> dict[str, tuple[int, list[str]]]:
        """Of each wallet that exists: how many entries it has, and the ids of those still in its outbox."""
        found = self.wallets.find({"_id": {"$in": list(wallet_ids)}}, {"seq": 1, "outbox.id": 1})
        return {row["_id"]: (row["seq"], [entry["id"] for entry in row["outbox"]]) async for row in found}

    async def drained(self, posting_ids: Iterable[str]) -> set[str]:
        """Which of these postings have their entry in the journal; asked after `standings`, as `look` does."""
        return {row["_id"] async for row in self.journal.find({"_id": {"$in": list(posting_ids)}}, {"_id": 1})}

    async def due(self, now: datetime, limit: int) -> list[WalletId]:
        """Wallets with a lot past its expiry, the longest overdue first."""
        found = self.wallets.find({"next_expiry_at": {"$lte": now}}, {"_id": 1}).sort("next_expiry_at").limit(limit)
        return [document["_id"] async for document in found]

    async def expire(self, wallet_ids: Iterable[str]) -> int:
        """Take the expired lots, by the database's clock, out of these wallets, each with one entry for all."""
        updates = [UpdateOne({"_id": id, **SOMETHING_EXPIRED}, EXPIRE) for id in sorted(set(wallet_ids))]
        result = await self.wallets.bulk_write(updates, ordered=False)
        if result.matched_count:
            self.on_change()
        return result.matched_count

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
        entries = [_entry(by_seq[seq]) for seq in sorted(by_seq, reverse=True)]
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

    async def accounts(self, after: str, limit: int) -> list[tuple[Wallet, list[Entry]]]:
        """The next wallets by id, each with all its entries in order: both as they were at one moment."""
        found = await self.wallets.find({"_id": {"$gt": after}}, {"keys": 0}).sort("_id").limit(limit).to_list()
        rows: dict[str, dict[int, Document]] = {wallet["_id"]: {} for wallet in found}
        seqs = {wallet["_id"]: wallet["seq"] for wallet in found}
        async for row in self.journal.find({"subject": {"$in": list(rows)}}):
            if row["data"]["seq"] <= seqs[row["subject"]]:  # what came after the wallet was read is not its matter
                rows[row["subject"]][row["data"]["seq"]] = row
        for wallet in found:
            rows[wallet["_id"]] |= {entry["data"]["seq"]: entry for entry in wallet["outbox"]}
        return [(_wallet(w), [_entry(row) for _, row in sorted(rows[w["_id"]].items())]) for w in found]


def _new_wallet(customer_id: CustomerId, opened_at: datetime) -> Document:
    return {
        "_id": wallet_id_of(customer_id),
        "customer_id": customer_id,
        "regular_points": 0,
        "regular_expires_at": None,
        "limited": [],
        "booked": 0,
        "next_expiry_at": None,
        "debt": 0,
        "seq": 0,
        "keys": [],
        "outbox": [],
        "opened_at": opened_at,
    }


def _guard(posting: Posting, seen_seq: int) -> Document:
    """The wallets that can take the posting: the one it is for, if its key is new and the points are there."""
    guard: Document = {"_id": posting.wallet_id, "keys": {"$ne": posting.key}, **NOTHING_EXPIRED}
    guard |= {"seq": {"$lte": seen_seq + WINDOW}, f"outbox.{MAX_OUTBOX - 1}": {"$exists": False}}
    if posting.kind is EntryKind.REDEEMED:
        guard["booked"] = {"$gte": posting.points}
    elif posting.kind is EntryKind.EARNED:
        guard["booked"] = {"$lte": MAX_BALANCE - posting.points}
    else:
        guard["debt"] = {"$lte": MAX_BALANCE - posting.points}
    if posting.expires_at is not None:
        guard[f"limited.{MAX_LIMITED_LOTS - 1}"] = {"$exists": False}
    return guard


def _pipeline(posting: Posting) -> list[Document]:
    facts = _facts(posting.reason, posting.reference, posting.rule_version, posting.fingerprint)
    change = _earn(posting) if posting.kind is EntryKind.EARNED else _burn(posting)
    company = posting.points if posting.kind is not EntryKind.EARNED else -posting.points
    remember = {"$slice": [{"$concatArrays": [[_literal(posting.key)], "$keys"]}, WINDOW]}
    return [
        {"$set": {"before": {"booked": "$booked", "debt": "$debt"}, "keys": remember}},
        *change,
        *_enter(posting.kind, _literal(posting.id), company, facts),
    ]


def _earn(posting: Posting) -> list[Document]:
    """Debt is repaid first; the rest becomes points. Either way the member was active, and regular points live on."""
    repaid = {"$min": [posting.points, "$debt"]}
    kept = {"$subtract": [posting.points, repaid]}
    life = {"$dateAdd": {"startDate": "$$NOW", "unit": "month", "amount": REGULAR_LIFE_MONTHS}}
    values: Document = {"debt": {"$subtract": ["$debt", repaid]}, "regular_expires_at": life}
    if posting.expires_at is None:
        return [{"$set": values | {"regular_points": {"$add": ["$regular_points", kept]}}}]
    same = {"$filter": {"input": "$limited", "cond": {"$eq": ["$$this.expires_at", posting.expires_at]}}}
    others = {"$filter": {"input": "$limited", "cond": {"$ne": ["$$this.expires_at", posting.expires_at]}}}
    lot = {"points": {"$add": [kept, {"$sum": {"$map": {"input": same, "in": "$$this.points"}}}]}}
    lots = {"$concatArrays": [others, [lot | {"expires_at": posting.expires_at}]]}
    some = {"$filter": {"input": lots, "cond": {"$gt": ["$$this.points", 0]}}}
    return [{"$set": values | {"limited": {"$sortArray": {"input": some, "sortBy": {"expires_at": 1}}}}}]


def _burn(posting: Posting) -> list[Document]:
    """Lots are burned in the order of their expiry (`Wallet.lots`); what a take-back lacks becomes debt."""
    regular = {"kind": LotKind.REGULAR, "points": "$regular_points", "expires_at": "$regular_expires_at"}
    limited = {"$map": {"input": "$limited", "in": {"$mergeObjects": [{"kind": LotKind.LIMITED}, "$$this"]}}}
    lots = {"$concatArrays": [limited, [regular]]}
    taken = {"$min": ["$$value.left", "$$this.points"]}
    left_in_lot = {"$mergeObjects": ["$$this", {"points": {"$subtract": ["$$this.points", taken]}}]}
    step = {"left": {"$subtract": ["$$value.left", taken]}, "lots": {"$concatArrays": ["$$value.lots", [left_in_lot]]}}
    by_expiry = {"$sortArray": {"input": lots, "sortBy": {"expires_at": 1, "kind": 1}}}
    burned = {"$reduce": {"input": by_expiry, "initialValue": {"left": posting.points, "lots": []}, "in": step}}
    of_kind = {"$filter": {"input": "$burned.lots", "cond": {"$eq": ["$$this.kind", LotKind.REGULAR]}}}
    alive = {"$and": [{"$eq": ["$$this.kind", LotKind.LIMITED]}, {"$gt": ["$$this.points", 0]}]}
    kept = {"$filter": {"input": "$burned.lots", "cond": alive}}
    values: Document = {
        "regular_points": {"$sum": {"$map": {"input": of_kind, "in": "$$this.points"}}},
        "limited": {
            "$map": {"input": kept, "in": {"points": "$$this.points", "expires_at": "$$this.expires_at"}},
        },
        "debt": {"$add": ["$debt", "$burned.left"]},
    }
    if posting.kind is EntryKind.REDEEMED:
        life = {"$dateAdd": {"startDate": "$$NOW", "unit": "month", "amount": REGULAR_LIFE_MONTHS}}
        values["regular_expires_at"] = life
    return [{"$set": {"burned": burned}}, {"$set": values}, {"$unset": "burned"}]


def _enter(kind: EntryKind, id: object, company: object, facts: Document) -> list[Document]:
    """Close a change: totals anew, one more entry. The member's side is what changed, the company's what was asked."""
    regular_expiry = {"$cond": [{"$gt": ["$regular_points", 0]}, "$regular_expires_at", None]}
    totals = {
        "booked": {"$add": ["$regular_points", {"$sum": "$limited.points"}]},
        "next_expiry_at": {"$min": [regular_expiry, {"$first": "$limited.expires_at"}]},
        "seq": {"$add": ["$seq", 1]},
    }
    movements = [
        {"account": Account.WALLET, "points": {"$subtract": ["$booked", "$before.booked"]}},
        {"account": Account.DEBT, "points": {"$subtract": ["$before.debt", "$debt"]}},
        {"account": COUNTERPART[kind], "points": company},
    ]
    computed = {
        "walletId": "$_id",
        "customerId": "$customer_id",
        "seq": "$seq",
        "points": {"$multiply": [-1, company]},
        "balanceAfter": "$booked",
        "debtAfter": "$debt",
        "postings": {"$filter": {"input": movements, "cond": {"$ne": ["$$this.points", 0]}}},
    }
    entry = {
        "id": id,
        "type": kind.event_type,
        "subject": "$_id",
        "time": "$$NOW",
        "data": {"$mergeObjects": [{"kind": kind}, _literal(facts), computed]},
    }
    return [
        {"$set": totals},
        {"$set": {"outbox": {"$concatArrays": ["$outbox", [entry]]}}},
        {"$unset": "before"},
    ]


def _facts(reason: str, reference: Reference, rule_version: int | None, fingerprint: str) -> Document:
    about = {"orderId": reference.order_id, "returnId": reference.return_id, "note": reference.note}
    return {"reason": reason, "reference": about, "ruleVersion": rule_version, "fingerprint": fingerprint}


def _literal(value: object) -> Document:
    """A value from outside, which the database must not read as an expression."""
    return {"$literal": value}


EXPIRE: list[Document] = [
    {
        "$set": {
            "before": {"booked": "$booked", "debt": "$debt"},
            "limited": {"$filter": {"input": "$limited", "cond": {"$gt": ["$$this.expires_at", "$$NOW"]}}},
            "regular_points": {"$cond": [{"$lte": ["$regular_expires_at", "$$NOW"]}, 0, "$regular_points"]},
        }
    },
    *_enter(
        EntryKind.EXPIRED,
        {"$concat": ["$_id", "/expiry:", {"$toString": "$seq"}]},
        {"$subtract": ["$before.booked", "$booked"]},
        _facts("EXPIRY", Reference(), None, ""),
    ),
]
"""Takes out what has expired by the database's clock; makes one entry for all of it."""


def _wallet(document: Document) -> Wallet:
    return Wallet(
        id=document["_id"],
        customer_id=document["customer_id"],
        regular_points=document["regular_points"],
        regular_expires_at=document["regular_expires_at"],
        limited=tuple(Lot(LotKind.LIMITED, lot["points"], lot["expires_at"]) for lot in document["limited"]),
        booked=document["booked"],
        debt=document["debt"],
        seq=document["seq"],
    )


def _entry(row: Document) -> Entry:
    """From an outbox, where the id is `id`, or from the journal, which has `id` too."""
    data = row["data"]
    reference = data["reference"]
    return Entry(
        id=row["id"],
        wallet_id=data["walletId"],
        seq=data["seq"],
        kind=EntryKind(data["kind"]),
        at=row["time"],
        points=data["points"],
        balance_after=data["balanceAfter"],
        debt_after=data["debtAfter"],
        movements=tuple(Movement(Account(m["account"]), m["points"]) for m in data["postings"]),
        reason=data["reason"],
        reference=Reference(reference["orderId"], reference["returnId"], reference["note"]),
        rule_version=data["ruleVersion"],
        fingerprint=data["fingerprint"],
    )
