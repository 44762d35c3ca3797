"""Lots in a pipeline: burn them in their order, split them, put some back. A part of the store.

A lot that a merge brought has its `origin`, in `limited`, in holds and in what was taken; of the regular points, which
are one number with one expiry, `regular_merged` says how many are whose. Of equal expiry a wallet's own burn first.
"""

from collections.abc import Sequence

from kit.mongo import Document
from services.loyalty.model import LotKind

REGULAR_MERGED: Document = {"$ifNull": ["$regular_merged", []]}


def with_limited(limited: object, lots: object) -> Document:
    """Time-limited lots and some more, one lot an expiry and origin, none empty, the first to expire first."""
    joined = _joined(limited, lots, ("expires_at", "origin"))
    return {"$sortArray": {"input": joined, "sortBy": {"expires_at": 1, "origin": 1}}}


def with_merged(lots: object) -> Document:
    """`regular_merged` and some more regular lots, one an origin, none without; own ones are left out."""
    foreign = {"$filter": {"input": lots, "cond": {"$gt": ["$$this.origin", None]}}}
    return _joined(REGULAR_MERGED, foreign, ("origin",))


def burn(points: object, first: object = None, only: LotKind | None = None) -> list[Document]:
    """Burn lots in the order of their expiry (`Wallet.lots`): `taken` says of which, `left` what was not there.

    Lots of the origin `first`, an expression, go before all others. `only`: of one kind; the other is left alone.
    """
    own = {"$subtract": ["$regular_points", {"$sum": "$regular_merged.points"}]}
    regular = {"kind": LotKind.REGULAR, "points": own, "expires_at": "$regular_expires_at"}
    share = {
        "kind": LotKind.REGULAR,
        "points": "$$this.points",
        "expires_at": "$regular_expires_at",
        "origin": "$$this.origin",
    }
    merged = {"$map": {"input": REGULAR_MERGED, "in": share}}
    limited = {"$map": {"input": "$limited", "in": {"$mergeObjects": [{"kind": LotKind.LIMITED}, "$$this"]}}}
    lots: Document = {"$concatArrays": [limited, [regular], merged]}
    if only is not None:
        lots = _of_kind(lots, only)
    by_expiry: Document = {"$sortArray": {"input": lots, "sortBy": {"expires_at": 1, "kind": 1, "origin": 1}}}
    if first is not None:
        by_expiry = _first_of(by_expiry, first)
    kept = _of_kind("$burned.kept", LotKind.LIMITED)
    values: Document = {
        "regular_points": points_of(_of_kind("$burned.kept", LotKind.REGULAR)),
        "regular_merged": _shares(_of_kind("$burned.kept", LotKind.REGULAR)),
        "limited": {
            "$map": {
                "input": kept,
                "in": {"points": "$$this.points", "expires_at": "$$this.expires_at", "origin": "$$this.origin"},
            }
        },
        "taken": "$burned.taken",
        "left": "$burned.left",
    }
    spared = {LotKind.REGULAR: ("limited",), LotKind.LIMITED: ("regular_points", "regular_merged")}
    for name in () if only is None else spared[only]:
        del values[name]
    return [{"$set": {"burned": split(by_expiry, points)}}, {"$set": values}]


def split(lots: object, points: object) -> Document:
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


def add_alive() -> list[Document]:
    """The lots of `alive` are in the wallet again."""
    regular = _of_kind("$alive", LotKind.REGULAR)
    values = {
        "regular_points": {"$add": ["$regular_points", points_of(regular)]},
        "regular_merged": with_merged(regular),
        "limited": with_limited("$limited", _of_kind("$alive", LotKind.LIMITED)),
    }
    return [{"$set": values}]


def points_of(lots: object) -> Document:
    """Their sum."""
    return {"$sum": {"$map": {"input": lots, "in": "$$this.points"}}}


def shares_within(shares: str, whole: object) -> Document:
    """The shares that merges brought to a number that has become smaller: its own part goes first, then the last."""
    all_shares = {"$ifNull": [shares, []]}
    points = {"$min": ["$$this.points", "$$value.left"]}
    share = [{"origin": "$$this.origin", "points": points}]
    step = {
        "left": {"$subtract": ["$$value.left", points]},
        "kept": {"$concatArrays": ["$$value.kept", {"$cond": [{"$gt": [points, 0]}, share, []]}]},
    }
    kept = {"$reduce": {"input": all_shares, "initialValue": {"left": whole, "kept": []}, "in": step}}
    return {"$getField": {"field": "kept", "input": kept}}


def is_of(origin: object, merge_id: str) -> Document:
    """Whether a lot's, hold's or share's `origin` is this merge, or one that had gone before it."""
    return {"$eq": [{"$first": {"$split": [{"$ifNull": [origin, ""]}, "/"]}}, {"$literal": merge_id}]}


def _shares(lots: object) -> Document:
    foreign = {"$filter": {"input": lots, "cond": {"$gt": ["$$this.origin", None]}}}
    return {"$map": {"input": foreign, "in": {"origin": "$$this.origin", "points": "$$this.points"}}}


def _of_kind(lots: object, kind: LotKind) -> Document:
    return {"$filter": {"input": lots, "cond": {"$eq": ["$$this.kind", kind]}}}


def _first_of(lots: object, origin: object) -> Document:
    def those(compare: str) -> Document:
        return {"$filter": {"input": "$$sorted", "cond": {compare: ["$$this.origin", origin]}}}

    return {"$let": {"vars": {"sorted": lots}, "in": {"$concatArrays": [those("$eq"), those("$ne")]}}}


def _joined(lots: object, more: object, by: Sequence[str]) -> Document:
    """`lots` and `more`, those that are alike `by` these fields as one; none empty."""

    def alike(name: str) -> Document:
        return {"$eq": [{"$ifNull": [f"$$one.{name}", None]}, {"$ifNull": [f"$$this.{name}", None]}]}

    is_same = {"$and": [alike(name) for name in by]}
    same = {"$filter": {"input": "$$value", "as": "one", "cond": is_same}}
    others = {"$filter": {"input": "$$value", "as": "one", "cond": {"$not": [is_same]}}}
    points = {"$add": ["$$this.points", {"$sum": {"$map": {"input": same, "as": "one", "in": "$$one.points"}}}]}
    joined = {"$concatArrays": [others, [{"points": points, **{name: f"$$this.{name}" for name in by}}]]}
    all_lots = {"$reduce": {"input": more, "initialValue": lots, "in": joined}}
    return {"$filter": {"input": all_lots, "cond": {"$gt": ["$$this.points", 0]}}}
