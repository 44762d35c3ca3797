"""What a quote costs, what a million coupons take, and how redemptions behave under load.

python -m benchmarks.catalog.quote pure               the pricing function alone
python -m benchmarks.catalog.quote gateway            the same through a running system, and redemptions
python -m benchmarks.catalog.quote coupons [COUNT]    a batch of coupons, a million by default
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load import TIMEOUT_S, load
from benchmarks.system import machine, running
from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport
from kit.mongo import connect, database, ensure_indexes
from kit.mongod import EmbeddedMongo
from services.catalog.coupon.actions import create_batch, make_codes
from services.catalog.coupon.model import Terms
from services.catalog.pricing.model import ListPrice, Scope, base_price
from services.catalog.pricing.tax import TaxPolicy
from services.catalog.promotion.compiled import compile_promotions
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Promotion,
    PromotionDraft,
    PromotionId,
    Situation,
    Target,
    tags_of,
)
from services.catalog.quote.model import Item, Market, WantedLine, price_basket
from services.catalog.store import INDEXES, CatalogStore

LINES, PROMOTIONS, PRODUCTS = 20, 200, 20
PORT = 8741
SECONDS = 5.0
REDEMPTIONS = 800
SECRET = b"b" * 32
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
QUOTE = """query($input: QuoteInput!) { quote(input: $input) { quote {
  gross { minorUnits } tax { minorUnits } rates { taxRate gross { minorUnits } }
  lines { sku quantity gross { minorUnits } discounts { name amount { minorUnits } } } } userErrors { message } } }"""
TOKEN = "query($input: QuoteInput!) { quote(input: $input) { quote { token } userErrors { message } } }"
REDEEM = """mutation($t: String!, $k: String!) { quoteRedeem(input: {token: $t, idempotencyKey: $k}) {
  redemption { state } userErrors { message } } }"""


def conditions(number: int) -> dict[str, Any]:
    """Of 200 live promotions 45 name one SKU of the basket, of which a line takes one (they share a group), and five
    mean every line and stack; 50 want a larger basket, 50 a segment the buyer is not in, 50 a coupon nobody gave."""
    kind = number % 4
    if kind == 0:
        return {"minBasket": "1000000"}
    if kind == 1:
        return {"segments": [f"s{number}"]}
    if kind == 2:
        return {"needsCoupon": True}
    return {"minQuantity": 2} if is_for_all(number) else {"skus": [f"P{number // 4 % PRODUCTS}"]}


def is_for_all(number: int) -> bool:
    """The five that mean every line."""
    return number % 40 == 3


def group_of(number: int) -> str | None:
    """The stacking group of those that name a SKU."""
    return "sku" if number % 4 == 3 and not is_for_all(number) else None


def promotion(number: int) -> Promotion:
    """The same for the model."""
    said = conditions(number)
    wanted = Conditions(
        Target(frozenset(said.get("skus", ()))),
        min_basket_minor=100_000_000 if "minBasket" in said else 0,
        min_quantity=said.get("minQuantity", 1),
        segments=frozenset(said.get("segments", ())),
        needs_coupon="needsCoupon" in said,
    )
    action, group = Action(ActionKind.PERCENT, percent_bp=10), group_of(number)
    draft = PromotionDraft({"en": f"Offer {number}"}, action, wanted, currency="EUR", group=group)
    return Promotion(PromotionId(f"prm_{number:03}"), 1, draft, NOW)


def pure() -> None:
    """CPU of one quote in this process."""
    lines = [WantedLine(f"P{n}", 1 + n % 3) for n in range(LINES)]
    tier = ListPrice("prc", Scope("EUR", min_quantity=3), 900)
    items = {
        line.sku: Item(
            line.sku,
            f"prd_{line.sku}",
            (base_price("EUR", 1_000, None), replace(tier, id=f"prc_{line.sku}")),
            tags_of(line.sku, f"prd_{line.sku}", ("cat_1", "cat_2")),
        )
        for line in lines
    }
    compiled = compile_promotions(promotion(n) for n in range(PROMOTIONS))
    policy, situation = TaxPolicy("web", 1_000), Situation("web", "EUR", NOW)
    market = Market.of(policy, situation, compiled)
    rounds, best = 300, 9.9
    for _ in range(5):
        begin = time.process_time()
        for _ in range(rounds):
            price_basket(lines, items, Market.of(policy, situation, compiled))
        best = min(best, (time.process_time() - begin) / rounds)
    one = [WantedLine("P1", 1)]
    begin = time.process_time()
    for _ in range(rounds):
        price_basket(one, items, market)
    single = (time.process_time() - begin) / rounds
    print(f"pure: {LINES} lines, {PROMOTIONS} promotions: {best * 1e3:.2f} ms CPU; one line: {single * 1e6:.0f} us CPU")


class Client:
    """Asks a running system; an answer with errors ends the benchmark."""

    def __init__(self, url: str, connections: int = 1) -> None:
        self.transport = PooledHttpTransport(url, max_connections=connections)

    async def ask(self, query: str, variables: dict[str, Any]) -> Any:
        answer = await self.transport.send(SubgraphRequest(query, variables, None, "query"), {}, TIMEOUT_S)
        (payload,) = answer["data"].values()
        if "errors" in answer or payload.get("userErrors"):
            raise SystemExit(f"refused: {answer}")
        return payload


async def furnish(client: Client) -> None:
    """Products and live promotions, by the public graph."""
    channel = 'mutation { channelUpsert(input: {id: "web", name: "Web", currency: "EUR", taxRate: "0.19"}) '
    await client.ask(channel + "{ userErrors { message } } }", {})
    product = "mutation($i: ProductUpsertInput!) { productUpsert(input: $i) { userErrors { message } } }"
    for number in range(PRODUCTS):
        names = [{"locale": "en", "text": f"Product {number}"}]
        prices = [{"amount": "10.00", "currency": "EUR"}]
        given = {"slug": f"p{number}", "names": names, "variants": [{"sku": f"P{number}", "prices": prices}]}
        await client.ask(product, {"i": given})
    offer = "mutation($i: PromotionUpsertInput!) { promotionUpsert(input: $i) { userErrors { message } } }"
    for number in range(PROMOTIONS):
        names = [{"locale": "en", "text": f"Offer {number}"}]
        action = {"kind": "PERCENT", "percent": "0.001"}
        given = {"names": names, "action": action, "conditions": conditions(number), "currency": "EUR"}
        given["group"] = group_of(number)
        if number == 3:
            given["limits"] = {"maxUses": 1_000_000, "budget": "10000000"}
        await client.ask(offer, {"i": given})


async def through_gateway(url: str, usage: Any) -> None:
    """Quotes at one and at 32 connections, then redemptions of distinct quotes at 32."""
    client = Client(url, 32)
    await furnish(client)
    lines = [{"sku": f"P{n}", "quantity": 1 + n % 3} for n in range(LINES)]
    given = {"input": {"lines": lines}}
    await load(url, QUOTE, given, connections=4, seconds=2)
    for connections in (1, 32):
        before = usage()
        done = await load(url, QUOTE, given, connections=connections, seconds=SECONDS)
        noren, mongod = usage().since(before)
        print(
            f"gateway: quote of {LINES} lines, {PROMOTIONS} promotions, {connections} connections: "
            f"{done.per_second:.0f}/s, p50 {done.p50_ms:.1f} ms, p99 {done.p99_ms:.1f} ms, "
            f"CPU Noren {noren / done.requests * 1e3:.2f} ms, mongod {mongod / done.requests * 1e3:.2f} ms"
        )
    await redemptions(client)


async def redemptions(client: Client) -> None:
    tokens = [
        (await client.ask(TOKEN, {"input": {"lines": [{"sku": "P3", "quantity": 2 + n}]}}))["quote"]["token"]
        for n in range(REDEMPTIONS)
    ]
    taken: list[float] = []

    async def worker(own: list[str]) -> None:
        for token in own:
            begin = time.perf_counter()
            await client.ask(REDEEM, {"t": token, "k": token[-40:]})
            taken.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(worker(tokens[n::32]) for n in range(32)))
    elapsed = time.perf_counter() - begin
    taken.sort()
    p50, p99 = taken[len(taken) // 2] * 1e3, taken[int(len(taken) * 0.99)] * 1e3
    print(
        f"gateway: quoteRedeem on one promotion with a budget, 32 connections: "
        f"{len(taken) / elapsed:.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    )


async def coupons(url: str, count: int) -> None:
    """A batch, made and kept."""
    async with connect(url) as client:
        db = database(client, "bench_coupons")
        await ensure_indexes(db, INDEXES)
        store = CatalogStore(db, SECRET)
        draft = PromotionDraft({"en": "x"}, Action(ActionKind.PERCENT, percent_bp=1), Conditions(needs_coupon=True))
        offer = await store.promotion.insert(draft, NOW)
        batch = await create_batch(store, Terms(offer.id, count), "bench", now=NOW)
        cpu, begin = time.process_time(), time.perf_counter()
        await make_codes(store, batch)
        elapsed, used = time.perf_counter() - begin, time.process_time() - cpu
        size = (await db.command("collStats", "coupons"))["size"] / count
        print(
            f"coupons: {count:,} in {elapsed:.1f} s ({count / elapsed:,.0f}/s, "
            f"{used / count * 1e6:.1f} us CPU each), {size:.0f} bytes each"
        )


def main(what: str = "pure", *rest: str) -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as directory:
        if what == "pure":
            pure()
        elif what == "gateway":
            with running(Path(directory), PORT, "--no-seed") as system:
                asyncio.run(through_gateway(system.url, system.usage))
        else:
            mongo = EmbeddedMongo.start(Path(directory))
            try:
                asyncio.run(coupons(mongo.url, int(rest[0]) if rest else 1_000_000))
            finally:
                mongo.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
