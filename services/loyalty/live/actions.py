"""A wallet as it changes: a snapshot, or what came after a cursor, then every entry once and in order."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from services.loyalty.model import Entry, Wallet
from services.loyalty.store import LoyaltyStore

LOOK_S = 30.0
"""A subscriber looks this often without being woken; the hub's stream may stand still without an error."""
BATCH = 100
"""Entries read at a time."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The wallet as it was read with an entry, and the entry; the first of a subscription may have none."""

    wallet: Wallet
    entry: Entry | None

    @property
    def cursor(self) -> str:
        """The number to go on after."""
        return str(self.wallet.seq if self.entry is None else self.entry.seq)


async def changes(store: LoyaltyStore, wallet_id: str, after: int | None) -> AsyncGenerator[Changed, None]:
    """Every entry after the one with that number, for ever; without a number the wallet as it is first."""
    with store.live.watch(wallet_id) as stirred:
        if after is None:
            wallet = (await store.wallets_by_id([wallet_id])).get(wallet_id)
            after = 0 if wallet is None else wallet.seq
            if wallet is not None:
                yield Changed(wallet, None)
        while True:
            stirred.clear()
            wallet, entries = await store.entries_after(wallet_id, after, BATCH)
            for entry in entries:
                assert wallet is not None, "entries have a wallet"
                after = entry.seq
                yield Changed(wallet, entry)
            if len(entries) < BATCH:
                try:
                    async with asyncio.timeout(LOOK_S):
                        await stirred.wait()
                except TimeoutError:
                    continue
