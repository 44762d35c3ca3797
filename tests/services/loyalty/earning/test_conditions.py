"""Campaigns on goods, segments, payment and the month of birth; what is previewed under them is what is earned."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from kit.events import Event
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.audience.events import ERASED, SEGMENTS_CHANGED, AudienceEventNotUnderstood, hear_audience
from services.loyalty.audience.model import Buyer
from services.loyalty.audience.store import AudienceStore
from services.loyalty.earning.model import Basket, BasketLine, Campaign
from services.loyalty.events import handle_events
from services.loyalty.model import CustomerId
from services.loyalty.spending.events import PRODUCT_CHANGED, hear_products
from services.loyalty.spending.model import Goods
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.earning.test_earning import bought, put
from tests.services.loyalty.points import wallet_of

NOW = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
GOODS = {"A": Goods("prd_a", frozenset({"cat_1", "cat_0"})), "B": Goods("prd_b", frozenset({"cat_2"}))}
LINES = (BasketLine("A", 1, 1_000), BasketLine("B", 1, 500), BasketLine("C", 1, 200))
CREATED, UPDATED = "noren.customer.created.v1", "noren.customer.updated.v1"
PREVIEW = """query ($lines: [PreviewLineInput!]!, $paid: [String!]) {
  pointsPreview(lines: $lines, currency: JPY, paymentMethods: $paid) { points } }"""


def some(**conditions: Any) -> Campaign:
    return Campaign("c", extra_bp=10_000, **conditions)


@pytest.mark.parametrize(
    ("campaign", "amount"),
    [
        (some(products=frozenset({"prd_a"})), 1_000),
        (some(categories=frozenset({"cat_0", "cat_2"})), 1_500),
        (some(categories=frozenset({"cat_9"})), None),
        (some(skus=frozenset({"C"}), products=frozenset({"prd_b"})), 700),
        (some(segments=frozenset({"vip", "staff"})), 1_700),
        (some(segments=frozenset({"staff"})), None),
        (some(payment_methods=frozenset({"CARD"})), 1_700),
        (some(payment_methods=frozenset({"CASH"})), None),
        (some(in_birth_month=True), None),
    ],
)
def test_a_campaign_multiplies_what_its_conditions_are_about(campaign: Campaign, amount: int | None) -> None:
    basket = Basket(
        1_700,
        "JPY",
        NOW,
        lines=LINES,
        payment_methods=frozenset({"CARD", "POINTS"}),
        buyer=Buyer(frozenset({"vip"}), birth_month=4),
        goods=GOODS,
    )
    assert (campaign.base_of(basket) if campaign.applies(basket) else None) == amount


def test_the_month_of_birth_is_that_of_the_time_zone() -> None:
    basket = Basket(100, "JPY", NOW, buyer=Buyer(birth_month=4))
    campaign = Campaign("c", fixed=1, in_birth_month=True)
    assert (campaign.applies(basket, "Asia/Tokyo"), campaign.applies(basket, "UTC")) == (True, False)
    assert not campaign.applies(Basket(100, "JPY", NOW), "Asia/Tokyo"), "no month is known of nobody"


def told(type: str, who: str, at: datetime = NOW, **data: Any) -> Event:
    return Event(new_id("evt"), "/noren/test", type, who, at, {"customerId": who, **data})


async def test_of_what_is_heard_of_a_member_the_latest_counts_in_any_order(store: LoyaltyStore) -> None:
    day = timedelta(days=1)
    events = [
        told(CREATED, "cus_a", birthMonth=3, birthdayAt=NOW.isoformat()),
        told(UPDATED, "cus_a", birthMonth=5, birthdayAt=(NOW + day).isoformat()),
        told(UPDATED, "cus_a"),
        told(SEGMENTS_CHANGED, "cus_a", NOW, segments=["vip"]),
        told(SEGMENTS_CHANGED, "cus_a", NOW + day, segments=["b", "a", "a"]),
        told(UPDATED, "cus_b", birthMonth=None, birthdayAt=NOW.isoformat()),
    ]
    audience = AudienceStore(store.db)
    for batch in (events, list(reversed(events))):
        await store.db["buyers"].delete_many({})
        await hear_audience(audience, batch)
        await hear_audience(audience, batch[:2])
        assert await audience.of(["cus_a", "cus_b", "cus_c"]) == {
            "cus_a": Buyer(frozenset({"a", "b"}), 5),
            "cus_b": Buyer(frozenset(), None),
        }
    await hear_audience(audience, [told(ERASED, "cus_a"), *events])
    assert (await audience.of(["cus_a"]))["cus_a"] == Buyer(), "nothing is kept of who was erased, nor kept again"
    for wrong in (
        told(SEGMENTS_CHANGED, "cus_a", segments="vip"),
        told(UPDATED, "cus_a", birthMonth=13, birthdayAt=NOW.isoformat()),
        Event("e", "/noren/test", UPDATED, "cus_a", NOW, {}),
    ):
        with pytest.raises(AudienceEventNotUnderstood):
            await hear_audience(audience, [wrong])


async def test_what_is_previewed_for_any_basket_is_what_is_earned(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    random = Random(11)
    month = utc_now().month
    await hear_products(store.spending, [_product("prd_a", ["A"], ["cat_1"]), _product("prd_b", ["B"], ["cat_2"])])
    born = told(CREATED, member, birthMonth=month, birthdayAt=NOW.isoformat())
    await hear_audience(AudienceStore(store.db), [born, told(SEGMENTS_CHANGED, member, segments=["vip"])])
    before = 0
    for round in range(12):
        await put(
            store, *(_campaign(random, n) for n in range(4)), expected=round + 1, day_limit=random.choice([None, 900])
        )
        lines = [(sku, random.randint(1, 9_000)) for sku in random.sample("ABC", random.randint(1, 3))]
        paid = random.choice([[], ["CARD"], ["CASH", "POINTS"]])
        given = {"lines": [{"sku": sku, "gross": str(gross)} for sku, gross in lines], "paid": paid}
        shown = (await ask(PREVIEW, given, customer=member))["data"]["pointsPreview"]["points"]
        order = bought(member, utc_now(), *lines)
        if paid:
            order.data["paymentMethods"] = paid
        await handle_events(store, [order])
        booked = (await wallet_of(store, member)).booked
        assert booked - before == shown, (round, lines, paid)
        before = booked


def _product(id: str, skus: list[str], categories: list[str]) -> Event:
    data = {"productId": id, "version": 1, "skus": skus, "categoryIds": categories}
    return Event(new_id("evt"), "/noren/test", PRODUCT_CHANGED, id, NOW, data)


def _campaign(random: Random, number: int) -> Campaign:
    def maybe(*values: str) -> frozenset[str]:
        return (
            frozenset(random.sample(values, random.randint(1, len(values)))) if random.random() < 0.3 else frozenset()
        )

    return Campaign(
        f"c{number}",
        extra_bp=random.choice([0, 5_000, 20_000]),
        fixed=random.randint(1, 50),
        channels=maybe("web", "pos"),
        skus=maybe("A", "C"),
        products=maybe("prd_a", "prd_b"),
        categories=maybe("cat_1", "cat_2"),
        segments=maybe("vip", "staff"),
        payment_methods=maybe("CARD", "CASH"),
        in_birth_month=random.random() < 0.3,
        member_limit=random.choice([None, 60]),
        budget=random.choice([None, 200]),
    )
