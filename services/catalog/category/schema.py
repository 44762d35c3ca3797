"""Queries and mutations of categories; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.category import actions, model
from services.catalog.category.inputs import CategoryArchiveInput, CategoryMoveInput, CategoryUpsertInput
from services.catalog.category.types import Category, CategoryArchivePayload, CategoryMovePayload, CategoryUpsertPayload
from services.catalog.context import WRITE, Info


@strawberry.type
class CategoryQuery:
    """What may be read of categories."""

    @strawberry.field(description="One category, by id or by slug.")
    async def category(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="cat_…")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Such as road-bikes.")] = None,
    ) -> Category | None:
        """Null if there is none."""
        loaders = info.context.loaders
        loader, key = exactly_one(id=(loaders.category_by_id, id), slug=(loaders.category_by_slug, slug))
        row = await loader.load(key)
        return None if row is None else Category(row=row)

    @strawberry.field(description="The category tree, every category before its children; archived ones for staff.")
    async def categories(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Category]:
        """A page."""
        page = await info.context.store.category.page(PageArgs.parse(first, after), hidden=info.context.sees_all)
        return Connection.of(page, lambda row: Category(row=row))


@strawberry.type
class CategoryMutation:
    """What may be changed of categories."""

    @strawberry.mutation(description="Create a category, or rename one.", directives=[needs(WRITE)])
    async def category_upsert(
        self,
        info: Info,
        input: Annotated[
            CategoryUpsertInput, strawberry.argument(description="A new category, or an id and new names.")
        ],
    ) -> CategoryUpsertPayload:
        """See `actions.create_category` and `actions.rename_category`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert_category(info, input), CategoryUpsertPayload.of, CategoryUpsertPayload)

    @strawberry.mutation(
        description="Move a category with all below it; products follow within seconds.", directives=[needs(WRITE)]
    )
    async def category_move(
        self, info: Info, input: Annotated[CategoryMoveInput, strawberry.argument(description="Which, and whither.")]
    ) -> CategoryMovePayload:
        """See `actions.move_category`."""
        info.context.caller.require(WRITE)
        return await settle(_move_category(info, input), CategoryMovePayload.of, CategoryMovePayload)

    @strawberry.mutation(
        description="Hide a category with all below it from shoppers, or show it again.", directives=[needs(WRITE)]
    )
    async def category_archive(
        self, info: Info, input: Annotated[CategoryArchiveInput, strawberry.argument(description="Which.")]
    ) -> CategoryArchivePayload:
        """See `actions.archive_category`."""
        info.context.caller.require(WRITE)
        store, now = info.context.store, info.context.caller.at
        action = actions.archive_category(store, input.id, input.archived, input.expected_version, now=now)
        return await settle(action, CategoryArchivePayload.of, CategoryArchivePayload)


async def _move_category(info: Info, input: CategoryMoveInput) -> model.Category:
    store, now = info.context.store, info.context.caller.at
    position, version = input.position, input.expected_version
    return await actions.move_category(store, input.id, input.parent_id, position, version, now=now)


async def _upsert_category(info: Info, input: CategoryUpsertInput) -> model.Category:
    store, names, now = info.context.store, input.names_by_locale(), info.context.caller.at
    if input.id is not None:
        return await actions.rename_category(store, input.id, names, input.read_version(), now=now)
    return await actions.create_category(store, input.needed_slug(), names, input.parent_id, input.position, now=now)
