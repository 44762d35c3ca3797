"""The mapping of a product file: which column is what, and what the file does not say. README.md has every key."""

from typing import Literal

from pydantic import Field, field_validator

from kit.money import CURRENCY_DECIMALS
from noren.imports.mapping import MAX_NAME, FileFormat, Strict, read_mapping

FOLDER = "products/mappings"


class ProductColumns(Strict):
    """The file's name of each column, of those it has. Rows with the same `product` are one product's variants."""

    sku: str | None = None
    product: str | None = None
    variant: str | None = None
    slug: str | None = None
    brand: str | None = None
    category: str | None = None
    barcode: str | None = None
    tags: str | None = None
    image: str | None = None
    status: str | None = None


class PriceColumn(Strict):
    """A column of prices, tax included."""

    column: str
    currency: str
    channel: str | None = None

    @field_validator("currency")
    @classmethod
    def _is_known(cls, currency: str) -> str:
        if currency not in CURRENCY_DECIMALS:
            raise ValueError(f"one of {', '.join(CURRENCY_DECIMALS)}")
        return currency


class AttributeColumn(Strict):
    """A column of values of an attribute; `locale` of a LOCALIZED_TEXT."""

    column: str
    code: str
    locale: str | None = None


class ProductMapping(Strict):
    """A mapping file, checked."""

    source: str = Field(min_length=1, max_length=MAX_NAME)
    slug_prefix: str = ""
    match: Literal["external_id", "slug"] = "external_id"
    normalise: bool = True
    separator: str = Field(default="|", min_length=1, max_length=1)
    sku_missing: Literal["refuse", "barcode", "variant"] = "refuse"
    barcode_wrong: Literal["refuse", "drop"] = "refuse"
    repeated_sku: Literal["refuse", "last"] = "refuse"
    option_missing: Literal["refuse", "fill"] = "refuse"
    option_fill: str = Field(default="-", min_length=1)
    create_categories: bool = False
    file: FileFormat = FileFormat()
    columns: ProductColumns = ProductColumns()
    names: dict[str, str] = Field(default={}, max_length=100)
    descriptions: dict[str, str] = Field(default={}, max_length=100)
    options: dict[str, str] = Field(default={}, max_length=5)
    prices: tuple[PriceColumn, ...] = ()
    attributes: tuple[AttributeColumn, ...] = ()

    def named(self) -> dict[str, str]:
        """Every role with its column; roles of several are like name:ja."""
        plain = {role: name for role, name in self.columns.model_dump().items() if name is not None}
        lists = {"name": self.names, "description": self.descriptions, "option": self.options}
        keyed = {f"{kind}:{key}": column for kind, columns in lists.items() for key, column in columns.items()}
        priced = {f"price:{place}": one.column for place, one in enumerate(self.prices)}
        return plain | keyed | priced | {f"attribute:{place}": one.column for place, one in enumerate(self.attributes)}


def load_product_mapping(name: str) -> ProductMapping:
    """The mapping of this name or path; ImportStopped names what is wrong with it, key by key."""
    return read_mapping(name, ProductMapping, FOLDER)
