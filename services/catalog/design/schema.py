"""Queries and mutations of customised products; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog.context import WRITE, Info
from services.catalog.design import actions, model
from services.catalog.design.inputs import DesignSaveInput, ProductCustomizationSetInput
from services.catalog.design.types import Design, DesignSavePayload, ProductCustomizationSetPayload


@strawberry.type
class DesignQuery:
    """What may be read of designs."""

    @strawberry.field(description="A saved design; whoever has its id may open it.")
    async def design(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="dsg_…")]
    ) -> Design | None:
        """Null if there is none."""
        row = await info.context.loaders.design.load(id)
        return None if row is None else Design(row=row)


@strawberry.type
class DesignMutation:
    """What may be changed of customizations, and designs saved."""

    @strawberry.mutation(
        description="Set what may be chosen of a product: a new version, the old ones stay.", directives=[needs(WRITE)]
    )
    async def product_customization_set(
        self,
        info: Info,
        input: Annotated[ProductCustomizationSetInput, strawberry.argument(description="All of it.")],
    ) -> ProductCustomizationSetPayload:
        """See `actions.set_customization`."""
        info.context.caller.require(WRITE)
        return await settle(_set(info, input), ProductCustomizationSetPayload.of, ProductCustomizationSetPayload)

    @strawberry.mutation(description="Save what a shopper made of a product, if the rules allow it; needs no scope.")
    async def design_save(
        self, info: Info, input: Annotated[DesignSaveInput, strawberry.argument(description="What was chosen.")]
    ) -> DesignSavePayload:
        """See `actions.save_design`."""
        return await settle(_save(info, input), DesignSavePayload.of, DesignSavePayload)


async def _set(info: Info, input: ProductCustomizationSetInput) -> model.Customization:
    store, now = info.context.store, info.context.caller.at
    return await actions.set_customization(store, input.to_model(), input.expected_version, now=now)


async def _save(info: Info, input: DesignSaveInput) -> model.Design:
    viewer, now = await info.context.viewer(), info.context.caller.at
    request = input.to_request()
    return await actions.save_design(info.context.store, request, input.idempotency_key, viewer, now=now)
