"""A life of three members: what the machine of `test_life` does to the service, and how many points there must be."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from kit.errors import Refusal, Refused
from kit.events import Event
from kit.ids import new_id
from kit.mongo import Document
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.adjustment.actions import set_policy
from services.loyalty.adjustment.model import AdjustmentPolicy, RoleLimit
from services.loyalty.bond.store import BondStore
from services.loyalty.claim.audit import audit_claims
from services.loyalty.documents import entry_of
from services.loyalty.earning.model import FIRST
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.model import Account, CustomerId, Entry, Wallet, wallet_id_of
from services.loyalty.reward.actions import create_reward
from services.loyalty.reward.model import Reward, RewardDraft, RewardKind
from services.loyalty.reward.store import RewardStore
from services.loyalty.spending.model import SpendRules
from services.loyalty.store import LoyaltyStore

MINIMUM = 3
DAY_LIMIT = 900
"""Of the programme's spending rules."""
DAY_CAP = 12
"""Points a member earns by the orders of a day."""
STOCK, PER_MEMBER = 3, 2
"""Of the rewards."""
ALONE, ALONE_A_DAY = 50, 120
"""What one member of staff changes by hand."""


@dataclass
class Life:
    """The members, what happened to them, and the points there are if nothing expired."""

    store: LoyaltyStore
    members: list[CustomerId]
    rewards: list[Reward]
    net: int = 0
    spent: list[tuple[CustomerId, str, int]] = field(default_factory=list)
    holds: dict[str, tuple[CustomerId, int]] = field(default_factory=dict)
    orders: dict[str, tuple[CustomerId, int]] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    bonds: list[tuple[str, CustomerId, CustomerId]] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)
    issued: Counter[str] = field(default_factory=Counter)
    count: int = 0

    @classmethod
    async def begin(cls, store: LoyaltyStore) -> "Life":
        """Nothing but members without points, two rewards, and rules of spending."""
        names = await store.db.list_collection_names(filter={"name": {"$not": {"$regex": r"^system\."}}})
        await asyncio.gather(*[store.db[name].delete_many({}) for name in names])
        now = utc_now() - timedelta(hours=5)
        spending = SpendRules(minimum=MINIMUM, day_limit=DAY_LIMIT)
        base = replace(FIRST.base, version=2)
        programme = replace(FIRST, base=base, spending=spending, valid_from=now, day_limit=DAY_CAP)
        await ProgrammeStore(store.db).versions.add(programme, "k", "f", "staff:ann", now)
        policy = AdjustmentPolicy(0, (RoleLimit("points:write", ALONE, ALONE_A_DAY),))
        await set_policy(store, policy, "k", expected_version=0, actor="staff:ann", now=now)
        coupon = RewardDraft({"en": "C"}, RewardKind.COUPON, 40, promotion_id="prm_1", per_member=PER_MEMBER)
        mug = RewardDraft({"en": "M"}, RewardKind.ARTICLE, 60, sku="MUG", stock=STOCK, returns_points=True)
        rewards = [
            await create_reward(store, draft, new_id("k"), actor="staff:ann", now=now) for draft in (coupon, mug)
        ]
        members = [CustomerId(new_id("cus")) for _ in range(3)]
        await store.open(dict.fromkeys(members, now))
        return cls(store, members, rewards)

    def key(self) -> str:
        """One nobody used."""
        self.count += 1
        return f"key-{self.count}"

    def root(self, who: CustomerId) -> CustomerId:
        """As whose part the customer service knows them."""
        parents = {merged: kept for _, kept, merged in self.bonds}
        while who in parents:
            who = parents[who]
        return who

    async def wallet(self, who: CustomerId) -> Wallet:
        return (await self.store.wallets_by_id([wallet_id_of(who)]))[wallet_id_of(who)]

    async def twice(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of asking two times at once and once more: always the same, or refused."""
        answers = [*await asyncio.gather(work(), work(), return_exceptions=True), await self.tried(work())]
        for answer in answers:
            if isinstance(answer, Exception) and not isinstance(answer, Refused):
                raise answer
        done = [answer for answer in answers if not isinstance(answer, Refused)]
        assert len(done) in (0, 3), answers
        return done[0] if done else answers[0].refusals[0]

    async def tried(self, work: Awaitable[Any]) -> Any:
        """The result, or Refused."""
        try:
            return await work
        except Refused as refused:
            return refused

    async def refusal(self, work: Awaitable[Any]) -> Refusal | None:
        """Why it was refused."""
        answer = await self.tried(work)
        return answer.refusals[0] if isinstance(answer, Refused) else None

    async def let_pass(self, days: int) -> None:
        """Every expiry comes so much nearer, which to the database's clock is time that has passed."""
        ms = days * 86_400_000
        names = ("regular_expires_at", "next_expiry_at", "next_notice_at")

        def sooner(lots: str) -> Document:
            moved = {"$mergeObjects": ["$$this", {"expires_at": {"$subtract": ["$$this.expires_at", ms]}}]}
            return {"$map": {"input": lots, "in": moved}}

        held = {"$mergeObjects": ["$$one", {"lots": sooner("$$one.lots")}]}
        values = {"limited": sooner("$limited"), "holds": {"$map": {"input": "$holds", "as": "one", "in": held}}}
        await self.store.wallets.update_many(
            {}, [{"$set": {**values, **{name: {"$subtract": [f"${name}", ms]} for name in names}}}]
        )
        both = {name: {"$subtract": [f"${name}", ms]} for name in ("source_expires_at", "into_expires_at")}
        joined = {"joined_expires_at": {"$subtract": ["$joined_expires_at", ms]}}
        await self.store.db["merges"].update_many({}, [{"$set": {**both, **joined}}])

    async def end_holds(self) -> None:
        """As if a week had passed for holds only."""
        ms = 8 * 86_400_000
        until = {"$mergeObjects": ["$$this", {"until": {"$subtract": ["$$this.until", ms]}}]}
        holds = {"$map": {"input": "$holds", "in": until}}
        change = {"holds": holds, "next_hold_end_at": {"$subtract": ["$next_hold_end_at", ms]}}
        await self.store.wallets.update_many({}, [{"$set": change}])

    async def problems(self) -> list[str]:
        """Everything that does not add up."""
        store, now = self.store, utc_now()
        found = await audit(store) + await audit_claims(store)
        wallets = [row async for row in store.wallets.find({}, {"_id": 1})]
        rows = list((await store.wallets_by_id([row["_id"] for row in wallets])).values())
        there = sum(wallet.booked + wallet.held - wallet.debt for wallet in rows)
        moved = Counter[Account]()
        for entry in await self.entries():
            for movement in entry.movements:
                moved[movement.account] += movement.points
        if there != self.net - moved[Account.EXPIRY]:
            found.append(f"{there} points, expected {self.net} less {moved[Account.EXPIRY]} expired")
        if moved[Account.TRANSFER] != 0:
            found.append(f"{moved[Account.TRANSFER]} points on their way")
        for wallet in rows:
            if wallet.balance(now) < 0 or wallet.debt < 0 or wallet.balance(now) > wallet.booked:
                found.append(f"{wallet.id}: balance {wallet.balance(now)} of {wallet.booked}, debt {wallet.debt}")
            if wallet.merged_into is not None and (wallet.booked, wallet.held, wallet.debt) != (0, 0, 0):
                found.append(f"{wallet.id}: merged, and not empty")
        rewards = await RewardStore(store.db).by_id([reward.id for reward in self.rewards])
        found += [
            f"{one.id}: {one.taken} taken" for one in rewards.values() if one.left is not None and one.taken > STOCK
        ]
        return found + await self._strayed()

    async def entries(self) -> list[Entry]:
        """Every entry, those in outboxes included."""
        found = [entry_of(row) async for row in self.store.journal.find({"data.walletId": {"$exists": True}})]
        async for wallet in self.store.wallets.find({}, {"outbox": 1}):
            found += [entry_of(row) for row in wallet["outbox"]]
        return list({entry.id: entry for entry in found}.values())

    async def points_of(self, order_id: str) -> int:
        """What an order has given, less what its returns took back."""
        found = [entry for entry in await self.entries() if entry.reference.order_id == order_id]
        return -sum(entry.moved(Account.ISSUANCE) for entry in found)

    async def _strayed(self) -> list[str]:
        """Members who are one and whose wallets are not, though nothing is on its way or waits."""
        if self.late or await BondStore(self.store.db).pending(utc_now() + timedelta(days=1), 1):
            return []
        homes = await self.store.homes(self.members)
        heads = {who: homes[who].customer_id if who in homes else who for who in self.members}
        return [f"{who}: its wallet is {heads[who]}'s" for who in self.members if heads[who] != self.root(who)]
