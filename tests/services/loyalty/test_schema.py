"""The graph of loyalty, asked as the gateway asks it."""

from datetime import timedelta
from pathlib import Path

from kit.times import utc_now
from services import loyalty
from services.loyalty.actions import earn
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.posting.model import PointsRequest
from services.loyalty.schema import schema
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask

EARN = """mutation ($input: PointsEarnInput!) { pointsEarn(input: $input) {
  wallet { id balance debt expiresAt lots { kind points expiresAt } customer { id } }
  entry { id kind points balanceAfter reason orderId ruleVersion }
  userErrors { __typename code path ... on InvalidInput { expected } ... on IdempotencyKeyReused { key } } } }"""
REDEEM = """mutation ($input: PointsRedeemInput!) { pointsRedeem(input: $input) {
  wallet { balance } entry { id kind points }
  userErrors { __typename code message path ... on InsufficientPoints { walletId requested available }
    ... on NotFound { kind id } } } }"""
ENTITIES = """query ($refs: [_Any!]!) { _entities(representations: $refs) { __typename
  ... on Customer { id wallet { id balance } }
  ... on Wallet { id balance customer { id } }
  ... on Variant { sku pointsEarned } } }"""


def given(member: str, points: int, key: str = "k") -> dict[str, dict[str, object]]:
    return {"input": {"customerId": member, "points": points, "reason": "REVIEW", "idempotencyKey": key}}


async def fill(store: LoyaltyStore, member: CustomerId, points: int) -> None:
    await earn(store, PointsRequest(member, points, "SEED", "seed"), now=utc_now())


def test_the_committed_sdl_is_the_schemas() -> None:
    assert Path(loyalty.__path__[0], "schema.graphql").read_text() == schema.sdl


async def test_points_are_earned_once_for_a_key(ask: Ask, member: CustomerId) -> None:
    first = await ask(EARN, given(member, 70), scopes=["points:write"])
    payload = first["data"]["pointsEarn"]
    assert payload["userErrors"] == []
    assert (payload["wallet"]["balance"], payload["wallet"]["debt"]) == (70, 0)
    assert payload["wallet"]["id"] == wallet_id_of(member)
    assert payload["wallet"]["customer"] == {"id": member}
    assert payload["wallet"]["lots"] == [
        {"kind": "REGULAR", "points": 70, "expiresAt": payload["wallet"]["expiresAt"]},
    ]
    assert payload["entry"]["id"] == f"{wallet_id_of(member)}.1"
    assert (await ask(EARN, given(member, 70), scopes=["points:write"])) == first
    other = (await ask(EARN, given(member, 71), scopes=["points:write"]))["data"]["pointsEarn"]
    assert other["wallet"] is None
    assert other["userErrors"] == [
        {
            "__typename": "IdempotencyKeyReused",
            "code": "IDEMPOTENCY_KEY_REUSED",
            "path": ["input", "idempotencyKey"],
            "key": "k",
        }
    ]


async def test_impossible_input_is_refused_with_what_would_do(ask: Ask, member: CustomerId) -> None:
    yesterday = (utc_now() - timedelta(days=1)).isoformat()
    wrong = given(member, 0)
    wrong["input"]["expiresAt"] = yesterday
    errors = (await ask(EARN, wrong, scopes=["points:write"]))["data"]["pointsEarn"]["userErrors"]
    assert [(error["path"], error["expected"]) for error in errors] == [
        (["input", "points"], "1 to 10000000"),
        (["input", "expiresAt"], "a time within the next 3660 days"),
    ]


async def test_a_redemption_of_too_much_says_how_much_there_is(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await fill(store, member, 30)
    payload = (await ask(REDEEM, given(member, 31), customer=member, scopes=["points:redeem"]))["data"]["pointsRedeem"]
    assert payload == {
        "wallet": None,
        "entry": None,
        "userErrors": [
            {
                "__typename": "InsufficientPoints",
                "code": "INSUFFICIENT_POINTS",
                "message": f"wallet {wallet_id_of(member)} has 30 points to spend, 31 were asked for",
                "path": ["input", "points"],
                "walletId": wallet_id_of(member),
                "requested": 31,
                "available": 30,
            }
        ],
    }
    payload = (await ask(REDEEM, given(member, 30), customer=member, scopes=["points:redeem"]))["data"]["pointsRedeem"]
    assert (payload["wallet"], payload["entry"]["points"], payload["userErrors"]) == ({"balance": 0}, -30, [])


async def test_a_redemption_without_a_wallet_names_it(ask: Ask, member: CustomerId) -> None:
    payload = (await ask(REDEEM, given(member, 1), scopes=["points:write"]))["data"]["pointsRedeem"]
    assert [(error["kind"], error["id"]) for error in payload["userErrors"]] == [("Wallet", wallet_id_of(member))]


async def test_points_move_for_those_who_may_only(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    await fill(store, member, 30)
    attempts = [
        await ask(EARN, given(member, 5), customer=member, scopes=["points:redeem", "points:read"]),
        await ask(REDEEM, given(member, 5), customer=member),
        await ask(REDEEM, given(member, 5), customer="cus_other", scopes=["points:redeem"]),
        await ask(REDEEM, given(member, 5), scopes=["points:redeem"]),
        await ask(REDEEM, given(member, 5), staff="stf_1", scopes=["points:read"]),
    ]
    assert [answer["errors"][0]["extensions"]["code"] for answer in attempts] == ["FORBIDDEN"] * 5
    assert (await store.wallets_by_id([wallet_id_of(member)]))[wallet_id_of(member)].booked == 30


async def test_a_statement_shows_a_write_at_once_with_running_balances(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await fill(store, member, 30)
    await ask(REDEEM, given(member, 12), scopes=["points:write"])
    query = """query ($id: ID!) { wallet(id: $id) { statement(first: 1) { totalCount pageInfo { hasNextPage }
      nodes { kind points balanceAfter debtAfter } } } }"""
    answer = await ask(query, {"id": wallet_id_of(member)}, customer=member)
    assert answer["data"]["wallet"]["statement"] == {
        "totalCount": 2,
        "pageInfo": {"hasNextPage": True},
        "nodes": [{"kind": "REDEEMED", "points": -12, "balanceAfter": 18, "debtAfter": 0}],
    }


async def test_a_wallet_is_shown_to_its_customer_and_to_readers_only(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await fill(store, member, 30)
    query = "query ($id: ID!) { wallet(id: $id) { balance } }"
    variables = {"id": wallet_id_of(member)}
    assert (await ask(query, variables, customer=member))["data"] == {"wallet": {"balance": 30}}
    assert (await ask(query, variables, scopes=["points:read"]))["data"] == {"wallet": {"balance": 30}}
    assert (await ask(query, {"id": "wal_none"}, scopes=["points:read"])) == {"data": {"wallet": None}}
    for id in (variables["id"], "wal_none"):
        denied = await ask(query, {"id": id}, customer="cus_other")
        assert denied["errors"][0]["extensions"]["code"] == "FORBIDDEN", "and nobody learns which wallets there are"


async def test_customers_and_wallets_resolve_in_one_batch_with_an_error_for_each_forbidden(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    other = CustomerId("cus_other")
    await fill(store, member, 30)
    await fill(store, other, 5)
    refs = [
        {"__typename": "Customer", "id": other},
        {"__typename": "Customer", "id": member},
        {"__typename": "Wallet", "id": wallet_id_of(other)},
        {"__typename": "Wallet", "id": wallet_id_of(member)},
        {"__typename": "Customer", "id": "cus_nobody"},
    ]
    own = await ask(ENTITIES, {"refs": refs}, customer=member)
    wallet = {"id": wallet_id_of(member), "balance": 30}
    assert own["data"]["_entities"] == [
        {"__typename": "Customer", "id": other, "wallet": None},
        {"__typename": "Customer", "id": member, "wallet": wallet},
        None,
        {"__typename": "Wallet", **wallet, "customer": {"id": member}},
        {"__typename": "Customer", "id": "cus_nobody", "wallet": None},
    ]
    assert sorted((error["path"][1], error["extensions"]["code"]) for error in own["errors"]) == [
        (0, "FORBIDDEN"),
        (2, "FORBIDDEN"),
        (4, "FORBIDDEN"),
    ]
    all_of_them = await ask(ENTITIES, {"refs": refs}, scopes=["points:read"])
    assert "errors" not in all_of_them
    assert all_of_them["data"]["_entities"][0]["wallet"]["balance"] == 5
    assert all_of_them["data"]["_entities"][4]["wallet"] is None


async def test_a_variant_tells_the_points_its_price_earns(ask: Ask) -> None:
    def variant(sku: str, price: object) -> dict[str, object]:
        return {"__typename": "Variant", "sku": sku, "price": price}

    refs = [
        variant("A", {"gross": {"minorUnits": 1_999, "currency": "JPY"}}),
        variant("B", {"gross": {"minorUnits": 99, "currency": "USD"}}),
        variant("C", None),
        {"__typename": "Variant", "sku": "D"},
    ]
    answer = await ask(ENTITIES, {"refs": refs})
    assert "errors" not in answer
    assert [(entity["sku"], entity["pointsEarned"]) for entity in answer["data"]["_entities"]] == [
        ("A", 19),
        ("B", 0),
        ("C", None),
        ("D", None),
    ]
