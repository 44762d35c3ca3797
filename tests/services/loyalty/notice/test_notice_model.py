"""When a notice is due, and which one."""

from datetime import UTC, datetime, timedelta

import pytest

from services.loyalty.model import CustomerId, Lot, LotKind, Wallet, WalletId
from services.loyalty.notice.model import Notice, notices

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def wallet(regular_days: float | None = None, **limited: float) -> Wallet:
    lots = tuple(Lot(LotKind.LIMITED, int(name[1:]), NOW + days * DAY) for name, days in limited.items())
    expiry = None if regular_days is None else NOW + regular_days * DAY
    return Wallet(WalletId("wal_1"), CustomerId("cus_1"), 40 if expiry else 0, expiry, lots, 0, 0, 0)


def seen(found: list[Notice]) -> list[tuple[int, float, int]]:
    return [(notice.points, (notice.at - NOW) / DAY, notice.days) for notice in found]


@pytest.mark.parametrize(
    ("left", "days"), [(31, None), (30.01, None), (30, 30), (8, 30), (7, 7), (1.5, 7), (1, 1), (0.01, 1), (0, None)]
)
def test_the_most_urgent_notice_that_is_reached_is_due(left: float, days: int | None) -> None:
    assert seen(notices(wallet(p5=left), {}, NOW)) == ([] if days is None else [(5, left, days)])


def test_none_is_told_twice_and_fewer_days_follow_more() -> None:
    lot = wallet(p5=6)
    at = NOW + 6 * DAY
    assert seen(notices(lot, {at: 30}, NOW)) == [(5, 6, 7)]
    assert notices(lot, {at: 7}, NOW) == []
    assert notices(lot, {at: 1}, NOW) == []


def test_an_expiry_that_has_moved_on_is_another_and_lots_of_one_expiry_are_one_notice() -> None:
    moved = wallet(20, p5=20, p7=3)
    found = notices(moved, {NOW + 10 * DAY: 30}, NOW)
    assert seen(found) == [(7, 3, 7), (45, 20, 30)]
    assert len({notice.id for notice in found}) == 2
