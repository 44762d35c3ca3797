"""When a wallet's next notice is due, as an expression over its document. A part of the store."""

from kit.mongo import Document
from services.loyalty.notice.model import NOTICE_DAYS

TOLD: Document = {"$ifNull": ["$noticed", []]}
"""Of each expiry the fewest days told: `{at, days}`."""


def next_notice_at() -> Document:
    """The first moment at which something is to be told of a lot that has not expired; null if nothing is.

    An expiry leaves what is kept: it may then be too early, which the next sweep mends, and never too late.
    """
    regular: Document = {"$cond": [{"$gt": ["$regular_points", 0]}, ["$regular_expires_at"], []]}
    expiries = {"$concatArrays": [regular, {"$map": {"input": "$limited", "in": "$$this.expires_at"}}]}
    alive = {"$filter": {"input": expiries, "cond": {"$gt": ["$$this", "$$NOW"]}}}
    of_it = {"$filter": {"input": TOLD, "as": "one", "cond": {"$eq": ["$$one.at", "$$expiry"]}}}
    told = {"$min": {"$map": {"input": of_it, "as": "one", "in": "$$one.days"}}}
    following = zip(NOTICE_DAYS, (*NOTICE_DAYS[1:], None), strict=True)
    branches = [
        {"case": {"$eq": ["$$told", days]}, "then": None if then is None else _before(then)} for days, then in following
    ]
    due = {"$switch": {"branches": branches, "default": _before(NOTICE_DAYS[0])}}
    each = {"$let": {"vars": {"told": told}, "in": due}}
    return {"$min": {"$map": {"input": alive, "as": "expiry", "in": each}}}


def _before(days: int) -> Document:
    return {"$dateSubtract": {"startDate": "$$expiry", "unit": "day", "amount": days}}
