"""Every MongoDB query of what a price is made of, and the live rules in memory; decides nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from kit.mongo import Database, Document
from services.catalog.model import PriceEntry
from services.catalog.offer.model import Viewer
from services.catalog.offer.store import offered_to
from services.catalog.pricing.store import PricingStore
from services.catalog.product.store import COLLECTION as PRODUCTS
from services.catalog.promotion.compiled import NOTHING, Compiled, compile_promotions
from services.catalog.promotion.store import PromotionStore, Stamp

FRESH_S = 0.5
"""How old the live rules may be before a request looks whether they changed: half of the second that is promised."""


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What a product's document says of a SKU's price."""

    sku: str
    product_id: str
    prices: tuple[PriceEntry, ...]
    category_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The promotions switched on, and what was said of the channels' tax."""

    promotions: Compiled
    policies: Mapping[str, Document]


class QuoteStore:
    """Facts of SKUs, and the rules, read again when they are older than `FRESH_S` and have changed."""

    def __init__(self, db: Database, pricing: PricingStore, promotions: PromotionStore) -> None:
        self._products = db[PRODUCTS]
        self._pricing = pricing
        self._promotions = promotions
        self._rules = Rules(NOTHING, {})
        self._stamps: list[Stamp] | None = None
        self._looked_at = 0.0
        self._looking = asyncio.Lock()

    async def facts(self, skus: Sequence[str], viewer: Viewer | None = None) -> dict[str, VariantFacts]:
        """What is known of these SKUs, by SKU, as far as the viewer is offered them: one query for all."""
        wanted = set(skus)
        fields = {"variants.sku": 1, "variants.prices": 1, "category_path": 1}
        where: Document = {"variants.sku": {"$in": list(wanted)}, **offered_to(viewer)}
        found: dict[str, VariantFacts] = {}
        for product in await self._products.find(where, fields).to_list():
            path = tuple(product.get("category_path", ()))
            for variant in product["variants"]:
                if (sku := variant["sku"]) in wanted:
                    prices = tuple(PriceEntry(**entry) for entry in variant.get("prices", ()))
                    found[sku] = VariantFacts(sku, product["_id"], prices, path)
        return found

    async def rules(self) -> Rules:
        """The rules, at most `FRESH_S` behind what other processes wrote."""
        if monotonic() - self._looked_at < FRESH_S:
            return self._rules
        async with self._looking:
            if monotonic() - self._looked_at >= FRESH_S:
                await self._look()
        return self._rules

    def forget(self) -> None:
        """Look again at the next request: something was changed here."""
        self._looked_at = 0.0

    async def _look(self) -> None:
        started = monotonic()
        stamps, policies = await asyncio.gather(self._promotions.stamps(), self._pricing.all_policies())
        promotions = self._rules.promotions
        if stamps != self._stamps:
            promotions = compile_promotions(await self._promotions.enabled())
        self._rules, self._stamps, self._looked_at = Rules(promotions, policies), stamps, started
