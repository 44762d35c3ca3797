"""Locations: shops, warehouses and the like, with position and time zone. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar
from zoneinfo import available_timezones

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.hours.model import is_open
from services.inventory.location.operation import (
    SIMPLE,
    LocationService,
    Operation,
    PostalAddress,
    check_operation,
    check_postal_address,
)
from services.inventory.model import LocationId

MAX_NAME = 300
MAX_ADDRESS = 1_000
MAX_EXTERNAL_IDS = 20
MAX_EXTERNAL_ID = 128
"""Characters of a source or a value: both live in index entries."""
MAX_LATITUDE = 90.0
MAX_LONGITUDE = 180.0
KM_DECIMALS = 3
"""Distances are shown to the metre; positions are no more exact."""
MAX_RADIUS_KM = 20_038.0
"""Half the circumference of the Earth: there is nothing further away."""


class LocationKind(StrEnum):
    """What sort of place it is."""

    STORE = "STORE"
    WAREHOUSE = "WAREHOUSE"
    DARK_STORE = "DARK_STORE"
    MICRO_FULFILMENT = "MICRO_FULFILMENT"
    POP_UP = "POP_UP"
    PICKUP_POINT = "PICKUP_POINT"
    SUPPLIER = "SUPPLIER"


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A position in WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """What a location is called elsewhere; unique a source."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class LocationDraft:
    """A location as somebody describes it, before it has an id."""

    name: str
    kind: LocationKind
    point: GeoPoint
    time_zone: str
    address: str | None = None
    external_ids: tuple[ExternalRef, ...] = ()
    postal_address: PostalAddress | None = None
    operation: Operation = SIMPLE


@dataclass(frozen=True, slots=True)
class Location:
    """A location as it is kept."""

    id: LocationId
    draft: LocationDraft
    version: int
    updated_at: datetime

    @property
    def operation(self) -> Operation:
        """How it works."""
        return self.draft.operation

    def is_open(self, at: datetime) -> bool:
        """Whether it is in business at all and somebody is there."""
        return self.operation.is_active(at) and is_open(self.operation.hours, self.draft.time_zone, at)


@dataclass(frozen=True, slots=True)
class NearbyLocation:
    """A location and how far away it is, in kilometres along the Earth's surface."""

    location: Location
    distance_km: float

    @property
    def order(self) -> tuple[float, str]:
        """Nearest first; the id decides between neighbours at one spot."""
        return self.distance_km, self.location.id


@dataclass(frozen=True, slots=True)
class Nearness:
    """What a search around a point is narrowed to: services all offered, in business then, among these ids."""

    services: frozenset[LocationService] = frozenset()
    active_at: datetime | None = None
    location_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationExternalIdTaken(Refusal):
    """The external id belongs to another location."""

    value: str
    path: Path = ("input", "externalIds")
    code: ClassVar[str] = "LOCATION_EXTERNAL_ID_TAKEN"

    @property
    def message(self) -> str:
        """Which value."""
        return f"external id {self.value!r} belongs to another location"


def point_problem(point: GeoPoint) -> tuple[str, str] | None:
    """Which coordinate is wrong and what it may be; None if the point is on Earth."""
    for name, value, most in (
        ("latitude", point.latitude, MAX_LATITUDE),
        ("longitude", point.longitude, MAX_LONGITUDE),
    ):
        if not math.isfinite(value) or abs(value) > most:
            return name, f"degrees from {-most:g} to {most:g}"
    return None


def check_location(draft: LocationDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `draft` cannot be kept, each with its path below `at`."""
    problems: list[Refusal] = []
    if not draft.name.strip() or len(draft.name) > MAX_NAME or not draft.name.isprintable():
        problems.append(_invalid((*at, "name"), f"1 to {MAX_NAME} printable characters", draft.name[:MAX_NAME]))
    if (problem := point_problem(draft.point)) is not None:
        name, expected = problem
        problems.append(_invalid((*at, name), expected, getattr(draft.point, name)))
    if draft.time_zone not in _time_zones():
        problems.append(_invalid((*at, "timeZone"), "an IANA time zone such as Asia/Tokyo", draft.time_zone[:64]))
    if draft.address is not None and not 1 <= len(draft.address) <= MAX_ADDRESS:
        problems.append(_invalid((*at, "address"), f"1 to {MAX_ADDRESS} characters", len(draft.address)))
    if draft.postal_address is not None:
        problems += check_postal_address(draft.postal_address, (*at, "postalAddress"))
    problems += check_operation(draft.operation, at)
    return problems + _check_external_ids(draft.external_ids, (*at, "externalIds"))


def _check_external_ids(refs: Sequence[ExternalRef], at: Path) -> list[Refusal]:
    problems: list[Refusal] = []
    if len(refs) > MAX_EXTERNAL_IDS:
        problems.append(_invalid(at, f"at most {MAX_EXTERNAL_IDS}", len(refs)))
    for index, ref in enumerate(refs):
        for name, text in (("source", ref.source), ("value", ref.value)):
            if not 1 <= len(text) <= MAX_EXTERNAL_ID or not text.isprintable():
                expected = f"1 to {MAX_EXTERNAL_ID} printable characters"
                problems.append(_invalid((*at, str(index), name), expected, repr(text[:MAX_EXTERNAL_ID])))
        if ref in refs[:index]:
            problems.append(_invalid((*at, str(index)), "an external id this input has once", ref.value))
    return problems


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _invalid(path: Path, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=str(got))
