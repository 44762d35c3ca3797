"""What is promised when: at a shop from stock, from an arrival, from elsewhere; delivered by cut-off and lead time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.inventory.hours.model import Interval, OpeningHours, SpecialDay
from services.inventory.location.model import GeoPoint, Location, LocationDraft, LocationKind
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import LocationId
from services.inventory.policy.model import LeadRule, Policy, PolicyDraft
from services.inventory.promise.model import (
    Arrival,
    Destination,
    Known,
    PromiseKind,
    PromiseSource,
    delivery_day,
    dispatch_day,
    promise_delivery,
    promise_pickup,
)

WEEKDAYS_9_TO_18 = OpeningHours(week=((Interval(9 * 60, 18 * 60),),) * 5 + ((),) * 2)
SHOP_SERVICES = frozenset({LocationService.PICKUP, LocationService.SHIP_TO})
SHIPS = frozenset({LocationService.SHIP_FROM})
TOKYO = Destination("JP", "100-0001")
POLICY = Policy("web", PolicyDraft(leads=(LeadRule(1, country="JP"),), transfer_days=2), 1)


def place(id: str, services: frozenset[LocationService], **operation: object) -> Location:
    works = Operation(services=services, **operation)  # type: ignore[arg-type]
    draft = LocationDraft(id, LocationKind.STORE, GeoPoint(35, 139), "Asia/Tokyo", operation=works)
    return Location(LocationId(id), draft, 1, datetime(2026, 1, 1, tzinfo=UTC))


SHOP = place("shop", SHOP_SERVICES, hours=WEEKDAYS_9_TO_18, pickup_lead_min=120)
DEPOT = place("depot", SHIPS, hours=WEEKDAYS_9_TO_18, cutoff_min=15 * 60)


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026 by the clock in Tokyo; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


MONDAY = tokyo(23, 10)


def known(
    pieces: Mapping[str, int],
    arrivals: Sequence[Arrival] = (),
    at: datetime = MONDAY,
    policy: Policy = POLICY,
    sources: Sequence[Location] = (DEPOT,),
) -> Known:
    by_place = {
        (one.sku, one.location_id): [a for a in arrivals if a.location_id == one.location_id] for one in arrivals
    }
    return Known(at, policy, {"MUG": pieces}, by_place, sources)


def test_what_lies_there_is_ready_after_the_lead_time() -> None:
    promise = promise_pickup(known({"shop": 2}), "MUG", 2, SHOP)
    assert (promise.kind, promise.source) == (PromiseKind.NOW, PromiseSource.STOCK)
    assert (promise.ready_at, promise.day) == (tokyo(23, 12), date(2026, 11, 23))


def test_the_lead_time_goes_on_at_the_next_opening() -> None:
    promise = promise_pickup(known({"shop": 2}, at=tokyo(27, 17)), "MUG", 2, SHOP)
    assert promise.ready_at == tokyo(30, 10)


def test_what_is_missing_is_sent_over_after_so_many_days() -> None:
    promise = promise_pickup(known({"shop": 1, "depot": 1}), "MUG", 2, SHOP)
    assert (promise.kind, promise.source, promise.from_location) == (
        PromiseKind.ON_DAY,
        PromiseSource.TRANSFER,
        DEPOT,
    )
    assert promise.ready_at == tokyo(25, 11)


def test_an_arrival_that_is_sooner_than_a_transfer_goes_first() -> None:
    arrival = Arrival("MUG", "shop", 5, tokyo(24, 9))
    promise = promise_pickup(known({"shop": 0, "depot": 9}, [arrival]), "MUG", 2, SHOP)
    assert (promise.source, promise.ready_at) == (PromiseSource.INCOMING, tokyo(24, 11))


def test_an_overdue_arrival_is_not_counted_on_before_tomorrow() -> None:
    arrival = Arrival("MUG", "shop", 5, tokyo(20, 9))
    promise = promise_pickup(known({}, [arrival], sources=()), "MUG", 2, SHOP)
    assert promise.ready_at == tokyo(24, 12)


@pytest.mark.parametrize(
    ("facts", "shop"),
    [
        (known({"shop": 1}), SHOP),
        (known({"shop": 1, "depot": 0}), SHOP),
        (known({"shop": 9}), place("shop", SHIPS)),
        (known({"shop": 9}), place("shop", SHOP_SERVICES, active_until=tokyo(23, 9))),
        (known({"depot": 9}), place("shop", frozenset({LocationService.PICKUP}))),
        (known({"depot": 9}, policy=Policy("web", PolicyDraft(), 1)), SHOP),
        (known({"shop": 9}), place("shop", SHOP_SERVICES, hours=OpeningHours(((),) * 7))),
    ],
    ids=["too few", "none elsewhere", "no pickup", "closed down", "no ship-to", "no transfers", "never open"],
)
def test_what_cannot_be_had_there_is_not_promised(facts: Known, shop: Location) -> None:
    assert promise_pickup(facts, "MUG", 2, shop).kind is PromiseKind.NEVER


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (tokyo(23, 14, 59), date(2026, 11, 23)),
        (tokyo(23, 15), date(2026, 11, 24)),
        (tokyo(27, 15), date(2026, 11, 30)),
        (tokyo(28, 9), date(2026, 11, 30)),
    ],
)
def test_a_parcel_leaves_on_the_first_open_day_before_the_cutoff(at: datetime, expected: date) -> None:
    assert dispatch_day(DEPOT, at) == expected


def test_without_a_cutoff_it_leaves_while_it_is_open() -> None:
    shop = place("shop", SHIPS, hours=WEEKDAYS_9_TO_18)
    assert dispatch_day(shop, tokyo(23, 17, 59)) == date(2026, 11, 23)
    assert dispatch_day(shop, tokyo(23, 18)) == date(2026, 11, 24)
    assert dispatch_day(place("robot", SHIPS), tokyo(28, 23)) == date(2026, 11, 28)


def test_a_holiday_of_the_depot_delays_the_parcel() -> None:
    holiday = OpeningHours(WEEKDAYS_9_TO_18.week, (SpecialDay(date(2026, 11, 23), name="勤労感謝の日"),))
    assert dispatch_day(place("depot", SHIPS, hours=holiday), tokyo(23, 10)) == date(2026, 11, 24)


def test_a_delivery_takes_days_with_delivery_only() -> None:
    weekdays = LeadRule(2, weekdays=frozenset(range(5)))
    policy = Policy("web", PolicyDraft(no_delivery=frozenset({date(2026, 11, 30)})), 1)
    assert delivery_day(weekdays, POLICY, date(2026, 11, 27)) == date(2026, 12, 1)
    assert delivery_day(weekdays, policy, date(2026, 11, 27)) == date(2026, 12, 2)
    assert delivery_day(LeadRule(0), POLICY, date(2026, 11, 27)) == date(2026, 11, 27)
    assert delivery_day(LeadRule(0, weekdays=frozenset({0})), POLICY, date(2026, 11, 27)) == date(2026, 11, 30)


def test_it_is_delivered_from_where_it_is_earliest() -> None:
    late = place("late", SHIPS, hours=WEEKDAYS_9_TO_18, cutoff_min=9 * 60)
    promise = promise_delivery(known({"depot": 5, "late": 5}, sources=(late, DEPOT)), "MUG", 2, TOKYO)
    assert (promise.kind, promise.day, promise.dispatch_day) == (
        PromiseKind.ON_DAY,
        date(2026, 11, 24),
        date(2026, 11, 23),
    )
    assert promise.from_locations == (DEPOT,)


def test_several_locations_deliver_together_and_the_last_parcel_counts() -> None:
    late = place("late", SHIPS, hours=WEEKDAYS_9_TO_18, cutoff_min=9 * 60)
    promise = promise_delivery(known({"depot": 1, "late": 1}, sources=(late, DEPOT)), "MUG", 2, TOKYO)
    assert (promise.day, promise.from_locations) == (date(2026, 11, 25), (DEPOT, late))


def test_what_arrives_is_sent_when_it_is_there() -> None:
    arrival = Arrival("MUG", "depot", 5, tokyo(25, 16))
    promise = promise_delivery(known({"depot": 1}, [arrival]), "MUG", 2, TOKYO)
    assert (promise.source, promise.dispatch_day, promise.day) == (
        PromiseSource.INCOMING,
        date(2026, 11, 26),
        date(2026, 11, 27),
    )


def test_where_no_lead_time_is_known_nothing_is_delivered() -> None:
    assert promise_delivery(known({"depot": 9}), "MUG", 1, Destination("DE")).kind is PromiseKind.NEVER
    assert promise_delivery(known({"depot": 1}), "MUG", 2, TOKYO).kind is PromiseKind.NEVER


@given(st.integers(0, 4), st.integers(0, 4), st.integers(1, 4), st.integers(0, 20_000))
@settings(max_examples=100, deadline=None)
def test_more_stock_never_makes_a_promise_worse(here: int, there: int, quantity: int, minutes: int) -> None:
    at = tokyo(1, 0) + timedelta(minutes=minutes)
    scarce, plenty = known({"shop": here, "depot": there}, at=at), known({"shop": here + 1, "depot": there + 1}, at=at)
    for ask in (lambda facts: promise_pickup(facts, "MUG", quantity, SHOP).ready_at,):
        before, after = ask(scarce), ask(plenty)
        assert before is None or (after is not None and after <= before)
        assert after is None or after >= at
    fewer, more = (promise_delivery(facts, "MUG", quantity, TOKYO).day for facts in (scarce, plenty))
    assert fewer is None or (more is not None and more <= fewer)
