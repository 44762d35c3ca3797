"""Batches of one request: every loader asks the store once for all keys of a moment."""

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.loyalty.model import Wallet
from services.loyalty.store import LoyaltyStore


class Loaders:
    """Loyalty's loaders; they live one request long."""

    def __init__(self, store: LoyaltyStore) -> None:
        self.wallet_by_id: DataLoader[str, Wallet | None] = by_key(store.wallets_by_id)
