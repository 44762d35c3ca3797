"""The end of every posting's pipeline: totals anew, and one entry. A part of the store."""

from kit.mongo import Document
from services.loyalty.model import COUNTERPART, Account, EntryKind, LotKind, Reference
from services.loyalty.notice.pipelines import next_notice_at
from services.loyalty.posting.lots import shares_within


def sums() -> Document:
    """The member's side, to be kept as `before`."""
    return {"booked": "$booked", "debt": "$debt", "held": {"$sum": "$holds.points"}, "regular": _regular()}


def _regular() -> Document:
    """Regular points, held ones included."""
    is_regular = {"$eq": ["$$this.kind", LotKind.REGULAR]}
    of_hold = {"$map": {"input": {"$filter": {"input": "$$hold.lots", "cond": is_regular}}, "in": "$$this.points"}}
    held = {"$map": {"input": {"$ifNull": ["$holds", []]}, "as": "hold", "in": {"$sum": of_hold}}}
    return {"$add": ["$regular_points", {"$sum": held}]}


def enter(kind: EntryKind, id: object, outside: object, facts: object) -> list[Document]:
    """Close a change: totals anew, one more entry. The member's side is what changed, the company's what was asked.

    `id`, `outside` and `facts` (as `facts_of` makes them) are expressions.
    """
    regular_expiry = {"$cond": [{"$gt": ["$regular_points", 0]}, "$regular_expires_at", None]}
    merged_debt = shares_within("$debt_merged", "$debt")
    totals = {
        "booked": {"$add": ["$regular_points", {"$sum": "$limited.points"}]},
        "next_expiry_at": {"$min": [regular_expiry, {"$first": "$limited.expires_at"}]},
        "next_hold_end_at": {"$min": "$holds.until"},
        "next_notice_at": next_notice_at(),
        "seq": {"$add": ["$seq", 1]},
        "debt_merged": {"$cond": [{"$gt": [{"$ifNull": ["$debt_merged", []]}, []]}, merged_debt, "$$REMOVE"]},
    }
    wallet = {"$subtract": ["$booked", "$before.booked"]}
    debt = {"$subtract": ["$before.debt", "$debt"]}
    held = {"$sum": "$holds.points"}
    movements = [
        {"account": Account.WALLET, "points": wallet},
        {"account": Account.HELD, "points": {"$subtract": [held, "$before.held"]}},
        {"account": Account.DEBT, "points": debt},
        {"account": COUNTERPART.get(kind, Account.EXPIRY), "points": outside},
        {"account": Account.EXPIRY, "points": "$lapsed"},
    ]
    computed = {
        "walletId": "$_id",
        "customerId": "$customer_id",
        "seq": "$seq",
        "points": {"$add": [wallet, debt]},
        "balanceAfter": "$booked",
        "heldAfter": held,
        "regular": {"$subtract": [_regular(), "$before.regular"]},
        "debtAfter": "$debt",
        "taken": {
            "$map": {
                "input": "$taken",
                "in": {
                    "kind": "$$this.kind",
                    "points": "$$this.points",
                    "expiresAt": "$$this.expires_at",
                    "origin": "$$this.origin",
                },
            }
        },
        "postings": {"$filter": {"input": movements, "cond": {"$ne": ["$$this.points", 0]}}},
    }
    entry = {
        "id": id,
        "type": kind.event_type,
        "subject": "$_id",
        "time": "$$NOW",
        "data": {"$mergeObjects": [{"kind": kind}, facts, computed]},
    }
    working = ["asked", "before", "lapsed", "taken", "left", "burned", "hold", "spent", "alive", "repaid"]
    return [
        {"$set": totals},
        {"$set": {"outbox": {"$concatArrays": ["$outbox", [entry]]}}},
        {"$unset": working},
    ]


def facts_of(
    reason: str, reference: Reference, rule_version: int | None, fingerprint: str, actor: str | None = None
) -> Document:
    """What an entry says of itself that is known before it is made."""
    about = {
        "orderId": reference.order_id,
        "returnId": reference.return_id,
        "note": reference.note,
        "holdId": reference.hold_id,
        "counterparty": reference.counterparty,
        "refunds": reference.refunds,
        "mergeId": reference.merge_id,
    }
    return {
        "reason": reason,
        "reference": about,
        "ruleVersion": rule_version,
        "fingerprint": fingerprint,
        "actor": actor,
    }


def literal(value: object) -> Document:
    """A value from outside, which the database must not read as an expression."""
    return {"$literal": value}
