"""What reservations have committed for later and no fulfilment has taken over yet. No I/O.

A reservation is owed from its commitment until there is a fulfilment at each of its locations, which then claims the
pieces itself. Allocated back-orders are such reservations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.inventory.paper.model import Claim
from services.inventory.reservation.model import Reservation


@dataclass(frozen=True, slots=True)
class Owed:
    """A reservation committed for later, and the locations whose pieces fulfilments have taken over."""

    reservation: Reservation
    taken_over: frozenset[str]

    @property
    def is_over(self) -> bool:
        """Whether fulfilments have all of it."""
        return all(line.location_id in self.taken_over or line.taken == 0 for line in self.reservation.lines)


def owing(reservations: Iterable[Reservation], sources: Mapping[str, set[str]]) -> list[Owed]:
    """These reservations with the locations (`sources`, by reservation) at which there are fulfilments of them."""
    return [Owed(each, frozenset(sources.get(each.id, ()))) for each in reservations]


def committed(owed: Owed) -> list[Claim]:
    """What it has committed and where; nobody can say how many while its pieces are just moving."""
    return [
        Claim(
            owed.reservation.id,
            line.stock_id,
            (line.quantity if line.taken is None else line.taken) if owed.reservation.settled else None,
        )
        for line in owed.reservation.lines
        if line.location_id not in owed.taken_over
    ]
