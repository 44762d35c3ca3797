"""What becomes of every row of a product file: the first outcome that fits. Pure.

A. cells    by the mapping's columns, trimmed and of usual width (NFKC); empty is none
B. rows     that are empty, uneven, repeat another row or its SKU
C. values   parsed; what cannot be read refuses the row
D. products rows of one product together: options, and nothing is taken of a product one of whose rows is refused
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from unicodedata import normalize

from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from noren.imports.cells import places_of, rows_of
from noren.imports.products.mapping import ProductMapping
from noren.imports.products.model import Outcome, Remark
from noren.imports.reading import Table
from services.catalog.barcode.model import barcode_problem
from services.catalog.media.model import KNOWN_ENDINGS
from services.catalog.model import PriceEntry


@dataclass(slots=True)
class Row:
    """A row: its line, its cells by role, what was parsed of it, and where it ended (None: not yet)."""

    line: int
    cells: dict[str, str]
    outcome: Outcome | None = None
    detail: str = ""
    remarks: set[Remark] = field(default_factory=set)
    sku: str = ""
    key: str = ""
    barcodes: tuple[str, ...] = ()
    prices: tuple[PriceEntry, ...] = ()
    image: str | None = None

    def refuse(self, outcome: Outcome, detail: str = "") -> None:
        """The first that fits counts."""
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail

    def keyed(self, kind: str) -> dict[str, str]:
        """The cells of a kind of several, by key: name:ja is ja of name."""
        return {role.removeprefix(f"{kind}:"): text for role, text in self.cells.items() if role.startswith(f"{kind}:")}


def classify(table: Table, mapping: ProductMapping) -> list[Row]:
    """Every row in the file's order; those that may be taken have no outcome yet."""
    rows = list(_read(table, mapping))
    for row in rows:
        if row.outcome is None:
            _parse(row, mapping)
    _settle_repeats(rows, mapping)
    for group in products_of(rows):
        _settle_product(group, mapping)
    return rows


def products_of(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each product, in the order of their first; only rows that say which product and variant they are."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.key and row.outcome not in (Outcome.DUPLICATE, Outcome.SUPERSEDED):
            groups[row.key].append(row)
    return list(groups.values())


def _read(table: Table, mapping: ProductMapping) -> Iterator[Row]:
    """A and B."""
    places = places_of(table.columns, mapping.named())
    seen: dict[tuple[str, ...], int] = {}
    for line, uneven, texts in rows_of(table):
        row = Row(line, {})
        for role, place in places.items():
            given = texts[place].strip()
            text = normalize("NFKC", given) if mapping.normalise else given
            if text:
                row.cells[role] = text
            if text != given and role.startswith("name:"):
                row.remarks.add(Remark.TEXT_NORMALISED)
        if not any(text.strip() for text in texts):
            row.refuse(Outcome.ROW_EMPTY)
        elif texts in seen:
            row.refuse(Outcome.DUPLICATE, f"repeats line {seen[texts]}")
        elif uneven is not None:
            row.refuse(Outcome.CELLS_UNEVEN, f"{uneven} cells")
        seen.setdefault(texts, line)
        yield row


def _parse(row: Row, mapping: ProductMapping) -> None:
    """C."""
    given = [one for one in row.cells.get("barcode", "").split(mapping.separator) if one]
    wrong = [(one, problem) for one in given if (problem := barcode_problem(one)) is not None]
    row.barcodes = tuple(one for one in given if barcode_problem(one) is None)
    row.sku = row.cells.get("sku", "")
    if not row.sku:
        row.sku = _derived(row, mapping, given)
        if row.sku:
            row.remarks.add(Remark.SKU_DERIVED)
        else:
            row.refuse(Outcome.SKU_MISSING)
    row.key = row.cells.get("product", row.sku)
    if not row.keyed("name"):
        row.refuse(Outcome.NAME_MISSING)
    if wrong and mapping.barcode_wrong == "refuse":
        row.refuse(Outcome.BARCODE_WRONG, "; ".join(f"{one}: expected {problem}" for one, problem in wrong))
    elif wrong:
        row.remarks.add(Remark.BARCODE_DROPPED)
    row.prices = tuple(_prices(row, mapping))
    image = row.cells.get("image")
    if image is not None:
        path = image.split("?")[0].split("#")[0].lower()
        good = image.startswith("https://") and any(path.endswith(end) for end in KNOWN_ENDINGS)
        row.image = image if good else None
        row.remarks |= set() if good else {Remark.IMAGE_DROPPED}


def _derived(row: Row, mapping: ProductMapping, barcodes: Sequence[str]) -> str:
    """What stands in for a missing SKU."""
    if mapping.sku_missing == "barcode":
        return next(iter(barcodes), "")
    if mapping.sku_missing == "variant" and "variant" in row.cells:
        return f"{mapping.source}-{row.cells['variant']}"
    return ""


def _prices(row: Row, mapping: ProductMapping) -> Iterator[PriceEntry]:
    for place, column in enumerate(mapping.prices):
        text = row.cells.get(f"price:{place}")
        if text is None:
            continue
        try:
            minor = Decimal(text).scaleb(CURRENCY_DECIMALS[column.currency])
        except InvalidOperation:
            minor = Decimal("NaN")
        if not minor.is_finite() or minor != int(minor) or not 0 <= minor <= MAX_MINOR_UNITS:
            row.refuse(Outcome.PRICE_UNREADABLE, f"{column.column}: {text!r}, expected an amount of {column.currency}")
        else:
            yield PriceEntry(column.currency, int(minor), column.channel)


def _settle_repeats(rows: Sequence[Row], mapping: ProductMapping) -> None:
    """The rest of B: of rows with one SKU, the first counts, or the last."""
    counted: dict[str, Row] = {}
    for row in reversed(rows) if mapping.repeated_sku == "last" else rows:
        if not row.sku or row.outcome in (Outcome.DUPLICATE, Outcome.ROW_EMPTY):
            continue
        other = counted.setdefault(row.sku, row)
        if other is row:
            continue
        if mapping.repeated_sku == "last":
            row.outcome, row.detail = Outcome.SUPERSEDED, f"by line {other.line}"
        else:
            row.refuse(Outcome.SKU_REPEATED, f"as line {other.line}")


def option_names(group: Sequence[Row], mapping: ProductMapping) -> list[str]:
    """The options in which the product's rows have values, in the mapping's order."""
    return [name for name in mapping.options if any(f"option:{name}" in row.cells for row in group)]


def _settle_product(group: Sequence[Row], mapping: ProductMapping) -> None:
    """D."""
    names = option_names(group, mapping)
    for row in group:
        for name in names:
            if f"option:{name}" not in row.cells:
                if mapping.option_missing == "fill":
                    row.cells[f"option:{name}"] = mapping.option_fill
                else:
                    row.refuse(Outcome.OPTION_MISSING, name)
    first: dict[tuple[str, ...], Row] = {}
    for row in group:
        chosen = tuple(row.cells.get(f"option:{name}", "") for name in names)
        other = first.setdefault(chosen, row)
        if other is not row:
            row.refuse(Outcome.OPTION_REPEATED, f"as line {other.line}")
    refused = next((row for row in group if row.outcome is not None), None)
    if refused is not None:
        for row in group:
            row.refuse(Outcome.SIBLING_REFUSED, f"line {refused.line}")


def count_remarks(rows: Sequence[Row], taken: Sequence[Outcome]) -> dict[Remark, int]:
    """Of rows that were taken."""
    counts = Counter(remark for row in rows if row.outcome in taken for remark in row.remarks)
    return {remark: counts[remark] for remark in Remark if counts[remark]}
