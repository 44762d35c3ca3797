"""Who may have a reward, and what a reward cannot be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.errors import InvalidInput
from services.loyalty.model import CustomerId, Lot, LotKind, Wallet, WalletId
from services.loyalty.reward.model import (
    Obstacle,
    Reward,
    RewardDraft,
    RewardId,
    RewardKind,
    Shopper,
    check_draft,
    standing,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MUG = RewardDraft({"en": "Mug", "ja": "マグ"}, RewardKind.ARTICLE, 300, sku="MUG")


def wallet(regular: int, limited: int = 0, frozen: bool = False) -> Wallet:
    lots = (Lot(LotKind.LIMITED, limited, NOW + DAY),) if limited else ()
    return Wallet(
        WalletId("wal_1"), CustomerId("cus_1"), regular, NOW + DAY, lots, regular + limited, 0, 1,
        frozen_at=NOW if frozen else None,
    )  # fmt: skip


def reward(taken: int = 0, **changes: object) -> Reward:
    return Reward(RewardId("rwd_1"), 1, replace(MUG, **changes), taken, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "who", "missing", "obstacles"),
    [
        (reward(), Shopper(wallet(300), None), 0, []),
        (reward(), Shopper(wallet(200, 99), None), 1, [Obstacle.POINTS]),
        (reward(), Shopper(wallet(200, 100), None, only=LotKind.REGULAR), 100, [Obstacle.POINTS]),
        (reward(), Shopper(None, None), 300, [Obstacle.POINTS]),
        (reward(), Shopper(wallet(300, frozen=True), None), 0, [Obstacle.FROZEN]),
        (reward(2, stock=2), Shopper(wallet(300), None), 0, [Obstacle.SOLD_OUT]),
        (reward(3, stock=2), Shopper(wallet(300), None), 0, [Obstacle.SOLD_OUT]),
        (reward(1, stock=2), Shopper(wallet(300), None), 0, []),
        (reward(ranks=frozenset({"GOLD"})), Shopper(wallet(300), None), 0, [Obstacle.RANK]),
        (reward(ranks=frozenset({"GOLD"})), Shopper(wallet(300), "GOLD"), 0, []),
        (reward(per_member=2), Shopper(wallet(300), None, 2), 0, [Obstacle.MEMBER_LIMIT]),
        (reward(per_member=2), Shopper(wallet(300), None, 1), 0, []),
        (reward(enabled=False), Shopper(wallet(0), None), 300, [Obstacle.NOT_OFFERED, Obstacle.POINTS]),
        (reward(valid_until=NOW), Shopper(wallet(300), None), 0, [Obstacle.NOT_OFFERED]),
        (reward(valid_from=NOW), Shopper(wallet(300), None), 0, []),
    ],
)
def test_everything_that_stands_between_a_member_and_a_reward(
    what: Reward, who: Shopper, missing: int, obstacles: list[Obstacle]
) -> None:
    found = standing(what, who, NOW)

    assert (found.missing, list(found.obstacles)) == (missing, obstacles)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"points": 0}, "points"),
        ({"names": {}}, "names"),
        ({"names": {"en": ""}}, "names"),
        ({"stock": -1}, "stock"),
        ({"per_member": 0}, "perMember"),
        ({"claim_days": 367}, "claimDays"),
        ({"sku": None}, "sku"),
        ({"promotion_id": "prm_1"}, "promotionId"),
        ({"kind": RewardKind.COUPON, "sku": None}, "promotionId"),
        ({"kind": RewardKind.OTHER}, "sku"),
        ({"valid_from": NOW, "valid_until": NOW}, "validUntil"),
        ({"ranks": frozenset(f"R{n}" for n in range(11))}, "ranks"),
    ],
)
def test_what_a_reward_cannot_be_is_named_by_its_field(changes: dict[str, object], path: str) -> None:
    problems = check_draft(replace(MUG, **changes))  # type: ignore[arg-type]

    assert [problem.path for problem in problems] == [("input", path)]
    assert all(isinstance(problem, InvalidInput) for problem in problems)


def test_a_draft_that_differs_has_another_fingerprint() -> None:
    assert MUG.fingerprint == replace(MUG, names=dict(MUG.names)).fingerprint
    assert MUG.fingerprint != replace(MUG, returns_points=True).fingerprint
