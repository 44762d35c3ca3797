"""The graph's part about exporting; the resolver is three lines."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from services.customer.access.model import AccessKind
from services.customer.context import READ, Info
from services.customer.export import actions


@strawberry.type
class ExportQuery:
    """For the customer themselves, or with customers:read."""

    @strawberry.field(
        description="Everything the customer service holds on a person; what others hold stands beside it in the same "
        "query: customer { wallet … orders … }."
    )
    async def customer_export(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="cus_…")]
    ) -> JSON | None:
        """Null if there is none."""
        if not await info.context.may_see(id):
            info.context.caller.require(READ)
        await info.context.saw(AccessKind.EXPORT, [id])
        customer = await info.context.loaders.customer.load(id)
        found = None if customer is None else await actions.export(info.context.store, customer, info.context.caller.at)
        return None if found is None else JSON(found)
