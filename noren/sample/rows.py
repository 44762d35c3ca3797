"""The typed rows of the sample data: natural keys, integer minor units, aware UTC times.

Owns shapes and units only; refuses to read files (see `noren.sample.files`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One face of the shop. `code` is its natural key."""

    code: str
    """Unique, kebab-case: `web`, `pos`, `web-au`."""
    name: str
    kind: str
    """`web`, `app`, `kiosk` or `pos`."""
    currency: str
    """ISO 4217 code of the prices this channel shows by default."""
    tax_rate: Decimal
    """Share of the net price: `Decimal("0.10")` is 10 %."""
    countries: tuple[str, ...]
    """ISO 3166-1 alpha-2 codes of the countries it sells to."""


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One node of the category tree; a parent comes before its children."""

    slug: str
    """Unique, kebab-case."""
    parent_slug: str | None
    """None for a root. The tree has two levels."""
    names: Mapping[str, str]
    """Locale (`en`, `es`, `fr`) to name."""
    external_id: str
    """`category:<key>` or `subcategory:<key>` of the source."""


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of a product, with every value its variants take, in display order."""

    name: str
    """`color` or `size`."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One model; a component without a model is a product of one variant."""

    slug: str
    """Unique, kebab-case."""
    names: Mapping[str, str]
    """Locale to name: `en` always, `es` and `fr` where every variant has one."""
    descriptions: Mapping[str, str]
    """BCP 47 locale to text in NFC; empty where the source has none."""
    category_slugs: tuple[str, ...]
    """The subcategory; empty for components, which the source leaves uncategorised."""
    options: tuple[OptionRow, ...]
    skus: tuple[str, ...]
    """SKUs of its variants, in display order."""
    external_id: str
    """Model name, or the SKU of a component without a model."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What one unit costs in one currency."""

    currency: str
    gross_minor_units: int
    """Tax included, in minor units of `currency`: whole yen for JPY, cents for the others."""
    tax_rate: Decimal
    """The tax inside the gross, as a share of the net: `Decimal("0.10")`."""


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One stock-keeping unit in its current version."""

    sku: str
    product_slug: str
    names: Mapping[str, str]
    """Locale to name: `en` always, `es` and `fr` where the source has them."""
    color: str | None
    size: str | None
    prices: tuple[PriceRow, ...]
    """One a currency; empty for what the source gives no list price."""
    finished_good: bool
    """False for components that are not for sale."""
    discontinued: bool
    """True when the source closed the last version of this SKU."""
    weight_grams: int | None
    safety_stock_units: int
    reorder_point_units: int
    external_id: str
    """Key of the current version in the source."""


@dataclass(frozen=True, slots=True)
class LocationRow:
    """A shop at a real position, or a warehouse. `code` is its natural key."""

    code: str
    """`shop-001`, `warehouse-tokyo`."""
    name: str
    """Brand in one spelling, then the branch."""
    kind: str
    """`SHOP` or `WAREHOUSE`."""
    latitude: float
    """Degrees north, WGS 84."""
    longitude: float
    """Degrees east, WGS 84."""
    time_zone: str
    """IANA name."""
    source_name: str | None
    """The name as the source spells it; None for a warehouse."""


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units on hand of one SKU at one location; rows with nothing on hand are left out."""

    sku: str
    location: str
    """A `LocationRow.code`."""
    on_hand: int


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A postal address as the source has it."""

    line1: str
    line2: str | None
    city: str
    region: str
    postal_code: str
    country: str
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One member. `external_id` is the natural key."""

    external_id: str
    """`AW00011000`."""
    title: str | None
    given_name: str
    middle_name: str | None
    family_name: str
    suffix: str | None
    email: str
    """Unique; 39 have non-ASCII letters before the @."""
    phone: str
    """As found, for contact only: the source's numbers are fictional and do not parse."""
    phone_shared: bool
    """True when other customers carry the same number: then it can identify nobody."""
    birthday: date
    gender: str
    """`F` or `M`, as the source has it."""
    address: AddressRow
    home_channel: str
    """The channel of the customer's country; every order of theirs came through it."""
    member_since: date
    """Date of the first purchase."""


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """One line of an order; amounts in minor units of the order's `currency`."""

    number: int
    """1, 2, 3… in the order."""
    sku: str
    quantity: int
    unit_net_minor_units: int
    """Before tax and discount, for one unit."""
    discount_minor_units: int
    """Off the whole line, before tax; 0 on every line of the source."""
    tax_minor_units: int
    """On top of the net, for the whole line."""
    freight_minor_units: int

    @property
    def net_minor_units(self) -> int:
        """Of the whole line, before tax and freight."""
        return self.quantity * self.unit_net_minor_units - self.discount_minor_units


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One online order. `number` is its natural key; the totals are the sums of its lines."""

    number: str
    """`SO43697`."""
    channel: str
    customer: str
    """A `CustomerRow.external_id`."""
    placed_at: datetime
    """UTC; the source knows the day only, so the time is 00:00."""
    shipped_at: datetime
    """UTC, the day only."""
    currency: str
    """Of every amount here: USD, in which the source keeps its books."""
    placed_currency: str
    """What the source says the customer ordered in; FRF and DEM occur."""
    placed_currency_usd: Decimal
    """USD for one unit of `placed_currency` on the day of the order."""
    net_minor_units: int
    tax_minor_units: int
    freight_minor_units: int
    total_minor_units: int
    """Net + tax + freight."""
    lines: tuple[OrderLineRow, ...]
