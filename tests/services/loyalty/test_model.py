"""The rules of points, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.loyalty.accrual.model import Accrual, Heard, Trade, posting_without_order
from services.loyalty.earning.model import CURRENT_RULE, Programmes
from services.loyalty.model import (
    MAX_BALANCE,
    Account,
    CustomerId,
    Entry,
    EntryKind,
    Lot,
    LotKind,
    Movement,
    Reference,
    Wallet,
    WalletId,
    replay_problems,
    wallet_id_of,
)
from services.loyalty.posting.model import MAX_POINTS, InsufficientPoints, PointsRequest, check_request

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
DAY = timedelta(days=1)
MEMBER = CustomerId("cus_1")
EMPTY = Wallet(WalletId("wal_1"), MEMBER, 0, None, (), 0, 0, 0)


@pytest.mark.parametrize(
    ("gross_minor", "currency", "points"),
    [(0, "JPY", 0), (99, "JPY", 0), (100, "JPY", 1), (19_999, "USD", 199), (100, "USD", 1), (-500, "EUR", 0)],
)
def test_a_purchase_earns_whole_points_rounded_down(gross_minor: int, currency: str, points: int) -> None:
    assert CURRENT_RULE.points(gross_minor, currency) == points


def test_a_currency_without_a_rate_earns_nothing() -> None:
    assert CURRENT_RULE.points(100, "XXX") == 0


def test_lots_are_burned_by_expiry_and_expired_ones_not_at_all() -> None:
    gone, soon, late = (Lot(LotKind.LIMITED, 1, NOW + n * DAY) for n in (0, 1, 9))
    wallet = replace(EMPTY, regular_points=5, regular_expires_at=NOW + 3 * DAY, limited=(gone, soon, late), booked=8)
    assert [lot.expires_at - NOW for lot in wallet.lots(NOW)] == [1 * DAY, 3 * DAY, 9 * DAY]
    assert (wallet.balance(NOW), wallet.expires_at(NOW)) == (7, NOW + DAY)
    assert (wallet.balance(NOW + 9 * DAY), wallet.expires_at(NOW + 9 * DAY)) == (0, None)


def test_a_wallet_has_its_customers_id_with_another_prefix() -> None:
    assert wallet_id_of("cus_01J8ABC") == "wal_01J8ABC"


def test_a_redemption_of_more_than_there_is_is_refused_with_both_numbers() -> None:
    posting = PointsRequest(MEMBER, 50, "GIFT", "k").posting(EntryKind.REDEEMED)
    refusal = posting.refusal(replace(EMPTY, booked=49))
    assert refusal == InsufficientPoints(path=("input", "points"), wallet_id="wal_1", requested=50, available=49)
    assert posting.refusal(replace(EMPTY, booked=50)) is None


def test_a_wallet_is_never_filled_beyond_what_the_graph_can_carry() -> None:
    posting = PointsRequest(MEMBER, 2, "X", "k").posting(EntryKind.EARNED)
    assert posting.refusal(replace(EMPTY, booked=MAX_BALANCE - 2)) is None
    assert posting.refusal(replace(EMPTY, booked=MAX_BALANCE - 1)) is not None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"points": 0}, "points"),
        ({"points": -5}, "points"),
        ({"points": MAX_POINTS + 1}, "points"),
        ({"customer_id": "someone"}, "customerId"),
        ({"customer_id": "cus_$x"}, "customerId"),
        ({"reason": ""}, "reason"),
        ({"reference": Reference(note="n" * 201)}, "note"),
        ({"reference": Reference(order_id="")}, "orderId"),
        ({"expires_at": NOW}, "expiresAt"),
        ({"expires_at": NOW + 3_661 * DAY}, "expiresAt"),
    ],
)
def test_a_request_no_wallet_could_take_is_refused_by_the_field(wrong: dict[str, Any], field: str) -> None:
    good = PointsRequest(MEMBER, MAX_POINTS, "REVIEW", "k", expires_at=NOW + DAY)
    assert check_request(good, NOW) == []
    assert [problem.path for problem in check_request(replace(good, **wrong), NOW)] == [("input", field)]


def order(gross_minor: int, id: str = "e-order", currency: str = "JPY") -> Heard:
    return Heard(id, Trade.ORDER, "ord_1", MEMBER, gross_minor, currency, NOW)


def back(gross_minor: int, id: str, currency: str = "JPY") -> Heard:
    return Heard(id, Trade.RETURN, "ord_1", MEMBER, gross_minor, currency, NOW, return_id=f"ret-{id}")


def points(*heard: Heard) -> list[int]:
    accrual = Accrual("ord_1")
    for one in heard:
        accrual = accrual.hear(one, Programmes(), NOW)
    return [fact.points for fact in accrual.facts]


def test_partial_returns_take_back_what_leaves_the_points_of_what_was_kept() -> None:
    assert points(order(1_050), back(101, "a"), back(101, "b"), back(848, "c")) == [10, -1, -1, -8]


def test_returns_of_more_than_was_bought_take_back_no_more_than_was_earned() -> None:
    assert points(order(1_000), back(900, "a"), back(900, "b"), back(900, "c")) == [10, -9, -1, 0]


def test_a_return_heard_before_its_order_waits_and_lessens_what_is_earned() -> None:
    assert points(back(250, "a"), order(1_000), back(50, "b")) == [0, 7, 0]
    assert points(back(1_000, "a"), order(1_000)) == [0, 0]


def test_an_event_heard_twice_is_heard_once_and_a_second_order_is_not_believed() -> None:
    assert points(order(1_000), order(1_000), order(9_000, id="other"), back(500, "a"), back(500, "a")) == [10, -5]


def test_a_return_in_another_currency_than_its_orders_moves_nothing() -> None:
    assert points(order(1_000), back(500, "a", currency="USD")) == [10, 0]


def test_a_return_of_an_unknown_order_takes_back_by_its_own_amount() -> None:
    posting = posting_without_order(Heard("e", Trade.RETURN, None, MEMBER, 1_999, "JPY", NOW, "ret_1"), Programmes())
    assert posting is not None
    assert (posting.kind, posting.points, posting.reference.return_id) == (EntryKind.TAKEN_BACK, 19, "ret_1")
    assert posting_without_order(Heard("e", Trade.RETURN, None, None, 1_999, "JPY", NOW), Programmes()) is None
    assert posting_without_order(Heard("e", Trade.RETURN, None, MEMBER, 99, "JPY", NOW), Programmes()) is None


def entry(seq: int, balance_after: int, *movements: Movement) -> Entry:
    kind, id = EntryKind.EARNED, WalletId("wal_1")
    return Entry(f"e{seq}", id, seq, kind, NOW, 10, balance_after, 0, movements, "X", Reference(), None, "")


def test_the_audit_sees_a_missing_entry_an_unbalanced_one_and_a_wrong_total() -> None:
    ten = (Movement(Account.WALLET, 10), Movement(Account.ISSUANCE, -10))
    wallet = replace(EMPTY, regular_points=20, booked=20, seq=2)
    assert replay_problems(wallet, [entry(1, 10, *ten), entry(2, 20, *ten)]) == []
    assert "entry 1 is missing" in replay_problems(wallet, [entry(2, 20, *ten)])[0]
    assert "does not sum to zero" in replay_problems(wallet, [entry(1, 10, *ten), entry(2, 20, ten[0])])[0]
    assert "tells balance 30" in replay_problems(wallet, [entry(1, 10, *ten), entry(2, 30, *ten)])[0]
    wrong = replay_problems(replace(wallet, booked=21), [entry(1, 10, *ten), entry(2, 20, *ten)])
    assert wrong == [
        "wal_1: keeps lots 20, balance 21, held 0, debt 0, 2 entries; journal: balance 20, held 0, debt 0, 2 entries"
    ]
