"""How lines are held and settled: the updates of stock documents, alone and many reservations in one.

Part of the store. A hold matches only where the stock suffices, the reservation is not there yet (neither pieces nor
tombstone) and the database's own clock is before `hold_until`. So a tombstone shuts a stalled worker out, and once
`hold_until` is past it can go: nothing could match any more. A reservation that ends later than that leaves none.

Holds of one stock that come together are one update: its filter demands the stock for all of them and none of them
there, its outbox entries stay one a line. Where it does not match, each is tried alone; which of them were held is
then read from the document.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from pymongo import UpdateOne

from kit.mongo import Document
from services.inventory.model import Actor, MovementReason, StockId, StockState
from services.inventory.reservation.model import Line, Reservation, settling
from services.inventory.stock.model import Quantities
from services.inventory.stock.movement import Movement, enough, moved

FENCE_MARGIN_S = 5
"""Tombstones are written until this long after `hold_until`: a new primary's clock may be behind the old one's."""

Held = tuple[Reservation, Line]
"""One line of a reservation, to be held or settled."""


def by_stock(reservations: Sequence[Reservation]) -> dict[StockId, list[Held]]:
    """The lines of all of them by stock, stocks in order."""
    lines: dict[StockId, list[Held]] = defaultdict(list)
    for reservation in reservations:
        for line in reservation.lines:
            lines[line.stock_id].append((reservation, line))
    return {id: lines[id] for id in sorted(lines)}


def hold(id: StockId, held: Sequence[Held], now: datetime) -> UpdateOne:
    """Hold these lines of one stock, all of them or none."""
    fields = {_field(reservation): line.quantity for reservation, line in held}
    movements = [_movement(each, line, MovementReason.HELD, each.actor, now, _holding(line)) for each, line in held]
    taken = sum((movement.deltas for movement in movements), Quantities())
    guard: Document = {
        "_id": id,
        **enough(taken),
        **{field: {"$exists": False} for field in fields},
        "$expr": {"$lt": ["$$NOW", min(each.hold_until for each, _ in held)]},
    }
    return UpdateOne(guard, moved(movements, set=fields))


def settle_together(id: StockId, held: Sequence[Held]) -> list[UpdateOne]:
    """Settle these lines of one stock if all of them are held: exactly one of the two matches then, else none."""
    fields = {_field(reservation): line.quantity for reservation, line in held}
    movements = [_ending(reservation, line) for reservation, line in held]
    late = {"$lt": ["$$NOW", max(_fenced_until(reservation) for reservation, _ in held)]}
    return [
        UpdateOne({"_id": id, **fields, "$expr": {"$not": [late]}}, moved(movements, unset=dict.fromkeys(fields, ""))),
        UpdateOne({"_id": id, **fields}, moved(movements, set=dict.fromkeys(fields, 0))),
    ]


def settle_alone(reservation: Reservation, line: Line) -> list[UpdateOne]:
    """Take out or move what was committed, give back all else, and leave a tombstone, on a line not held as well.

    The first that matches is the only one that does: a hold ends without a tombstone where no late hold can match any
    more, else with one; a line that is not held gets one while it needs it.
    """
    field = _field(reservation)
    late = {"$lt": ["$$NOW", _fenced_until(reservation)]}
    unheld = {"_id": line.stock_id, field: {"$exists": False}, "$expr": late}
    return [*settle_together(line.stock_id, [(reservation, line)]), UpdateOne(unheld, {"$set": {field: 0}})]


def _ending(reservation: Reservation, line: Line) -> Movement:
    assert reservation.ended_by is not None, "only an ended reservation is settled"
    assert reservation.ended_at is not None, "only an ended reservation is settled"
    deltas = settling(reservation, line)
    return _movement(reservation, line, reservation.ending_reason, reservation.ended_by, reservation.ended_at, deltas)


def _movement(
    reservation: Reservation, line: Line, reason: MovementReason, actor: Actor, at: datetime, deltas: Quantities
) -> Movement:
    event_id = f"{reservation.id}:{line.stock_id}:{reason.value}"
    return Movement(event_id, reason, actor, at, deltas, reservation.id, reservation.reference)


def _holding(line: Line) -> Quantities:
    return Quantities.of_move(line.quantity, line.source, StockState.RESERVED)


def _field(reservation: Reservation) -> str:
    return f"holds.{reservation.id}"


def _fenced_until(reservation: Reservation) -> datetime:
    return reservation.hold_until + timedelta(seconds=FENCE_MARGIN_S)
