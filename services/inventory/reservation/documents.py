"""How reservations lie in MongoDB: between documents and the model. Part of the store; asks nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from kit.events.outbox import outbox_entry
from kit.ids import new_id
from kit.mongo import Document
from services.inventory.bundle.model import BundleLine, Component
from services.inventory.model import Actor, MovementReason, ReservationId, StockState
from services.inventory.reservation.model import (
    Line,
    Onward,
    Reservation,
    ReservationDraft,
    ReservationState,
    hold_ends,
)


def begun(
    draft: ReservationDraft, lines: Sequence[Line], fingerprint: str, hold_until: datetime, actor: Actor, now: datetime
) -> Document:
    """A new reservation in TRY."""
    return {
        "_id": new_id("rsv"),
        "key": draft.key,
        "fingerprint": fingerprint,
        "state": ReservationState.TRY.value,
        "lines": [line_document(line) for line in lines],
        "actor": asdict(actor),
        "created_at": now,
        "expires_at": hold_ends(draft, now),
        "hold_until": hold_until,
        "reference": draft.reference,
        **_onward_document(draft.onward),
        **_bundles_document(draft.bundles),
        **({"inner": True} if draft.inner else {}),
        "outbox": [],
    }


def ended_as(state: ReservationState, actor: Actor, now: datetime) -> Document:
    """What is set when a reservation ends; its lines are still to be settled."""
    return {
        "state": state.value,
        "ended_at": now,
        "ended_by": asdict(actor),
        "settled": False,
        "fenced": True,
    }


def ended_fields(reservation: Reservation) -> Document:
    """The same of a reservation that has ended."""
    assert reservation.ended_by is not None, "it has ended"
    assert reservation.ended_at is not None, "it has ended"
    return ended_as(reservation.state, reservation.ended_by, reservation.ended_at)


def event_entry(reservation: Reservation, event_type: str, now: datetime) -> Document:
    """The outbox entry that tells of a reservation."""
    lines = [_told_line(line) for line in reservation.lines]
    data: dict[str, Any] = {
        "reservationId": reservation.id,
        "customerId": reservation.actor.customer,
        "channel": reservation.actor.channel,
        "expiresAt": reservation.expires_at.isoformat(),
        "reference": reservation.reference,
        "lines": lines,
    }
    if reservation.bundles:
        data["bundles"] = [
            {"sku": each.sku, "locationId": each.location_id, "quantity": each.quantity} for each in reservation.bundles
        ]
    return outbox_entry(f"{reservation.id}:{event_type}", event_type, reservation.id, now, data)


def _told_line(line: Line) -> Document:
    told: Document = {"sku": line.sku, "locationId": line.location_id, "quantity": line.quantity}
    return told if line.taken is None else {**told, "committedQuantity": line.taken}


def _bundles_document(bundles: Sequence[BundleLine]) -> Document:
    return {"bundles": [asdict(each) for each in bundles]} if bundles else {}


def _bundle_of(document: Document) -> BundleLine:
    parts = tuple(Component(**part) for part in document["components"])
    return BundleLine(document["sku"], document["location_id"], document["quantity"], parts)


def _onward_document(onward: Onward | None) -> Document:
    if onward is None:
        return {}
    into = None if onward.into is None else onward.into.value
    return {"into": into, "onward": {"into": into, "reason": onward.reason.value}}


def _onward_of(document: Document | None) -> Onward | None:
    return None if document is None else Onward(_state(document["into"]), MovementReason(document["reason"]))


def _state(name: str | None) -> StockState | None:
    return None if name is None else StockState(name)


def line_document(line: Line) -> Document:
    """A line inside a reservation."""
    kept = {name: value for name, value in asdict(line).items() if value is not None}
    return {**kept, "source": line.source.value}


def _line_of(document: Document) -> Line:
    return Line(**{**document, "source": StockState(document.get("source", StockState.AVAILABLE))})


def reservation_of(document: Document) -> Reservation:
    """The reservation in a document."""
    ended_by = document.get("ended_by")
    return Reservation(
        id=ReservationId(document["_id"]),
        fingerprint=document["fingerprint"],
        state=ReservationState(document["state"]),
        lines=tuple(_line_of(line) for line in document["lines"]),
        actor=Actor(**document["actor"]),
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        hold_until=document["hold_until"],
        ended_at=document.get("ended_at"),
        ended_by=None if ended_by is None else Actor(**ended_by),
        ended_key=document.get("ended_key"),
        ended_with=document.get("ended_with"),
        settled=document.get("settled", False),
        reference=document.get("reference"),
        into=_state(document.get("into")),
        onward=_onward_of(document.get("onward")),
        bundles=tuple(_bundle_of(each) for each in document.get("bundles", ())),
        extensions={each["key"]: each["hold_s"] for each in document.get("extensions", ())},
        inner=document.get("inner", False),
        key=document.get("key"),
    )
