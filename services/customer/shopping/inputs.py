"""GraphQL inputs of lists."""

import strawberry

from services.customer.shopping import model
from services.customer.shopping.actions import ListRequest
from services.customer.shopping.types import ListKind


@strawberry.input(description="An item for a list.")
class ShoppingListItemInput:
    """See `model.ItemDraft`."""

    sku: strawberry.ID = strawberry.field(description="What.")
    design_id: strawberry.ID | None = strawberry.field(default=None, description="A saved design of it.")
    quantity: int = strawberry.field(default=1, description=f"Pieces, 1 to {model.MAX_QUANTITY}.")
    note: str | None = strawberry.field(default=None, description=f"At most {model.MAX_NOTE} characters.")

    def to_model(self) -> model.ItemDraft:
        """For the model."""
        return model.ItemDraft(self.sku, self.design_id, self.quantity, self.note)


@strawberry.input(description="A list to be made: of the calling customer, of a customer, or of a device.")
class ShoppingListCreateInput:
    """See `actions.ListRequest`."""

    idempotency_key: str = strawberry.field(description="The same key and input again gives the same list.")
    kind: ListKind = strawberry.field(description="What it is for.")
    name: str = strawberry.field(description=f"1 to {model.MAX_NAME} characters.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Whose, if not the caller's.")
    device: str | None = strawberry.field(
        default=None, description="At which device, if nobody is logged in: a kiosk's or cookie's id."
    )
    items: list[ShoppingListItemInput] = strawberry.field(
        default_factory=list, description=f"At most {model.MAX_ITEMS}; of one SKU and design the last one counts."
    )

    def to_request(self, owner: str) -> ListRequest:
        """For the action."""
        items = tuple(item.to_model() for item in self.items)
        return ListRequest(owner, self.kind, self.name, items, self.idempotency_key)


@strawberry.input(description="What a list says of a SKU, or of a design of it.")
class ShoppingListItemPutInput:
    """See `actions.put_item`."""

    list_id: strawberry.ID = strawberry.field(description="Which list.")
    expected_version: int = strawberry.field(description="The version that was read.")
    sku: strawberry.ID = strawberry.field(description="What.")
    design_id: strawberry.ID | None = strawberry.field(default=None, description="A saved design of it.")
    quantity: int = strawberry.field(default=1, description=f"Pieces, 0 to {model.MAX_QUANTITY}; 0 takes it out.")
    note: str | None = strawberry.field(default=None, description=f"At most {model.MAX_NOTE} characters.")

    def to_model(self) -> model.ItemDraft:
        """For the model."""
        return model.ItemDraft(self.sku, self.design_id, self.quantity, self.note)


@strawberry.input(description="Another name for a list.")
class ShoppingListRenameInput:
    """See `actions.rename`."""

    list_id: strawberry.ID = strawberry.field(description="Which list.")
    expected_version: int = strawberry.field(description="The version that was read.")
    name: str = strawberry.field(description=f"1 to {model.MAX_NAME} characters.")


@strawberry.input(description="A list that is wanted no more.")
class ShoppingListDeleteInput:
    """See `actions.delete`."""

    list_id: strawberry.ID = strawberry.field(description="Which list.")
    expected_version: int = strawberry.field(description="The version that was read.")


@strawberry.input(description="A link to a list, to be mailed.")
class ShoppingListLinkMakeInput:
    """See `actions.make_link`."""

    list_id: strawberry.ID = strawberry.field(description="Which list.")
    idempotency_key: str = strawberry.field(description="The same key again gives the same link.")
    days: int = strawberry.field(
        default=model.LINK_DAYS, description=f"How long it is in force, 1 to {model.MAX_LINK_DAYS}."
    )


@strawberry.input(description="A link that is to be void.")
class ShoppingListLinkRevokeInput:
    """See `actions.revoke_link`."""

    list_id: strawberry.ID = strawberry.field(description="Which list's.")


@strawberry.input(description="A device's list that the calling customer wants to have.")
class ShoppingListTakeOverInput:
    """See `actions.take_over`."""

    token: str = strawberry.field(description="Of the link.")
