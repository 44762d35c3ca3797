"""The update that enters what has expired, in one stage: an expiry run does it to millions. A part of the store.

It says what `closing.enter` says, for an entry that only takes lots out: holds and debt stay as they are.
"""

from kit.mongo import Document
from services.loyalty.model import Account, EntryKind, Reference
from services.loyalty.posting.closing import facts_of

REASON = "EXPIRY"

_REGULAR_LAPSED: Document = {"$lte": ["$regular_expires_at", "$$NOW"]}
_REGULAR: Document = {"$cond": [_REGULAR_LAPSED, 0, "$regular_points"]}
_ALIVE: Document = {
    "$cond": [
        {"$lte": [{"$first": "$limited.expires_at"}, "$$NOW"]},  # the first to expire lies first
        {"$filter": {"input": "$limited", "cond": {"$gt": ["$$this.expires_at", "$$NOW"]}}},
        "$limited",
    ]
}
_HELD: Document = {"$sum": "$holds.points"}


def _expire() -> list[Document]:
    """Take out what has expired by the database's clock; make one entry for all of it."""
    left = {"$add": [_REGULAR, {"$sum": "$$alive.points"}]}
    next_regular = {"$cond": [{"$gt": [_REGULAR, 0]}, "$regular_expires_at", None]}
    next_expiry = {"$min": [next_regular, {"$first": "$$alive.expires_at"}]}
    whole = {"vars": {"alive": _ALIVE}}
    change: Document = {
        "limited": _ALIVE,
        "regular_points": _REGULAR,
        "regular_merged": {"$cond": [_REGULAR_LAPSED, "$$REMOVE", "$regular_merged"]},
        "booked": {"$let": {**whole, "in": left}},
        "next_expiry_at": {"$let": {**whole, "in": next_expiry}},
        "seq": {"$add": ["$seq", 1]},
        "outbox": {"$let": {"vars": {"left": {"$let": {**whole, "in": left}}}, "in": _outbox()}},
    }
    return [{"$set": change}]


def _outbox() -> Document:
    lost = {"$subtract": ["$$left", "$booked"]}
    data: Document = {
        "kind": EntryKind.EXPIRED.value,
        **facts_of(REASON, Reference(), None, ""),
        "walletId": "$_id",
        "customerId": "$customer_id",
        "seq": {"$add": ["$seq", 1]},
        "points": lost,
        "balanceAfter": "$$left",
        "heldAfter": _HELD,
        "regular": {"$subtract": [_REGULAR, "$regular_points"]},
        "debtAfter": "$debt",
        "taken": [],
        "postings": [
            {"account": Account.WALLET.value, "points": lost},
            {"account": Account.EXPIRY.value, "points": {"$subtract": ["$booked", "$$left"]}},
        ],
    }
    entry = {
        "id": {"$concat": ["$_id", "/expiry:", {"$toString": "$seq"}]},
        "type": EntryKind.EXPIRED.event_type,
        "subject": "$_id",
        "time": "$$NOW",
        "data": data,
    }
    return {"$concatArrays": ["$outbox", [entry]]}


EXPIRE = _expire()
"""Takes out what has expired by the database's clock; makes one entry for all of it."""
