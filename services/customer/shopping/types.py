"""GraphQL types of lists. An item points to its variant: price, stock and points come from their owners at once."""

from datetime import datetime
from typing import Final, Self

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.customer.foreign.types import Design, Variant, design_of, variant_of
from services.customer.shopping import model
from services.customer.shopping.actions import MadeLink
from services.customer.shopping.model import ListKind as ListKind  # the graph shows it as it is

strawberry.enum(ListKind, name="ShoppingListKind", description="What a list is for: WISH some day, SHOPPING next time.")


@strawberry.type(description="An item of a list.")
class ShoppingListItem:
    """See `model.Item`."""

    sku: strawberry.ID = strawberry.field(description="As it was put.")
    variant: Variant | None = strawberry.field(description="The variant as it is today: price, stock, points.")
    design: Design | None = strawberry.field(description="The saved design, if it is one.")
    quantity: int = strawberry.field(description="Pieces.")
    note: str | None = strawberry.field(description="In their own words.")
    added_at: datetime = strawberry.field(description="When it was put.")

    @classmethod
    def of(cls, row: model.Item) -> Self:
        """From the model."""
        return cls(
            sku=strawberry.ID(row.sku),
            variant=variant_of(row.sku),
            design=design_of(row.design_id),
            quantity=row.quantity,
            note=row.note,
            added_at=row.added_at,
        )


@strawberry.type(description="A shopping list or wish list. Its owner sees it, staff, and who has its link.")
class ShoppingList:
    """See `model.ShoppingList`."""

    row: strawberry.Private[model.ShoppingList]
    id: strawberry.ID = strawberry.field(description="lst_…")
    kind: ListKind = strawberry.field(description="What it is for.")
    name: str = strawberry.field(description="What it is called.")
    version: int = strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    link_expires_at: datetime | None = strawberry.field(description="Until when its link is in force; null: no link.")

    @strawberry.field(description="What is on it, in the order it was put; at most 100.")
    def items(self) -> list[ShoppingListItem]:
        """Few enough to be read whole."""
        return [ShoppingListItem.of(item) for item in self.row.items]

    @classmethod
    def of(cls, row: model.ShoppingList) -> Self:
        """From the model."""
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            kind=row.kind,
            name=row.name,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            link_expires_at=None if row.link is None else row.link.expires_at,
        )


@presents(model.ListFull)
@strawberry.type(description="As many items, or lists, as there may be.")
class ListFull(UserError):
    """See `model.ListFull`."""

    limit: int = strawberry.field(description="How many there may be.")


@presents(model.ListOwned)
@strawberry.type(description="The list is a member's already.")
class ListOwned(UserError):
    """See `model.ListOwned`."""


ERRORS: Final = (ListFull, ListOwned)


@strawberry.type(description="The list as it is by now, or why not.")
class ShoppingListPayload(Payload):
    """Of most mutations of lists."""

    list: ShoppingList | None = strawberry.field(default=None, description="The list.")

    @classmethod
    def of(cls, row: model.ShoppingList) -> "ShoppingListPayload":
        """From the model."""
        return cls(list=ShoppingList.of(row))


@strawberry.type(description="Whether the list is gone, or why not.")
class ShoppingListDeletePayload(Payload):
    """Of shoppingListDelete."""

    deleted: bool = strawberry.field(default=False, description="Whether it is gone.")


@strawberry.type(description="The link, or why not.")
class ShoppingListLinkPayload(Payload):
    """Of shoppingListLinkMake."""

    token: str | None = strawberry.field(
        default=None, description="The part of the link that nobody can guess; it is shown here and kept nowhere."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it is in force.")

    @classmethod
    def of(cls, made: MadeLink) -> "ShoppingListLinkPayload":
        """From the action."""
        return cls(token=made.token, expires_at=made.expires_at)
