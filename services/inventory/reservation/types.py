"""Reservations in the graph."""

from datetime import datetime
from enum import Enum

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.model import MAX_QUANTITY, LocationId, Sku, StockState
from services.inventory.reservation import model
from services.inventory.types import Variant

ReservationState = strawberry.enum(
    model.ReservationState,
    description="TRY is being decided, HELD holds its lines; COMMITTED took them out, RELEASED and EXPIRED gave them "
    "back, ABORTED never held them all.",
)


@strawberry.enum(description="When committed pieces leave the stock.")
class HandOver(Enum):
    """Of a commitment."""

    NOW = "NOW"
    LATER = "LATER"


@presents(model.ReservationEnded)
@strawberry.type(description="The reservation is over.")
class ReservationEnded(UserError):
    """See `reservation.model.ReservationEnded`."""

    reservation_id: strawberry.ID = strawberry.field(description="Which one.")
    state: model.ReservationState = strawberry.field(description="How it ended.")


@strawberry.type(description="So many pieces of one variant at one location.")
class ReservationLine:
    """See `reservation.model.Line`."""

    location_id: strawberry.Private[LocationId]
    variant: Variant | None = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="Pieces.")
    committed_quantity: int | None = strawberry.field(
        default=None, description="Pieces of it that were committed; null unless it was."
    )

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)


@strawberry.type(description="So many bundles at one location, whose components are among the lines.")
class ReservationBundle:
    """See `bundle.model.BundleLine`."""

    location_id: strawberry.Private[LocationId]
    variant: Variant | None = strawberry.field(description="The bundle.")
    quantity: int = strawberry.field(description="Bundles.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)


@strawberry.type(
    description="Pieces held for somebody until they are committed, released or expire: all lines or none."
)
class Reservation:
    """See `reservation.model.Reservation`."""

    id: strawberry.ID = strawberry.field(description="rsv_…")
    state: model.ReservationState = strawberry.field(description="Where it is in its life.")
    lines: list[ReservationLine] = strawberry.field(description="One a variant and location.")
    bundles: list[ReservationBundle] = strawberry.field(description="What of it was asked for as bundles.")
    channel: str = strawberry.field(description="The channel it was made on.")
    reference: str | None = strawberry.field(description="What it belongs to, as whoever made it said.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it holds, unless it ends before.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it has not.")

    @classmethod
    def of(cls, reservation: model.Reservation, now: datetime) -> "Reservation":
        """From the model, as it stands now."""
        return cls(
            id=strawberry.ID(reservation.id),
            state=model.state_at(reservation, now),
            lines=[
                ReservationLine(
                    location_id=line.location_id,
                    variant=Variant(sku=strawberry.ID(line.sku)),
                    quantity=line.quantity,
                    committed_quantity=line.taken,
                )
                for line in reservation.lines
            ],
            bundles=[
                ReservationBundle(
                    location_id=each.location_id,
                    variant=Variant(sku=strawberry.ID(each.sku)),
                    quantity=each.quantity,
                )
                for each in reservation.bundles
            ],
            channel=reservation.actor.channel,
            reference=reservation.reference,
            created_at=reservation.created_at,
            expires_at=reservation.expires_at,
            ended_at=reservation.ended_at,
        )


@strawberry.input(description="So many pieces of one SKU at one location; equal ones are added up.")
class ReservationLineInput:
    """See `reservation.model.Line`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    quantity: int = strawberry.field(description=f"Pieces, 1 to {MAX_QUANTITY}.")


@strawberry.input(description="What is to be held, all of it or none.")
class StockReserveInput:
    """See `reservation.model.ReservationDraft`."""

    idempotency_key: str = strawberry.field(
        description="The same key and input again returns the same reservation; a refused one leaves its key free."
    )
    lines: list[ReservationLineInput] = strawberry.field(
        description=f"At most {model.MAX_LINES} different SKUs and locations."
    )
    hold_seconds: int = strawberry.field(
        default=model.DEFAULT_HOLD_S, description=f"How long, {model.MIN_HOLD_S} to {model.MAX_HOLD_S}."
    )

    reference: str | None = strawberry.field(default=None, description="What it belongs to, for instance a cart's id.")

    def to_draft(self) -> model.ReservationDraft:
        """For the action."""
        return model.ReservationDraft(
            key=self.idempotency_key, lines=_lines(self.lines), hold_s=self.hold_seconds, reference=self.reference
        )


def _lines(lines: list[ReservationLineInput]) -> tuple[model.Line, ...]:
    return tuple(
        model.Line(Sku(line.sku), LocationId(line.location_id), line.quantity, place)
        for place, line in enumerate(lines)
    )


@strawberry.input(description="Which reservation gives everything back.")
class StockReleaseInput:
    """The id and the key."""

    idempotency_key: str = strawberry.field(description="The same key again changes nothing and succeeds.")
    reservation_id: strawberry.ID = strawberry.field(description="rsv_…")


@strawberry.input(description="Which reservation takes everything out for good.")
class ReservationCommitInput:
    """See `reservation.model.Commitment`."""

    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing and succeeds.")
    reservation_id: strawberry.ID = strawberry.field(description="rsv_…")
    hand_over: HandOver = strawberry.field(default=HandOver.NOW, description="Whether they leave the stock at once.")
    lines: list[ReservationLineInput] | None = strawberry.field(
        default=None, description="What of it is taken, if it is not all; the rest is given back."
    )

    def to_commitment(self) -> model.Commitment:
        """For the action."""
        into = StockState.COMMITTED if self.hand_over is HandOver.LATER else None
        return model.Commitment(into, None if self.lines is None else _lines(self.lines))


@strawberry.input(description="Which reservation is held longer, and how long from now.")
class ReservationExtendInput:
    """The id, the key, the time."""

    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing and succeeds.")
    reservation_id: strawberry.ID = strawberry.field(description="rsv_…")
    hold_seconds: int = strawberry.field(
        description=f"From now, {model.MIN_HOLD_S} to {model.MAX_HOLD_S}, and so long at most since it was made."
    )


@strawberry.type(description="The reservation as it is now, or why not.")
class ReservationExtendPayload(Payload):
    """Of reservationExtend."""

    reservation: Reservation | None = strawberry.field(default=None, description="What is held.")


@strawberry.type(description="The reservation as it is now, or why not.")
class StockReservePayload(Payload):
    """Of stockReserve."""

    reservation: Reservation | None = strawberry.field(default=None, description="What is held.")


@strawberry.type(description="The reservation as it is now, or why not.")
class StockReleasePayload(Payload):
    """Of stockRelease."""

    reservation: Reservation | None = strawberry.field(default=None, description="What was given back.")


@strawberry.type(description="The reservation as it is now, or why not.")
class ReservationCommitPayload(Payload):
    """Of reservationCommit."""

    reservation: Reservation | None = strawberry.field(default=None, description="What was taken out.")
