"""Two customers turn out to be one: their points are in one wallet a moment later, and apart again if it was wrong."""

from typing import Any

from kit.ids import new_id
from tests.journeys.conftest import Graph, eventually
from tests.journeys.test_rewards import EARN
from tests.journeys.test_selling import RECORD, _member, _order

MERGE = """mutation ($input: CustomerMergeInput!) { customerMerge(input: $input) {
  merge { id } userErrors { code message } } }"""
UNMERGE = """mutation ($id: ID!) { customerUnmerge(input: { mergeId: $id }) { userErrors { code message } } }"""
WALLET = "query ($id: ID!) { wallet(id: $id) { balance mergedInto members { id } } }"


async def test_points_follow_a_merge_of_customers_and_its_undoing(graph: Graph) -> None:
    kept, other = await _member(graph), await _member(graph)

    async def wallet(who: str) -> Any:
        return (await graph.data(WALLET, id=who.replace("cus_", "wal_")))["wallet"]

    for who, points in ((kept, 100), (other, 30)):
        earned = {"customerId": who, "points": points, "reason": "SIGN_UP", "idempotencyKey": new_id("key")}
        assert (await graph.data(EARN, input=earned))["pointsEarn"]["userErrors"] == []

    asked = {"keptId": kept, "mergedId": other, "idempotencyKey": new_id("key")}
    made = (await graph.data(MERGE, input=asked))["customerMerge"]
    assert made["userErrors"] == []

    async def joint() -> Any:
        return await wallet(kept)

    async def apart() -> Any:
        return (await wallet(kept))["balance"], (await wallet(other))["balance"]

    await eventually(joint, {"balance": 130, "mergedInto": None, "members": [{"id": other}]})
    await graph.data(RECORD, input=_order(other, quantity=1))
    await eventually(joint, {"balance": 141, "mergedInto": None, "members": [{"id": other}]})
    assert await wallet(other) == {"balance": 0, "mergedInto": kept.replace("cus_", "wal_"), "members": []}

    assert (await graph.data(UNMERGE, id=made["merge"]["id"]))["customerUnmerge"]["userErrors"] == []
    await eventually(apart, (100, 41))
