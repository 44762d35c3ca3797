"""What may be changed alone, and what an adjustment or a policy cannot be."""

from dataclasses import replace

import pytest

from services.loyalty.adjustment.model import (
    FIRST_POLICY,
    AdjustmentPolicy,
    AdjustmentRequest,
    RoleLimit,
    check_adjustment,
    check_policy,
)
from services.loyalty.model import CustomerId

CLERK, CHIEF = RoleLimit("points:write", 100, 500), RoleLimit("points:approve", 1_000, 400)
ASKED = AdjustmentRequest(CustomerId("cus_1"), 10, "X", "k", "staff:ann")


@pytest.mark.parametrize(
    ("scopes", "limit"),
    [
        ({"points:write"}, CLERK),
        ({"points:write", "points:approve"}, CHIEF),
        ({"points:read"}, RoleLimit("", 0, 0)),
        (set(), RoleLimit("", 0, 0)),
    ],
    ids=["clerk", "both", "another", "none"],
)
def test_who_has_several_roles_has_the_widest(scopes: set[str], limit: RoleLimit) -> None:
    assert AdjustmentPolicy(1, (CLERK, CHIEF)).limit_for(scopes) == limit


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"points": 0}, "points"),
        ({"points": 10_000_001}, "points"),
        ({"points": -10_000_001}, "points"),
        ({"customer_id": "x"}, "customerId"),
        ({"reason": ""}, "reason"),
        ({"note": "n" * 201}, "note"),
    ],
)
def test_what_cannot_be_asked_for(changes: dict[str, object], path: str) -> None:
    assert [one.path for one in check_adjustment(replace(ASKED, **changes))] == [("input", path)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (replace(FIRST_POLICY, approval_days=0), ("approvalDays",)),
        (replace(FIRST_POLICY, roles=(CLERK,) * 21), ("roles",)),
        (replace(FIRST_POLICY, roles=(replace(CLERK, points=-1),)), ("roles", "0", "points")),
        (replace(FIRST_POLICY, roles=(CLERK, replace(CLERK, points_a_day=-1))), ("roles", "1", "pointsADay")),
        (replace(FIRST_POLICY, roles=(replace(CLERK, scope=""),)), ("roles", "0", "scope")),
    ],
)
def test_what_a_policy_cannot_be(policy: AdjustmentPolicy, path: tuple[str, ...]) -> None:
    assert [one.path for one in check_policy(policy)] == [("input", *path)]


def test_the_built_in_policy_is_one() -> None:
    assert check_policy(FIRST_POLICY) == []
