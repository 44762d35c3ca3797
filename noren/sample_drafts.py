"""From the rows of the sample data to what each service takes; pure, no I/O."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time

from noren.sample.files import Sample
from noren.sample.rows import (
    CategoryRow,
    ChannelRow,
    CustomerRow,
    LocationRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
    VariantRow,
)
from services.catalog import model as catalog
from services.catalog.category.model import CategoryId
from services.catalog.product import model as products
from services.customer import model as customer
from services.customer.identity import IdentityType
from services.inventory.hours.model import Interval, OpeningHours
from services.inventory.location import model as place
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import LocationId, Sku
from services.inventory.policy.model import LeadRule, PolicyDraft
from services.inventory.stock.model import OpeningStock
from services.order.identity.model import ExternalId
from services.order.line.model import Line, line_of_net
from services.order.model import OrderDraft, Shipping

SOURCE = "adventureworks"
"""The source of every external id here."""
DAILY = OpeningHours(week=((Interval(7 * 60, 23 * 60),),) * 7)
WEEKDAYS = OpeningHours(week=((Interval(8 * 60, 18 * 60),),) * 5 + ((),) * 2)
OPERATIONS = {
    "SHOP": Operation(
        hours=DAILY,
        services=frozenset({LocationService.PICKUP, LocationService.SHIP_TO, LocationService.RETURNS}),
        pickup_lead_min=60,
    ),
    "WAREHOUSE": Operation(
        hours=WEEKDAYS, services=frozenset({LocationService.SHIP_FROM, LocationService.RETURNS}), cutoff_min=15 * 60
    ),
}
"""No source says how these places work: shops hand out from seven to eleven, an hour after an order; warehouses ship on
weekdays, the same day until three."""
STOCK_POLICY = PolicyDraft(
    leads=(LeadRule(1, country="JP"), LeadRule(2, country="JP", postal_prefix="9")), transfer_days=2
)
"""Of all channels: a day within Japan, two to the furthest postal codes; what a shop lacks is there in two days."""
LOCATION_KINDS = {"SHOP": place.LocationKind.STORE, "WAREHOUSE": place.LocationKind.WAREHOUSE}
TAX_RATE_BP = 800
"""What the source charges on every line: 8 % of the net."""
LANGUAGES = {"DE": "de", "FR": "fr"}
"""What customers of a country read, where it is not English."""


def channel_of(row: ChannelRow) -> catalog.Channel:
    """A channel of sale."""
    return catalog.Channel(row.code, row.name, row.currency, int(row.tax_rate * 10_000))


def products_of(sample: Sample, categories: Mapping[str, str]) -> Iterator[products.ProductDraft]:
    """Every product with its variants; `categories` gives the id of a slug."""
    variants: dict[str, list[VariantRow]] = {}
    for row in sample.variants:
        variants.setdefault(row.product_slug, []).append(row)
    for product in sample.products:
        yield _product(product, variants[product.slug], categories)


def location_of(row: LocationRow) -> place.LocationDraft:
    """A shop or warehouse."""
    return place.LocationDraft(
        name=row.name,
        kind=LOCATION_KINDS[row.kind],
        point=place.GeoPoint(row.latitude, row.longitude),
        time_zone=row.time_zone,
        external_ids=(place.ExternalRef(SOURCE, row.code),),
        operation=OPERATIONS[row.kind],
    )


def stock_of(sample: Sample, locations: Mapping[str, LocationId]) -> Iterator[OpeningStock]:
    """What lay where when the sample was taken; `locations` gives the id of a code."""
    for row in sample.stock:
        yield OpeningStock(Sku(row.sku), locations[row.location], row.on_hand, SOURCE)


def customer_of(row: CustomerRow) -> customer.CustomerDraft:
    """A member, known by mail address and by the customer number, which is printed on their card.

    The source's phone numbers are fictional and shared: contact data, no identity.
    """
    address = customer.PostalAddress(
        country=row.address.country,
        postal_code=row.address.postal_code,
        region=row.address.region,
        city=row.address.city,
        line1=row.address.line1,
        line2=row.address.line2,
    )
    return customer.CustomerDraft(
        name=customer.PersonName(given=row.given_name, middle=row.middle_name, family=row.family_name),
        phones=(row.phone,),
        addresses=(address,),
        birthday=row.birthday,
        language=LANGUAGES.get(row.address.country, "en"),
        member_since=_midnight(row.member_since),
        external_ids=(customer.ExternalId(SOURCE, row.external_id),),
        identities=(
            customer.IdentityDraft(IdentityType.EMAIL, row.email),
            customer.IdentityDraft(IdentityType.CARD, row.external_id),
        ),
    )


def orders_of(sample: Sample, customers: Mapping[str, str]) -> Iterator[OrderDraft]:
    """Every order; `customers` gives the id of a customer number."""
    names = {row.sku: row.names["en"] for row in sample.variants}
    for row in sample.orders:
        yield _order(row, names, customers)


def parents_first(rows: tuple[CategoryRow, ...]) -> tuple[CategoryRow, ...]:
    """The categories in an order in which each parent comes before its children."""
    return tuple(sorted(rows, key=lambda row: row.parent_slug is not None))


def _product(row: ProductRow, variants: list[VariantRow], categories: Mapping[str, str]) -> products.ProductDraft:
    return products.ProductDraft(
        slug=row.slug,
        names=row.names,
        descriptions=row.descriptions,
        category_ids=tuple(CategoryId(categories[slug]) for slug in row.category_slugs),
        options=tuple(products.Option(option.name, option.values) for option in row.options),
        variants=tuple(_variant(variant, {option.name for option in row.options}) for variant in variants),
        external_ids=(catalog.ExternalRef(SOURCE, row.external_id),),
    )


def _variant(row: VariantRow, options: set[str]) -> products.Variant:
    values = {"color": row.color, "size": row.size}
    return products.Variant(
        sku=products.Sku(row.sku),
        options={name: value for name, value in values.items() if name in options and value is not None},
        names=row.names,
        prices=tuple(catalog.PriceEntry(price.currency, price.gross_minor_units) for price in row.prices),
    )


def _order(row: OrderRow, names: Mapping[str, str], customers: Mapping[str, str]) -> OrderDraft:
    return OrderDraft(
        external_ids=(ExternalId(SOURCE, row.number),),
        number=row.number,
        channel=row.channel,
        customer=customers[row.customer],
        placed_at=row.placed_at,
        currency=row.currency,
        lines=tuple(_line(line.sku, names[line.sku], line) for line in row.lines),
        shipping=Shipping(gross_minor=row.freight_minor_units, net_minor=row.freight_minor_units),
    )


def _line(sku: str, name: str, row: OrderLineRow) -> Line:
    return line_of_net(sku, name, row.quantity, row.net_minor_units, row.tax_minor_units, tax_rate_bp=TAX_RATE_BP)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
