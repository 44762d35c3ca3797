"""A till: a shop with promotions and coupons, quotes over it, and a database whose calls can be broken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kit.context import RequestContext
from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from services.catalog.coupon.actions import create_batch
from services.catalog.coupon.model import Terms, code_at
from services.catalog.model import Channel, PriceEntry
from services.catalog.product.actions import upsert_product
from services.catalog.promotion.actions import upsert_promotion
from services.catalog.promotion.model import Action, ActionKind, Conditions, Limits, Promotion, PromotionDraft
from services.catalog.quote.actions import Quoted, quote
from services.catalog.quote.buyer import Buyer
from services.catalog.quote.model import WantedLine
from services.catalog.quote.token import Promise, promise_of, read, sign
from services.catalog.redemption.actions import audit_redemptions
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import WEB, draft, variant

SECRET = b"c" * 32
TENTH = Action(ActionKind.PERCENT, percent_bp=1_000)
"""A mug costs 1000 cents: one use takes 100."""


class Crash(Exception):
    """Our process died here."""


Hook = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@dataclass(slots=True)
class Broken:
    """A real database; every awaited call on these collections passes the hook."""

    db: Database
    hook: Hook
    names: tuple[str, ...] = ("redemptions", "promotions", "promotion_customers", "coupons")

    def __getitem__(self, name: str) -> Any:
        return BrokenCalls(self.db[name], self.hook) if name in self.names else self.db[name]


@dataclass(slots=True)
class BrokenCalls:
    """One collection of it."""

    collection: Any
    hook: Hook

    def __getattr__(self, method: str) -> Any:
        real = getattr(self.collection, method)
        if method not in ("update_one", "update_many", "find_one", "find_one_and_update", "bulk_write", "insert_many"):
            return real
        return lambda *args, **kwargs: self.hook(lambda: real(*args, **kwargs))


def dies_at(step: int, *, before: bool) -> Hook:
    """The process dies at the `step`-th call, before it is sent or when it has been done."""
    count = 0

    async def hook(call: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal count
        count += 1
        if count == step and before:
            raise Crash
        result = await call()
        if count == step:
            raise Crash
        return result

    return hook


@dataclass(slots=True)
class Till:
    """Sells mugs."""

    store: CatalogStore
    channel: Channel = WEB
    caller: RequestContext = field(default_factory=lambda: RequestContext(channel="web"))

    @classmethod
    async def open(cls, store: CatalogStore) -> "Till":
        """With a mug for ten euros."""
        mug = draft(variants=(variant("MUG", prices=(PriceEntry("EUR", 1_000),)),))
        await upsert_product(store, mug, None, now=utc_now())
        return cls(store)

    async def offer(self, action: Action = TENTH, *, coupon: bool = False, **limits: int) -> Promotion:
        """A promotion on everything."""
        said = PromotionDraft(
            {"en": "Offer"}, action, Conditions(needs_coupon=coupon), Limits(**limits), currency="EUR"
        )
        return await upsert_promotion(self.store, said, None, None, now=utc_now())

    async def code(self, promotion: Promotion, **terms: Any) -> str:
        """A coupon of a promotion."""
        batch = await create_batch(self.store, Terms(promotion.id, **terms), new_id("key"), now=utc_now())
        return code_at(self.store.keys.coupon_drawing, batch, 0)

    async def quote(self, *codes: str, customer: str | None = None, **buyer: Any) -> Quoted:
        """One mug, as it is now."""
        who = Buyer(self.channel, "EUR", utc_now(), None, customer)
        return await quote(self.store, [WantedLine("MUG", 1)], replace(who, **buyer), codes)

    async def promise(self, *codes: str, customer: str | None = None, at: datetime | None = None) -> Promise:
        """The same, signed and read again."""
        quoted = await self.quote(*codes, customer=customer)
        made = promise_of(quoted.quote, new_id("trc"), location=None, customer=customer, at=at or utc_now())
        return read(sign(made, self.store.keys.quote_signing), self.store.keys.quote_signing)

    async def counted(self, promotion: Promotion) -> tuple[int, int]:
        """Uses and what was spent."""
        kept = (await self.store.promotion.by_id([promotion.id]))[promotion.id]
        return kept.uses, kept.spent_minor

    async def coupon_uses(self) -> list[int]:
        """Of every coupon."""
        return [document["uses"] for document in await self.store.db["coupons"].find().sort("_id").to_list()]

    async def audit(self) -> list[str]:
        """Every counter that is not the sum of what is held or redeemed, and every hold that nobody explains."""
        live = await self.store.db["redemptions"].find({"state": {"$in": ["HELD", "REDEEMED"]}}).to_list()
        problems = await audit_redemptions(self.store)
        for name, counter in (("promotions", "PROMOTION"), ("promotion_customers", "CUSTOMER"), ("coupons", "COUPON")):
            for document in await self.store.db[name].find().to_list():
                takes = [
                    (row, take)
                    for row in live
                    for take in row["takes"]
                    if (take["counter"], take["id"]) == (counter, document["_id"])
                ]
                spent = sum(take["amount_minor"] for _, take in takes)
                if (document["uses"], document.get("spent_minor", 0)) != (len(takes), spent):
                    problems.append(f"{document['_id']}: {document['uses']} uses, {len(takes)} taken")
                held = {key for key, amount in document.get("holds", {}).items() if amount >= 0}
                known = {f"{row['_id']}-{row['attempt']}" for row, _ in takes if row["state"] == "HELD"}
                if held != known:
                    problems.append(f"{document['_id']}: held by {held}, explained {known}")
        return problems
