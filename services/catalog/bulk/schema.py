"""The bulk mutation; a resolver of a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog.bulk.actions import call_bulk
from services.catalog.bulk.model import ItemResult
from services.catalog.bulk.types import ProductBulkUpsertInput, ProductBulkUpsertPayload
from services.catalog.context import WRITE, Info


@strawberry.type
class BulkMutation:
    """Products by the thousand."""

    @strawberry.mutation(
        description="Create or replace up to 1,000 products, each judged alone.", directives=[needs(WRITE)]
    )
    async def product_bulk_upsert(
        self, info: Info, input: Annotated[ProductBulkUpsertInput, strawberry.argument(description="The products.")]
    ) -> ProductBulkUpsertPayload:
        """See `bulk.actions.call_bulk`."""
        info.context.caller.require(WRITE)
        return await settle(_call(info, input), ProductBulkUpsertPayload.of, ProductBulkUpsertPayload)


async def _call(info: Info, input: ProductBulkUpsertInput) -> "list[ItemResult]":
    now = info.context.caller.at
    return list(await call_bulk(info.context.store, input.to_items(), input.key(), input.fingerprint(), now=now))
