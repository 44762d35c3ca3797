"""What is to be told before points expire. No I/O, no clock.

Of one wallet and one moment of expiry a notice of fewer days follows one of more, and none is told twice. A sweep that
is late tells the most urgent one that is due and leaves out those it overtook: "in 30 days" would not be true any more.
Whose points move their expiry on, because the member earns or spends, is told anew before the new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.loyalty.model import CustomerId, Wallet, WalletId

NOTICE_DAYS = (30, 7, 1)
"""A month to plan, a week to buy, a last day."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`points` of a wallet expire at `at`, `days` days or less from when this is told."""

    wallet_id: WalletId
    customer_id: CustomerId
    points: int
    at: datetime
    days: int

    @property
    def id(self) -> str:
        """Of its event; one for a wallet, a moment of expiry and a number of days."""
        return f"{self.wallet_id}/expiring:{self.at.isoformat()}:{self.days}"


def notices(wallet: Wallet, told: Mapping[datetime, int], now: datetime) -> list[Notice]:
    """What is due at `now`; `told` are the fewest days told of each expiry. Lots of one expiry are one notice."""
    points: dict[datetime, int] = {}
    for lot in wallet.lots(now):
        points[lot.expires_at] = points.get(lot.expires_at, 0) + lot.points
    due = []
    for at, amount in points.items():
        reached = [days for days in NOTICE_DAYS if at - timedelta(days=days) <= now]
        if reached and min(reached) < told.get(at, NOTICE_DAYS[0] + 1):
            due.append(Notice(wallet.id, wallet.customer_id, amount, at, min(reached)))
    return due
