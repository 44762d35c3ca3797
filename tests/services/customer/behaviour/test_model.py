"""Rows are checked, sessions found, devices told apart; nothing here asks a database."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, Refusal
from services.customer.behaviour import model
from services.customer.behaviour.checks import FIELDS, Door, event_digest, event_key
from services.customer.behaviour.documents import event_document, parse_event
from services.customer.behaviour.inputs import WHAT, BehaviourEventInput
from services.customer.behaviour.model import (
    MAX_AHEAD,
    PAYLOADS,
    RETENTION,
    BehaviourEvent,
    BehaviourKind,
    EventDraft,
    EventFromFuture,
    EventTooOld,
    Payload,
    Step,
)
from services.customer.behaviour.session import GAP, sessions_of
from services.customer.behaviour.types import EVENT_TYPES, event_of
from services.customer.device.model import MAX_SEEN, Device, device_subject
from services.customer.kin.model import Person

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SECRET = b"s" * 32
DOOR = Door("web", "web", "loc_1", SECRET, NOW)
SAMPLES: tuple[Payload, ...] = (
    model.View("MUG", None),
    model.Compare(("MUG", "CUP")),
    model.Search("赤い靴", 12),
    model.Cart("MUG", model.CartChange.ADDED, 2),
    model.Purchase("ord_1"),
    model.StoreEntry("loc_9", model.EntryMeans.BEACON),
    model.TryOn("MUG", "loc_9"),
    model.Review("prd_1", 5, "rev_1"),
    model.Inquiry("inq_1"),
    model.MailOpened("m1", "autumn"),
    model.CouponReceived("cpn_1"),
    model.CouponUsed("cpn_1", "ord_1"),
    model.ContentRead("post-1", 80),
)


def draft(payload: Payload = SAMPLES[0], at: datetime = NOW, **changes: object) -> EventDraft:
    return EventDraft(**{"source_id": "e1", "at": at, "payloads": (payload,), "customer_id": "cus_1"} | changes)  # type: ignore[arg-type]


def event(payload: Payload = SAMPLES[0], at: datetime = NOW, **changes: object) -> BehaviourEvent:
    checked = DOOR.check(0, draft(payload, at, **changes))
    assert isinstance(checked, BehaviourEvent), checked
    return checked


def problems(given: EventDraft) -> list[Refusal]:
    checked = DOOR.check(3, given)
    assert isinstance(checked, list)
    return checked


def test_every_kind_has_payload_retention_input_and_type() -> None:
    assert set(PAYLOADS) == set(BehaviourKind) == set(RETENTION)
    assert set(get_args(Payload)) == set(PAYLOADS.values()) == {type(sample) for sample in SAMPLES}
    assert len(EVENT_TYPES) == len(WHAT) == len(BehaviourKind)
    assert {type(event_of(event(sample))) for sample in SAMPLES} == set(EVENT_TYPES)
    assert all(hasattr(BehaviourEventInput, name) or name in BehaviourEventInput.__annotations__ for name in WHAT)


@pytest.mark.parametrize("payload", SAMPLES, ids=lambda payload: type(payload).__name__)
def test_what_is_kept_is_read_back_and_goes_when_its_kind_does(payload: Payload) -> None:
    kept = event(payload, device="cookie-1")
    document = event_document(kept)
    assert parse_event(document) == kept
    assert document["expires_at"] == NOW + RETENTION[kept.kind]
    assert "cookie-1" not in str(document)
    assert parse_event(event_document(event(payload, customer_id=None, device="c"))).customer_id is None


def test_events_from_the_future_and_from_beyond_their_retention_are_refused_and_late_ones_are_not() -> None:
    assert event(at=NOW + MAX_AHEAD).at == NOW + MAX_AHEAD
    late = NOW + MAX_AHEAD + timedelta(milliseconds=1)
    assert problems(draft(at=late)) == [
        EventFromFuture(path=("input", "events", "3", "at"), at=late, latest=NOW + MAX_AHEAD)
    ]
    kept_for = RETENTION[BehaviourKind.SEARCH]
    assert event(SAMPLES[2], at=NOW - kept_for + timedelta(seconds=1))
    (old,) = problems(draft(SAMPLES[2], at=NOW - kept_for))
    assert isinstance(old, EventTooOld)
    assert old.earliest == NOW - kept_for


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (draft(payloads=()), ""),
        (draft(payloads=SAMPLES[:2]), ""),
        (draft(customer_id=None), ""),
        (draft(source_id=""), "sourceId"),
        (draft(source_id="x" * 129), "sourceId"),
        (draft(customer_id="dev_1"), "customerId"),
        (draft(device="a\nb"), "device"),
        (draft(channel=""), "channel"),
        (draft(model.View()), "view"),
        (draft(model.View("")), "view.sku"),
        (draft(model.Compare(("A",))), "compare.skus"),
        (draft(model.Compare(("A", ""))), "compare.skus.1"),
        (draft(model.Search("")), "search.keyword"),
        (draft(model.Search("x" * 201)), "search.keyword"),
        (draft(model.Search("x", -1)), "search.results"),
        (draft(model.Cart("A", model.CartChange.ADDED, 0)), "cart.quantity"),
        (draft(model.StoreEntry("", model.EntryMeans.GATE)), "storeEntry.locationId"),
        (draft(model.Review("p", 6)), "review.rating"),
        (draft(model.MailOpened("m", "")), "mailOpened.campaign"),
        (draft(model.CouponUsed("c", "")), "couponUsed.orderId"),
        (draft(model.ContentRead("c", 101)), "contentRead.percent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_is_refused_where_it_is_wrong(bad: EventDraft, where: str) -> None:
    (problem,) = problems(bad)
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == "input.events.3" + (f".{where}" if where else "")
    assert bad.device is None or bad.device not in problem.message


def test_an_event_is_itself_by_its_source_and_a_purchase_by_its_order() -> None:
    assert event_digest("web", "1", SAMPLES[0]) != event_digest("app", "1", SAMPLES[0])
    assert event_digest("web", "1", model.Purchase("o")) == event_digest("app", "2", model.Purchase("o"))
    assert event().says_the_same(event())
    assert not event().says_the_same(event(SAMPLES[2]))
    assert event(model.Purchase("o")).says_the_same(event(model.Purchase("o"), at=NOW - GAP))


@given(st.lists(st.integers(0, 10**11), min_size=2, max_size=20))
def test_keys_sort_as_times_do(times: list[int]) -> None:
    moments = [NOW - timedelta(milliseconds=ago) for ago in times]
    keys = [(event_key(at, event_digest("s", str(n), SAMPLES[0])), at) for n, at in enumerate(moments)]
    assert [at for _, at in sorted(keys)] == sorted(moments)


def steps(*minutes: float, kind: BehaviourKind = BehaviourKind.VIEW, channel: str = "web") -> list[Step]:
    return [Step(bytes([n]), NOW - timedelta(minutes=ago), kind, channel) for n, ago in enumerate(minutes)]


def test_a_pause_above_half_an_hour_ends_a_session_and_half_an_hour_does_not() -> None:
    found = sessions_of(steps(0, 30, 60.1, 100, 101), all_read=True)
    assert [(one.events, one.is_whole) for one in found] == [(2, True), (1, True), (2, True)]
    assert (found[0].started_at, found[0].ended_at) == (NOW - timedelta(minutes=30), NOW)
    assert [one.is_whole for one in sessions_of(steps(0, 40), all_read=False)] == [True, False]
    assert sessions_of([], all_read=True) == []


@given(st.lists(st.integers(0, 200), max_size=30))
def test_sessions_part_all_events_and_none_has_a_pause_inside(minutes: list[int]) -> None:
    given = steps(*sorted(minutes))
    found = sessions_of(given, all_read=True)
    assert sum(one.events for one in found) == len(given)
    assert all(earlier.started_at - later.ended_at > GAP for earlier, later in itertools.pairwise(found))


def test_a_device_is_one_persons_or_nobodys_whatever_was_merged() -> None:
    ann, bob = Person(frozenset({"a"})), Person(frozenset({"b"}))
    both = Person(frozenset({"a", "b"}), NOW)
    tablet = Device("dev_1", frozenset({"a", "b"}))
    assert tablet.owner({"a": ann, "b": bob}) is None
    assert tablet.owner({"a": both, "b": both}) == both
    assert Device("dev_1", frozenset({"a"})).owner({"a": ann}) == ann
    assert Device("dev_1", frozenset({"a"}), shared=True).owner({"a": ann}) is None
    assert Device("dev_1").owner({}) is None
    many = frozenset(str(n) for n in range(MAX_SEEN))
    assert not Device("dev_1", many).is_of(Person(many))


def test_a_device_is_kept_under_a_name_nobody_can_guess() -> None:
    name = device_subject(SECRET, "cookie-1")
    assert name == device_subject(SECRET, "cookie-1") != device_subject(b"t" * 32, "cookie-1")
    assert name.startswith("dev_")
    assert len(name) == 36
    assert "cookie" not in name


def test_refusals_name_the_field_a_client_wrote() -> None:
    assert FIELDS[model.ContentRead] == "contentRead"
