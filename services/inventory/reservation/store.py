"""Every MongoDB query and index of reservations and of what they hold; decides nothing.

A hold matches only where the stock suffices, the reservation is not there yet (neither pieces nor tombstone) and the
database's own clock is before `hold_until`. So a tombstone shuts a stalled worker out, and once `hold_until` is past it
can go: nothing could match any more. A reservation that ends later than that leaves none.
Shard key: none; its two unique keys keep the collection on one shard.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from services.inventory.model import Actor, MovementReason, ReservationId, StockId, StockState
from services.inventory.reservation.model import (
    TRY_S,
    Line,
    LineSeen,
    Onward,
    Reservation,
    ReservationDraft,
    ReservationState,
    hold_ends,
    settling,
)
from services.inventory.stock.model import FIGURES, Quantities
from services.inventory.stock.movement import Movement, enough, moved
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import level_of

COLLECTION = "reservations"
SWEEP_BATCH = 200
"""Reservations swept at a time: some hundred kilobytes, and some thousand lines in one bulk write at most."""
FENCE_MARGIN_S = 5
"""Tombstones are written until this long after `hold_until`: a new primary's clock may be behind the old one's."""
FENCE_GONE_S = 2 * FENCE_MARGIN_S
"""Tombstones are removed this long after `hold_until`: later than the last one can be written."""

HELD_EVENT = "noren.inventory.reservation_held.v1"
MOVED_EVENT = "noren.inventory.stock_moved.v1"
END_EVENTS: Mapping[ReservationState, str] = {
    ReservationState.COMMITTED: "noren.inventory.reservation_committed.v1",
    ReservationState.RELEASED: "noren.inventory.reservation_released.v1",
    ReservationState.EXPIRED: "noren.inventory.reservation_expired.v1",
}

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("key", ASCENDING)], name="key", unique=True, partialFilterExpression={"key": {"$exists": True}}),
        IndexModel(
            [("ended_key", ASCENDING)],
            name="ended_key",
            unique=True,
            partialFilterExpression={"ended_key": {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="held", partialFilterExpression={"state": "HELD"}),
        IndexModel([("created_at", ASCENDING)], name="tried", partialFilterExpression={"state": "TRY"}),
        IndexModel(
            [("settled", ASCENDING), ("ended_at", ASCENDING)],
            name="unsettled",
            partialFilterExpression={"settled": False},
        ),
        IndexModel(
            [("fenced", ASCENDING), ("hold_until", ASCENDING)],
            name="fenced",
            partialFilterExpression={"fenced": True},
        ),
        OUTBOX_INDEX,
    ],
}


class EndKeyTaken(Exception):
    """The key has ended another reservation."""


class ReservationStore:
    """Reservations, and their holds in the stock documents."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._reservations = db[COLLECTION]
        self._stock = db[STOCK]
        self._changed = changed

    async def by_id(self, id: str) -> Reservation | None:
        """The reservation with this id."""
        document = await self._reservations.find_one({"_id": id})
        return None if document is None else _reservation(document)

    async def by_key(self, key: str) -> Reservation | None:
        """The reservation this idempotency key stands for."""
        document = await self._reservations.find_one({"key": key})
        return None if document is None else _reservation(document)

    async def claim(
        self, draft: ReservationDraft, lines: Sequence[Line], fingerprint: str, *, actor: Actor, now: datetime
    ) -> Reservation | None:
        """A new reservation in TRY, or the one its key stands for already; None if that one went away meanwhile."""
        new: Document = {
            "_id": new_id("rsv"),
            "key": draft.key,
            "fingerprint": fingerprint,
            "state": ReservationState.TRY.value,
            "lines": [_line_document(line) for line in lines],
            "actor": asdict(actor),
            "created_at": now,
            "expires_at": hold_ends(draft, now),
            "reference": draft.reference,
            **_onward_document(draft.onward),
            "outbox": [],
        }
        begun = {"$mergeObjects": [{"$literal": new}, {"hold_until": {"$add": ["$$NOW", TRY_S * 1000]}}]}
        is_new = {"$eq": [{"$type": "$_id"}, "missing"]}
        update = [{"$replaceWith": {"$cond": [is_new, begun, "$$ROOT"]}}]
        try:
            kept = await self._reservations.find_one_and_update(
                {"key": draft.key}, update, upsert=True, return_document=True
            )
        except DuplicateKeyError:
            return await self.by_key(draft.key)
        assert kept is not None, "an upsert returns what it left"
        return _reservation(kept)

    async def burn(self, key: str, *, now: datetime) -> Reservation | None:
        """Make a key useless for ever, unless it stands for a reservation: then return that one."""
        dead: Document = {"_id": new_id("rsv"), "key": key, "fingerprint": "", "lines": [], "outbox": []}
        dead |= {"state": ReservationState.ABORTED.value, "actor": asdict(Actor(channel="inventory")), "settled": True}
        dead |= dict.fromkeys(("created_at", "expires_at", "hold_until", "ended_at"), now)
        try:
            await self._reservations.insert_one(dead)
        except DuplicateKeyError:
            there = await self.by_key(key)
            return there if there is None or there.fingerprint else None
        return None

    async def hold(self, reservation: Reservation, *, now: datetime) -> bool:
        """Hold every line that can be; whether all of them were held just now."""
        result = await self._stock.bulk_write([_hold(reservation, line, now) for line in reservation.lines])
        self._changed()
        return result.matched_count == len(reservation.lines)

    async def see_lines(self, reservation: Reservation) -> dict[StockId, LineSeen]:
        """The stock of every line, and what the reservation holds there."""
        ids = [line.stock_id for line in reservation.lines]
        fields = {**dict.fromkeys(_LEVEL, 1), f"holds.{reservation.id}": 1}
        found = await self._stock.find({"_id": {"$in": ids}}, fields).to_list()
        return {row["_id"]: LineSeen(level_of(row), row["holds"].get(reservation.id)) for row in found}

    async def confirm(self, reservation: Reservation, *, now: datetime) -> Reservation | None:
        """TRY → HELD, or COMMITTED where its lines move onward; None if it is no longer TRY."""
        decided: Document = {"state": ReservationState.HELD.value}
        event = HELD_EVENT
        if reservation.onward is not None:
            decided, event = _ended(ReservationState.COMMITTED, reservation.actor, now), MOVED_EVENT
        return await self._decide(
            {"_id": reservation.id, "state": ReservationState.TRY.value},
            {"$set": decided, "$push": {"outbox": _event(reservation, event, now)}},
        )

    async def abort(self, reservation: Reservation, *, actor: Actor, now: datetime) -> Reservation | None:
        """TRY → ABORTED, its key free again; None if it is no longer TRY. The lines are still to be settled."""
        ended = _ended(ReservationState.ABORTED, actor, now)
        return await self._decide(
            {"_id": reservation.id, "state": ReservationState.TRY.value}, {"$set": ended, "$unset": {"key": ""}}
        )

    async def end(
        self, reservation: Reservation, state: ReservationState, *, actor: Actor, now: datetime
    ) -> Reservation | None:
        """HELD → COMMITTED or RELEASED under its `ended_key`, unless its time is over; None if it is not held.

        EndKeyTaken if the key has ended another.
        """
        ended = {
            **_ended(state, actor, now),
            "ended_key": reservation.ended_key,
            "ended_with": reservation.ended_with,
            "lines": [_line_document(line) for line in reservation.lines],
            "into": None if reservation.into is None else reservation.into.value,
        }
        try:
            return await self._decide(
                {"_id": reservation.id, "state": ReservationState.HELD.value, "expires_at": {"$gt": now}},
                {"$set": ended, "$push": {"outbox": _event(reservation, END_EVENTS[state], now)}},
            )
        except DuplicateKeyError as error:
            raise EndKeyTaken(reservation.ended_key) from error

    async def has_ended_with(self, key: str) -> bool:
        """Whether this key has ended a reservation."""
        return await self._reservations.find_one({"ended_key": key}, {"_id": 1}) is not None

    async def settle(self, reservations: Sequence[Reservation]) -> None:
        """Give back or take out what ended reservations hold, leaving a tombstone on every line, held or not."""
        lines = [(reservation, line) for reservation in reservations for line in reservation.lines]
        updates = [update for reservation, line in lines for update in _settle(reservation, line)]
        if not updates:
            return
        await self._stock.bulk_write(updates)
        ids = [reservation.id for reservation in reservations]
        await self._reservations.update_many({"_id": {"$in": ids}}, {"$set": {"settled": True}})
        self._changed()

    async def expire_due(self, *, actor: Actor, now: datetime) -> int:
        """HELD → EXPIRED for the next batch whose time is over; the lines are still to be settled."""
        due: Document = {"state": ReservationState.HELD.value, "expires_at": {"$lte": now}}
        found = await self._next(due, "expires_at")
        event_type = END_EVENTS[ReservationState.EXPIRED]
        return await self._end_all(
            [
                UpdateOne(
                    {**due, "_id": reservation.id},
                    {
                        "$set": _ended(ReservationState.EXPIRED, actor, now),
                        "$push": {"outbox": _event(reservation, event_type, now)},
                    },
                )
                for reservation in found
            ]
        )

    async def abort_stalled(self, *, actor: Actor, now: datetime) -> int:
        """TRY → ABORTED for the next batch whose worker has had its time; the lines are still to be settled."""
        stalled: Document = {
            "state": ReservationState.TRY.value,
            "created_at": {"$lte": now - timedelta(seconds=TRY_S)},
        }
        ended = {"$set": _ended(ReservationState.ABORTED, actor, now), "$unset": {"key": ""}}
        found = await self._next(stalled, "created_at")
        return await self._end_all([UpdateOne({**stalled, "_id": reservation.id}, ended) for reservation in found])

    async def unsettled(self) -> list[Reservation]:
        """The next batch of ended reservations whose lines may not all be done."""
        return await self._next({"settled": False}, "ended_at")

    async def drop_fences(self) -> int:
        """Remove the tombstones of the next batch that no late hold can need any more; return how many had some."""
        until = {"$add": ["$hold_until", FENCE_GONE_S * 1000]}
        over = {"fenced": True, "settled": True, "$expr": {"$lt": [until, "$$NOW"]}}
        found = await self._next(over, "hold_until")
        tombstones: dict[StockId, Document] = defaultdict(dict)
        for reservation in found:
            for line in reservation.lines:
                tombstones[line.stock_id][f"holds.{reservation.id}"] = ""
        if tombstones:
            await self._stock.bulk_write(
                [UpdateOne({"_id": id}, {"$unset": fields}) for id, fields in tombstones.items()], ordered=False
            )
            ids = [reservation.id for reservation in found]
            await self._reservations.update_many({"_id": {"$in": ids}}, {"$unset": {"fenced": ""}})
        return len(found)

    async def unfinished(self, session: AsyncClientSession) -> dict[str, Reservation]:
        """Every reservation that may hold something, as it was at the session's one instant."""
        alive = {"state": {"$in": [ReservationState.TRY.value, ReservationState.HELD.value]}}
        cursor = self._reservations.find({"$or": [alive, {"settled": False}]}, session=session)
        return {document["_id"]: _reservation(document) async for document in cursor}

    async def _decide(self, where: Document, update: Document) -> Reservation | None:
        kept = await self._reservations.find_one_and_update(where, update, return_document=True)
        self._changed()
        return None if kept is None else _reservation(kept)

    async def _next(self, where: Document, order: str) -> list[Reservation]:
        cursor = self._reservations.find(where, {"outbox": 0}).sort(order, ASCENDING).limit(SWEEP_BATCH)
        return [_reservation(document) for document in await cursor.to_list()]

    async def _end_all(self, updates: Sequence[UpdateOne]) -> int:
        if not updates:
            return 0
        result = await self._reservations.bulk_write(list(updates), ordered=False)
        self._changed()
        return result.modified_count


_LEVEL = ("sku", "location_id", *FIGURES, "version", "updated_at")


def _hold(reservation: Reservation, line: Line, now: datetime) -> UpdateOne:
    held = f"holds.{reservation.id}"
    deltas = Quantities.of_move(line.quantity, line.source, StockState.RESERVED)
    guard = {
        "_id": line.stock_id,
        **enough(deltas),
        held: {"$exists": False},
        "$expr": {"$lt": ["$$NOW", reservation.hold_until]},
    }
    movement = _movement(reservation, line, MovementReason.HELD, reservation.actor, now, deltas)
    return UpdateOne(guard, moved([movement], set={held: line.quantity}))


def _settle(reservation: Reservation, line: Line) -> list[UpdateOne]:
    """Take out or move what was committed, give back all else, and leave a tombstone, on a line not held as well.

    The first that matches is the only one that does: a hold ends without a tombstone where no late hold can match any
    more, else with one; a line that is not held gets one while it needs it.
    """
    assert reservation.ended_by is not None, "only an ended reservation is settled"
    assert reservation.ended_at is not None, "only an ended reservation is settled"
    field = f"holds.{reservation.id}"
    late = {"$lt": ["$$NOW", reservation.hold_until + timedelta(seconds=FENCE_MARGIN_S)]}
    deltas = settling(reservation, line)
    reason = reservation.ending_reason
    movement = _movement(reservation, line, reason, reservation.ended_by, reservation.ended_at, deltas)
    held = {"_id": line.stock_id, field: line.quantity}
    return [
        UpdateOne({**held, "$expr": {"$not": [late]}}, moved([movement], unset={field: ""})),
        UpdateOne(held, moved([movement], set={field: 0})),
        UpdateOne({"_id": line.stock_id, field: {"$exists": False}, "$expr": late}, {"$set": {field: 0}}),
    ]


def _movement(
    reservation: Reservation, line: Line, reason: MovementReason, actor: Actor, at: datetime, deltas: Quantities
) -> Movement:
    event_id = f"{reservation.id}:{line.stock_id}:{reason.value}"
    return Movement(event_id, reason, actor, at, deltas, reservation.id, reservation.reference)


def _ended(state: ReservationState, actor: Actor, now: datetime) -> Document:
    return {
        "state": state.value,
        "ended_at": now,
        "ended_by": asdict(actor),
        "settled": False,
        "fenced": True,
    }


def _event(reservation: Reservation, event_type: str, now: datetime) -> Document:
    lines = [_told(line) for line in reservation.lines]
    data: dict[str, Any] = {
        "reservationId": reservation.id,
        "customerId": reservation.actor.customer,
        "channel": reservation.actor.channel,
        "expiresAt": reservation.expires_at.isoformat(),
        "reference": reservation.reference,
        "lines": lines,
    }
    return outbox_entry(f"{reservation.id}:{event_type}", event_type, reservation.id, now, data)


def _told(line: Line) -> Document:
    told: Document = {"sku": line.sku, "locationId": line.location_id, "quantity": line.quantity}
    return told if line.taken is None else {**told, "committedQuantity": line.taken}


def _onward_document(onward: Onward | None) -> Document:
    if onward is None:
        return {}
    into = None if onward.into is None else onward.into.value
    return {"into": into, "onward": {"into": into, "reason": onward.reason.value}}


def _onward(document: Document | None) -> Onward | None:
    return None if document is None else Onward(_state(document["into"]), MovementReason(document["reason"]))


def _state(name: str | None) -> StockState | None:
    return None if name is None else StockState(name)


def _line_document(line: Line) -> Document:
    kept = {name: value for name, value in asdict(line).items() if value is not None}
    return {**kept, "source": line.source.value}


def _line(document: Document) -> Line:
    return Line(**{**document, "source": StockState(document.get("source", StockState.AVAILABLE))})


def _reservation(document: Document) -> Reservation:
    ended_by = document.get("ended_by")
    return Reservation(
        id=ReservationId(document["_id"]),
        fingerprint=document["fingerprint"],
        state=ReservationState(document["state"]),
        lines=tuple(_line(line) for line in document["lines"]),
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
        onward=_onward(document.get("onward")),
    )
