"""An order: what was sold, on any channel, exactly as it was sold. Rules and refusals; no I/O.

A draft is what a channel tells. `compose` checks it and makes the order; it never corrects a sum: the till and the
customer have the receipt already. All amounts are integer minor units of the order's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NewType

from kit.errors import Path
from kit.idempotency import fingerprint
from kit.ids import new_id
from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from services.order.identity.model import ExternalId, Identity, check_external_ids
from services.order.line.model import (
    MAX_TAX_RATE_BP,
    Line,
    LineKind,
    check_lines,
    goods_gross_of,
    non_goods_gross_of,
)
from services.order.problems import Problems

OrderId = NewType("OrderId", str)
ReturnId = NewType("ReturnId", str)

MAX_NAME_LENGTH: Final = 64
"""Channels, numbers, ids of other services: what fits an index entry and a log line."""
MAX_PAYMENT_METHODS: Final = 10
"""Nobody pays in more ways at once."""
MAX_CLOCK_AHEAD: Final = timedelta(days=1)
"""A till in a wrong time zone is recorded; one in a wrong year is not."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Ids carry the time of the sale, and theirs begins here."""


@dataclass(frozen=True, slots=True)
class Shipping:
    """What was charged for sending the goods, apart from their lines."""

    gross_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    tax_rate_bp: int = 0


NO_SHIPPING: Final = Shipping()


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums on the receipt: goods + other lines + shipping = net + tax = total."""

    goods_gross_minor: int
    non_goods_gross_minor: int
    shipping_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """A sale as its channel tells it."""

    external_ids: tuple[ExternalId, ...]
    """At least one: by them the sale is recorded once."""
    number: str | None = None
    """What the receipt shows; absent: the value of the first external id."""
    channel: str
    location: str | None = None
    customer: str | None = None
    """None: a guest."""
    staff: str | None = None
    """Who recorded it; not part of what was sold."""
    payment_methods: tuple[str, ...] = ()
    """What it was paid with, in the channel's words; none: not told."""
    placed_at: datetime
    currency: str
    lines: tuple[Line, ...]
    shipping: Shipping = NO_SHIPPING
    totals: Totals | None = None
    """What the source claims; None: it claims nothing, the sums are made here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one line of an order that came back; `line` counts from 1."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class AppliedReturn:
    """A return as the order knows it. Their sequence decides who takes which remainder of a line's amount."""

    id: ReturnId
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A recorded sale. Nothing of it changes but `returned` and `returns`, which only grow."""

    id: OrderId
    identity: Identity
    number: str
    channel: str
    location: str | None
    customer: str | None
    staff: str | None
    payment_methods: tuple[str, ...] = ()
    placed_at: datetime
    recorded_at: datetime
    currency: str
    lines: tuple[Line, ...]
    shipping: Shipping
    totals: Totals
    returned: tuple[int, ...]
    """Units taken back so far, line by line."""
    returns: tuple[AppliedReturn, ...]
    """Oldest first."""


def totals_of(lines: Sequence[Line], shipping: Shipping) -> Totals:
    """The sums of a sale."""
    goods, others = goods_gross_of(lines), non_goods_gross_of(lines)
    net = sum(line.net_minor for line in lines) + shipping.net_minor
    tax = sum(line.tax_minor for line in lines) + shipping.tax_minor
    return Totals(goods, others, shipping.gross_minor, net, tax, goods + others + shipping.gross_minor)


def compose(draft: OrderDraft, *, now: datetime, key: str | None = None) -> Order:
    """The order of a draft, with a fresh id; Refused names every field that does not hold."""
    problems = Problems()
    totals = check_draft(draft, now, problems)
    problems.raise_found()
    number = draft.number or draft.external_ids[0].value
    return Order(
        id=OrderId(new_id("ord", at=draft.placed_at)),
        identity=Identity(draft.external_ids, key, _fingerprint(draft, number)),
        number=number,
        channel=draft.channel,
        location=draft.location,
        customer=draft.customer,
        staff=draft.staff,
        payment_methods=draft.payment_methods,
        placed_at=instant_of(draft.placed_at),
        recorded_at=now,
        currency=draft.currency,
        lines=draft.lines,
        shipping=draft.shipping,
        totals=totals,
        returned=(0,) * len(draft.lines),
        returns=(),
    )


def check_draft(draft: OrderDraft, now: datetime, problems: Problems) -> Totals:
    """Every rule of a sale; the sums, made here."""
    check_external_ids(draft.external_ids, problems)
    problems.optional_text(("number",), draft.number, MAX_NAME_LENGTH)
    check_circumstances(draft.channel, draft.location, draft.customer, draft.staff, problems=problems)
    if len(draft.payment_methods) > MAX_PAYMENT_METHODS:
        problems.add(("paymentMethods",), f"at most {MAX_PAYMENT_METHODS}", len(draft.payment_methods))
    for place, method in enumerate(draft.payment_methods[:MAX_PAYMENT_METHODS]):
        problems.text(("paymentMethods", str(place)), method, MAX_NAME_LENGTH)
    check_time(("placedAt",), draft.placed_at, now, problems)
    check_currency(draft.currency, problems)
    check_lines(draft.lines, problems)
    _check_shipping(draft.shipping, problems)
    totals = totals_of(draft.lines, draft.shipping)
    _check_totals(totals, draft.totals, problems)
    return totals


def check_circumstances(
    channel: str, location: str | None, customer: str | None, staff: str | None, *, problems: Problems
) -> None:
    """Names of what other services own: bounded here, known there."""
    problems.text(("channel",), channel, MAX_NAME_LENGTH)
    problems.optional_text(("locationId",), location, MAX_NAME_LENGTH)
    problems.optional_text(("customerId",), customer, MAX_NAME_LENGTH)
    problems.optional_text(("staff",), staff, MAX_NAME_LENGTH)


def check_time(where: Path, at: datetime, now: datetime, problems: Problems) -> None:
    """A known instant, not before ids begin, not far ahead of us."""
    if at.tzinfo is None:
        problems.add(where, "a time with its offset from UTC", at.isoformat())
    elif not EARLIEST <= at <= now + MAX_CLOCK_AHEAD:
        latest = (now + MAX_CLOCK_AHEAD).isoformat(timespec="seconds")
        problems.add(where, f"{EARLIEST.date().isoformat()} to {latest}", at.isoformat())


def check_currency(currency: str, problems: Problems) -> None:
    """A currency whose decimals we know."""
    if currency not in CURRENCY_DECIMALS:
        problems.add(("currency",), f"one of {', '.join(CURRENCY_DECIMALS)}", currency)


def instant_of(at: datetime) -> datetime:
    """The same instant as it will be kept: UTC, in whole milliseconds."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def goods_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines that are about stock-keeping units."""
    return [line for line in lines if line.kind is LineKind.GOODS]


def line_content(line: Line) -> list[object]:
    """What makes a line the same line, for fingerprints."""
    return [
        line.sku,
        line.description,
        line.kind.value,
        line.quantity,
        line.unit_price_minor,
        line.discount_minor,
        line.gross_minor,
        line.tax_minor,
        line.tax_rate_bp,
    ]


def _fingerprint(draft: OrderDraft, number: str) -> str:
    """Named one by one: a field added to drafts later must not make recorded sales look changed.

    Payment methods came later: where there are none, they are no part of it.
    """
    shipping = draft.shipping
    return fingerprint(
        [[external_id.source, external_id.value] for external_id in sorted(draft.external_ids)],
        [number, draft.channel, draft.location, draft.customer, draft.currency],
        instant_of(draft.placed_at),
        [shipping.gross_minor, shipping.tax_minor, shipping.tax_rate_bp],
        [line_content(line) for line in draft.lines],
        *([sorted(draft.payment_methods)] if draft.payment_methods else []),
    )


def _check_shipping(shipping: Shipping, problems: Problems) -> None:
    if not 0 <= shipping.gross_minor <= MAX_MINOR_UNITS:
        problems.add(("shipping", "gross"), f"0 to {MAX_MINOR_UNITS}", shipping.gross_minor)
    if not 0 <= shipping.tax_minor <= max(0, shipping.gross_minor):
        problems.add(("shipping", "tax"), f"0 to {shipping.gross_minor}, inside the gross", shipping.tax_minor)
    if not 0 <= shipping.tax_rate_bp <= MAX_TAX_RATE_BP:
        expected = f"0 to 1 in steps of 0.0001 (0 to {MAX_TAX_RATE_BP})"
        problems.add(("shipping", "taxRate"), expected, shipping.tax_rate_bp)
    net = shipping.gross_minor - shipping.tax_minor
    problems.equal(("shipping", "net"), "gross - tax", net, shipping.net_minor)


def _check_totals(made: Totals, claimed: Totals | None, problems: Problems) -> None:
    if max(made.goods_gross_minor, abs(made.non_goods_gross_minor), abs(made.total_minor)) > MAX_MINOR_UNITS:
        problems.add(("totals", "total"), f"at most {MAX_MINOR_UNITS}", made.total_minor)
    if claimed is None or claimed == made:
        return
    for field, rule, expected, got in (
        ("goodsGross", "sum of the GOODS lines", made.goods_gross_minor, claimed.goods_gross_minor),
        ("nonGoodsGross", "sum of the others", made.non_goods_gross_minor, claimed.non_goods_gross_minor),
        ("shipping", "the shipping's gross", made.shipping_minor, claimed.shipping_minor),
        ("net", "sum of lines and shipping", made.net_minor, claimed.net_minor),
        ("tax", "sum of lines and shipping", made.tax_minor, claimed.tax_minor),
        ("total", "goods + others + shipping", made.total_minor, claimed.total_minor),
    ):
        problems.equal(("totals", field), rule, expected, got)
