"""Batches of one request: every loader asks the store once for all keys of a moment."""

import asyncio
from datetime import datetime
from functools import partial

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.earning.model import Programmes
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.model import Wallet
from services.loyalty.rank.actions import progress_of
from services.loyalty.rank.model import Progress, Standing
from services.loyalty.store import LoyaltyStore


class Loaders:
    """Loyalty's loaders; they live one request long. `now` is the instant of the request."""

    def __init__(self, store: LoyaltyStore, now: datetime) -> None:
        self.wallet_by_id: DataLoader[str, Wallet | None] = by_key(store.wallets_by_id)
        self.pending_of: DataLoader[str, int | None] = by_key(AccrualStore(store.db).pending)
        self.standing_of: DataLoader[str, Standing | None] = by_key(store.ranks.of)
        self.progress_of: DataLoader[str, Progress | None] = by_key(partial(progress_of, store.ranks, now=now))
        self._programmes = ProgrammeStore(store.db)
        self._known: asyncio.Task[Programmes] | None = None

    async def programmes(self) -> Programmes:
        """Every earning programme, read once a request."""
        if self._known is None:
            self._known = asyncio.create_task(self._programmes.all())
        return await asyncio.shield(self._known)
