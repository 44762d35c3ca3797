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
    EntryKind,
    LotKind,
)
from services.loyalty.posting.closing import enter, facts_of, literal, sums
from services.loyalty.posting.lots import add_alive, burn, points_of, split, with_limited, with_merged
from services.loyalty.posting.model import GIVING, SPENDING, Posting
from services.loyalty.posting.tally import count, has_room

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
    where: Document = {"_id": posting.wallet_id, "keys": {"$ne": posting.window_key}, "merged_into": None}
    if posting.origin is not None:
        where["merges.path"] = posting.origin
    where |= {"seq": {"$lte": seen_seq + WINDOW}, f"outbox.{MAX_OUTBOX - 1}": {"$exists": False}}
    also: list[Document] = [NOT_OVERDUE]
    kind = posting.kind
    if kind in SPENDING:
        where |= {"booked": {"$gte": posting.points}, "frozen_at": None}
        if posting.only is LotKind.REGULAR:
            where["regular_points"] = {"$gte": posting.points}
        elif posting.only is LotKind.LIMITED:
            also.append({"$gte": [{"$sum": "$limited.points"}, posting.points]})
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
    also += [has_room(tally) for tally in posting.tallies]
    if posting.expires_at is not None:
        where[f"limited.{MAX_LIMITED_LOTS - 1}"] = {"$exists": False}
    return where | {"$expr": {"$and": also}}


def pipeline(posting: Posting) -> list[Document]:
    """The stages that make the posting."""
    reference, kind = posting.reference, posting.kind
    facts = facts_of(posting.reason, reference, posting.rule_version, posting.fingerprint, posting.actor)
    remember = {"$slice": [{"$concatArrays": [[literal(posting.window_key)], "$keys"]}, WINDOW]}
    outside = 0
    if kind in COUNTERPART:
        outside = -posting.points if kind in GIVING else posting.points
    return [
        {"$set": {"before": sums(), "keys": remember, "lapsed": 0, "taken": []}},
        *_change(posting),
        *count(posting.tallies),
        *enter(kind, literal(posting.id), outside, facts),
    ]


def _change(posting: Posting) -> list[Document]:
    match posting.kind:
        case EntryKind.EARNED:
            return _earn(posting)
        case EntryKind.REDEEMED:
            return [*burn(posting.points, only=posting.only), {"$set": {"regular_expires_at": _LIFE}}]
        case EntryKind.TAKEN_BACK:
            return _take_back(posting)
        case EntryKind.HELD:
            return [*burn(posting.points, only=posting.only), _hold(posting), {"$set": {"taken": []}}]
        case EntryKind.CAPTURED:
            return _capture(posting)
        case EntryKind.VOIDED:
            return [*_take_hold(posting), *_give_back("$hold.lots"), *_repay_from_lots("$hold.points")]
        case EntryKind.REFUNDED | EntryKind.GIFT_RECEIVED:
            return [*_give_anew(posting), *_repay_from_lots(posting.points), {"$set": {"taken": []}}]
        case EntryKind.GIFT_SENT:
            gifted = {"day": _TODAY, "points": {"$add": [GIFTED_TODAY, posting.points]}}
            return [*burn(posting.points), {"$set": {"gifted": gifted}}]
        case _:
            frozen = "$$NOW" if posting.kind is EntryKind.FROZEN else None
            return [{"$set": {"frozen_at": frozen}}]


def _earn(posting: Posting) -> list[Document]:
    """Debt is repaid first; the rest becomes points. Either way the member was active, and regular points live on."""
    repaid = {"$min": [posting.points, "$debt"]}
    kept = {"$subtract": [posting.points, repaid]}
    values: Document = {"debt": {"$subtract": ["$debt", repaid]}, "regular_expires_at": _LIFE}
    if posting.expires_at is None:
        values["regular_points"] = {"$add": ["$regular_points", kept]}
        if posting.origin is not None:
            values["regular_merged"] = with_merged([{"origin": posting.origin, "points": kept}])
        return [{"$set": values}]
    lot = {"points": kept, "expires_at": posting.expires_at, **_origin(posting.origin)}
    return [{"$set": values | {"limited": with_limited("$limited", [lot])}}]


def _take_back(posting: Posting) -> list[Document]:
    """Burn what is there, of a merged member first what it brought; the rest is owed."""
    owed: Document = {"debt": {"$add": ["$debt", "$left"]}}
    if posting.origin is not None:
        share = [{"origin": posting.origin, "points": "$left"}]
        owed["debt_merged"] = {"$concatArrays": [{"$ifNull": ["$debt_merged", []]}, share]}
    return [*burn(posting.points, posting.origin), {"$set": owed}]


def _origin(origin: str | None) -> Document:
    return {} if origin is None else {"origin": origin}


def _hold(posting: Posting) -> Document:
    assert posting.hold_s is not None, "a HELD posting says for how long"
    until = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": posting.hold_s}}
    hold = {"id": literal(posting.reference.hold_id), "points": posting.points, "until": until, "lots": "$taken"}
    return {"$set": {"holds": {"$concatArrays": [_HOLDS, [hold]]}}}


def _can_be_captured(posting: Posting) -> Document:
    is_it = {"$eq": ["$$this.id", literal(posting.reference.hold_id)]}
    return {"$and": [is_it, {"$gte": ["$$this.points", posting.points]}, {"$gt": ["$$this.until", "$$NOW"]}]}


def _take_hold(posting: Posting) -> list[Document]:
    """The hold leaves the wallet; later stages find it as `hold`."""
    id = literal(posting.reference.hold_id)
    its = {"$filter": {"input": _HOLDS, "cond": {"$eq": ["$$this.id", id]}}}
    others = {"$filter": {"input": _HOLDS, "cond": {"$ne": ["$$this.id", id]}}}
    return [{"$set": {"hold": {"$first": its}}}, {"$set": {"holds": others}}]


def _capture(posting: Posting) -> list[Document]:
    """Burn of the hold's lots in their order; what is not needed goes back. The member was active."""
    return [
        *_take_hold(posting),
        {"$set": {"burned": split("$hold.lots", posting.points), "regular_expires_at": _LIFE}},
        *_give_back("$burned.kept"),
        *_repay_from_lots({"$subtract": ["$hold.points", posting.points]}),
        {"$set": {"taken": "$spent"}},
    ]


def _give_back(lots: str) -> list[Document]:
    """Lots of a hold return to where they came from; what has expired meanwhile is `lapsed` and gone."""
    is_regular = {"$eq": ["$$this.kind", LotKind.REGULAR]}
    lives = {"$gt": [{"$cond": [is_regular, "$regular_expires_at", "$$this.expires_at"]}, "$$NOW"]}
    alive = {"$filter": {"input": lots, "cond": lives}}
    lapsed = {"$subtract": [points_of(lots), points_of("$alive")]}
    return [
        {"$set": {"spent": {"$ifNull": ["$burned.taken", []]}, "alive": alive}},
        {"$set": {"lapsed": lapsed}},
        *add_alive(),
    ]


def _give_anew(posting: Posting) -> list[Document]:
    """Lots come back, or from another member. A refund's that have expired get a grace; a gift's are all limited."""
    grace = {"$dateAdd": {"startDate": "$$NOW", "unit": "day", "amount": REFUND_GRACE.days}}
    lots: list[Document] = []
    for lot in posting.lots:
        lives_on = {"$cond": [{"$gt": [lot.expires_at, "$$NOW"]}, lot.expires_at, grace]}
        regular = posting.kind is EntryKind.REFUNDED and lot.kind is LotKind.REGULAR
        kind = LotKind.REGULAR if regular else LotKind.LIMITED
        given: Document = {"kind": kind, "points": lot.points, "expires_at": lives_on}
        if lot.origin is not None:  # of a merge that is undone by now, the points stay with who spent them
            is_member = {"$in": [lot.origin, {"$ifNull": ["$merges.path", []]}]}
            given["origin"] = {"$cond": [is_member, lot.origin, "$$REMOVE"]}
        lots.append(given)
    stages: list[Document] = [{"$set": {"alive": lots}}, *add_alive()]
    if any(lot["kind"] is LotKind.REGULAR for lot in lots):
        stages.append({"$set": {"regular_expires_at": {"$max": ["$regular_expires_at", grace]}}})
    return stages


def _repay_from_lots(given: object) -> list[Document]:
    """Points that came back repay debt, as earned ones do."""
    came = {"$subtract": [given, "$lapsed"]}
    return [
        {"$set": {"repaid": {"$min": [came, "$debt"]}}},
        *burn("$repaid"),
        {"$set": {"debt": {"$subtract": ["$debt", "$repaid"]}, "taken": []}},
    ]
