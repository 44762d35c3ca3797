"""The update that makes a posting: its guard, and the stages that burn, give, hold, release and enter.

A part of the store. A pipeline runs on one wallet's document, by the database's clock:

A  remember the key and the sums before
B  change lots, holds and debt, as the kind asks
C  close: sums anew, and one entry whose member's side is what changed and whose company's side is what was asked for
"""

from datetime import timedelta

from kit.mongo import Document
from services.loyalty.model import (
    COUNTERPART,
    MAX_BALANCE,
    MAX_HOLDS,
    MAX_LIMITED_LOTS,
    REGULAR_LIFE_MONTHS,
    Account,
    EntryKind,
    LotKind,
    Reference,
)
from services.loyalty.posting.model import GIVING, SPENDING, Posting

WINDOW = 64
"""Keys a wallet remembers, so also postings that may overtake one between its look and its update."""
MAX_OUTBOX = 5_000
"""Entries waiting in one wallet: a drainer that stands still stops the wallet before MongoDB's 16 MB a document do."""
REFUND_GRACE = timedelta(days=30)
"""Refunded points whose lot has expired meanwhile live on this long: what was paid with them came back just now."""

_OVERDUE: Document = {"$and": ["$next_expiry_at", {"$lte": ["$next_expiry_at", "$$NOW"]}]}
SOMETHING_EXPIRED: Document = {"$expr": _OVERDUE}
NOT_OVERDUE: Document = {"$not": [_OVERDUE]}
"""No lot is past its expiry without an entry for it: an earning cannot revive it, a redemption cannot burn it."""
_LIFE: Document = {"$dateAdd": {"startDate": "$$NOW", "unit": "month", "amount": REGULAR_LIFE_MONTHS}}
_TODAY: Document = {"$dateTrunc": {"date": "$$NOW", "unit": "day"}}
_HOLDS: Document = {"$ifNull": ["$holds", []]}
GIFTED_TODAY: Document = {"$cond": [{"$eq": ["$gifted.day", _TODAY]}, "$gifted.points", 0]}
"""Points given away on this day, in UTC."""


def guard(posting: Posting, seen_seq: int) -> Document:
    """The wallets that can take the posting: the one it is for, if its key is new and the points are there."""
    where: Document = {"_id": posting.wallet_id, "keys": {"$ne": posting.key}}
    where |= {"seq": {"$lte": seen_seq + WINDOW}, f"outbox.{MAX_OUTBOX - 1}": {"$exists": False}}
    also: list[Document] = [NOT_OVERDUE]
    kind = posting.kind
    if kind in SPENDING:
        where |= {"booked": {"$gte": posting.points}, "frozen_at": None}
    elif kind in GIVING:
        where["booked"] = {"$lte": MAX_BALANCE - posting.points}
    elif kind is EntryKind.TAKEN_BACK:
        where["debt"] = {"$lte": MAX_BALANCE - posting.points}
    elif kind is EntryKind.CAPTURED:
        also.append({"$anyElementTrue": [{"$map": {"input": _HOLDS, "in": _can_be_captured(posting)}}]})
    elif kind is EntryKind.VOIDED:
        where["holds.id"] = posting.reference.hold_id
    else:
        where["frozen_at"] = {"$type": "date"} if kind is EntryKind.UNFROZEN else None
    if kind is EntryKind.HELD:
        where[f"holds.{MAX_HOLDS - 1}"] = {"$exists": False}
    if posting.day_limit is not None:
        also.append({"$lte": [{"$add": [GIFTED_TODAY, posting.points]}, posting.day_limit]})
    if posting.expires_at is not None:
        where[f"limited.{MAX_LIMITED_LOTS - 1}"] = {"$exists": False}
    return where | {"$expr": {"$and": also}}


def pipeline(posting: Posting) -> list[Document]:
    """The stages that make the posting."""
    reference, kind = posting.reference, posting.kind
    facts = _facts(posting.reason, reference, posting.rule_version, posting.fingerprint, posting.actor)
    remember = {"$slice": [{"$concatArrays": [[_literal(posting.key)], "$keys"]}, WINDOW]}
    outside = 0
    if kind in COUNTERPART:
        outside = -posting.points if kind in GIVING else posting.points
    return [
        {"$set": {"before": _sums(), "keys": remember, "lapsed": 0, "taken": []}},
        *_change(posting),
        *_enter(kind, _literal(posting.id), outside, facts),
    ]


def _change(posting: Posting) -> list[Document]:
    match posting.kind:
        case EntryKind.EARNED:
            return _earn(posting)
        case EntryKind.REDEEMED:
            return [*_burn(posting.points), {"$set": {"regular_expires_at": _LIFE}}]
        case EntryKind.TAKEN_BACK:
            return [*_burn(posting.points), {"$set": {"debt": {"$add": ["$debt", "$left"]}}}]
        case EntryKind.HELD:
            return [*_burn(posting.points), _hold(posting), {"$set": {"taken": []}}]
        case EntryKind.CAPTURED:
            return _capture(posting)
        case EntryKind.VOIDED:
            return [*_take_hold(posting), *_give_back("$hold.lots"), *_repay_from_lots("$hold.points")]
        case EntryKind.REFUNDED | EntryKind.GIFT_RECEIVED:
            return [*_give_anew(posting), *_repay_from_lots(posting.points), {"$set": {"taken": []}}]
        case EntryKind.GIFT_SENT:
            gifted = {"day": _TODAY, "points": {"$add": [GIFTED_TODAY, posting.points]}}
            return [*_burn(posting.points), {"$set": {"gifted": gifted}}]
        case _:
            frozen = "$$NOW" if posting.kind is EntryKind.FROZEN else None
            return [{"$set": {"frozen_at": frozen}}]


def _earn(posting: Posting) -> list[Document]:
    """Debt is repaid first; the rest becomes points. Either way the member was active, and regular points live on."""
    repaid = {"$min": [posting.points, "$debt"]}
    kept = {"$subtract": [posting.points, repaid]}
    values: Document = {"debt": {"$subtract": ["$debt", repaid]}, "regular_expires_at": _LIFE}
    if posting.expires_at is None:
        return [{"$set": values | {"regular_points": {"$add": ["$regular_points", kept]}}}]
    lot = [{"points": kept, "expires_at": posting.expires_at}]
    return [{"$set": values | {"limited": _with_limited("$limited", lot)}}]


def _with_limited(limited: object, lots: object) -> Document:
    """Time-limited lots and some more, one lot an expiry, none empty, the first to expire first."""
    same = {"$filter": {"input": "$$value", "as": "one", "cond": {"$eq": ["$$one.expires_at", "$$this.expires_at"]}}}
    others = {"$filter": {"input": "$$value", "as": "one", "cond": {"$ne": ["$$one.expires_at", "$$this.expires_at"]}}}
    points = {"$add": ["$$this.points", {"$sum": {"$map": {"input": same, "as": "one", "in": "$$one.points"}}}]}
    joined = {"$concatArrays": [others, [{"points": points, "expires_at": "$$this.expires_at"}]]}
    all_lots = {"$reduce": {"input": lots, "initialValue": limited, "in": joined}}
    some = {"$filter": {"input": all_lots, "cond": {"$gt": ["$$this.points", 0]}}}
    return {"$sortArray": {"input": some, "sortBy": {"expires_at": 1}}}


def _burn(points: object) -> list[Document]:
    """Burn lots in the order of their expiry (`Wallet.lots`): `taken` says of which, `left` what was not there."""
    regular = {"kind": LotKind.REGULAR, "points": "$regular_points", "expires_at": "$regular_expires_at"}
    limited = {"$map": {"input": "$limited", "in": {"$mergeObjects": [{"kind": LotKind.LIMITED}, "$$this"]}}}
    lots = {"$concatArrays": [limited, [regular]]}
    by_expiry = {"$sortArray": {"input": lots, "sortBy": {"expires_at": 1, "kind": 1}}}
    kept = {"$filter": {"input": "$burned.kept", "cond": {"$eq": ["$$this.kind", LotKind.LIMITED]}}}
    of_kind = {"$filter": {"input": "$burned.kept", "cond": {"$eq": ["$$this.kind", LotKind.REGULAR]}}}
    values: Document = {
        "regular_points": {"$sum": {"$map": {"input": of_kind, "in": "$$this.points"}}},
        "limited": {"$map": {"input": kept, "in": {"points": "$$this.points", "expires_at": "$$this.expires_at"}}},
        "taken": "$burned.taken",
        "left": "$burned.left",
    }
    return [{"$set": {"burned": _split(by_expiry, points)}}, {"$set": values}]


def _split(lots: object, points: object) -> Document:
    """The first `points` of lots as `taken`, the rest as `kept`, neither with empty lots, and what lacks as `left`."""
    taken = {"$min": ["$$value.left", "$$this.points"]}
    rest = {"$subtract": ["$$this.points", taken]}

    def added(name: str, amount: object) -> Document:
        lot = {"$mergeObjects": ["$$this", {"points": amount}]}
        return {"$concatArrays": [f"$$value.{name}", {"$cond": [{"$gt": [amount, 0]}, [lot], []]}]}

    step = {
        "left": {"$subtract": ["$$value.left", taken]},
        "taken": added("taken", taken),
        "kept": added("kept", rest),
    }
    return {"$reduce": {"input": lots, "initialValue": {"left": points, "taken": [], "kept": []}, "in": step}}


def _hold(posting: Posting) -> Document:
    assert posting.hold_s is not None, "a HELD posting says for how long"
    until = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": posting.hold_s}}
    hold = {"id": _literal(posting.reference.hold_id), "points": posting.points, "until": until, "lots": "$taken"}
    return {"$set": {"holds": {"$concatArrays": [_HOLDS, [hold]]}}}


def _can_be_captured(posting: Posting) -> Document:
    is_it = {"$eq": ["$$this.id", _literal(posting.reference.hold_id)]}
    return {"$and": [is_it, {"$gte": ["$$this.points", posting.points]}, {"$gt": ["$$this.until", "$$NOW"]}]}


def _take_hold(posting: Posting) -> list[Document]:
    """The hold leaves the wallet; later stages find it as `hold`."""
    id = _literal(posting.reference.hold_id)
    its = {"$filter": {"input": _HOLDS, "cond": {"$eq": ["$$this.id", id]}}}
    others = {"$filter": {"input": _HOLDS, "cond": {"$ne": ["$$this.id", id]}}}
    return [{"$set": {"hold": {"$first": its}}}, {"$set": {"holds": others}}]


def _capture(posting: Posting) -> list[Document]:
    """Burn of the hold's lots in their order; what is not needed goes back. The member was active."""
    return [
        *_take_hold(posting),
        {"$set": {"burned": _split("$hold.lots", posting.points), "regular_expires_at": _LIFE}},
        *_give_back("$burned.kept"),
        *_repay_from_lots({"$subtract": ["$hold.points", posting.points]}),
        {"$set": {"taken": "$spent"}},
    ]


def _give_back(lots: str) -> list[Document]:
    """Lots of a hold return to where they came from; what has expired meanwhile is `lapsed` and gone."""
    is_regular = {"$eq": ["$$this.kind", LotKind.REGULAR]}
    lives = {"$gt": [{"$cond": [is_regular, "$regular_expires_at", "$$this.expires_at"]}, "$$NOW"]}
    alive = {"$filter": {"input": lots, "cond": lives}}
    lapsed = {"$subtract": [_points_of(lots), _points_of("$alive")]}
    return [
        {"$set": {"spent": {"$ifNull": ["$burned.taken", []]}, "alive": alive}},
        {"$set": {"lapsed": lapsed}},
        *_add_alive(),
    ]


def _give_anew(posting: Posting) -> list[Document]:
    """Lots come back, or from another member. A refund's that have expired get a grace; a gift's are all limited."""
    grace = {"$dateAdd": {"startDate": "$$NOW", "unit": "day", "amount": REFUND_GRACE.days}}
    lots = []
    for lot in posting.lots:
        lives_on = {"$cond": [{"$gt": [lot.expires_at, "$$NOW"]}, lot.expires_at, grace]}
        regular = posting.kind is EntryKind.REFUNDED and lot.kind is LotKind.REGULAR
        kind = LotKind.REGULAR if regular else LotKind.LIMITED
        lots.append({"kind": kind, "points": lot.points, "expires_at": lives_on})
    stages: list[Document] = [{"$set": {"alive": lots}}, *_add_alive()]
    if any(lot["kind"] is LotKind.REGULAR for lot in lots):
        stages.append({"$set": {"regular_expires_at": {"$max": ["$regular_expires_at", grace]}}})
    return stages


def _add_alive() -> list[Document]:
    regular = {"$filter": {"input": "$alive", "cond": {"$eq": ["$$this.kind", LotKind.REGULAR]}}}
    limited = {"$filter": {"input": "$alive", "cond": {"$eq": ["$$this.kind", LotKind.LIMITED]}}}
    points = {"$sum": {"$map": {"input": regular, "in": "$$this.points"}}}
    values = {
        "regular_points": {"$add": ["$regular_points", points]},
        "limited": _with_limited("$limited", limited),
    }
    return [{"$set": values}]


def _repay_from_lots(given: object) -> list[Document]:
    """Points that came back repay debt, as earned ones do."""
    came = {"$subtract": [given, "$lapsed"]}
    return [
        {"$set": {"repaid": {"$min": [came, "$debt"]}}},
        *_burn("$repaid"),
        {"$set": {"debt": {"$subtract": ["$debt", "$repaid"]}, "taken": []}},
    ]


def _points_of(lots: str) -> Document:
    return {"$sum": {"$map": {"input": lots, "in": "$$this.points"}}}


def _sums() -> Document:
    return {"booked": "$booked", "debt": "$debt", "held": {"$sum": "$holds.points"}}


def _enter(kind: EntryKind, id: object, outside: object, facts: Document) -> list[Document]:
    """Close a change: totals anew, one more entry. The member's side is what changed, the company's what was asked."""
    regular_expiry = {"$cond": [{"$gt": ["$regular_points", 0]}, "$regular_expires_at", None]}
    totals = {
        "booked": {"$add": ["$regular_points", {"$sum": "$limited.points"}]},
        "next_expiry_at": {"$min": [regular_expiry, {"$first": "$limited.expires_at"}]},
        "next_hold_end_at": {"$min": "$holds.until"},
        "seq": {"$add": ["$seq", 1]},
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
        "debtAfter": "$debt",
        "taken": {
            "$map": {
                "input": "$taken",
                "in": {"kind": "$$this.kind", "points": "$$this.points", "expiresAt": "$$this.expires_at"},
            }
        },
        "postings": {"$filter": {"input": movements, "cond": {"$ne": ["$$this.points", 0]}}},
    }
    entry = {
        "id": id,
        "type": kind.event_type,
        "subject": "$_id",
        "time": "$$NOW",
        "data": {"$mergeObjects": [{"kind": kind}, _literal(facts), computed]},
    }
    working = ["before", "lapsed", "taken", "left", "burned", "hold", "spent", "alive", "repaid"]
    return [
        {"$set": totals},
        {"$set": {"outbox": {"$concatArrays": ["$outbox", [entry]]}}},
        {"$unset": working},
    ]


def _facts(
    reason: str, reference: Reference, rule_version: int | None, fingerprint: str, actor: str | None = None
) -> Document:
    about = {
        "orderId": reference.order_id,
        "returnId": reference.return_id,
        "note": reference.note,
        "holdId": reference.hold_id,
        "counterparty": reference.counterparty,
        "refunds": reference.refunds,
    }
    return {
        "reason": reason,
        "reference": about,
        "ruleVersion": rule_version,
        "fingerprint": fingerprint,
        "actor": actor,
    }


def _literal(value: object) -> Document:
    """A value from outside, which the database must not read as an expression."""
    return {"$literal": value}


EXPIRE: list[Document] = [
    {
        "$set": {
            "before": _sums(),
            "lapsed": 0,
            "taken": [],
            "limited": {"$filter": {"input": "$limited", "cond": {"$gt": ["$$this.expires_at", "$$NOW"]}}},
            "regular_points": {"$cond": [{"$lte": ["$regular_expires_at", "$$NOW"]}, 0, "$regular_points"]},
        }
    },
    *_enter(
        EntryKind.EXPIRED,
        {"$concat": ["$_id", "/expiry:", {"$toString": "$seq"}]},
        {"$subtract": ["$before.booked", {"$add": ["$regular_points", {"$sum": "$limited.points"}]}]},
        _facts("EXPIRY", Reference(), None, ""),
    ),
]
"""Takes out what has expired by the database's clock; makes one entry for all of it."""
