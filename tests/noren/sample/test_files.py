import hashlib
import sys
import unicodedata
from collections import Counter
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

import noren.sample
from noren.sample.files import DATA, MissingExtra, Sample, read_manifest, read_products, sample_slice
from noren.sample.rows import LocationRow, OrderRow

SIZE_LIMIT_BYTES = 5_000_000
TOKYO_STATION_BOX = ((35.636, 35.726), (139.712, 139.822))  # within 5 km north-south and east-west


def refuse_dangling(sample: Sample) -> None:
    channels = {channel.code for channel in sample.channels}
    locations = {location.code for location in sample.locations}
    categories: set[str] = set()
    for category in sample.categories:
        assert category.parent_slug is None or category.parent_slug in categories
        categories.add(category.slug)
    skus = {variant.sku for variant in sample.variants}
    assert [variant.product_slug for variant in sample.variants] == [p.slug for p in sample.products for _ in p.skus]
    assert skus == {sku for product in sample.products for sku in product.skus}
    assert all(set(product.category_slugs) <= categories for product in sample.products)
    assert all(row.sku in skus and row.location in locations for row in sample.stock)
    members = {customer.external_id for customer in sample.customers}
    assert all(customer.home_channel in channels for customer in sample.customers)
    for order in sample.orders:
        assert order.channel in channels
        assert order.customer in members
        assert all(line.sku in skus for line in order.lines)


def sums(order: OrderRow) -> tuple[int, int, int]:
    return (
        sum(line.net_minor_units for line in order.lines),
        sum(line.tax_minor_units for line in order.lines),
        sum(line.freight_minor_units for line in order.lines),
    )


def test_every_file_is_the_one_the_manifest_names() -> None:
    files = read_manifest()["files"]
    assert {path.name for path in DATA.glob("*.parquet")} == set(files)
    for name, expected in files.items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == expected["sha256"], name


def test_the_package_stays_within_its_size() -> None:
    package = Path(noren.sample.__file__).parent
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) <= SIZE_LIMIT_BYTES


def test_licences_lie_beside_the_data() -> None:
    assert "Microsoft" in (DATA / "LICENSE-MIT-microsoft-sql-server-samples.txt").read_text()
    assert "ODC Open Database License" in (DATA / "LICENSE-ODbL-1.0.md").read_text()


def test_nothing_of_the_source_is_lost(sample: Sample) -> None:
    assert len(sample.variants) == 504
    assert len(sample.products) == 119 + 209
    assert len(sample.categories) == 4 + 37
    assert len(sample.customers) == 18_484
    assert len(sample.orders) == 27_659
    assert sum(len(order.lines) for order in sample.orders) == 60_398


def test_every_reference_resolves(sample: Sample) -> None:
    refuse_dangling(sample)


def test_natural_keys_are_unique(sample: Sample) -> None:
    keys: dict[str, list[object]] = {
        "channel": [channel.code for channel in sample.channels],
        "category": [category.slug for category in sample.categories],
        "product": [product.slug for product in sample.products],
        "sku": [variant.sku for variant in sample.variants],
        "location": [location.code for location in sample.locations],
        "location name": [location.name for location in sample.locations],
        "stock": [(row.sku, row.location) for row in sample.stock],
        "customer": [customer.external_id for customer in sample.customers],
        "email": [customer.email.casefold() for customer in sample.customers],
        "order": [order.number for order in sample.orders],
    }
    assert [kind for kind, values in keys.items() if len(values) != len(set(values))] == []


def test_slugs_are_kebab_case(sample: Sample) -> None:
    slugs = [row.slug for rows in (sample.products, sample.categories) for row in rows]
    odd = [slug for slug in slugs if not slug.isascii() or not all(part.isalnum() for part in slug.split("-"))]
    assert odd == []
    assert all(slug == slug.lower() for slug in slugs)


def test_order_totals_are_the_sums_of_their_lines(sample: Sample) -> None:
    for order in sample.orders:
        assert sums(order) == (order.net_minor_units, order.tax_minor_units, order.freight_minor_units)
        assert order.total_minor_units == sum(sums(order))
        assert [line.number for line in order.lines] == list(range(1, len(order.lines) + 1))


def test_totals_are_what_the_build_counted(sample: Sample) -> None:
    totals = read_manifest()["totals"]
    assert sum(row.on_hand for row in sample.stock) == totals["stock_units"] == 233_377
    assert sum(order.net_minor_units for order in sample.orders) == totals["orders_net_minor_units"]
    assert sum(order.total_minor_units for order in sample.orders) == totals["orders_total_minor_units"]


def test_order_amounts_are_usd_and_the_tax_eight_percent(sample: Sample) -> None:
    assert {order.currency for order in sample.orders} == {"USD"}
    assert {order.placed_currency for order in sample.orders} == {"USD", "AUD", "CAD", "GBP", "DEM", "FRF"}
    assert all(order.placed_currency_usd > 0 for order in sample.orders)
    for order in sample.orders:
        assert all(abs(line.tax_minor_units - line.net_minor_units * 8 / 100) <= 1 for line in order.lines)


def test_orders_come_oldest_first_in_utc_through_the_channel_of_their_customer(sample: Sample) -> None:
    assert all(order.placed_at.tzinfo is UTC and order.shipped_at >= order.placed_at for order in sample.orders)
    assert [o.number for o in sample.orders] == [
        o.number for o in sorted(sample.orders, key=lambda o: (o.placed_at, o.number))
    ]
    home = {customer.external_id: customer.home_channel for customer in sample.customers}
    assert all(order.channel == home[order.customer] for order in sample.orders)


def test_members_since_their_first_order(sample: Sample) -> None:
    first: dict[str, OrderRow] = {}
    for order in sample.orders:
        first.setdefault(order.customer, order)
    assert all(first[c.external_id].placed_at.date() == c.member_since for c in sample.customers)


def test_yen_prices_are_whole_tens_of_yen(sample: Sample) -> None:
    yen = [price for v in sample.variants for price in v.prices if price.currency == "JPY"]
    assert len(yen) == 293
    assert all(price.gross_minor_units % 10 == 0 and price.tax_rate == Decimal("0.10") for price in yen)
    bike = next(v for v in sample.variants if v.sku == "BK-M68B-38")
    # 2,294.99 USD / 0.008216 * 1.10 = 307,264.6 yen; 2,294.99 USD * 1.08 = 2,478.59 USD
    assert {p.currency: p.gross_minor_units for p in bike.prices}["JPY"] == 307_260
    assert {p.currency: p.gross_minor_units for p in bike.prices}["USD"] == 247_859


def test_every_channel_finds_a_price_in_its_currency_at_its_tax(sample: Sample) -> None:
    wanted = {(channel.currency, channel.tax_rate) for channel in sample.channels}
    priced = [variant for variant in sample.variants if variant.prices]
    assert all({(p.currency, p.tax_rate) for p in variant.prices} == wanted for variant in priced)


def test_what_the_source_does_not_price_stays_without_price(sample: Sample) -> None:
    unpriced = [variant for variant in sample.variants if not variant.prices]
    assert len(unpriced) == 211
    assert {v.sku for v in unpriced if v.finished_good} == {"FR-R92B-58", "FR-R92R-58"}
    assert sum(variant.discontinued for variant in sample.variants) == 98


def test_models_speak_japanese_and_many_other_languages(sample: Sample) -> None:
    locales = Counter(locale for product in sample.products for locale in product.descriptions)
    assert locales["ja"] == 118
    assert locales["ko"] == 81
    assert len(locales) == 72
    texts = [text for product in sample.products for text in product.descriptions.values()]
    assert all(text == unicodedata.normalize("NFC", text).strip() and text for text in texts)
    assert not [text for text in texts if text.startswith('"') and text.endswith('"')]
    bike = next(product for product in sample.products if product.slug == "mountain-200")
    assert bike.descriptions["ja"].startswith("バック カントリー")
    assert bike.names == {"en": "Mountain-200", "es": "Montaña: 200", "fr": "VTT 200"}


def test_options_list_every_value_of_the_variants(sample: Sample) -> None:
    jersey = next(p for p in sample.products if p.slug == "short-sleeve-classic-jersey")
    assert {option.name: option.values for option in jersey.options} == {
        "color": ("Yellow",),
        "size": ("S", "M", "L", "XL"),
    }


def test_stock_is_positive_and_components_stay_in_warehouses(sample: Sample) -> None:
    kind = {location.code: location.kind for location in sample.locations}
    finished = {variant.sku for variant in sample.variants if variant.finished_good}
    assert all(row.on_hand > 0 for row in sample.stock)
    assert {row.sku for row in sample.stock} == {variant.sku for variant in sample.variants}
    assert {row.sku for row in sample.stock if kind[row.location] == "SHOP"} <= finished


def test_shops_gather_around_tokyo_station_and_spread_over_japan(sample: Sample) -> None:
    def near(location: LocationRow) -> bool:
        (south, north), (west, east) = TOKYO_STATION_BOX
        return south <= location.latitude <= north and west <= location.longitude <= east

    shops = [location for location in sample.locations if location.kind == "SHOP"]
    assert 60 <= len(shops) <= 120
    assert sum(near(shop) for shop in shops) >= 20
    assert min(shop.latitude for shop in shops) < 27 < 43 < max(shop.latitude for shop in shops)
    assert all(shop.source_name and shop.time_zone == "Asia/Tokyo" for shop in shops)


def test_shared_phones_are_marked_so_that_the_others_identify(sample: Sample) -> None:
    phones = Counter(customer.phone for customer in sample.customers)
    assert all(customer.phone_shared == (phones[customer.phone] > 1) for customer in sample.customers)
    assert sum(customer.phone_shared for customer in sample.customers) == 10_309
    assert sum(count - 1 for count in phones.values()) == 9_594


def test_names_and_addresses_keep_their_accents(sample: Sample) -> None:
    names = [c for c in sample.customers if not (c.given_name + c.family_name).isascii()]
    places = [c for c in sample.customers if not (c.address.line1 + (c.address.line2 or "")).isascii()]
    assert len(names) == 94
    assert len({c.external_id for c in names + places}) == 877
    assert any(c.family_name == "Muñoz" for c in names)


def test_a_slice_keeps_every_reference_and_its_limits() -> None:
    small = sample_slice(products=12, customers=30, orders=40)
    refuse_dangling(small)
    assert len(small.products) == 12
    assert len(small.customers) == 30
    assert 20 <= len(small.orders) <= 40
    assert max(len(order.lines) for order in small.orders) > 1
    assert small.stock


def test_an_empty_slice_still_has_the_shop_itself() -> None:
    bare = sample_slice(products=0, customers=0, orders=0)
    assert (bare.products, bare.variants, bare.stock, bare.customers, bare.orders) == ((), (), (), (), ())
    assert len(bare.channels) == 9
    assert len(bare.locations) == 94


def test_a_missing_extra_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtra, match=r"noren\[files\]"):
        next(read_products())
