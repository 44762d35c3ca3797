"""Inventory's Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.schema import build_schema
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory import actions
from services.inventory.adjustment.actions import adjust_alone
from services.inventory.auditor.schema import AuditorQuery
from services.inventory.backorder.schema import BackorderMutation, BackorderQuery
from services.inventory.backorder.types import ERRORS as BACKORDER_ERRORS
from services.inventory.capacity.schema import CapacityMutation
from services.inventory.capacity.types import PickCapacityExceeded, PickHoldEnded
from services.inventory.context import Info
from services.inventory.fulfillment.types import Order
from services.inventory.live.schema import LiveSubscription
from services.inventory.location import model as locations
from services.inventory.location.inputs import LocationFilter, LocationUpsertInput
from services.inventory.location.schema import LocationQuery
from services.inventory.location.types import Location, LocationExternalIdTaken, LocationUpsertPayload
from services.inventory.paper.hand import move_by_hand
from services.inventory.paper.schema import ERRORS as PAPER_ERRORS
from services.inventory.paper.schema import PaperMutation, PaperQuery
from services.inventory.policy.schema import PolicyMutation, PolicyQuery
from services.inventory.promise.schema import PromiseQuery
from services.inventory.reservation import model as reservations
from services.inventory.reservation.types import (
    Reservation,
    ReservationCommitInput,
    ReservationCommitPayload,
    ReservationEnded,
    ReservationExtendInput,
    ReservationExtendPayload,
    StockReleaseInput,
    StockReleasePayload,
    StockReserveInput,
    StockReservePayload,
)
from services.inventory.sourcing.schema import SourcingMutation, SourcingQuery
from services.inventory.sourcing.types import SourcingShort
from services.inventory.stock.types import (
    OnHandChanged,
    StockAdjustInput,
    StockAdjustPayload,
    StockMoveInput,
    StockMovePayload,
)
from services.inventory.sync.schema import SyncMutation, SyncQuery
from services.inventory.types import InsufficientStock, Variant
from services.inventory.waiting.schema import WaitingMutation, WaitingQuery
from services.inventory.waiting.types import TooManyWaits

WRITE = "stock:write"
RESERVE = "stock:reserve"
"""Hold, release and commit: given to every channel that sells, without the right to adjust."""


@strawberry.type
class Query(
    LocationQuery,
    PromiseQuery,
    PolicyQuery,
    SourcingQuery,
    PaperQuery,
    SyncQuery,
    AuditorQuery,
    WaitingQuery,
    BackorderQuery,
):
    """What may be read."""

    @strawberry.field(description="One location.")
    async def location(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="loc_…")]
    ) -> Location | None:
        """Null if there is none."""
        row = await info.context.loaders.location.load(id)
        return None if row is None else Location.of(row)

    @strawberry.field(description="Locations, oldest first, narrowed by a filter.")
    async def locations(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[LocationFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Location]:
        """A page."""
        page = PageArgs.parse(first, after)
        return Connection.of(
            await info.context.store.locations.list_page(filter.kind if filter else None, page), Location.of
        )

    @strawberry.field(
        description="One reservation, for who may touch it: its customer; else the scope stock:reserve is needed, and "
        "staff see those of every channel, others those of their own."
    )
    async def reservation(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="rsv_…")]
    ) -> Reservation | None:
        """Null if there is none for this caller."""
        context = info.context
        if context.caller.customer is None:
            context.caller.require(RESERVE)
        row = await actions.find_reservation(context.store, id, context.actor)
        return None if row is None else Reservation.of(row, context.caller.at)


@strawberry.type
class Subscription(LiveSubscription):
    """What may be watched."""


@strawberry.type
class Mutation(
    PolicyMutation,
    CapacityMutation,
    SourcingMutation,
    PaperMutation,
    SyncMutation,
    WaitingMutation,
    BackorderMutation,
):
    """What may be changed."""

    @strawberry.mutation(
        description="Create a location, or replace the version somebody read. Scope stock:write.",
        directives=[needs(WRITE)],
    )
    async def location_upsert(
        self, info: Info, input: Annotated[LocationUpsertInput, strawberry.argument(description="The location.")]
    ) -> LocationUpsertPayload:
        """See `actions.upsert_location`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert_location(info, input), LocationUpsertPayload.of, LocationUpsertPayload)

    @strawberry.mutation(
        description="Change stock by hand, never below what is available. Scope stock:write.", directives=[needs(WRITE)]
    )
    async def stock_adjust(
        self, info: Info, input: Annotated[StockAdjustInput, strawberry.argument(description="The change.")]
    ) -> StockAdjustPayload:
        """See `adjustment.actions.adjust_alone`."""
        context = info.context
        context.caller.require(WRITE)
        adjusted = adjust_alone(context.store, input.to_adjustment(), actor=context.actor, now=context.caller.at)
        return await settle(adjusted, StockAdjustPayload.of, StockAdjustPayload)

    @strawberry.mutation(
        description="Move pieces between the states of one stock, in or out, never more than there are. Scope "
        "stock:write.",
        directives=[needs(WRITE)],
    )
    async def stock_move(
        self, info: Info, input: Annotated[StockMoveInput, strawberry.argument(description="The move.")]
    ) -> StockMovePayload:
        """See `paper.hand.move_by_hand`."""
        context = info.context
        context.caller.require(WRITE)
        moved = move_by_hand(context.store, input.to_move(), actor=context.actor, now=context.caller.at)
        return await settle(moved, StockMovePayload.of, StockMovePayload)

    @strawberry.mutation(
        description="Hold pieces for a while, every line or none. Scope stock:reserve.", directives=[needs(RESERVE)]
    )
    async def stock_reserve(
        self, info: Info, input: Annotated[StockReserveInput, strawberry.argument(description="What to hold.")]
    ) -> StockReservePayload:
        """See `actions.reserve`."""
        context = info.context
        context.caller.require(RESERVE)
        held = actions.reserve(context.store, input.to_draft(), actor=context.actor, now=context.caller.at)
        return await settle(
            context.discreetly(held),
            lambda row: StockReservePayload(reservation=_shown(info, row)),
            StockReservePayload,
        )

    @strawberry.mutation(
        description="Hold a reservation longer; never shorter than it is. Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def reservation_extend(
        self, info: Info, input: Annotated[ReservationExtendInput, strawberry.argument(description="Which.")]
    ) -> ReservationExtendPayload:
        """See `actions.extend`."""
        context = info.context
        context.caller.require(RESERVE)
        extended = actions.extend(
            context.store,
            input.reservation_id,
            input.idempotency_key,
            input.hold_seconds,
            actor=context.actor,
            now=context.caller.at,
        )
        return await settle(
            extended, lambda row: ReservationExtendPayload(reservation=_shown(info, row)), ReservationExtendPayload
        )

    @strawberry.mutation(
        description="Give a reservation's pieces back. Scope stock:reserve.", directives=[needs(RESERVE)]
    )
    async def stock_release(
        self, info: Info, input: Annotated[StockReleaseInput, strawberry.argument(description="Which.")]
    ) -> StockReleasePayload:
        """See `actions.release`."""
        context = info.context
        context.caller.require(RESERVE)
        released = actions.release(
            context.store, input.reservation_id, input.idempotency_key, actor=context.actor, now=context.caller.at
        )
        return await settle(
            released, lambda row: StockReleasePayload(reservation=_shown(info, row)), StockReleasePayload
        )

    @strawberry.mutation(
        description="Commit a reservation: its pieces are sold, and leave now or later. Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def reservation_commit(
        self, info: Info, input: Annotated[ReservationCommitInput, strawberry.argument(description="Which.")]
    ) -> ReservationCommitPayload:
        """See `actions.commit`."""
        context = info.context
        context.caller.require(RESERVE)
        committed = actions.commit(
            context.store,
            input.reservation_id,
            input.idempotency_key,
            actor=context.actor,
            now=context.caller.at,
            how=input.to_commitment(),
        )
        return await settle(
            committed, lambda row: ReservationCommitPayload(reservation=_shown(info, row)), ReservationCommitPayload
        )


async def _upsert_location(info: Info, input: LocationUpsertInput) -> locations.Location:
    now = info.context.caller.at
    return await actions.upsert_location(info.context.store, input.to_draft(), input.to_edit(), now=now)


def _shown(info: Info, row: reservations.Reservation) -> Reservation:
    return Reservation.of(row, info.context.caller.at)


schema = build_schema(
    Query,
    Mutation,
    subscription=Subscription,
    types=[Variant, Order],
    errors=[
        InsufficientStock,
        OnHandChanged,
        ReservationEnded,
        LocationExternalIdTaken,
        PickCapacityExceeded,
        PickHoldEnded,
        SourcingShort,
        TooManyWaits,
        *BACKORDER_ERRORS,
        *PAPER_ERRORS,
    ],
)
