"""Quotes in the graph; every resolver is a line or three."""

from datetime import datetime
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.errors import settle
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.catalog.context import Info
from services.catalog.pricing.model import PriceContext, explain
from services.catalog.pricing.types import PriceCandidate
from services.catalog.quote.actions import Quoted, load_market, load_past, quote, quote_one
from services.catalog.quote.buyer import Buyer, Wish, buyer_of
from services.catalog.quote.inputs import QuoteInput
from services.catalog.quote.model import MAX_QUANTITY, Market
from services.catalog.quote.quoted import QuotePayload
from services.catalog.quote.shown import shown
from services.catalog.quote.steps import told_steps
from services.catalog.quote.types import Price, PriceExplanation, PricePoint

Channel = Annotated[str | None, strawberry.argument(description="Another channel than the caller's: quotes:write.")]
Place = Annotated[str | None, strawberry.argument(description="Another location than the caller's: quotes:write.")]
Customer = Annotated[
    strawberry.ID | None, strawberry.argument(description="Another customer than the caller: quotes:write.")
]
At = Annotated[datetime | None, strawberry.argument(description="Another instant than now: quotes:write.")]
Currency = Annotated[CurrencyCode | None, strawberry.argument(description="Another currency than the channel's.")]
Sku = Annotated[strawberry.ID, strawberry.argument(description="Of which variant.")]


@strawberry.type
class QuoteQuery:
    """What things cost, and why."""

    @strawberry.field(description="What a basket costs, line by line, and why; the same on every channel.")
    async def quote(
        self, info: Info, input: Annotated[QuoteInput, strawberry.argument(description="The basket.")]
    ) -> QuotePayload:
        """See `actions.quote`."""
        return await settle(_quote(info, input), QuotePayload.of, QuotePayload)

    @strawberry.field(description="Every price of a variant, which one holds and why; null if there is no variant.")
    async def explain_price(
        self,
        info: Info,
        sku: Sku,
        quantity: Annotated[int, strawberry.argument(description="Pieces bought together.")] = 1,
        currency: Currency = None,
        channel: Channel = None,
        location: Place = None,
        customer_id: Customer = None,
        at: At = None,
    ) -> PriceExplanation | None:
        """By `pricing.model.explain`, and the quote."""
        return await _explain(info, sku, quantity, Wish(channel, location, customer_id, at, currency))

    @strawberry.field(description="What everybody was shown for one piece on a channel, with tax, the latest first.")
    async def price_history(
        self,
        info: Info,
        sku: Sku,
        channel: Annotated[str | None, strawberry.argument(description="Another channel than the caller's.")] = None,
        currency: Currency = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[PricePoint]:
        """Empty if there is no variant."""
        points = await _history(info, sku, channel, currency)
        page = slice_page(list(enumerate(reversed(points))), lambda row: (row[0],), PageArgs.parse(first, after))
        return Connection.of(page, lambda row: row[1])


async def _quote(info: Info, input: QuoteInput) -> Quoted:
    store = info.context.store
    buyer = await buyer_of(store, info.context.caller, input.to_wish())
    return await quote(store, input.to_lines(), buyer, input.coupons)


async def _explain(info: Info, sku: str, quantity: int, wish: Wish) -> PriceExplanation | None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise BadUserInput(f"quantity: expected 1 to {MAX_QUANTITY}, got {quantity}")
    buyer = await buyer_of(info.context.store, info.context.caller, wish)
    item = await info.context.loaders.item.load(sku)
    if item is None:
        return None
    market = await load_market(info.context.store, buyer)
    candidates = explain(item.prices, _context(market, quantity))
    quoted = quote_one(item, market, quantity)
    return PriceExplanation(
        sku=strawberry.ID(sku),
        candidates=[PriceCandidate.of(one) for one in candidates],
        price=None if quoted is None else Price.of(quoted, market),
        steps=told_steps(candidates, quoted),
    )


def _context(market: Market, quantity: int) -> PriceContext:
    here = market.situation
    return PriceContext(here.currency, here.channel, here.at, here.location, here.segments, here.rank, quantity)


async def _history(info: Info, sku: str, channel: str | None, currency: CurrencyCode | None) -> list[PricePoint]:
    store, caller = info.context.store, info.context.caller
    id = channel or caller.channel
    there = await info.context.loaders.channel.load(id)
    item = await info.context.loaders.item.load(sku)
    if there is None:
        raise BadUserInput(f"channel: {id!r} does not exist")
    if item is None:
        return []
    unit = currency or there.currency
    market = await load_market(store, Buyer(there, unit, caller.at))
    past = await load_past(store, [sku])
    return [PricePoint.of(point, unit) for point in shown(item, market, past[sku])]
