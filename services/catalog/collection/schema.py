"""Queries and mutations of collections; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.collection import actions, model
from services.catalog.collection.types import CollectionUpsertInput, CollectionUpsertPayload, ProductCollection
from services.catalog.context import WRITE, Info


@strawberry.type
class CollectionQuery:
    """What may be read of collections."""

    @strawberry.field(description="One collection, by id or by slug.")
    async def collection(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="col_…")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Such as summer-sale.")] = None,
    ) -> ProductCollection | None:
        """Null if there is none."""
        store = info.context.store.collection
        find, key = exactly_one(id=(store.by_id, id), slug=(store.by_slug, slug))
        row = (await find([key])).get(key)
        return None if row is None else ProductCollection(row=row)

    @strawberry.field(description="Collections, by name.")
    async def collections(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[ProductCollection]:
        """A page."""
        page = await info.context.store.collection.page(PageArgs.parse(first, after))
        return Connection.of(page, lambda row: ProductCollection(row=row))


@strawberry.type
class CollectionMutation:
    """What may be changed of collections."""

    @strawberry.mutation(
        description="Create a collection, or replace the version somebody read.", directives=[needs(WRITE)]
    )
    async def collection_upsert(
        self, info: Info, input: Annotated[CollectionUpsertInput, strawberry.argument(description="All of it.")]
    ) -> CollectionUpsertPayload:
        """See `actions.upsert_collection`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert(info, input), CollectionUpsertPayload.of, CollectionUpsertPayload)


async def _upsert(info: Info, input: CollectionUpsertInput) -> model.Collection:
    store, now = info.context.store, info.context.caller.at
    return await actions.upsert_collection(store, input.to_draft(), input.id, input.read_version(), now=now)
