"""The update that makes postings of one shape: its guard, and the stages that burn, give, hold, release and enter.

A part of the store. A pipeline runs on one wallet's document, by the database's clock; `asked` has what is its own:

A  remember the key and the sums before
B  change lots, holds and debt, as the kind asks
C  close: sums anew, and one entry whose member's side is what changed and whose company's side is what was asked for
"""

from collections.abc import Mapping, Sequence
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
from services.loyalty.posting.asked import Shape, asked_of, shape_of
from services.loyalty.posting.closing import enter, sums
from services.loyalty.posting.lots import add_alive, burn, points_of, split, with_limited, with_merged
from services.loyalty.posting.model import GIVING, SPENDING, Posting, Seen
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
TODAY: Document = {"$dateTrunc": {"date": "$$NOW", "unit": "day"}}
_HOLDS: Document = {"$ifNull": ["$holds", []]}
GIFTED_TODAY: Document = {"$cond": [{"$eq": ["$gifted.day", TODAY]}, "$gifted.points", 0]}
"""Points given away on this day, in UTC."""
_POINTS = "$asked.points"
_ORIGIN = "$asked.origin"
_CAN_BE_CAPTURED: Document = {
    "$and": [
        {"$eq": ["$$this.id", "$$asked.hold_id"]},
        {"$gte": ["$$this.points", "$$asked.points"]},
        {"$gt": ["$$this.until", "$$NOW"]},
    ]
}


def group_update(postings: Sequence[Posting], seen: Mapping[str, Seen]) -> tuple[Document, list[Document]]:
    """The filter and the stages that make these postings, of one shape and of as many wallets.

    Each is made or left by itself: where its wallet can take it, its key is new and the points are there. `seen`
    are the wallets when the keys were looked for.
    """
    shape = shape_of(postings[0])
    ids = [posting.wallet_id for posting in postings]
    asked = asked_of(postings, seen, WINDOW)
    mine = {"vars": {"asked": asked}, "in": {"$and": [*_conditions(shape), *map(has_room, shape.tallies)]}}
    where = {"_id": ids[0] if len(ids) == 1 else {"$in": ids}, **_guard(shape), "$expr": {"$let": mine}}
    return where, [{"$set": {"asked": asked}}, *_stages(shape)]


def _guard(shape: Shape) -> Document:
    """What a wallet must be, whatever is asked of it."""
    where: Document = {"merged_into": None, f"outbox.{MAX_OUTBOX - 1}": {"$exists": False}}
    kind = shape.kind
    if kind in SPENDING or kind is EntryKind.FROZEN:
        where["frozen_at"] = None
    elif kind is EntryKind.UNFROZEN:
        where["frozen_at"] = {"$type": "date"}
    if kind is EntryKind.HELD:
        where[f"holds.{MAX_HOLDS - 1}"] = {"$exists": False}
    if shape.is_limited:
        where[f"limited.{MAX_LIMITED_LOTS - 1}"] = {"$exists": False}
    return where


def _conditions(shape: Shape) -> list[Document]:
    """What must be true of a wallet and what is asked of it."""
    points, kind = "$$asked.points", shape.kind
    unused = {"$not": [{"$in": ["$$asked.key", "$keys"]}]}
    also: list[Document] = [NOT_OVERDUE, unused, {"$lte": ["$seq", "$$asked.last_seq"]}]
    also.append({"$eq": [{"$ifNull": ["$left_by", None]}, "$$asked.left_by"]})
    if shape.is_merged:
        also.append({"$in": ["$$asked.origin", {"$ifNull": ["$merges.path", []]}]})
    if kind in SPENDING:
        also.append({"$gte": ["$booked", points]})
        if shape.only is LotKind.REGULAR:
            also.append({"$gte": ["$regular_points", points]})
        elif shape.only is LotKind.LIMITED:
            also.append({"$gte": [{"$sum": "$limited.points"}, points]})
    elif kind in GIVING:
        also.append({"$lte": [{"$add": ["$booked", points]}, MAX_BALANCE]})
    elif kind is EntryKind.TAKEN_BACK:
        also.append({"$lte": [{"$add": ["$debt", points]}, MAX_BALANCE]})
    elif kind is EntryKind.CAPTURED:
        also.append({"$anyElementTrue": [{"$map": {"input": _HOLDS, "in": _CAN_BE_CAPTURED}}]})
    elif kind is EntryKind.VOIDED:
        also.append({"$in": ["$$asked.hold_id", {"$ifNull": ["$holds.id", []]}]})
    if shape.is_bounded:
        also.append({"$lte": [{"$add": [GIFTED_TODAY, points]}, "$$asked.day_limit"]})
    if shape.is_timed:
        also.append({"$lt": ["$$NOW", "$$asked.before"]})
    return also


def _stages(shape: Shape) -> list[Document]:
    kind = shape.kind
    remember = {"$slice": [{"$concatArrays": [["$asked.key"], "$keys"]}, WINDOW]}
    outside: object = 0
    if kind in COUNTERPART:
        outside = {"$subtract": [0, _POINTS]} if kind in GIVING else _POINTS
    return [
        {"$set": {"before": sums(), "keys": remember, "lapsed": 0, "taken": []}},
        *_change(shape),
        *count(shape.tallies),
        *enter(kind, "$asked.id", outside, "$asked.facts"),
    ]


def _change(shape: Shape) -> list[Document]:
    match shape.kind:
        case EntryKind.EARNED:
            return _earn(shape)
        case EntryKind.REDEEMED:
            return [*burn(_POINTS, only=shape.only), {"$set": {"regular_expires_at": _LIFE}}]
        case EntryKind.TAKEN_BACK:
            return _take_back(shape)
        case EntryKind.HELD:
            return [*burn(_POINTS, only=shape.only), _hold(), {"$set": {"taken": []}}]
        case EntryKind.CAPTURED:
            return _capture()
        case EntryKind.VOIDED:
            return [*_take_hold(), *_give_back("$hold.lots"), *_repay_from_lots("$hold.points")]
        case EntryKind.REFUNDED | EntryKind.GIFT_RECEIVED:
            return [*_give_anew(shape), *_repay_from_lots(_POINTS), {"$set": {"taken": []}}]
        case EntryKind.GIFT_SENT:
            gifted = {"day": TODAY, "points": {"$add": [GIFTED_TODAY, _POINTS]}}
            return [*burn(_POINTS), {"$set": {"gifted": gifted}}]
        case _:
            frozen = "$$NOW" if shape.kind is EntryKind.FROZEN else None
            return [{"$set": {"frozen_at": frozen}}]


def _earn(shape: Shape) -> list[Document]:
    """Debt is repaid first; the rest becomes points. Either way the member was active, and regular points live on."""
    repaid = {"$min": [_POINTS, "$debt"]}
    kept = {"$subtract": [_POINTS, repaid]}
    values: Document = {"debt": {"$subtract": ["$debt", repaid]}, "regular_expires_at": _LIFE}
    if not shape.is_limited:
        values["regular_points"] = {"$add": ["$regular_points", kept]}
        if shape.is_merged:
            values["regular_merged"] = with_merged([{"origin": _ORIGIN, "points": kept}])
        return [{"$set": values}]
    lot = {"points": kept, "expires_at": "$asked.expires_at", **({"origin": _ORIGIN} if shape.is_merged else {})}
    return [{"$set": values | {"limited": with_limited("$limited", [lot])}}]


def _take_back(shape: Shape) -> list[Document]:
    """Burn what is there, of a merged member first what it brought; the rest is owed."""
    owed: Document = {"debt": {"$add": ["$debt", "$left"]}}
    if shape.is_merged:
        share = [{"origin": _ORIGIN, "points": "$left"}]
        owed["debt_merged"] = {"$concatArrays": [{"$ifNull": ["$debt_merged", []]}, share]}
    return [*burn(_POINTS, _ORIGIN if shape.is_merged else None), {"$set": owed}]


def _hold() -> Document:
    until = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": "$asked.hold_s"}}
    hold = {"id": "$asked.hold_id", "points": _POINTS, "until": until, "lots": "$taken"}
    return {"$set": {"holds": {"$concatArrays": [_HOLDS, [hold]]}}}


def _take_hold() -> list[Document]:
    """The hold leaves the wallet; later stages find it as `hold`."""
    its = {"$filter": {"input": _HOLDS, "cond": {"$eq": ["$$this.id", "$asked.hold_id"]}}}
    others = {"$filter": {"input": _HOLDS, "cond": {"$ne": ["$$this.id", "$asked.hold_id"]}}}
    return [{"$set": {"hold": {"$first": its}}}, {"$set": {"holds": others}}]


def _capture() -> list[Document]:
    """Burn of the hold's lots in their order; what is not needed goes back. The member was active."""
    return [
        *_take_hold(),
        {"$set": {"burned": split("$hold.lots", _POINTS), "regular_expires_at": _LIFE}},
        *_give_back("$burned.kept"),
        *_repay_from_lots({"$subtract": ["$hold.points", _POINTS]}),
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


def _give_anew(shape: Shape) -> list[Document]:
    """Lots come back, or from another member. A refund's that have expired get a grace; a gift's are all limited."""
    grace = {"$dateAdd": {"startDate": "$$NOW", "unit": "day", "amount": REFUND_GRACE.days}}
    is_member = {"$in": ["$$this.origin", {"$ifNull": ["$merges.path", []]}]}
    given = {
        "kind": "$$this.kind" if shape.kind is EntryKind.REFUNDED else LotKind.LIMITED,
        "points": "$$this.points",
        "expires_at": {"$cond": [{"$gt": ["$$this.expires_at", "$$NOW"]}, "$$this.expires_at", grace]},
        # of a merge that is undone by now, the points stay with who spent them
        "origin": {"$cond": [is_member, "$$this.origin", "$$REMOVE"]},
    }
    stages: list[Document] = [{"$set": {"alive": {"$map": {"input": "$asked.lots", "in": given}}}}, *add_alive()]
    if shape.gives_regular:
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
