"""`noren export products`: one row a variant, and beside the file the mapping that brings it in again.

The catalog is read twice, a page at a time: once for the columns there are, once for the rows.
"""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from pathlib import Path

import orjson

from kit.money import CURRENCY_DECIMALS
from kit.pages import MAX_PAGE, PageArgs
from noren.imports.errors import ImportStopped
from services.catalog.attribute.model import Attribute, AttributeValue, Reference
from services.catalog.category.model import Category
from services.catalog.model import PriceEntry
from services.catalog.product.model import Product, Variant
from services.catalog.product.store import BY_NAME, ProductFilter
from services.catalog.store import CatalogStore

SOURCE = "noren"
SEPARATOR = "|"
FIXED = ("product", "slug", "status", "brand", "categories", "tags", "sku", "barcodes")
MAPPING_SUFFIX = ".mapping.toml"

Cells = Mapping[str, str]
Write = Callable[[Cells], None]


async def export_products(store: CatalogStore, path: Path) -> int:
    """Write every product's variants to the file, and its mapping; return how many rows it has."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ImportStopped(f"{path.name}: a file of products ends in {', '.join(WRITERS)}")
    columns = dict.fromkeys(FIXED)
    async for product in every_product(store):
        for cells in rows_of(product, {}):
            columns |= dict.fromkeys(cells)
    slugs = {str(category.id): category.slug async for category in _categories(store)}
    count = 0
    with writer(path, list(columns)) as write:
        async for product in every_product(store):
            for cells in rows_of(product, slugs):
                write(cells)
                count += 1
    mapping = path.with_name(f"{path.stem}{MAPPING_SUFFIX}")
    mapping.write_text(mapping_of(list(columns)), encoding="utf-8")
    return count


async def every_product(store: CatalogStore) -> AsyncIterator[Product]:
    """All of them, by name; whole."""
    after: str | None = None
    while True:
        page = await store.product.page(ProductFilter(), BY_NAME, PageArgs.parse(MAX_PAGE, after))
        for product in page.nodes:
            yield product
        if not page.has_next:
            return
        after = page.cursors[-1]


def rows_of(product: Product, slugs: Mapping[str, str]) -> Iterable[Cells]:
    """A row a variant; `slugs` of categories by id."""
    draft = product.draft
    shared = {
        "product": product.id,
        "slug": draft.slug,
        "status": draft.offer.status.value,
        "brand": draft.brand or "",
        "categories": SEPARATOR.join(slugs[id] for id in draft.category_ids if id in slugs),
        "tags": SEPARATOR.join(draft.tags),
        **{f"name:{locale}": text for locale, text in draft.names.items()},
        **{f"description:{locale}": text for locale, text in draft.descriptions.items()},
        **_attributes(draft.attributes),
    }
    return [shared | _of_variant(variant) for variant in draft.variants]


def mapping_of(columns: list[str]) -> str:
    """The mapping that reads a file of these columns."""
    fixed = {"barcodes": "barcode", "categories": "category"}
    lines = [f'source = "{SOURCE}"', 'match = "slug"', "normalise = false", "", "[columns]"]
    lines += [f"{fixed.get(column, column)} = {_quoted(column)}" for column in FIXED]
    for kind, table in (("name", "names"), ("description", "descriptions"), ("option", "options")):
        chosen = [column for column in columns if column.startswith(f"{kind}:")]
        if chosen:
            lines += ["", f"[{table}]"]
            lines += [f"{_quoted(column.removeprefix(f'{kind}:'))} = {_quoted(column)}" for column in chosen]
    for column in columns:
        kind, _, rest = column.partition(":")
        if kind == "price":
            currency, _, channel = rest.partition("@")
            lines += ["", "[[prices]]", f"column = {_quoted(column)}", f'currency = "{currency}"']
            lines += [f"channel = {_quoted(channel)}"] if channel else []
        elif kind == "attribute":
            code, _, locale = rest.partition(":")
            lines += ["", "[[attributes]]", f"column = {_quoted(column)}", f"code = {_quoted(code)}"]
            lines += [f"locale = {_quoted(locale)}"] if locale else []
    return "\n".join(lines) + "\n"


def _of_variant(variant: Variant) -> dict[str, str]:
    return {
        "sku": variant.sku,
        "barcodes": SEPARATOR.join(variant.barcodes),
        **{f"option:{name}": value for name, value in variant.options.items()},
        **{f"price:{_price_key(entry)}": _amount(entry) for entry in variant.prices},
        **_attributes(variant.attributes),
    }


def _price_key(entry: PriceEntry) -> str:
    return entry.currency if entry.channel is None else f"{entry.currency}@{entry.channel}"


def _amount(entry: PriceEntry) -> str:
    return str(Decimal(entry.gross_minor).scaleb(-CURRENCY_DECIMALS[entry.currency]))


def _attributes(values: Iterable[Attribute]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for given in values:
        if isinstance(given.value, dict):
            cells |= {f"attribute:{given.code}:{locale}": text for locale, text in given.value.items()}
        else:
            cells[f"attribute:{given.code}"] = _shown(given.value)
    return cells


def _shown(value: AttributeValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return SEPARATOR.join(value)
        case Reference():
            return value.id
        case _:
            return str(value)


def _quoted(text: str) -> str:
    """As TOML writes it, which is as JSON does."""
    return orjson.dumps(text).decode()


async def _categories(store: CatalogStore) -> AsyncIterator[Category]:
    after: str | None = None
    while True:
        page = await store.category.page(PageArgs.parse(MAX_PAGE, after))
        for category in page.nodes:
            yield category
        if not page.has_next:
            return
        after = page.cursors[-1]


@contextmanager
def _csv(path: Path, columns: list[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        yield writer.writerow


@contextmanager
def _json_lines(path: Path, columns: list[str]) -> Iterator[Write]:
    with path.open("wb") as file:

        def write(cells: Cells) -> None:
            file.write(orjson.dumps({column: cells.get(column, "") for column in columns}) + b"\n")

        yield write


@contextmanager
def _excel(path: Path, columns: list[str]) -> Iterator[Write]:
    import xlsxwriter  # of the extra `files`, which the command asks for by name

    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("products")
        sheet.write_row(0, 0, columns)
        count = 0

        def write(cells: Cells) -> None:
            nonlocal count
            count += 1
            for place, column in enumerate(columns):
                if text := cells.get(column):
                    sheet.write_string(count, place, text)

        yield write


WRITERS: Mapping[str, Callable[[Path, list[str]], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".xlsx": _excel,
}
"""By the end of the file's name."""
