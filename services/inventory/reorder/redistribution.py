"""Which shop could send another what it does not need itself: a pure proposal, nothing is moved by it.

A shop's rate is what it sold of a SKU in the window, a day. It needs what `target_days` of its rate and its minimum
display ask for beyond what it has and expects; it can spare what `keep_days` of its rate and its display do not. The
shop whose stock lasts shortest is served first, from the nearest shop that can spare, and no parcel is smaller than
`min_pieces`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kit.errors import BadUserInput
from services.inventory.location.model import GeoPoint

EARTH_KM = 6_371.0088
"""Mean radius of the Earth (IUGG)."""
MAX_SKUS = 20
MAX_LOCATIONS = 200
"""Together 4,000 stocks: one query for the levels, one for what was sold."""
MAX_DAYS = 365


@dataclass(frozen=True, slots=True)
class Cover:
    """How long stock has to last, in days, and from which window the rate is taken."""

    window_days: int = 28
    target_days: int = 14
    keep_days: int = 28
    min_pieces: int = 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """One SKU at one location: what is available and expected, what was sold in the window, what has to be shown."""

    location_id: str
    available: int
    sold: int = 0
    incoming: int = 0
    min_display: int = 0

    def days(self, window_days: int) -> float | None:
        """How long it lasts; None: nothing was sold, so for ever."""
        return self.available * window_days / self.sold if self.sold else None

    def needs(self, cover: Cover) -> int:
        """Pieces it should get."""
        wanted = max(math.ceil(self.sold * cover.target_days / cover.window_days), self.min_display)
        return max(wanted - self.available - self.incoming, 0)

    def spares(self, cover: Cover) -> int:
        """Pieces it can do without."""
        kept = max(math.ceil(self.sold * cover.keep_days / cover.window_days), self.min_display)
        return max(self.available - kept, 0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """So many pieces of a SKU from one shop to another, and why."""

    sku: str
    origin_id: str
    destination_id: str
    quantity: int
    distance_km: float
    destination_days: float | None
    origin_days: float | None


def check_cover(cover: Cover, skus: int, locations: int) -> Cover:
    """The cover itself, or BadUserInput naming what cannot be asked."""
    for name, days in (("windowDays", cover.window_days), ("targetDays", cover.target_days)):
        if not 1 <= days <= MAX_DAYS:
            raise BadUserInput(f"{name}: expected 1 to {MAX_DAYS}, got {days}")
    if not cover.target_days <= cover.keep_days <= MAX_DAYS:
        raise BadUserInput(f"keepDays: expected {cover.target_days} to {MAX_DAYS}, got {cover.keep_days}")
    if cover.min_pieces < 1:
        raise BadUserInput(f"minPieces: expected 1 or more, got {cover.min_pieces}")
    if not 1 <= skus <= MAX_SKUS:
        raise BadUserInput(f"skus: expected 1 to {MAX_SKUS}, got {skus}")
    if not 2 <= locations <= MAX_LOCATIONS:
        raise BadUserInput(f"locationIds: expected 2 to {MAX_LOCATIONS}, got {locations}")
    return cover


def redistribute(sku: str, shelves: Sequence[Shelf], points: Mapping[str, GeoPoint], cover: Cover) -> list[Proposal]:
    """What the shelves of one SKU could send each other; the same shelves give the same proposals."""
    spare = {shelf.location_id: shelf.spares(cover) for shelf in shelves}
    by_id = {shelf.location_id: shelf for shelf in shelves}
    proposals: list[Proposal] = []
    for needy in sorted((each for each in shelves if each.needs(cover)), key=lambda each: _urgency(each, cover)):
        missing = needy.needs(cover)
        there = points[needy.location_id]
        distances = {id: distance_km(points[id], there) for id in spare if id != needy.location_id}
        for origin in sorted(distances, key=lambda id: (distances[id], -spare[id], id)):
            pieces = min(missing, spare[origin])
            if pieces < cover.min_pieces:
                continue
            after = replace(by_id[origin], available=by_id[origin].available - pieces)
            proposals.append(
                Proposal(
                    sku=sku,
                    origin_id=origin,
                    destination_id=needy.location_id,
                    quantity=pieces,
                    distance_km=distances[origin],
                    destination_days=needy.days(cover.window_days),
                    origin_days=after.days(cover.window_days),
                )
            )
            spare[origin] -= pieces
            by_id[origin] = after
            missing -= pieces
    return proposals


def distance_km(one: GeoPoint, other: GeoPoint) -> float:
    """Along a great circle, by the haversine formula (R. W. Sinnott, Sky & Telescope 68, 1984)."""
    up, down = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((down - up) / 2) ** 2 + math.cos(up) * math.cos(down) * math.sin(across / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def _urgency(shelf: Shelf, cover: Cover) -> tuple[float, str]:
    days = shelf.days(cover.window_days)
    return (math.inf if days is None else days, shelf.location_id)
