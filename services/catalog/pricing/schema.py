"""List prices and tax in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.errors import NotFound, Refused
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog.context import WRITE, Info
from services.catalog.pricing import actions
from services.catalog.pricing.inputs import (
    ChannelTaxSetInput,
    ListPricesSetInput,
    ListPriceWithdrawInput,
    TaxClassSetInput,
)
from services.catalog.pricing.model import PriceBook as Book
from services.catalog.pricing.store import policy_of, sku_key
from services.catalog.pricing.tax import TaxPolicy
from services.catalog.pricing.types import (
    ChannelTax,
    ChannelTaxSetPayload,
    ListPricesSetPayload,
    PriceBook,
    PriceBookPayload,
    TaxClassSetPayload,
)


@strawberry.type
class PricingQuery:
    """What may be read of list prices; those of segments and ranks are staff's to see."""

    @strawberry.field(
        description="Every list price of a variant; needs the scope catalog:write.", directives=[needs(WRITE)]
    )
    async def price_book(
        self, info: Info, sku: Annotated[strawberry.ID, strawberry.argument(description="Of which variant.")]
    ) -> PriceBook:
        """Empty if there is none."""
        info.context.caller.require(WRITE)
        key = sku_key(sku)
        return PriceBook.of(sku, (await info.context.store.pricing.books([key])).get(key, Book()))

    @strawberry.field(description="How a channel is taxed; null if there is no such channel.")
    async def channel_tax(
        self, info: Info, channel: Annotated[str, strawberry.argument(description="Which channel.")]
    ) -> ChannelTax | None:
        """The default where nothing was said."""
        there = await info.context.loaders.channel.load(channel)
        if there is None:
            return None
        said = (await info.context.store.pricing.policies([channel])).get(channel)
        return ChannelTax.of(policy_of(channel, there.tax_rate_bp, said))


@strawberry.type
class PricingMutation:
    """What may be changed of prices."""

    @strawberry.mutation(
        description="Add or replace list prices, up to 200, each with its own refusal.", directives=[needs(WRITE)]
    )
    async def list_prices_set(
        self, info: Info, input: Annotated[ListPricesSetInput, strawberry.argument(description="The prices.")]
    ) -> ListPricesSetPayload:
        """See `actions.set_list_prices`."""
        info.context.caller.require(WRITE)
        return await settle(_set_prices(info, input), ListPricesSetPayload.of, ListPricesSetPayload)

    @strawberry.mutation(description="Take a list price out; the history keeps it.", directives=[needs(WRITE)])
    async def list_price_withdraw(
        self, info: Info, input: Annotated[ListPriceWithdrawInput, strawberry.argument(description="Which.")]
    ) -> PriceBookPayload:
        """See `actions.withdraw_list_price`."""
        info.context.caller.require(WRITE)
        store, now = info.context.store, info.context.caller.at
        action = actions.withdraw_list_price(store, input.sku, input.id, now=now)
        return await settle(action, lambda b: PriceBookPayload(book=PriceBook.of(input.sku, b)), PriceBookPayload)

    @strawberry.mutation(description="Say what a variant or a product is to the tax office.", directives=[needs(WRITE)])
    async def tax_class_set(
        self, info: Info, input: Annotated[TaxClassSetInput, strawberry.argument(description="What, and its class.")]
    ) -> TaxClassSetPayload:
        """See `actions.set_tax_class`."""
        info.context.caller.require(WRITE)
        exactly_one(sku=("", input.sku), productId=("", input.product_id))
        ids = {"sku": input.sku, "product_id": input.product_id}
        action = actions.set_tax_class(info.context.store, input.tax_class, **ids)
        return await settle(action, lambda _: TaxClassSetPayload(tax_class=input.tax_class), TaxClassSetPayload)

    @strawberry.mutation(description="Say how a channel is taxed.", directives=[needs(WRITE)])
    async def channel_tax_set(
        self, info: Info, input: Annotated[ChannelTaxSetInput, strawberry.argument(description="The policy, whole.")]
    ) -> ChannelTaxSetPayload:
        """See `actions.set_tax_policy`."""
        info.context.caller.require(WRITE)
        return await settle(_set_policy(info, input), ChannelTaxSetPayload.of, ChannelTaxSetPayload)


async def _set_prices(info: Info, input: ListPricesSetInput) -> actions.BooksEdited:
    return await actions.set_list_prices(info.context.store, input.to_drafts(), now=info.context.caller.at)


async def _set_policy(info: Info, input: ChannelTaxSetInput) -> TaxPolicy:
    channel = await info.context.loaders.channel.load(input.channel)
    if channel is None:
        raise Refused(NotFound(path=("input", "channel"), kind="Channel", id=input.channel))
    return await actions.set_tax_policy(info.context.store, input.to_policy(channel.tax_rate_bp))
