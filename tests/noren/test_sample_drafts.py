"""From rows to drafts: nothing of the sample is lost, and sums stay what the source says."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kit.times import utc_now
from noren import sample_drafts as drafts
from noren.sample.files import Sample
from services.catalog.category.model import CategoryId
from services.customer.identity import IdentityType
from services.inventory.location.model import LocationKind
from services.inventory.model import LocationId
from services.order.model import compose


@pytest.fixture(scope="module")
def customers(sample: Sample) -> dict[str, str]:
    return {row.external_id: f"cus_{place}" for place, row in enumerate(sample.customers)}


def test_a_channel_keeps_its_tax_rate_in_basis_points(sample: Sample) -> None:
    for row in sample.channels:
        channel = drafts.channel_of(row)
        assert channel.tax_rate_bp == row.tax_rate * 10_000
        assert (channel.id, channel.currency) == (row.code, row.currency)


def test_every_variant_is_in_its_product_once(sample: Sample) -> None:
    categories = {row.slug: f"cat_{row.slug}" for row in sample.categories}
    products = list(drafts.products_of(sample, categories))
    assert [product.slug for product in products] == [row.slug for row in sample.products]
    skus = Counter(variant.sku for product in products for variant in product.variants)
    assert skus == Counter(row.sku for row in sample.variants)
    for product, row in zip(products, sample.products, strict=True):
        assert product.category_ids == tuple(CategoryId(f"cat_{slug}") for slug in row.category_slugs)
        assert [option.name for option in product.options] == [option.name for option in row.options]


def test_a_variant_names_only_options_of_its_product_with_values_these_have(sample: Sample) -> None:
    for product in drafts.products_of(sample, {row.slug: row.slug for row in sample.categories}):
        values = {option.name: option.values for option in product.options}
        for variant in product.variants:
            assert all(value in values[name] for name, value in variant.options.items())


def test_prices_are_the_gross_of_the_source(sample: Sample) -> None:
    prices = {row.sku: {price.currency: price.gross_minor_units for price in row.prices} for row in sample.variants}
    for product in drafts.products_of(sample, {row.slug: row.slug for row in sample.categories}):
        for variant in product.variants:
            assert {price.currency: price.gross_minor for price in variant.prices} == prices[variant.sku]


def test_a_location_is_where_the_row_says(sample: Sample) -> None:
    made = [drafts.location_of(row) for row in sample.locations]
    assert Counter(draft.kind for draft in made) == {
        LocationKind.STORE: sum(row.kind == "SHOP" for row in sample.locations),
        LocationKind.WAREHOUSE: sum(row.kind == "WAREHOUSE" for row in sample.locations),
    }
    first, row = made[0], sample.locations[0]
    assert (first.point.latitude, first.point.longitude) == (row.latitude, row.longitude)


def test_stock_lies_at_the_id_of_its_location(sample: Sample) -> None:
    ids = {row.code: LocationId(f"loc_{row.code}") for row in sample.locations}
    for stock, row in zip(drafts.stock_of(sample, ids), sample.stock, strict=True):
        assert (stock.sku, stock.location_id, stock.on_hand) == (row.sku, f"loc_{row.location}", row.on_hand)


def test_a_customer_is_known_by_mail_and_card_and_not_by_a_fictional_phone(sample: Sample) -> None:
    for row in sample.customers:
        draft = drafts.customer_of(row)
        assert {(one.type, one.value) for one in draft.identities} == {
            (IdentityType.EMAIL, row.email),
            (IdentityType.CARD, row.external_id),
        }
        assert draft.phones == (row.phone,)
        assert draft.member_since == datetime(*row.member_since.timetuple()[:3], tzinfo=UTC)


@pytest.mark.parametrize(("country", "language"), [("DE", "de"), ("FR", "fr"), ("US", "en"), ("AU", "en")])
def test_a_customer_reads_the_language_of_their_country(sample: Sample, country: str, language: str) -> None:
    row = sample.customers[0]
    there = replace(row, address=replace(row.address, country=country))
    assert drafts.customer_of(there).language == language


def test_an_order_adds_up_to_the_totals_of_the_source(sample: Sample, customers: dict[str, str]) -> None:
    for draft, row in zip(drafts.orders_of(sample, customers), sample.orders, strict=True):
        order = compose(draft, now=utc_now())
        assert order.totals.goods_gross_minor == row.net_minor_units + row.tax_minor_units
        assert sum(line.net_minor for line in order.lines) == row.net_minor_units
        assert draft.shipping.gross_minor == row.freight_minor_units
        assert (draft.customer, draft.currency, draft.number) == (customers[row.customer], "USD", row.number)
        assert [line.sku for line in order.lines] == [line.sku for line in row.lines]


def test_a_parent_comes_before_its_children(sample: Sample) -> None:
    seen: set[str | None] = {None}
    for row in drafts.parents_first(tuple(reversed(sample.categories))):
        assert row.parent_slug in seen
        seen.add(row.slug)
    assert seen == {None, *(row.slug for row in sample.categories)}
