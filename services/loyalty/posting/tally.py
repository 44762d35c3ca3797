"""Tallies: what a wallet counts of a name within a window, and never above a limit. Expressions; a part of the store.

They lie in the wallet's document, so the limit is in the filter of the very update that counts: exact, however many
count at once. What a merged customer counts has their `origin`, as lots have: it counts for all, and goes back with
them.
"""

from kit.mongo import Document
from services.loyalty.posting.model import Tally

KEPT: Document = {"$ifNull": ["$tallies", []]}
_ORIGIN: Document = {"$ifNull": ["$asked.origin", None]}


def has_room(tally: Tally) -> Document:
    """Whether the tally stays within its limit."""
    return {"$lte": [{"$add": [counted(tally), tally.add]}, tally.limit]}


def count(tallies: tuple[Tally, ...]) -> list[Document]:
    """The stages that count them, and forget what no event can reach any more."""
    stages: list[Document] = []
    for tally in tallies:
        over = {"$and": [{"$ne": ["$$this.until", None]}, {"$lte": ["$$this.until", "$$NOW"]}]}
        mine = {"$and": [_is_it(tally), {"$eq": [{"$ifNull": ["$$this.origin", None]}, _ORIGIN]}]}
        others = {"$filter": {"input": KEPT, "cond": {"$not": [{"$or": [mine, over]}]}}}
        so_far = {"$sum": {"$map": {"input": {"$filter": {"input": KEPT, "cond": mine}}, "in": "$$this.n"}}}
        now = {"name": {"$literal": tally.name}, "at": _start(tally), "until": _until(tally)}
        new = {**now, "n": {"$add": [so_far, tally.add]}, "origin": {"$ifNull": [_ORIGIN, "$$REMOVE"]}}
        stages.append({"$set": {"tallies": {"$concatArrays": [others, [new]]}}})
    return stages


def counted(tally: Tally) -> Document:
    """What is counted by now."""
    its = {"$filter": {"input": KEPT, "cond": _is_it(tally)}}
    return {"$sum": {"$map": {"input": its, "in": "$$this.n"}}}


def _is_it(tally: Tally) -> Document:
    return {"$and": [{"$eq": ["$$this.name", {"$literal": tally.name}]}, {"$eq": ["$$this.at", _start(tally)]}]}


def _start(tally: Tally) -> object:
    return tally.at if tally.unit is None else {"$dateTrunc": {"date": "$$NOW", "unit": tally.unit}}


def _until(tally: Tally) -> object:
    if tally.unit is None:
        return tally.until
    return {"$dateAdd": {"startDate": _start(tally), "unit": tally.unit, "amount": 1}}
