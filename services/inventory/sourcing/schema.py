"""Sourcing's part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput, Refused
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.inventory.capacity.types import PickHold
from services.inventory.context import Info
from services.inventory.promise.types import View
from services.inventory.reservation.types import Reservation
from services.inventory.sourcing.actions import SourcedReservation, reserve_sourced
from services.inventory.sourcing.gathering import Proposal, propose
from services.inventory.sourcing.types import (
    SourcingExplanation,
    SourcingInput,
    SourcingPlan,
    StockReserveSourcedInput,
    StockReserveSourcedPayload,
)

RESERVE = "stock:reserve"
Input = Annotated[SourcingInput, strawberry.argument(description="What is wanted, and where.")]


@strawberry.type
class SourcingQuery:
    """What may be asked."""

    @strawberry.field(
        description="From which locations these would come now; holds nothing. Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def sourcing_propose(self, info: Info, input: Input) -> SourcingPlan:
        """See `sourcing.gathering.propose`."""
        return SourcingPlan.of(await _propose(info, input), await View.of(info.context))

    @strawberry.field(
        description="The same, and why: how it was found, each rule's value, why the others lost. Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def explain_sourcing(self, info: Info, input: Input) -> SourcingExplanation:
        """See `sourcing.explain`."""
        return SourcingExplanation.of(await _propose(info, input), await View.of(info.context))


@strawberry.type
class SourcingMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Hold pieces from wherever is best, every line or none; where they are gone by then, choose again. "
        "Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def stock_reserve_sourced(
        self, info: Info, input: Annotated[StockReserveSourcedInput, strawberry.argument(description="What to hold.")]
    ) -> StockReserveSourcedPayload:
        """See `sourcing.actions.reserve_sourced`."""
        context = info.context
        context.caller.require(RESERVE)
        held = reserve_sourced(
            context.store,
            input.to_order(),
            await context.policy(),
            actor=context.actor,
            now=context.caller.at,
        )
        view = await View.of(context)
        return await settle(context.discreetly(held), lambda row: _payload(info, row, view), StockReserveSourcedPayload)


async def _propose(info: Info, input: SourcingInput) -> Proposal:
    context = info.context
    context.caller.require(RESERVE)
    try:
        return await propose(context.store, input.to_wish(), await context.policy(), now=context.caller.at)
    except Refused as refused:
        raise BadUserInput(str(refused)) from refused


def _payload(info: Info, row: SourcedReservation, view: View) -> StockReserveSourcedPayload:
    return StockReserveSourcedPayload(
        reservation=Reservation.of(row.reservation, info.context.caller.at),
        plan=None if row.proposal is None else SourcingPlan.of(row.proposal, view),
        pick_holds=[PickHold.of(hold) for hold in row.picks],
    )
