"""Rewards as shoppers and staff see them."""

from typing import Any

from kit.ids import new_id
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import give

UPSERT = """mutation ($input: RewardUpsertInput!) { rewardUpsert(input: $input) {
  reward { id version points left name(locale: "ja-JP") } userErrors { code path } } }"""
LIST = """query ($all: Boolean! = false, $who: ID) { rewards(first: 5, all: $all) { nodes {
  name points left kind article { sku } standing(customerId: $who) {
    affordable missingPoints claimable obstacles } } } }"""
CLAIM = """mutation ($input: RewardClaimInput!) { rewardClaim(input: $input) {
  claim { id state points validUntil entryId customer { id } wallet { balance } }
  userErrors { code path ... on RewardNotOffered { obstacle left } } } }"""
CANCEL = """mutation ($id: ID!) { rewardCancel(input: { claimId: $id }) {
  claim { state wallet { balance } } userErrors { code } } }"""
CLAIMS = """query ($who: ID!) { rewardClaims(customerId: $who) { totalCount nodes { id state kind } } }"""


async def made(ask: Ask, **input: Any) -> dict[str, Any]:
    said = {"names": [{"locale": "en", "text": "Mug"}, {"locale": "ja", "text": "マグ"}], "kind": "ARTICLE"}
    answer = await ask(UPSERT, {"input": {**said, "sku": "MUG", **input}}, scopes=["points:rules"])
    payload: dict[str, Any] = answer["data"]["rewardUpsert"]
    return payload


async def test_a_shopper_sees_what_can_be_had_and_claims_it(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    cheap = await made(ask, points=50, stock=1, idempotencyKey="a")
    assert cheap == await made(ask, points=50, stock=1, idempotencyKey="a")
    assert cheap["reward"]["name"] == "マグ"
    await made(ask, points=500, idempotencyKey="b")
    await made(ask, points=1, enabled=False, idempotencyKey="c")
    await give(store, member, 100)

    own = {"customer": member, "scopes": ["points:redeem"]}
    rows = (await ask(LIST, **own))["data"]["rewards"]["nodes"]
    assert [(row["points"], row["standing"]["affordable"], row["standing"]["missingPoints"]) for row in rows] == [
        (50, True, 0),
        (500, False, 400),
    ]
    assert (rows[0]["standing"]["claimable"], rows[1]["standing"]["obstacles"]) == (True, ["POINTS"])
    nobody = (await ask(LIST))["data"]["rewards"]["nodes"]
    assert [row["standing"] for row in nobody] == [None, None]
    assert len((await ask(LIST, {"all": True}, scopes=["points:rules"]))["data"]["rewards"]["nodes"]) == 3

    wanted = {"rewardId": cheap["reward"]["id"], "customerId": member, "idempotencyKey": "k"}
    claim = (await ask(CLAIM, {"input": wanted}, **own))["data"]["rewardClaim"]["claim"]
    assert (claim["state"], claim["points"], claim["wallet"]["balance"]) == ("CLAIMED", 50, 50)
    gone = await ask(CLAIM, {"input": {**wanted, "idempotencyKey": "l"}}, **own)
    assert gone["data"]["rewardClaim"]["userErrors"] == [
        {"code": "REWARD_NOT_OFFERED", "path": ["input", "rewardId"], "obstacle": "SOLD_OUT", "left": 0}
    ]
    assert (await ask(CLAIMS, {"who": member}, **own))["data"]["rewardClaims"]["totalCount"] == 1
    back = (await ask(CANCEL, {"id": claim["id"]}, **own))["data"]["rewardCancel"]["claim"]
    assert back == {"state": "CANCELLED", "wallet": {"balance": 100}}


async def test_who_may_not(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    cheap = await made(ask, points=50, idempotencyKey="a")
    wanted = {"rewardId": cheap["reward"]["id"], "customerId": member, "idempotencyKey": "k"}
    stranger = {"customer": new_id("cus"), "scopes": ["points:redeem"]}

    answers = [
        await ask(UPSERT, {"input": {"names": [], "kind": "OTHER", "points": 1}}, customer=member),
        await ask(CLAIM, {"input": wanted}, **stranger),
        await ask(CLAIMS, {"who": member}, **stranger),
        await ask(LIST, {"who": member}, **stranger),
        await ask(LIST, {"all": True}, customer=member),
        await ask('mutation { rewardFulfil(input: { claimId: "rcl_1" }) { userErrors { code } } }', customer=member),
    ]
    assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == ["FORBIDDEN"] * len(answers)
    claim = (await ask(CLAIM, {"input": wanted}, scopes=["points:write", "points:read"]))["data"]["rewardClaim"][
        "claim"
    ]
    assert (await ask(CANCEL, {"id": claim["id"]}, **stranger))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    unknown = (await ask(CANCEL, {"id": "rcl_1"}, **stranger))["data"]["rewardCancel"]
    assert unknown == {"claim": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_bad_input_is_named(ask: Ask) -> None:
    assert [error["path"][-1] for error in (await made(ask, points=0, idempotencyKey="a"))["userErrors"]] == ["points"]
    assert (await made(ask, points=1))["userErrors"][0]["path"] == ["input", "idempotencyKey"]
    other = await made(ask, points=1, idempotencyKey="b")
    assert (await made(ask, points=2, idempotencyKey="b"))["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    stale = await made(ask, points=2, id=other["reward"]["id"], expectedVersion=9)
    assert stale["userErrors"][0]["code"] == "VERSION_CONFLICT"
    twice = [{"locale": "en", "text": "A"}, {"locale": "en", "text": "B"}]
    assert (await made(ask, points=2, names=twice, idempotencyKey="c"))["userErrors"][0]["path"] == ["input", "names"]
