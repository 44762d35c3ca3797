"""Promises' part of Query."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from services.inventory.context import Info
from services.inventory.promise.model import MAX_SKUS
from services.inventory.promise.types import VariantPromise, WhereArgument, promises_of


@strawberry.input(description="So many pieces of a SKU.")
class PromiseLineInput:
    """One line."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(default=1, description="Pieces.")


@strawberry.type
class PromiseQuery:
    """What may be asked."""

    @strawberry.field(
        description="When each of these can be had: at shops, delivered, or not at all; each line for itself. On a "
        "channel that shows bands, more than 1 piece needs the scope stock:read."
    )
    async def promises(
        self,
        info: Info,
        lines: Annotated[list[PromiseLineInput], strawberry.argument(description=f"1 to {MAX_SKUS}.")],
        where: WhereArgument,
    ) -> list[VariantPromise]:
        """In the order of the lines."""
        if not lines:
            raise BadUserInput("lines: expected at least one")
        return await promises_of(info, [(line.sku, line.quantity) for line in lines], where)
