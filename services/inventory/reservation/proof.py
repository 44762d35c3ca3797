"""The proof that holds and reservations explain each other. No I/O."""

from collections.abc import Mapping

from services.inventory.reservation.model import Reservation, ReservationState


def audit_holds(unfinished: Mapping[str, Reservation], holds: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Every hold in the stock without a reservation that explains it, and every held line without its hold."""
    problems: list[str] = []
    for id, held in holds.items():
        for reservation_id, pieces in held.items():
            reservation = unfinished.get(reservation_id)
            lines = () if reservation is None else reservation.lines
            if pieces not in [line.quantity for line in lines if line.stock_id == id]:
                problems.append(f"{id}: {pieces} held by {reservation_id}, which does not explain it")
    for reservation in unfinished.values():
        for line in reservation.lines:
            held_here = holds.get(line.stock_id, {}).get(reservation.id)
            if reservation.state is ReservationState.HELD and held_here != line.quantity:
                problems.append(f"{reservation.id}: holds {held_here} of {line.stock_id}, not {line.quantity}")
    return problems
