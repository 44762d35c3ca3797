"""How stock moves: one MongoDB update in which quantities, version and outbox change together, or not at all.

Part of the store: `stock.store` and `reservation.store` put their guards in front of it. The entry carries the
deltas, from which the journal is replayed, and the figures after them, so that a reader needs no second look.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.mongo import Document
from services.inventory.model import Actor, MovementReason, stock_id

STOCK_CHANGED = "noren.inventory.stock_changed.v1"

Expression = Any
"""A number, or an aggregation expression over the stock document as it was."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One journal entry: `event_id` is unique for ever and the same however often the movement is tried."""

    event_id: str
    sku: str
    location_id: str
    reason: MovementReason
    actor: Actor
    at: datetime
    reservation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Deltas:
    """By how much each quantity changes."""

    on_hand: Expression = 0
    available: Expression = 0
    reserved: Expression = 0


def moved(movement: Movement, deltas: Deltas, extra: Document | None = None, when: Expression = True) -> list[Document]:
    """The update pipeline of a movement.

    `extra` sets further fields in any case; where `when` is false, quantities, version and outbox stay as they are.
    """
    change = {"on_hand": deltas.on_hand, "available": deltas.available, "reserved": deltas.reserved}
    happens = {"$cond": [when, 1, 0]}
    after: Document = {name: {"$add": [f"${name}", f"$moved.{name}"]} for name in change}
    after |= {"version": {"$add": ["$version", happens]}, "updated_at": movement.at, **(extra or {})}
    entries = {"$cond": [when, [_entry(movement)], []]}
    return [
        {"$set": {"moved": change}},
        {"$set": after},
        {"$set": {"outbox": {"$concatArrays": ["$outbox", entries]}}},
        {"$unset": "moved"},
    ]


def first_entry(movement: Movement, on_hand: int) -> Document:
    """The outbox entry of a stock document that begins its life with `on_hand` pieces, all available."""
    figures = {"onHand": on_hand, "available": on_hand, "reserved": 0, "version": 1}
    changes = {"onHandDelta": on_hand, "availableDelta": on_hand, "reservedDelta": 0}
    return {**_envelope(movement), "data": {**_facts(movement), **changes, **figures}}


def _entry(movement: Movement) -> Document:
    """The entry as an expression; text is literal, for a SKU may begin with a dollar sign."""
    data: Document = {name: {"$literal": value} for name, value in _facts(movement).items()}
    data |= {"onHandDelta": "$moved.on_hand", "availableDelta": "$moved.available"}
    data |= {"reservedDelta": "$moved.reserved", "onHand": "$on_hand", "available": "$available"}
    data |= {"reserved": "$reserved", "version": "$version"}
    return {**{name: {"$literal": value} for name, value in _envelope(movement).items()}, "data": data}


def _envelope(movement: Movement) -> Document:
    subject = stock_id(movement.sku, movement.location_id)
    return {"id": movement.event_id, "type": STOCK_CHANGED, "subject": subject, "time": movement.at}


def _facts(movement: Movement) -> Document:
    return {
        "sku": movement.sku,
        "locationId": movement.location_id,
        "reason": movement.reason.value,
        "reservationId": movement.reservation_id,
        "actor": movement.actor.name,
        "channel": movement.actor.channel,
    }
