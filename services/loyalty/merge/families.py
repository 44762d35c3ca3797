"""Who belongs to whom: which wallet stands for a merged customer, and which customers a wallet stands for.

A part of the store; reads wallets only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kit.mongo import Collection
from services.loyalty.model import CustomerId, WalletId, wallet_id_of

MAX_DEPTH = 50
"""Merges of merges; `MAX_MEMBERS` of a wallet ends a chain before."""


@dataclass(frozen=True, slots=True)
class Home:
    """The wallet that stands for a customer by now, and the merges that lead to it, the last one first.

    `former`: wallets that stood for it before its own did so again.
    """

    wallet_id: WalletId
    customer_id: CustomerId
    path: str | None
    former: tuple[WalletId, ...] = ()


async def homes(wallets: Collection, customer_ids: Sequence[str]) -> dict[str, Home]:
    """The homes of these customers; those who were never merged are left out."""
    own = {wallet_id_of(id): id for id in customer_ids}
    fields = {"merged_into": 1, "merge_id": 1, "homes": 1, "customer_id": 1}
    rows = await wallets.find({"_id": {"$in": list(own)}, "homes.0": {"$exists": True}}, fields).to_list()
    found: dict[str, Home] = {}
    for row in rows:
        former, path, at = await _ever(wallets, row["homes"]), "", row
        for _ in range(MAX_DEPTH):
            if at.get("merged_into") is None:
                break
            path = f"{at['merge_id']}/{path}" if path else at["merge_id"]
            above = await wallets.find_one({"_id": at["merged_into"]}, fields)
            assert above is not None, "a wallet is never removed"
            at = above
        found[own[row["_id"]]] = Home(at["_id"], at["customer_id"], path or None, former)
    return found


async def _ever(wallets: Collection, homes: Sequence[WalletId]) -> tuple[WalletId, ...]:
    """These, and all that ever stood for one of them: a customer's posting may lie in any of their outboxes."""
    found: dict[WalletId, None] = {}
    left = list(homes)
    while left:
        found |= dict.fromkeys(left)
        above = wallets.find({"_id": {"$in": left}, "homes.0": {"$exists": True}}, {"homes": 1})
        left = sorted({home async for row in above for home in row["homes"]} - found.keys())
    return tuple(found)


async def families(wallets: Collection, customer_ids: Sequence[str]) -> dict[str, list[str]]:
    """Of each of these customers, who else their wallet stands for; those alone in it are left out."""
    own = [wallet_id_of(id) for id in customer_ids]
    found = wallets.find({"_id": {"$in": own}, "merges.0": {"$exists": True}}, {"customer_id": 1, "merges": 1})
    return {row["customer_id"]: [member["customer_id"] for member in row["merges"]] async for row in found}
