"""A line: what, how many, for how much. Every amount is exact, in minor units of its document's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kit.errors import Path
from kit.money import MAX_MINOR_UNITS, net_of
from services.order.problems import Problems

MAX_LINES: Final = 1_000
"""Of one document: a wholesale basket has some hundred; a thousand is a quarter megabyte, far below MongoDB's 16."""
MAX_QUANTITY: Final = 1_000_000
"""Units of one line: more is a typing error, or a pallet that is its own SKU."""
MAX_SKU_LENGTH: Final = 64
MAX_DESCRIPTION_LENGTH: Final = 500
"""What fits a receipt is a tenth of it; a web shop's title fits."""
MAX_TAX_RATE_BP: Final = 10_000
"""100 %: no sales tax reaches it, and a rate in other units does."""


class LineKind(StrEnum):
    """Whether a line is about stock-keeping units."""

    GOODS = "GOODS"
    NON_GOODS = "NON_GOODS"
    """Postage as a line, fees, manual adjustments: no stock, no points; it may be negative."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; its number is its place in the document, from 1. Amounts are for the whole line."""

    sku: str
    description: str | None
    """As it was sold, in the words of that day."""
    kind: LineKind
    quantity: int
    unit_price_minor: int
    """Gross, for one unit, before the discount."""
    discount_minor: int
    """Off the whole line, gross."""
    gross_minor: int
    """quantity × unit price - discount."""
    net_minor: int
    """gross - tax."""
    tax_minor: int
    """As it was charged: who rounds a unit and who rounds a line differ by a minor unit, so it is not recomputed."""
    tax_rate_bp: int
    """Of the net, in basis points: 1000 is 10 %."""


def line_of_gross(
    sku: str,
    description: str | None,
    quantity: int,
    unit_price_minor: int,
    *,
    kind: LineKind = LineKind.GOODS,
    discount_minor: int = 0,
    tax_rate_bp: int = 0,
) -> Line:
    """A line of a channel whose prices include tax; the tax inside is rounded once, for the line."""
    gross = quantity * unit_price_minor - discount_minor
    net = net_of(gross, tax_rate_bp) if tax_rate_bp else gross
    return Line(
        sku, description, kind, quantity, unit_price_minor, discount_minor, gross, net, gross - net, tax_rate_bp
    )


def line_of_net(
    sku: str,
    description: str | None,
    quantity: int,
    net_minor: int,
    tax_minor: int,
    *,
    kind: LineKind = LineKind.GOODS,
    discount_minor: int = 0,
    tax_rate_bp: int = 0,
) -> Line:
    """A line of a source that keeps net and tax of the line; `net_minor` is after the discount.

    Its gross need not divide by the quantity: the unit price is rounded up and the discount takes the difference.
    """
    gross = net_minor + tax_minor
    unit_price = -(-(gross + discount_minor) // quantity)
    return Line(
        sku=sku,
        description=description,
        kind=kind,
        quantity=quantity,
        unit_price_minor=unit_price,
        discount_minor=quantity * unit_price - gross,
        gross_minor=gross,
        net_minor=net_minor,
        tax_minor=tax_minor,
        tax_rate_bp=tax_rate_bp,
    )


def check_lines(lines: Sequence[Line], problems: Problems, field: str = "lines") -> None:
    """Every rule of the lines of one document; amounts must agree exactly."""
    if not 1 <= len(lines) <= MAX_LINES:
        problems.add((field,), f"1 to {MAX_LINES} lines", len(lines))
        return
    for index, line in enumerate(lines):
        if not _is_plain(line):
            _name_problems(line, problems, (field, str(index)))


def goods_gross_of(lines: Sequence[Line]) -> int:
    """The gross of the goods among the lines."""
    return sum(line.gross_minor for line in lines if line.kind is LineKind.GOODS)


def non_goods_gross_of(lines: Sequence[Line]) -> int:
    """The gross of everything else among the lines."""
    return sum(line.gross_minor for line in lines if line.kind is not LineKind.GOODS)


def _is_plain(line: Line) -> bool:
    """Whether a line has nothing to refuse, decided at once: imports bring half a million."""
    return (
        0 < line.quantity <= MAX_QUANTITY
        and line.discount_minor >= 0
        and 0 <= line.tax_minor <= line.gross_minor
        and 0 <= line.tax_rate_bp <= MAX_TAX_RATE_BP
        and line.gross_minor == line.quantity * line.unit_price_minor - line.discount_minor
        and line.net_minor == line.gross_minor - line.tax_minor
        and line.quantity * line.unit_price_minor <= MAX_MINOR_UNITS
        and 0 < len(line.sku) <= MAX_SKU_LENGTH
        and line.sku.isprintable()
        and (line.description is None or len(line.description) <= MAX_DESCRIPTION_LENGTH)
    )


def _name_problems(line: Line, problems: Problems, path: Path) -> None:
    problems.text((*path, "sku"), line.sku, MAX_SKU_LENGTH)
    if line.description is not None and len(line.description) > MAX_DESCRIPTION_LENGTH:
        problems.add((*path, "description"), f"at most {MAX_DESCRIPTION_LENGTH} characters", len(line.description))
    if not 0 < line.quantity <= MAX_QUANTITY:
        problems.add((*path, "quantity"), f"1 to {MAX_QUANTITY}", line.quantity)
    if not 0 <= line.tax_rate_bp <= MAX_TAX_RATE_BP:
        problems.add((*path, "taxRate"), f"0 to 1 in steps of 0.0001 (0 to {MAX_TAX_RATE_BP})", line.tax_rate_bp)
    if line.kind is LineKind.GOODS and line.unit_price_minor < 0:
        problems.add((*path, "unitPrice"), "0 or more for GOODS", line.unit_price_minor)
    before_discount = line.quantity * line.unit_price_minor
    if abs(before_discount) > MAX_MINOR_UNITS:
        problems.add((*path, "unitPrice"), f"a line of at most {MAX_MINOR_UNITS}", before_discount)
    most = max(0, before_discount)
    if not 0 <= line.discount_minor <= most:
        problems.add((*path, "discount"), f"0 to {most}, which is quantity × unit price", line.discount_minor)
    gross = before_discount - line.discount_minor
    problems.equal((*path, "gross"), "quantity × unit price - discount", gross, line.gross_minor)
    low, high = min(0, line.gross_minor), max(0, line.gross_minor)
    if not low <= line.tax_minor <= high:
        problems.add((*path, "tax"), f"{low} to {high}, inside the gross", line.tax_minor)
    problems.equal((*path, "net"), "gross - tax", line.gross_minor - line.tax_minor, line.net_minor)
