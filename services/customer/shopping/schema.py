"""Lists' part of Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import Forbidden, InvalidInput, Refused
from kit.graphql.errors import settle
from services.customer.behaviour.checks import check_device
from services.customer.context import LISTS_READ, LISTS_WRITE, Info
from services.customer.device.model import device_subject
from services.customer.shopping import actions, model
from services.customer.shopping.inputs import (
    ShoppingListCreateInput,
    ShoppingListDeleteInput,
    ShoppingListItemPutInput,
    ShoppingListLinkMakeInput,
    ShoppingListLinkRevokeInput,
    ShoppingListRenameInput,
    ShoppingListTakeOverInput,
)
from services.customer.shopping.model import token_digest
from services.customer.shopping.types import (
    ShoppingList,
    ShoppingListDeletePayload,
    ShoppingListLinkPayload,
    ShoppingListPayload,
)


@strawberry.type
class ShoppingQuery:
    """What may be read."""

    @strawberry.field(description="One list: the calling customer's own, or any with lists:read. Null if none.")
    async def shopping_list(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="lst_…")]
    ) -> ShoppingList | None:
        """Another's looks like none."""
        found = (await info.context.store.shopping.by_id([id])).get(id)
        return ShoppingList.of(found) if found is not None and await _is_for(info, found, LISTS_READ) else None

    @strawberry.field(description="The list a link leads to; null if the link is wrong, void or over. For everybody.")
    async def shopping_list_by_link(
        self, info: Info, token: Annotated[str, strawberry.argument(description="Of the link.")]
    ) -> ShoppingList | None:
        """Who has the link may read."""
        found = await info.context.store.shopping.by_link(token_digest(token), info.context.caller.at)
        return None if found is None else ShoppingList.of(found)


@strawberry.type
class ShoppingMutation:
    """What may be changed: a customer their own lists, systems with lists:write any."""

    @strawberry.mutation(description="Make a list. A device's, or another's than the caller's, needs lists:write.")
    async def shopping_list_create(
        self, info: Info, input: Annotated[ShoppingListCreateInput, strawberry.argument(description="What.")]
    ) -> ShoppingListPayload:
        """See `actions.create`."""
        return await settle(_create(info, input), ShoppingListPayload.of, ShoppingListPayload)

    @strawberry.mutation(description="Put, change or take out an item of the version that was read.")
    async def shopping_list_item_put(
        self, info: Info, input: Annotated[ShoppingListItemPutInput, strawberry.argument(description="What.")]
    ) -> ShoppingListPayload:
        """See `actions.put_item`."""
        return await settle(_put(info, input), ShoppingListPayload.of, ShoppingListPayload)

    @strawberry.mutation(description="Call the version that was read something else.")
    async def shopping_list_rename(
        self, info: Info, input: Annotated[ShoppingListRenameInput, strawberry.argument(description="What.")]
    ) -> ShoppingListPayload:
        """See `actions.rename`."""
        return await settle(_rename(info, input), ShoppingListPayload.of, ShoppingListPayload)

    @strawberry.mutation(description="Let the version that was read go.")
    async def shopping_list_delete(
        self, info: Info, input: Annotated[ShoppingListDeleteInput, strawberry.argument(description="Which.")]
    ) -> ShoppingListDeletePayload:
        """See `actions.delete`."""
        done = _delete(info, input)
        return await settle(done, lambda _: ShoppingListDeletePayload(deleted=True), ShoppingListDeletePayload)

    @strawberry.mutation(description="Make a link to a list, in place of the one before: to be mailed.")
    async def shopping_list_link_make(
        self, info: Info, input: Annotated[ShoppingListLinkMakeInput, strawberry.argument(description="To which.")]
    ) -> ShoppingListLinkPayload:
        """See `actions.make_link`."""
        return await settle(_link(info, input), ShoppingListLinkPayload.of, ShoppingListLinkPayload)

    @strawberry.mutation(description="Make the link of a list void; without a link nothing changes.")
    async def shopping_list_link_revoke(
        self, info: Info, input: Annotated[ShoppingListLinkRevokeInput, strawberry.argument(description="Whose.")]
    ) -> ShoppingListPayload:
        """See `actions.revoke_link`."""
        return await settle(_revoke(info, input), ShoppingListPayload.of, ShoppingListPayload)

    @strawberry.mutation(
        description="Take over a device's list by its link, which is void afterwards. For the customer who calls."
    )
    async def shopping_list_take_over(
        self, info: Info, input: Annotated[ShoppingListTakeOverInput, strawberry.argument(description="Which.")]
    ) -> ShoppingListPayload:
        """See `actions.take_over`."""
        context, customer = info.context, info.context.caller.customer
        if customer is None:
            raise Forbidden("a list is taken over by a customer")
        person = await context.loaders.person_of(customer)
        taken = actions.take_over(context.store, input.token, customer, person, now=context.caller.at)
        return await settle(taken, ShoppingListPayload.of, ShoppingListPayload)


async def _create(info: Info, input: ShoppingListCreateInput) -> model.ShoppingList:
    owner = _owner(info, input)
    return await actions.create(info.context.store, input.to_request(owner), now=info.context.caller.at)


async def _put(info: Info, input: ShoppingListItemPutInput) -> model.ShoppingList:
    there, now = await _own(info, input.list_id), info.context.caller.at
    return await actions.put_item(info.context.store, there, input.expected_version, input.to_model(), now=now)


async def _rename(info: Info, input: ShoppingListRenameInput) -> model.ShoppingList:
    there, now = await _own(info, input.list_id), info.context.caller.at
    return await actions.rename(info.context.store, there, input.expected_version, input.name, now=now)


async def _delete(info: Info, input: ShoppingListDeleteInput) -> None:
    await actions.delete(info.context.store, await _own(info, input.list_id), input.expected_version)


async def _link(info: Info, input: ShoppingListLinkMakeInput) -> actions.MadeLink:
    there, now = await _own(info, input.list_id), info.context.caller.at
    return await actions.make_link(info.context.store, there, input.idempotency_key, input.days, now=now)


async def _revoke(info: Info, input: ShoppingListLinkRevokeInput) -> model.ShoppingList:
    return await actions.revoke_link(info.context.store, await _own(info, input.list_id))


def _owner(info: Info, input: ShoppingListCreateInput) -> str:
    caller = info.context.caller
    if input.device is None and input.customer_id in (None, caller.customer) and caller.customer is not None:
        return caller.customer
    caller.require(LISTS_WRITE)
    if (input.customer_id is None) == (input.device is None):
        expected = "exactly one of customerId and device"
        raise Refused(InvalidInput(expected=expected, got="neither" if input.device is None else "both"))
    if input.customer_id is not None:
        return input.customer_id
    check_device(str(input.device))
    return device_subject(info.context.store.secret, str(input.device))


async def _own(info: Info, id: str) -> model.ShoppingList:
    """A list the caller may change; another's looks like none."""
    found = await actions.existing(info.context.store.shopping, id)
    if not await _is_for(info, found, LISTS_WRITE):
        raise actions.no_list("listId", id)
    return found


async def _is_for(info: Info, found: model.ShoppingList, scope: str) -> bool:
    caller = info.context.caller
    if scope in caller.scopes:
        return True
    return caller.customer is not None and found.owner in (await info.context.loaders.person_of(caller.customer)).ids
