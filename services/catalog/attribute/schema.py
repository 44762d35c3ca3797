"""Queries and mutations of attribute definitions; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.attribute import actions
from services.catalog.attribute.inputs import AttributeUpsertInput
from services.catalog.attribute.model import Visibility
from services.catalog.attribute.types import Attribute, AttributeUpsertPayload
from services.catalog.context import WRITE, Info


@strawberry.type
class AttributeQuery:
    """What may be read of definitions."""

    @strawberry.field(description="An attribute's definition; null if there is none, or only for staff.")
    async def attribute(
        self, info: Info, code: Annotated[strawberry.ID, strawberry.argument(description="Such as material.")]
    ) -> Attribute | None:
        """By code."""
        row = await info.context.loaders.attribute.load(code)
        return Attribute(row=row) if row is not None and info.context.may_see(row.visibility) else None

    @strawberry.field(description="The definitions of attributes, by code.")
    async def attributes(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Attribute]:
        """A page of what the caller may see."""
        seen = [one for one in Visibility if info.context.may_see(one)]
        page = await info.context.store.attribute.page(PageArgs.parse(first, after), seen)
        return Connection.of(page, lambda row: Attribute(row=row))


@strawberry.type
class AttributeMutation:
    """What may be changed of definitions."""

    @strawberry.mutation(
        description="Define an attribute, or replace the version of a definition somebody read.",
        directives=[needs(WRITE)],
    )
    async def attribute_upsert(
        self,
        info: Info,
        input: Annotated[AttributeUpsertInput, strawberry.argument(description="The definition, whole.")],
    ) -> AttributeUpsertPayload:
        """See `actions.upsert_attribute`."""
        info.context.caller.require(WRITE)
        action = actions.upsert_attribute(info.context.store, input.to_model(), input.expected_version)
        return await settle(action, AttributeUpsertPayload.of, AttributeUpsertPayload)
