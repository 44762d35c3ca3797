"""The order service's Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.schema import build_schema
from kit.graphql.types import ExternalIdInput
from services.order import model
from services.order.actions import record_order
from services.order.context import READ, WRITE, Info
from services.order.identity.model import ExternalId
from services.order.inputs import OrderRecordInput, OrderReturnRecordInput
from services.order.returns.actions import record_return
from services.order.returns.model import Return
from services.order.types import (
    AlreadyRecorded,
    Customer,
    Order,
    OrderRecordPayload,
    OrderReturnRecordPayload,
    ReturnExceedsSold,
    TooManyReturns,
    order_of,
)


@strawberry.type
class Query:
    """What may be read."""

    @strawberry.field(description="One order, by id or by what it is called elsewhere. One's own, or with orders:read.")
    async def order(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="ord_…")] = None,
        external_id: Annotated[
            ExternalIdInput | None, strawberry.argument(description="What it is called where it was sold.")
        ] = None,
    ) -> Order | None:
        """Null if there is none, or none for this caller."""
        if info.context.caller.customer is None:
            info.context.caller.require(READ)
        return order_of(info, await _find(info, id, external_id))


@strawberry.type
class Mutation:
    """What may be recorded; all of it needs the scope orders:write."""

    @strawberry.mutation(description="Record a sale, once, exactly as it is on the receipt.", directives=[needs(WRITE)])
    async def order_record(
        self,
        info: Info,
        input: Annotated[OrderRecordInput, strawberry.argument(description="What was sold, with its sums.")],
    ) -> OrderRecordPayload:
        """See `actions.record_order`."""
        info.context.caller.require(WRITE)
        return await settle(_record(info, input), OrderRecordPayload.of, OrderRecordPayload)

    @strawberry.mutation(
        description="Record what came back, once; never more of a line than was sold of it.", directives=[needs(WRITE)]
    )
    async def order_return_record(
        self, info: Info, input: Annotated[OrderReturnRecordInput, strawberry.argument(description="What came back.")]
    ) -> OrderReturnRecordPayload:
        """See `returns.actions.record_return`."""
        info.context.caller.require(WRITE)
        return await settle(_record_return(info, input), OrderReturnRecordPayload.of, OrderReturnRecordPayload)


async def _find(info: Info, id: str | None, external_id: ExternalIdInput | None) -> model.Order | None:
    if (id is None) == (external_id is None):
        given = 0 if id is None else 2
        raise BadUserInput(f"expected exactly one of the arguments id, externalId, got {given}")
    if external_id is None:
        return await info.context.loaders.order_by_id.load(str(id))
    wanted = ExternalId(external_id.source, external_id.value)
    return (await info.context.store.by_external_ids([wanted])).get(wanted)


async def _record(info: Info, input: OrderRecordInput) -> model.Order:
    caller = info.context.caller
    return await record_order(info.context.store, input.to_draft(caller), input.idempotency_key, now=caller.at)


async def _record_return(info: Info, input: OrderReturnRecordInput) -> Return:
    caller = info.context.caller
    return await record_return(info.context.store, input.to_draft(caller), input.idempotency_key, now=caller.at)


schema = build_schema(Query, Mutation, types=[Customer], errors=[AlreadyRecorded, ReturnExceedsSold, TooManyReturns])
