"""Every MongoDB query of the books; decides nothing.

Closing a day marks its entries in the journal (`booked`) and keeps what they add up to, once, in `accounting_days`,
whose `_id` is the day. An entry that comes late is not booked on a closed day but on the next that is closed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from kit.pages import COUNT_CAP, Page, PageArgs, encode_cursor
from services.loyalty.accounting.model import Books, Liability, Line, Tally
from services.loyalty.accounting.policy import AccountingPolicy, BreakageRate
from services.loyalty.model import Account, EntryKind, LotKind

DAYS = "accounting_days"
POLICIES = "accounting_policies"
CLOSE_LEASE = timedelta(minutes=10)
"""A close that takes longer lost its worker; marking a day of a million entries takes under a minute."""
MAX_UNBALANCED = 10
"""Entries named where books do not balance: enough to begin to look."""
ISSUING = (EntryKind.EARNED.value, EntryKind.GIFT_RECEIVED.value)
"""Brings points whose age begins then; a gift's points are of another kind of lot from its arrival on."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    DAYS: [IndexModel([("closed_at", ASCENDING)], name="closed")],
    POLICIES: [IndexModel([("key", ASCENDING)], name="key", unique=True)],
}
BOOKED_INDEX = IndexModel([("booked", ASCENDING), ("time", ASCENDING)], name="booked")
"""Of the journal: the entries of a closed day in their order, and those that are in no closed day yet."""


class AccountingStore:
    """The collections of the books; reads `journal` and `wallets`."""

    def __init__(self, db: Database) -> None:
        self._days: Collection = db[DAYS]
        self._policies: Collection = db[POLICIES]
        self._journal: Collection = db["journal"]
        self._wallets: Collection = db["wallets"]

    async def policies(self) -> list[AccountingPolicy]:
        """Every version that was set."""
        return [_policy(document) async for document in self._policies.find({}).sort("_id")]

    async def add_policy(self, policy: AccountingPolicy, key: str, fingerprint: str, actor: str, now: datetime) -> bool:
        """Keep a policy under its version; whether version and key were free."""
        document = {**_policy_document(policy), "key": key, "fingerprint": fingerprint, "set_by": actor, "set_at": now}
        try:
            return await insert_new(self._policies, [document]) == 1
        except DuplicateKeyError:
            return False

    async def policy_by_key(self, key: str) -> tuple[AccountingPolicy, str] | None:
        """The policy an idempotency key has set, and the fingerprint of its input."""
        document = await self._policies.find_one({"key": key})
        return None if document is None else (_policy(document), document["fingerprint"])

    async def books(self, day: date) -> Books | None:
        """A closed day."""
        document = await self._days.find_one({"_id": day.isoformat(), "closed_at": {"$type": "date"}})
        return None if document is None else _books(document)

    async def last(self) -> Books | None:
        """The day that was closed last."""
        document = await self._days.find_one({"closed_at": {"$type": "date"}}, sort=[("_id", DESCENDING)])
        return None if document is None else _books(document)

    async def page(self, args: PageArgs) -> Page[Books]:
        """Closed days, the last first."""
        where: Document = {"closed_at": {"$type": "date"}}
        if args.after is not None:
            where["_id"] = {"$lt": args.after[0]}
        rows = await self._days.find(where).sort("_id", DESCENDING).limit(args.first + 1).to_list()
        kept = [_books(row) for row in rows[: args.first]]

        async def count() -> int:
            return await self._days.count_documents({"closed_at": {"$type": "date"}}, limit=COUNT_CAP)

        cursors = [encode_cursor([one.day.isoformat()]) for one in kept]
        return Page(kept, cursors, len(rows) > len(kept), args.after is not None, count)

    async def now(self) -> datetime:
        """The database's clock, which dates the entries."""
        rows = await self._journal.database.aggregate([{"$documents": [{}]}, {"$project": {"now": "$$NOW"}}])
        (now,) = [row["now"] async for row in rows]
        assert isinstance(now, datetime), "$$NOW is one"
        return now

    async def oldest_waiting(self, before: datetime) -> datetime | None:
        """The time of an entry that is not in the journal yet, of those before that instant; None if all are."""
        waiting = {"outbox.0": {"$exists": True}, "outbox.time": {"$lt": before}}
        document = await self._wallets.find_one(waiting, {"outbox.time": 1})
        return None if document is None else min(entry["time"] for entry in document["outbox"])

    async def begin(self, day: date, closer: str, now: datetime) -> datetime | None:
        """Take the day for closing; since when somebody else has it, or None if it is ours."""
        mine = {"closer": closer, "since": now}
        if await insert_new(self._days, [{"_id": day.isoformat(), "closed_at": None, **mine}]):
            return None
        free = {"$or": [{"since": {"$lte": now - CLOSE_LEASE}}, {"closer": closer}, {"closer": None}]}
        where = {"_id": day.isoformat(), "closed_at": None, **free}
        if (await self._days.update_one(where, {"$set": mine})).matched_count:
            return None
        document = await self._days.find_one({"_id": day.isoformat()})
        return None if document is None else document["since"]

    async def give_up(self, day: date, closer: str) -> None:
        """Let others try."""
        await self._days.update_one({"_id": day.isoformat(), "closer": closer}, {"$set": {"closer": None}})

    async def book(self, day: date, end: datetime) -> int:
        """Book on this day what is before its end and in no closed day; return how many entries that were."""
        unbooked = {"booked": None, "time": {"$lt": end}}
        return (await self._journal.update_many(unbooked, {"$set": {"booked": day.isoformat()}})).modified_count

    async def tally(self, day: date) -> Tally:
        """What the entries booked on a day add up to."""
        its: Document = {"$match": {"booked": day.isoformat()}}
        points = "$data.postings.points"
        group = {
            "_id": {"kind": "$data.kind", "account": "$data.postings.account"},
            "debit": {"$sum": {"$max": [{"$multiply": [points, -1]}, 0]}},
            "credit": {"$sum": {"$max": [points, 0]}},
            "entries": {"$sum": 1},
        }
        rows = await self._journal.aggregate([its, {"$unwind": "$data.postings"}, {"$group": group}])
        lines = [
            Line(row["_id"]["kind"], row["_id"]["account"], int(row["debit"]), int(row["credit"]), int(row["entries"]))
            async for row in rows
        ]
        moved, issued = await self._kinds(its)
        is_off = {"$match": {"$expr": {"$ne": [{"$sum": points}, 0]}}}
        wrong = await self._journal.aggregate([its, is_off, {"$limit": MAX_UNBALANCED}, {"$project": {"_id": 1}}])
        unbalanced = tuple([row["_id"] async for row in wrong])
        return Tally(tuple(sorted(lines, key=lambda line: (line.kind, line.account))), moved, issued, unbalanced)

    async def issued(self, until: date) -> dict[LotKind, list[tuple[date, int]]]:
        """Points issued on every closed day up to this one, by kind of lot."""
        found = self._days.find({"_id": {"$lte": until.isoformat()}, "closed_at": {"$type": "date"}}, {"issued": 1})
        issued: dict[LotKind, list[tuple[date, int]]] = {kind: [] for kind in LotKind}
        async for row in found:
            for kind in LotKind:
                issued[kind].append((date.fromisoformat(row["_id"]), row["issued"].get(kind, 0)))
        return issued

    async def close(self, books: Books, closer: str) -> bool:
        """Keep a day's books for ever; whether it was still ours to close."""
        where = {"_id": books.day.isoformat(), "closed_at": None, "closer": closer}
        return (await self._days.update_one(where, {"$set": _document(books)})).matched_count == 1

    async def entries(self, day: date) -> AsyncIterator[Document]:
        """The entries booked on a day, in the order of their time, each as the journal has it, and no other events."""
        async for row in self._journal.find({"booked": day.isoformat(), "data.seq": {"$exists": True}}).sort(
            "time", ASCENDING
        ):
            yield row

    async def closed_days(self) -> list[Books]:
        """All of them, the first one first."""
        found = self._days.find({"closed_at": {"$type": "date"}}).sort("_id", ASCENDING)
        return [_books(document) async for document in found]

    async def _kinds(self, its: Document) -> tuple[dict[LotKind, int], dict[LotKind, int]]:
        """Points that came or went by kind of lot, and those of them that were issued."""
        of_member = {"$in": ["$$this.account", [Account.WALLET, Account.HELD]]}
        theirs = {"$filter": {"input": "$data.postings", "cond": of_member}}
        regular = {"$ifNull": ["$data.regular", 0]}
        limited = {"$subtract": [{"$sum": {"$map": {"input": theirs, "in": "$$this.points"}}}, regular]}
        issues = {"$in": ["$data.kind", list(ISSUING)]}
        group: Document = {"_id": None}
        for kind, points in ((LotKind.REGULAR, regular), (LotKind.LIMITED, limited)):
            group[kind.value] = {"$sum": points}
            group[f"{kind.value}_issued"] = {"$sum": {"$cond": [issues, {"$max": [points, 0]}, 0]}}
        rows = [row async for row in await self._journal.aggregate([its, {"$group": group}])]
        row = rows[0] if rows else {}
        moved = {kind: int(row.get(kind.value, 0)) for kind in LotKind}
        return moved, {kind: int(row.get(f"{kind.value}_issued", 0)) for kind in LotKind}


def _policy_document(policy: AccountingPolicy) -> Document:
    rates = [{"kind": rate.kind.value, "age": rate.from_age_days, "rate_bp": rate.rate_bp} for rate in policy.rates]
    values = {"from_day": policy.from_day.isoformat(), "zone": policy.zone, "currency": policy.currency}
    return {"_id": policy.version, **values, "value_minor": policy.value_minor, "rates": rates}


def _policy(document: Document) -> AccountingPolicy:
    return AccountingPolicy(
        document["_id"],
        date.fromisoformat(document["from_day"]),
        document["zone"],
        document["currency"],
        document["value_minor"],
        tuple(BreakageRate(LotKind(rate["kind"]), rate["age"], rate["rate_bp"]) for rate in document["rates"]),
    )


def _document(books: Books) -> Document:
    return {
        "start": books.start,
        "end": books.end,
        "policy": _policy_document(books.policy),
        "lines": [[line.kind, line.account, line.debit, line.credit, line.entries] for line in books.tally.lines],
        "moved": {kind.value: points for kind, points in books.tally.moved.items()},
        "issued": {kind.value: points for kind, points in books.tally.issued.items()},
        "balances": {account.value: points for account, points in books.balances.items()},
        "by_kind": {kind.value: points for kind, points in books.by_kind.items()},
        "liabilities": [
            [one.kind.value, one.from_age_days, one.points, one.expected_breakage, one.value_minor]
            for one in books.liabilities
        ],
        "closed_at": books.closed_at,
        "closed_by": books.closed_by,
    }


def _books(document: Document) -> Books:
    return Books(
        day=date.fromisoformat(document["_id"]),
        start=document["start"],
        end=document["end"],
        policy=_policy(document["policy"]),
        tally=Tally(
            tuple(Line(*line) for line in document["lines"]),
            {LotKind(kind): points for kind, points in document["moved"].items()},
            {LotKind(kind): points for kind, points in document["issued"].items()},
        ),
        balances={Account(account): points for account, points in document["balances"].items()},
        by_kind={LotKind(kind): points for kind, points in document["by_kind"].items()},
        liabilities=tuple(Liability(LotKind(kind), *rest) for kind, *rest in document["liabilities"]),
        closed_at=document["closed_at"],
        closed_by=document["closed_by"],
    )
