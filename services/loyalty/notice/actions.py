"""The sweep that tells before points expire."""

from datetime import datetime

from services.loyalty.notice.model import notices
from services.loyalty.store import LoyaltyStore, wallet_from

SWEEP_BATCH = 500
"""Wallets looked at a time: some hundred kilobytes."""


async def tell_expiring(store: LoyaltyStore, now: datetime) -> int:
    """Tell what is due of up to `SWEEP_BATCH` wallets; return how many wallets there were.

    The database's clock decides: one of ours that runs ahead finds nothing, one behind is late. First a notice is kept
    with its event, then the wallet knows of it: a sweep that dies between the two, or two at once, tell it once.
    """
    rows = await store.notice.due(now, SWEEP_BATCH)
    found = []
    for row in rows:
        told: dict[datetime, int] = {}
        for one in row.get("noticed", ()):
            told[one["at"]] = min(one["days"], told.get(one["at"], one["days"]))
        found += notices(wallet_from(row), told, row["database_now"])
    if found:
        await store.notice.tell(found, rows[0]["database_now"])
    await store.notice.mark([row["_id"] for row in rows], found)
    return len(rows)
