"""Waiting lists' part of Query and Mutation; everything here is a customer's own."""

from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.waiting import actions
from services.inventory.waiting.types import (
    StockWait,
    WaitingListJoinInput,
    WaitingListLeaveInput,
    WaitingListPayload,
)


@strawberry.type
class WaitingQuery:
    """What may be read."""

    @strawberry.field(description="What the customer who asks waits for, or waited for of late, newest first.")
    async def stock_waits(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[StockWait]:
        """A page."""
        page = await info.context.store.waiting.page(_customer(info), PageArgs.parse(first, after))
        return Connection.of(page, StockWait.of)


@strawberry.type
class WaitingMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Ask to be told, once, when a variant is back; what is there already is told at once. Asked again "
        "it returns the same place in the list. For customers."
    )
    async def waiting_list_join(
        self, info: Info, input: Annotated[WaitingListJoinInput, strawberry.argument(description="For what.")]
    ) -> WaitingListPayload:
        """See `waiting.actions.join`."""
        caller = info.context.caller
        joined = actions.join(info.context.store, input.to_draft(_customer(info), caller.channel), now=caller.at)
        return await settle(joined, WaitingListPayload.of, WaitingListPayload)

    @strawberry.mutation(description="Do not want to be told any more. For the customer whose wait it is.")
    async def waiting_list_leave(
        self, info: Info, input: Annotated[WaitingListLeaveInput, strawberry.argument(description="Which.")]
    ) -> WaitingListPayload:
        """See `waiting.actions.leave`."""
        left = actions.leave(info.context.store, str(input.id), _customer(info), now=info.context.caller.at)
        return await settle(left, WaitingListPayload.of, WaitingListPayload)


def _customer(info: Info) -> str:
    """Whose waits these are; Forbidden without a customer."""
    customer = info.context.caller.customer
    if customer is None:
        raise Forbidden("a waiting list is for customers")
    return customer
