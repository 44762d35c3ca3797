"""Holds, refunds, gifts and freezing in the graph: who may, what is answered, what is refused."""

from typing import Any

import pytest

from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import give

ERRORS = """userErrors { __typename code path
  ... on HoldEnded { holdId state } ... on HoldExceeded { requested held }
  ... on RefundExceedsSpent { requested refundable } ... on WalletFrozen { walletId } }"""
HOLD = f"""hold {{ id points state captured endedAt }} wallet {{ balance held holds {{ id points state }} }}
  entry {{ kind points heldAfter holdId spent {{ kind points }} }} {ERRORS}"""
DOCUMENTS = {
    "pointsHold": f"mutation ($input: PointsHoldInput!) {{ pointsHold(input: $input) {{ {HOLD} }} }}",
    "pointsCapture": f"mutation ($input: PointsCaptureInput!) {{ pointsCapture(input: $input) {{ {HOLD} }} }}",
    "pointsVoid": f"mutation ($input: PointsVoidInput!) {{ pointsVoid(input: $input) {{ {HOLD} }} }}",
    "pointsRefund": "mutation ($input: PointsRefundInput!) { pointsRefund(input: $input) {"
    f" wallet {{ balance }} entry {{ kind refunds }} {ERRORS} }} }}",
    "pointsGift": "mutation ($input: PointsGiftInput!) { pointsGift(input: $input) {"
    f" wallet {{ balance }} entry {{ kind points }} {ERRORS} }} }}",
    "walletFreeze": "mutation ($input: WalletFreezeInput!) { walletFreeze(input: $input) {"
    f" wallet {{ frozenAt }} entry {{ kind }} {ERRORS} }} }}",
}
STAFF = {"scopes": ["points:write"], "staff": "ann"}


async def done(ask: Ask, name: str, caller: dict[str, Any], **input: Any) -> dict[str, Any]:
    """The payload; there are no errors besides those in it."""
    answer = await ask(DOCUMENTS[name], {"input": {"idempotencyKey": new_id("key"), **input}}, **caller)
    assert "errors" not in answer
    payload: dict[str, Any] = answer["data"][name]
    return payload


async def test_a_checkout_holds_captures_a_part_and_sees_the_rest_again(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 100)
    own: dict[str, Any] = {"customer": member, "scopes": ["points:redeem"]}
    held = await done(ask, "pointsHold", own, customerId=member, points=80)
    hold_id = held["hold"]["id"]
    assert held["wallet"] == {
        "balance": 20,
        "held": 80,
        "holds": [{"id": hold_id, "points": 80, "state": "OPEN"}],
    }
    taken = await done(ask, "pointsCapture", own, customerId=member, holdId=hold_id, points=50)
    assert {name: taken["hold"][name] for name in ("points", "state", "captured")} == {
        "points": 80,
        "state": "CAPTURED",
        "captured": 50,
    }
    assert taken["wallet"] == {"balance": 50, "held": 0, "holds": []}
    assert taken["entry"] == {
        "kind": "CAPTURED",
        "points": 30,
        "heldAfter": 0,
        "holdId": hold_id,
        "spent": [{"kind": "REGULAR", "points": 50}],
    }
    again = await done(ask, "pointsVoid", own, customerId=member, holdId=hold_id)
    assert again["userErrors"] == [
        {
            "__typename": "HoldEnded",
            "code": "HOLD_ENDED",
            "path": ["input", "holdId"],
            "holdId": hold_id,
            "state": "CAPTURED",
        }
    ]


async def test_a_refund_a_gift_and_a_freeze_show_in_the_wallet(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 100)
    friend = CustomerId(new_id("cus"))
    await store.open({friend: utc_now()})
    held = await done(ask, "pointsHold", STAFF, customerId=member, points=60)
    await done(ask, "pointsCapture", STAFF, customerId=member, holdId=held["hold"]["id"], points=60)
    spent = f"{wallet_id_of(member)}.3"
    more = await done(ask, "pointsRefund", STAFF, customerId=member, entryId=spent, points=61)
    assert [(error["code"], error["refundable"]) for error in more["userErrors"]] == [("REFUND_EXCEEDS_SPENT", 60)]
    back = await done(ask, "pointsRefund", STAFF, customerId=member, entryId=spent, points=60)
    assert back["wallet"]["balance"] == 100
    assert back["entry"] == {"kind": "REFUNDED", "refunds": spent}
    given = await done(ask, "pointsGift", STAFF, customerId=member, toCustomerId=friend, points=30)
    assert (given["wallet"]["balance"], given["entry"]["points"]) == (70, -30)
    frozen = await done(ask, "walletFreeze", STAFF, customerId=member, reason="STOLEN_PHONE")
    assert frozen["entry"]["kind"] == "FROZEN"
    assert frozen["wallet"]["frozenAt"] is not None
    refused = await done(ask, "pointsHold", STAFF, customerId=member, points=1)
    assert [(error["code"], error["walletId"]) for error in refused["userErrors"]] == [
        ("WALLET_FROZEN", wallet_id_of(member))
    ]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("pointsHold", {"points": 1}),
        ("pointsCapture", {"points": 1, "holdId": "hld_1"}),
        ("pointsVoid", {"holdId": "hld_1"}),
        ("pointsRefund", {"points": 1, "entryId": "wal_1.1"}),
        ("pointsGift", {"points": 1, "toCustomerId": "cus_2"}),
        ("walletFreeze", {"reason": "X"}),
    ],
)
async def test_nobody_touches_a_strangers_wallet(
    ask: Ask, store: LoyaltyStore, member: CustomerId, name: str, more: dict[str, Any]
) -> None:
    await give(store, member, 100)
    variables = {"input": {"idempotencyKey": "k", "customerId": member, **more}}
    for caller in ({"customer": "cus_other", "scopes": ["points:redeem"]}, {"scopes": ["points:read"]}, {}):
        answer = await ask(DOCUMENTS[name], variables, **caller)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
