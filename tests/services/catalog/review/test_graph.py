"""Reviews in the graph: who may write, read and decide."""

from typing import Any

import pytest

from services.catalog.product.actions import upsert_product
from services.catalog.review.counting import settle
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft

SUBMIT = """mutation($product: ID!, $customer: ID, $rating: Int!) {
  reviewSubmit(input: {productId: $product, customerId: $customer, review: {rating: $rating, title: "Nice"}}) {
    review { id state version isVerified customerId } userErrors { code path ... on AlreadyWritten { reviewId } }
  } }"""
MODERATE = """mutation($id: ID!, $version: Int!, $state: Moderation!, $reason: RejectionReason) {
  reviewModerate(input: {id: $id, expectedVersion: $version, state: $state, reason: $reason}) {
    review { state version rejectionReason } userErrors { code path }
  } }"""
SHOWN = """{ product(slug: "mug") {
  rating { average count histogram { stars count } }
  reviews(sort: NEWEST) { nodes { title rating customerId answer { body } } totalCount }
} }"""
STAFF = "reviews:moderate"


@pytest.fixture
async def mug(store: CatalogStore) -> str:
    return (await upsert_product(store, draft(), None, now=NOW)).id


async def test_a_review_is_written_read_and_shown(store: CatalogStore, ask: Ask, mug: str) -> None:
    async def submit(customer: str, rating: int) -> Any:
        variables = {"product": mug, "customer": customer, "rating": rating}
        return (await ask(SUBMIT, variables, scopes=STAFF))["data"]["reviewSubmit"]

    made = [(await submit(f"cus_{rating}", rating))["review"] for rating in (5, 4, 4)[:2]]
    assert [one["state"] for one in made] == ["PENDING", "PENDING"]
    again = await submit("cus_5", 1)
    assert again["userErrors"] == [
        {"code": "ALREADY_WRITTEN", "path": ["input", "productId"], "reviewId": made[0]["id"]}
    ]
    queue = await ask("{ reviewQueue { nodes { id } totalCount } }", scopes=STAFF)
    assert [node["id"] for node in queue["data"]["reviewQueue"]["nodes"]] == [one["id"] for one in made]

    for one in made:
        publish = {"id": one["id"], "version": 1, "state": "PUBLISHED"}
        done = await ask(MODERATE, publish, scopes=STAFF)
        assert done["data"]["reviewModerate"]["review"]["state"] == "PUBLISHED"
    late = await ask(MODERATE, {"id": made[0]["id"], "version": 1, "state": "REJECTED", "reason": "SPAM"}, scopes=STAFF)
    assert late["data"]["reviewModerate"]["userErrors"][0]["code"] == "VERSION_CONFLICT"
    await settle(store.review, store.standing)

    shown = (await ask(SHOWN))["data"]["product"]
    assert shown["rating"]["average"] == "4.50"
    assert shown["rating"]["histogram"][:2] == [{"stars": 5, "count": 1}, {"stars": 4, "count": 1}]
    assert shown["reviews"]["totalCount"] == 2
    assert all(node["customerId"] is None for node in shown["reviews"]["nodes"])


async def test_a_product_without_reviews_has_no_mean(ask: Ask, mug: str) -> None:
    assert (await ask(SHOWN))["data"]["product"]["rating"]["average"] is None


async def test_who_may_not(ask: Ask, mug: str) -> None:
    nobody = await ask(SUBMIT, {"product": mug, "rating": 5})
    assert "the caller is none" in nobody["errors"][0]["message"]
    other = await ask(SUBMIT, {"product": mug, "customer": "cus_2", "rating": 5})
    assert other["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    queue = await ask("{ reviewQueue { totalCount } }")
    assert queue["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    unknown = await ask(SUBMIT, {"product": "prd_0", "customer": "cus_1", "rating": 5}, scopes=STAFF)
    assert unknown["data"]["reviewSubmit"]["userErrors"][0]["code"] == "NOT_FOUND"
    pending = await ask(SUBMIT, {"product": mug, "customer": "cus_1", "rating": 5}, scopes=STAFF)
    id = pending["data"]["reviewSubmit"]["review"]["id"]
    assert (await ask("query($id: ID!) { review(id: $id) { id } }", {"id": id}))["data"]["review"] is None
