"""The two updates of a merge and the two that undo it. A part of the store.

Each is one update of one wallet, by the database's clock, like a posting's; a transaction makes both or none. What
changes on the member's side goes to or comes from `transfer`, so the two entries together move nothing.
"""

from collections.abc import Sequence

from kit.mongo import Document
from services.loyalty.merge.model import MAX_MEMBERS, Merge, Parcel
from services.loyalty.model import (
    MAX_BALANCE,
    MAX_HOLDS,
    MAX_LIMITED_LOTS,
    EntryKind,
    Lot,
    LotKind,
    Share,
    wallet_id_of,
)
from services.loyalty.posting.closing import enter, facts_of, literal, sums
from services.loyalty.posting.lots import REGULAR_MERGED, burn, is_of, with_limited
from services.loyalty.posting.pipelines import GIFTED_TODAY, MAX_OUTBOX, NOT_OVERDUE, TODAY
from services.loyalty.posting.tally import KEPT

_LEFT: Document = {
    "$subtract": [
        {
            "$add": [
                {"$subtract": ["$before.booked", "$booked"]},
                {"$subtract": ["$before.held", {"$sum": "$holds.points"}]},
            ]
        },
        {"$subtract": ["$before.debt", "$debt"]},
    ]
}
"""What the member's side has lost: it is on `transfer`."""
_DEBT_MERGED: Document = {"$ifNull": ["$debt_merged", []]}
_MERGES: Document = {"$ifNull": ["$merges", []]}


def leaving(merge: Merge) -> tuple[Document, list[Document]]:
    """Of the source: everything goes, and it says where to."""
    where = {"_id": wallet_id_of(merge.source), **_usable()}
    change: Document = {"holds": [], "debt": 0, "debt_merged": [], "merges": [], "tallies": []}
    change |= {"merged_into": wallet_id_of(merge.into), "merge_id": merge.id, "left_by": merge.id}
    change["homes"] = {"$setUnion": [{"$ifNull": ["$homes", []]}, [wallet_id_of(merge.into)]]}
    return where, [_begin(), *burn("$booked"), {"$set": change}, *_entered(EntryKind.MERGED_OUT, merge, merge.into)]


def arriving(merge: Merge, parcel: Parcel) -> tuple[Document, list[Document]]:
    """Of the target: everything comes, each thing with where it is from."""
    where = {"_id": wallet_id_of(merge.into), **_usable()}
    where |= {
        "booked": {"$lte": MAX_BALANCE - parcel.points - parcel.held},
        "debt": {"$lte": MAX_BALANCE - parcel.debt},
    }
    for name, more, limit in (
        ("limited", len(parcel.limited), MAX_LIMITED_LOTS),
        ("holds", len(parcel.holds), MAX_HOLDS),
        ("merges", len(parcel.members), MAX_MEMBERS),
    ):
        if more:
            where[f"{name}.{limit - more}"] = {"$exists": False}
    expires_at = {"$max": ["$regular_expires_at", literal(parcel.regular_expires_at)]}
    change = {"$set": {**_with(parcel), "regular_expires_at": expires_at, **_gifted(parcel)}}
    return where, [_begin(), change, *_entered(EntryKind.MERGED_IN, merge, merge.source)]


def separating(merge: Merge) -> tuple[Document, list[Document]]:
    """Of the target: what the merge brought and is still there goes, as `model.part` says."""
    of_merge = {"$regex": f"^{merge.id}(/|$)"}
    begun_after = {"$elemMatch": {"origin": {"$not": of_merge}, "lots.origin": of_merge}}
    where = {"_id": wallet_id_of(merge.into), "merges.path": merge.id, "holds": {"$not": begun_after}, **_usable()}
    moved = {"$filter": {"input": "$limited", "cond": is_of("$$this.origin", merge.id)}}
    taken = {"$map": {"input": moved, "in": {"$mergeObjects": [{"kind": LotKind.LIMITED}, "$$this"]}}}
    shares = {"$filter": {"input": REGULAR_MERGED, "cond": is_of("$$this.origin", merge.id)}}
    regular = {"kind": LotKind.REGULAR, "expires_at": "$regular_expires_at"}
    idle = {"$eq": ["$regular_expires_at", literal(merge.joined_expires_at)]}
    change = {
        "taken": {"$concatArrays": [taken, {"$map": {"input": shares, "in": {"$mergeObjects": [regular, "$$this"]}}}]},
        "regular_points": {"$subtract": ["$regular_points", _sum(shares)]},
        "regular_merged": _others(REGULAR_MERGED, "origin", merge),
        "regular_expires_at": {"$cond": [idle, literal(merge.into_expires_at), "$regular_expires_at"]},
        "limited": _others("$limited", "origin", merge),
        "holds": _others("$holds", "origin", merge),
        "debt": {
            "$subtract": [
                "$debt",
                _sum({"$filter": {"input": _DEBT_MERGED, "cond": is_of("$$this.origin", merge.id)}}),
            ]
        },
        "debt_merged": _others(_DEBT_MERGED, "origin", merge),
        "merges": _others(_MERGES, "path", merge),
        "tallies": _others(KEPT, "origin", merge),
    }
    return where, [_begin(), {"$set": change}, *_entered(EntryKind.UNMERGED_OUT, merge, merge.source)]


def returning(merge: Merge, parcel: Parcel) -> tuple[Document, list[Document]]:
    """Of the source: what is still there of what it brought comes back, and it is a wallet of its own again."""
    where = {"_id": wallet_id_of(merge.source), "merged_into": wallet_id_of(merge.into), "merge_id": merge.id}
    change = {**_with(parcel), "regular_expires_at": literal(parcel.regular_expires_at), "merged_into": None}
    stages = [_begin(), {"$set": change}, {"$unset": ["merge_id"]}]
    return where, [*stages, *_entered(EntryKind.UNMERGED_IN, merge, merge.into)]


def _usable() -> Document:
    free = {"merged_into": None, "frozen_at": None, f"outbox.{MAX_OUTBOX - 1}": {"$exists": False}}
    return {**free, "$expr": NOT_OVERDUE}


def _begin() -> Document:
    return {"$set": {"before": sums(), "lapsed": 0, "taken": []}}


def _with(parcel: Parcel) -> Document:
    """The parcel's things added to what is there."""

    def shares(of: Sequence[Share]) -> list[Document]:
        return [{"origin": literal(share.origin), "points": share.points} for share in of]

    def lots(of: Sequence[Lot]) -> list[Document]:
        return [
            {"kind": lot.kind, "points": lot.points, "expires_at": lot.expires_at}
            | ({} if lot.origin is None else {"origin": lot.origin})
            for lot in of
        ]

    holds = [
        {"id": hold.id, "points": hold.points, "until": hold.until, "lots": lots(hold.lots)}
        | ({} if hold.origin is None else {"origin": hold.origin})
        for hold in parcel.holds
    ]
    members = [{"path": member.path, "customer_id": member.customer_id} for member in parcel.members]
    return {
        "regular_points": {"$add": ["$regular_points", parcel.regular]},
        "regular_merged": {"$concatArrays": [REGULAR_MERGED, shares(parcel.regular_merged)]},
        "limited": with_limited("$limited", lots(parcel.limited)),
        "holds": {"$concatArrays": [{"$ifNull": ["$holds", []]}, literal(holds)]},
        "debt": {"$add": ["$debt", parcel.debt]},
        "debt_merged": {"$concatArrays": [_DEBT_MERGED, shares(parcel.debt_merged)]},
        "merges": {"$concatArrays": [_MERGES, literal(members)]},
        "tallies": {"$concatArrays": [KEPT, literal(_tallies(parcel))]},
    }


def _tallies(parcel: Parcel) -> list[Document]:
    counts = () if parcel.counts is None else parcel.counts.counts
    return [
        {"name": one.name, "at": one.at, "until": one.until, "n": one.n}
        | ({} if one.origin is None else {"origin": one.origin})
        for one in counts
    ]


def _gifted(parcel: Parcel) -> Document:
    """What both have given away today; another day's is forgotten."""
    counts = parcel.counts
    if counts is None or counts.gifted_day is None:
        return {}
    theirs = {"$cond": [{"$eq": [counts.gifted_day, TODAY]}, counts.gifted, 0]}
    return {"gifted": {"day": TODAY, "points": {"$add": [GIFTED_TODAY, theirs]}}}


def _others(things: object, name: str, merge: Merge) -> Document:
    return {"$filter": {"input": things, "cond": {"$not": [is_of(f"$$this.{name}", merge.id)]}}}


def _sum(shares: Document) -> Document:
    return {"$sum": {"$map": {"input": shares, "in": "$$this.points"}}}


def _entered(kind: EntryKind, merge: Merge, other: str) -> list[Document]:
    about = merge.reference
    facts = facts_of(merge.reason, about, None, merge.fingerprint, merge.actor)
    facts["reference"]["counterparty"] = other
    id = f"{wallet_id_of(merge.source)}/merge:{merge.id}:{kind.lower()}"
    return enter(kind, literal(id), _LEFT, literal(facts))
