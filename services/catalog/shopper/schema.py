"""Shoppers in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog.context import WRITE, Info
from services.catalog.shopper import actions
from services.catalog.shopper.types import ShopperFacts, ShopperFactsSetPayload


@strawberry.input(description="A customer's segments and rank by hand, both whole.")
class ShopperFactsSetInput:
    """See `actions.put_shopper`."""

    customer_id: strawberry.ID = strawberry.field(description="cus_…")
    segments: list[str] = strawberry.field(default_factory=list, description="All of them.")
    rank: str | None = strawberry.field(default=None, description="None: no rank.")


@strawberry.type
class ShopperQuery:
    """What staff may read of shoppers."""

    @strawberry.field(
        description="What prices know of a customer; needs the scope catalog:write.", directives=[needs(WRITE)]
    )
    async def shopper_facts(
        self, info: Info, customer_id: Annotated[strawberry.ID, strawberry.argument(description="cus_…")]
    ) -> ShopperFacts:
        """Empty if nothing was told."""
        info.context.caller.require(WRITE)
        return ShopperFacts.of(customer_id, await info.context.store.shopper.get(customer_id))


@strawberry.type
class ShopperMutation:
    """What may be changed of shoppers."""

    @strawberry.mutation(
        description="Set a customer's segments and rank; a later event goes before them.", directives=[needs(WRITE)]
    )
    async def shopper_facts_set(
        self, info: Info, input: Annotated[ShopperFactsSetInput, strawberry.argument(description="The facts.")]
    ) -> ShopperFactsSetPayload:
        """See `actions.put_shopper`."""
        info.context.caller.require(WRITE)
        store, now, id = info.context.store, info.context.caller.at, input.customer_id
        action = actions.put_shopper(store, id, frozenset(input.segments), input.rank, now=now)
        return await settle(
            action, lambda s: ShopperFactsSetPayload(shopper=ShopperFacts.of(id, s)), ShopperFactsSetPayload
        )
