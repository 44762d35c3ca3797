"""The outcome: one question, one graph, one answer out of five services."""

from decimal import Decimal

from noren.queries import JOURNEY, LISTING, NEW_MEMBER, STATEMENT
from noren.sample.files import Sample
from tests.journeys.conftest import Graph

NEAR = {"latitude": 35.681236, "longitude": 139.767125}


async def test_a_product_with_price_nearest_stock_points_and_the_members_own(graph: Graph, sample: Sample) -> None:
    variant = next(v for v in sample.variants if v.prices and any(s.sku == v.sku for s in sample.stock))
    yen = next(price.gross_minor_units for price in variant.prices if price.currency == "JPY")
    member = sample.orders[0].customer
    email = next(row.email for row in sample.customers if row.external_id == member)
    data = await graph.data(JOURNEY.query, product=variant.product_slug, near=NEAR, member=email)

    shown = next(node for node in data["product"]["variants"]["nodes"] if node["sku"] == variant.sku)
    assert shown["price"]["gross"] == {"amount": str(yen), "currency": "JPY"}
    assert shown["pointsEarned"] == yen // 100
    nearest = shown["availability"]["nodes"]
    assert nearest == sorted(nearest, key=lambda node: node["distanceKm"])
    assert all(node["available"] > 0 and node["location"]["name"] for node in nearest)

    earned = sum(_goods(order) // 100 for order in sample.orders if order.customer == member)
    assert data["customerLookup"]["wallet"]["balance"] == earned
    newest = max((o for o in sample.orders if o.customer == member), key=lambda order: order.placed_at)
    total = data["customerLookup"]["orders"]["nodes"][0]["total"]
    assert Decimal(total["amount"]) == Decimal(newest.total_minor_units) / 100


async def test_the_nearest_shops_are_those_of_the_stock_rows(graph: Graph, sample: Sample) -> None:
    sku = sample.stock[0].sku
    on_hand = {row.location: row.on_hand for row in sample.stock if row.sku == sku}
    data = await graph.data(
        """query ($sku: ID!, $near: GeoPointInput!) { variant(sku: $sku) {
             availability(near: $near, radiusKm: 2000, first: 100) {
               totalCount nodes { available location { externalIds { value } } } } } }""",
        sku=sku,
        near=NEAR,
    )
    availability = data["variant"]["availability"]
    seen = {node["location"]["externalIds"][0]["value"]: node["available"] for node in availability["nodes"]}
    assert seen == on_hand
    assert availability["totalCount"] == len(on_hand)


async def test_every_channel_of_a_currency_shows_the_same_price_stock_and_points(graph: Graph, sample: Sample) -> None:
    skus = [variant.sku for variant in sample.variants if variant.prices][:5]
    fields = (
        "price { gross { amount currency } net { amount } } pointsEarned availability(first: 3) { nodes { available } }"
    )
    query = "{" + "".join(f's{i}: variant(sku: "{sku}") {{ {fields} }}' for i, sku in enumerate(skus)) + "}"
    answers = [await graph.data(query, {"x-noren-channel": channel}) for channel in ("web", "app", "kiosk", "pos")]
    assert all(answer == answers[0] for answer in answers)
    abroad = await graph.data(query, {"x-noren-channel": "web-us"})
    assert all(answer["price"]["gross"]["currency"] == "USD" for answer in abroad.values())


async def test_the_ready_queries_of_the_explorer_answer_without_errors(graph: Graph, sample: Sample) -> None:
    listing = await graph.data(LISTING.query, near=NEAR)
    assert listing["products"]["nodes"]
    member = sample.orders[0].customer
    counter = await graph.data(STATEMENT.query, card=member)
    entries = counter["customerLookup"]["wallet"]["statement"]["nodes"]
    assert entries[0]["balanceAfter"] == counter["customerLookup"]["wallet"]["balance"]
    assert counter["customerLookup"]["orders"]["nodes"][0]["lines"][0]["variant"]["name"]
    first, again = [await graph.data(NEW_MEMBER.query, **dict(NEW_MEMBER.variables or {})) for _ in range(2)]
    assert first["customerCreate"]["userErrors"] == again["customerCreate"]["userErrors"] == []
    assert first["customerCreate"]["customer"]["id"] == again["customerCreate"]["customer"]["id"]


def _goods(order: object) -> int:
    return order.net_minor_units + order.tax_minor_units  # type: ignore[attr-defined, no-any-return]
