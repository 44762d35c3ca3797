"""How a location works: what it does for shoppers, when, how fast, how much a day. Part of the model: no I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.hours.model import DAY_MIN, OpeningHours, check_hours

MAX_LEAD_MIN = 14 * DAY_MIN
"""Two weeks of open time: what takes longer is ordered, not picked."""
MAX_DAILY_PICKS = 1_000_000
"""Pieces picked a day: above the largest warehouse's."""
MAX_ADDRESS_PART = 300
COUNTRY_LETTERS = 2


class LocationService(StrEnum):
    """What a location does for shoppers."""

    PICKUP = "PICKUP"
    SHIP_FROM = "SHIP_FROM"
    SHIP_TO = "SHIP_TO"
    RETURNS = "RETURNS"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address in parts; country is ISO 3166-1 alpha-2."""

    country: str
    postal_code: str | None = None
    region: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """Hours (None: always open), services, and what promises are made from.

    `pickup_lead_min`: minutes of open time from an order to its being ready. `cutoff_min`: minutes after midnight on
    its clock until which an order leaves the same day; None: as long as it is open. `daily_picks`: pieces it picks a
    business day; None: no limit. Out of business before `active_from` and from `active_until` on.
    """

    hours: OpeningHours | None = None
    services: frozenset[LocationService] = frozenset()
    pickup_lead_min: int = 0
    cutoff_min: int | None = None
    daily_picks: int | None = None
    active_from: datetime | None = None
    active_until: datetime | None = None

    def is_active(self, at: datetime) -> bool:
        """Whether it is in business at all."""
        has_begun = self.active_from is None or self.active_from <= at
        return has_begun and (self.active_until is None or at < self.active_until)

    def offers(self, service: LocationService) -> bool:
        """Whether it does this for shoppers."""
        return service in self.services


SIMPLE = Operation()
"""Always open, nothing for shoppers, no limit: what a location is of which nobody has said more."""


def check_operation(operation: Operation, at: Path) -> list[Refusal]:
    """Every reason why a location cannot work so, each with its path below `at`."""
    problems: list[Refusal] = []
    if operation.hours is not None:
        problems += check_hours(operation.hours, (*at, "openingHours"))
    for name, value, most in (
        ("pickupLeadMinutes", operation.pickup_lead_min, MAX_LEAD_MIN),
        ("dispatchCutoff", operation.cutoff_min, DAY_MIN),
        ("dailyPickCapacity", operation.daily_picks, MAX_DAILY_PICKS),
    ):
        if value is not None and not 0 <= value <= most:
            problems.append(InvalidInput(path=(*at, name), expected=f"0 to {most}", got=str(value)))
    begins, ends = operation.active_from, operation.active_until
    if begins is not None and ends is not None and ends <= begins:
        expected = f"later than {begins.isoformat()}"
        problems.append(InvalidInput(path=(*at, "activeUntil"), expected=expected, got=ends.isoformat()))
    return problems


def check_postal_address(address: PostalAddress, at: Path) -> list[Refusal]:
    """What is wrong with the parts of an address."""
    problems: list[Refusal] = []
    country = address.country
    if not (len(country) == COUNTRY_LETTERS and country.isascii() and country.isalpha() and country.isupper()):
        expected = "two capital letters, ISO 3166-1, such as JP"
        problems.append(InvalidInput(path=(*at, "country"), expected=expected, got=repr(country[:16])))
    for name, text in (
        ("postalCode", address.postal_code),
        ("region", address.region),
        ("city", address.city),
        ("line1", address.line1),
        ("line2", address.line2),
    ):
        if text is not None and not (1 <= len(text) <= MAX_ADDRESS_PART and text.isprintable()):
            expected = f"1 to {MAX_ADDRESS_PART} printable characters"
            problems.append(InvalidInput(path=(*at, name), expected=expected, got=repr(text[:64])))
    return problems
