"""Every MongoDB query of what a price is made of, and the live rules in memory; decides nothing.

Two kinds of facts: the rules, which hold for whatever is in the basket and are few, and what single SKUs depend on.
Both are kept in memory. A write of this process is heeded by the next request after it (`forget`, `forget_products`);
what other processes write, within a second: rules are looked at every `FRESH_S`, of SKUs a change stream tells
(`follow`), and where nobody follows, they are read each time. What is kept is what was stored: who is offered a product
and which price holds is decided anew at the instant of every request.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from types import MappingProxyType
from typing import Final

from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import PyMongoError

from kit.log import logger
from kit.mongo import Database, Document
from services.catalog.collection.membership import NO_COLLECTIONS, Collections, Traits
from services.catalog.collection.store import CollectionStore
from services.catalog.model import PriceEntry
from services.catalog.offer.documents import parse_offer
from services.catalog.offer.model import EVERYWHERE, Offer
from services.catalog.pricing.model import PriceBook, base_prices
from services.catalog.pricing.store import BOOKS, PricingStore, product_key, sku_key
from services.catalog.pricing.tax import TaxClass
from services.catalog.product.store import COLLECTION as PRODUCTS
from services.catalog.promotion.compiled import NOTHING, Compiled, compile_promotions
from services.catalog.promotion.model import tags_of
from services.catalog.promotion.store import PromotionStore, Stamp
from services.catalog.quote.memory import Known, Memory
from services.catalog.quote.model import Item

log = logger(__name__)

FRESH_S: Final = 0.5
"""How old the live rules may be before a request looks whether they changed: half of the second that is promised."""
AWAIT_MS: Final = 200
"""How long the server waits for a change before it says that there was none: a promise of freshness each time."""
RETRY_S: Final = 0.5
_READ: Final = {
    "variants.sku": 1,
    "variants.prices": 1,
    "variants.components": 1,
    "variants.options": 1,
    "variants.attributes": 1,
    "category_path": 1,
    "offer": 1,
    "brand": 1,
    "tags": 1,
    "attributes": 1,
    "created_at": 1,
}
_CHANGES: Final[list[Document]] = [
    {
        "$match": {
            "ns.coll": {"$in": [PRODUCTS, BOOKS]},
            "$or": [
                {"operationType": {"$ne": "update"}},
                {"updateDescription.updatedFields.version": {"$exists": True}},
                {"updateDescription.updatedFields.category_path": {"$exists": True}},
            ],
        }
    },
    {"$project": {"ns": 1, "documentKey": 1}},
]
"""An outbox that is emptied changes no price."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The promotions switched on, and what was said of the channels' tax."""

    promotions: Compiled
    policies: Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What a product's document says of a SKU's price, and of who is offered it."""

    sku: str
    product_id: str
    prices: tuple[PriceEntry, ...]
    category_path: tuple[str, ...]
    offer: Offer = EVERYWHERE
    components: tuple[str, ...] = ()
    traits: Traits | None = None


NO_FACTS: Final[Mapping[str, VariantFacts]] = MappingProxyType({})


class QuoteStore:
    """Facts of SKUs, and the rules."""

    def __init__(
        self, db: Database, pricing: PricingStore, promotions: PromotionStore, collections: CollectionStore
    ) -> None:
        self._db = db
        self._products = db[PRODUCTS]
        self._pricing = pricing
        self._promotions = promotions
        self._collections = collections
        self._memory = Memory()
        self._rules = Rules(NOTHING, {})
        self._stamps: list[Stamp] | None = None
        self._collection_stamps: list[tuple[str, int]] = []
        self._looked_at = float("-inf")
        self._asked, self._seen = 1, 0
        self._looking = asyncio.Lock()

    async def known(self, skus: Collection[str], facts: Mapping[str, VariantFacts] = NO_FACTS) -> dict[str, Known]:
        """What is known of these SKUs, by SKU: from memory, and what is not there in two queries for all.

        Of those in `facts` the product was read just now, by who is offered it: one query, and nothing is kept, because
        what changed since that reading is not known. They do not say what rules of collections ask: where promotions
        name such, all is read.
        """
        if self._rules.promotions.collections.has_rules:
            facts = NO_FACTS
        wanted = sorted(set(skus))
        found = self._memory.find(wanted, monotonic())
        given = [facts[sku] for sku in wanted if sku not in found and sku in facts]
        missing = [sku for sku in wanted if sku not in found and sku not in facts]
        if given:
            found |= await self._with_books(given)
        if missing:
            found |= await self._read_and_keep(missing)
        return found

    async def known_now(self, skus: Collection[str]) -> dict[str, Known]:
        """The same as MongoDB has it now, for what must not depend on memory: two queries for all."""
        return await self._read(sorted(set(skus)))

    async def rules(self) -> Rules:
        """The rules: of this process's own writes all, of others' at most `FRESH_S` behind."""
        if not self._is_fresh():
            async with self._looking:
                if not self._is_fresh():
                    await self._look()
        return self._rules

    def forget(self) -> None:
        """Look again at the next request: a rule was changed here."""
        self._asked += 1

    def forget_products(self, ids: Collection[str]) -> None:
        """Read these products again: they were changed here."""
        self._memory.forget(products=ids)

    def forget_book(self, key: str) -> None:
        """Read the SKU or the product of this book again: it was changed here."""
        kind, _, id = key.partition(":")
        self._memory.forget(skus=[id] if kind == "sku" else (), products=[id] if kind == "product" else ())

    async def follow(self) -> None:
        """Keep what was read of SKUs for as long as it is so, for ever; an unreachable database is waited for.

        Not in a sharded cluster: there a silent stream says nothing, because it waits for the shard that is behind.
        """
        while not await self._is_sharded():
            try:
                async with self._changes() as changes:
                    self._memory.forget_all()
                    while changes.alive:
                        asked_at = monotonic()
                        change = await changes.try_next()
                        if change is None:
                            self._memory.heard(asked_at)
                        else:
                            self._forget_changed(change)
            except PyMongoError as error:
                log.warning("prices are read each time", error=type(error).__name__)
            finally:
                self._memory.lose()
            await asyncio.sleep(RETRY_S)

    async def _is_sharded(self) -> bool:
        try:
            return (await self._db.client.admin.command("hello")).get("msg") == "isdbgrid"
        except PyMongoError:
            return False

    @asynccontextmanager
    async def _changes(self) -> AsyncGenerator[AsyncChangeStream[Document]]:
        """From the moment of a read on, so that later reads have all that the stream does not tell."""
        async with self._db.client.start_session(causal_consistency=True) as session:
            await self._products.find_one({"_id": ""}, {"_id": 1}, session=session)
            now = session.operation_time
        async with await self._db.watch(_CHANGES, start_at_operation_time=now, max_await_time_ms=AWAIT_MS) as stream:
            yield stream

    def _forget_changed(self, change: Document) -> None:
        key = change.get("documentKey", {}).get("_id")
        if key is None:  # a collection was dropped or renamed
            self._memory.forget_all()
        elif change["ns"]["coll"] == PRODUCTS:
            self.forget_products([key])
        else:
            self.forget_book(key)

    async def _read_and_keep(self, skus: Sequence[str]) -> dict[str, Known]:
        reading = self._memory.begin()
        try:
            read = await self._read(skus)
            self._memory.keep(reading, read)
        finally:
            self._memory.drop(reading)
        return read

    async def _read(self, skus: Sequence[str]) -> dict[str, Known]:
        wanted = set(skus)
        rows = await self._products.find({"variants.sku": {"$in": list(skus)}}, _READ).to_list()
        return await self._with_books([fact for row in rows for fact in _facts(row) if fact.sku in wanted])

    def _named(self) -> list[str]:
        return [id for id, _ in self._collection_stamps]

    async def _with_books(self, facts: Sequence[VariantFacts]) -> dict[str, Known]:
        products = {fact.product_id for fact in facts}
        keys = [*(sku_key(fact.sku) for fact in facts), *map(product_key, products)]
        books = await self._pricing.books(keys) if keys else {}
        return {fact.sku: _known(fact, books) for fact in facts}

    def _is_fresh(self) -> bool:
        return self._seen == self._asked and monotonic() - self._looked_at < FRESH_S

    async def _look(self) -> None:
        started, asked = monotonic(), self._asked
        stamps, policies = await asyncio.gather(self._promotions.stamps(), self._pricing.all_policies())
        promotions = self._rules.promotions
        if stamps != self._stamps or await self._collections.stamps(self._named()) != self._collection_stamps:
            live = await self._promotions.enabled()
            named = sorted(frozenset[str]().union(*(one.draft.conditions.target.collections for one in live)))
            collections = list((await self._collections.by_id(named)).values()) if named else []
            promotions = compile_promotions(live, Collections.of(collections) if named else NO_COLLECTIONS)
            self._collection_stamps = sorted((one.id, one.version) for one in collections)
        self._rules = Rules(promotions, policies)
        self._stamps, self._looked_at, self._seen = stamps, started, asked


def _facts(product: Document) -> list[VariantFacts]:
    offer, traits = parse_offer(product.get("offer")), _traits(product)
    return [
        VariantFacts(
            sku=variant["sku"],
            product_id=product["_id"],
            prices=tuple(PriceEntry(**entry) for entry in variant.get("prices", ())),
            category_path=traits.category_path,
            offer=offer,
            components=tuple(one["sku"] for one in variant.get("components", ())),
            traits=traits,
        )
        for variant in product["variants"]
    ]


def _traits(product: Document) -> Traits:
    variants = product["variants"]
    return Traits(
        created_at=product.get("created_at"),
        category_path=tuple(product.get("category_path", ())),
        brand=product.get("brand"),
        tags=tuple(product.get("tags", ())),
        options=frozenset(pair for variant in variants for pair in variant.get("options", {}).items()),
        attributes=tuple(
            (given["code"], given["value"]) for owner in (product, *variants) for given in owner.get("attributes", ())
        ),
        prices=frozenset(
            (one["currency"], one["gross_minor"]) for variant in variants for one in variant.get("prices", ())
        ),
    )


def _known(fact: VariantFacts, books: Mapping[str, PriceBook]) -> Known:
    own, shared = books.get(sku_key(fact.sku)), books.get(product_key(fact.product_id))
    tax_class = (own.tax_class if own is not None else None) or (shared.tax_class if shared is not None else None)
    item = Item(
        sku=fact.sku,
        product_id=fact.product_id,
        prices=base_prices(fact.prices) + (own.prices if own is not None else ()),
        tags=tags_of(fact.sku, fact.product_id, fact.category_path),
        tax_class=tax_class or TaxClass.STANDARD,
        traits=fact.traits,
    )
    return Known(item, fact.offer, fact.components)
