"""A return: what came back and what for. Rules, refund amounts and refusals; no I/O.

A return of a known order names its lines and quantities; the amounts follow from the order. A return whose order
is unknown (a till without the receipt, imported history) brings its own lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from kit.errors import Refusal
from kit.idempotency import fingerprint
from kit.ids import new_id
from services.order.identity.model import ExternalId, Identity, check_external_ids
from services.order.line.model import (
    MAX_LINES,
    MAX_QUANTITY,
    Line,
    check_lines,
    goods_gross_of,
    non_goods_gross_of,
)
from services.order.model import (
    AppliedReturn,
    Order,
    OrderId,
    Piece,
    ReturnId,
    check_circumstances,
    check_currency,
    check_time,
    instant_of,
    line_content,
)
from services.order.problems import Problems

MAX_RETURNS: Final = 200
"""Returns of one order, which keeps them in its document."""
MAX_REASON_LENGTH: Final = 200


class ReturnState(StrEnum):
    """How far a return is."""

    PENDING = "PENDING"
    """Its ids are claimed, its order has not been asked yet; finished or withdrawn within moments."""
    RECORDED = "RECORDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDraft:
    """A return as its channel tells it: `order` and `pieces`, or `currency` and `lines` if the order is unknown."""

    external_ids: tuple[ExternalId, ...]
    order: OrderId | ExternalId | None = None
    pieces: tuple[Piece, ...] = ()
    currency: str | None = None
    """Of `lines`; with an order, the order's counts."""
    lines: tuple[Line, ...] = ()
    """Positive quantities and prices: what is given back for each."""
    channel: str
    location: str | None = None
    customer: str | None = None
    """With an order, the order's counts."""
    staff: str | None = None
    returned_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """What came back of one line, with what is given back for it."""

    order_line: int | None
    """The order's line, from 1; None if the order is unknown."""
    line: Line


@dataclass(frozen=True, slots=True)
class ReturnTotals:
    """What is given back: goods + other lines = net + tax = total."""

    goods_gross_minor: int
    non_goods_gross_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A return. PENDING has `pieces` and no lines yet; RECORDED has lines and never changes again."""

    id: ReturnId
    state: ReturnState
    identity: Identity
    order: OrderId | None
    pieces: tuple[Piece, ...]
    channel: str
    location: str | None
    customer: str | None
    staff: str | None
    returned_at: datetime
    recorded_at: datetime
    currency: str
    reason: str | None
    lines: tuple[ReturnLine, ...]
    totals: ReturnTotals

    @property
    def is_recorded(self) -> bool:
        """Whether it happened; a pending one may still be refused."""
        return self.state is ReturnState.RECORDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnExceedsSold(Refusal):
    """More would come back of a line than was sold of it."""

    line: int
    sold: int
    returned: int
    requested: int
    code: ClassVar[str] = "RETURN_EXCEEDS_SOLD"

    @property
    def message(self) -> str:
        """The three quantities."""
        return f"line {self.line}: {self.sold} sold, {self.returned} returned before, {self.requested} requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyReturns(Refusal):
    """The order has as many returns as it can keep."""

    order_id: str
    limit: int
    code: ClassVar[str] = "TOO_MANY_RETURNS"

    @property
    def message(self) -> str:
        """Which order and how many."""
        return f"order {self.order_id} has {self.limit} returns already"


NOTHING: Final = ReturnTotals(0, 0, 0, 0, 0)


def check_return(draft: ReturnDraft, now: datetime) -> None:
    """Every rule that needs no order; Refused names every field that does not hold."""
    problems = Problems()
    check_external_ids(draft.external_ids, problems)
    check_circumstances(draft.channel, draft.location, draft.customer, draft.staff, problems=problems)
    check_time(("returnedAt",), draft.returned_at, now, problems)
    problems.optional_text(("reason",), draft.reason, MAX_REASON_LENGTH)
    if draft.order is None:
        _check_own_lines(draft, problems)
    else:
        _check_pieces(draft, problems)
    problems.raise_found()


def check_against(order: Order, draft: ReturnDraft) -> None:
    """What the order's immutable facts say; quantities are decided by its document alone."""
    problems = Problems()
    for index, piece in enumerate(draft.pieces):
        if piece.line > len(order.lines):
            problems.add(("lines", str(index), "line"), f"1 to {len(order.lines)}", piece.line)
    if draft.customer is not None and draft.customer != order.customer:
        problems.add(("customerId",), f"the order's, {order.customer or 'a guest'}", draft.customer)
    if draft.currency is not None and draft.currency != order.currency:
        problems.add(("currency",), f"the order's, {order.currency}", draft.currency)
    problems.raise_found()


def compose_return(draft: ReturnDraft, order: Order | None, *, now: datetime, key: str | None = None) -> Return:
    """The return of a checked draft: PENDING for a known order, RECORDED without one."""
    lines = () if order else tuple(ReturnLine(None, line) for line in draft.lines)
    return Return(
        id=ReturnId(new_id("ret", at=draft.returned_at)),
        state=ReturnState.PENDING if order else ReturnState.RECORDED,
        identity=Identity(draft.external_ids, key, _fingerprint(draft, order)),
        order=order.id if order else None,
        pieces=draft.pieces,
        channel=draft.channel,
        location=draft.location,
        customer=order.customer if order else draft.customer,
        staff=draft.staff,
        returned_at=instant_of(draft.returned_at),
        recorded_at=now,
        currency=order.currency if order else str(draft.currency),
        reason=draft.reason,
        lines=lines,
        totals=return_totals_of(lines),
    )


def return_totals_of(lines: Sequence[ReturnLine]) -> ReturnTotals:
    """The sums of a return."""
    plain = [line.line for line in lines]
    goods, others = goods_gross_of(plain), non_goods_gross_of(plain)
    net, tax = sum(line.net_minor for line in plain), sum(line.tax_minor for line in plain)
    return ReturnTotals(goods, others, net, tax, goods + others)


def refusals_of(order: Order, pieces: Sequence[Piece]) -> list[Refusal]:
    """Why the order takes no such return; facts only grow, so what is refused now is refused for ever."""
    if len(order.returns) >= MAX_RETURNS:
        return [TooManyReturns(path=("input", "order"), order_id=order.id, limit=MAX_RETURNS)]
    return [
        ReturnExceedsSold(
            path=("input", "lines", str(index), "quantity"),
            line=piece.line,
            sold=order.lines[piece.line - 1].quantity,
            returned=order.returned[piece.line - 1],
            requested=piece.quantity,
        )
        for index, piece in enumerate(pieces)
        if order.returned[piece.line - 1] + piece.quantity > order.lines[piece.line - 1].quantity
    ]


def refund_lines(order: Order, applied: AppliedReturn) -> tuple[ReturnLine, ...]:
    """What one return of an order gives back, from its place in the order's sequence of returns.

    Whoever computes it, and however often, gets the same amounts: the sequence is written once, with the quantities.
    """
    before = [0] * len(order.lines)
    for earlier in order.returns:
        if earlier.id == applied.id:
            break
        for piece in earlier.pieces:
            before[piece.line - 1] += piece.quantity
    return tuple(
        ReturnLine(piece.line, refund_of(order.lines[piece.line - 1], before[piece.line - 1], piece.quantity))
        for piece in applied.pieces
    )


def refund_of(sold: Line, before: int, quantity: int) -> Line:
    """The part of `sold` for `quantity` units after `before` units came back earlier; the parts add up to the line.

    Cumulative: what is due for before + quantity units, rounded half up, minus what was due for `before`. The tax
    follows the cumulative gross, so that no part's tax exceeds its gross. The discount is what the parts lack to
    their full price.
    """
    gross_before = _share(sold.gross_minor, before, sold.quantity)
    gross_after = _share(sold.gross_minor, before + quantity, sold.quantity)
    tax_before = _share(sold.tax_minor, gross_before, sold.gross_minor)
    tax_after = _share(sold.tax_minor, gross_after, sold.gross_minor)
    gross, tax = gross_after - gross_before, tax_after - tax_before
    return Line(
        sku=sold.sku,
        description=sold.description,
        kind=sold.kind,
        quantity=quantity,
        unit_price_minor=sold.unit_price_minor,
        discount_minor=quantity * sold.unit_price_minor - gross,
        gross_minor=gross,
        net_minor=gross - tax,
        tax_minor=tax,
        tax_rate_bp=sold.tax_rate_bp,
    )


def _share(whole: int, part: int, of: int) -> int:
    """|whole × part / of| rounded half up, with the sign of `whole`; nothing of nothing."""
    if of == 0:
        return 0
    magnitude = (2 * abs(whole) * abs(part) + abs(of)) // (2 * abs(of))
    return magnitude if whole >= 0 else -magnitude


def _check_own_lines(draft: ReturnDraft, problems: Problems) -> None:
    if draft.pieces:
        problems.add(("lines",), "none without an order: give linesWithoutOrder", len(draft.pieces))
    if draft.currency is None:
        problems.add(("currency",), "the currency of linesWithoutOrder", "nothing")
    else:
        check_currency(draft.currency, problems)
    check_lines(draft.lines, problems, "linesWithoutOrder")


def _check_pieces(draft: ReturnDraft, problems: Problems) -> None:
    if draft.lines:
        problems.add(("linesWithoutOrder",), "none with an order: give lines", len(draft.lines))
    if not 1 <= len(draft.pieces) <= MAX_LINES:
        problems.add(("lines",), f"1 to {MAX_LINES} lines", len(draft.pieces))
        return
    seen: set[int] = set()
    for index, piece in enumerate(draft.pieces):
        if piece.line < 1 or piece.line in seen:
            problems.add(("lines", str(index), "line"), "a line of the order, each once, from 1", piece.line)
        if not 0 < piece.quantity <= MAX_QUANTITY:
            problems.add(("lines", str(index), "quantity"), f"1 to {MAX_QUANTITY}", piece.quantity)
        seen.add(piece.line)


def _fingerprint(draft: ReturnDraft, order: Order | None) -> str:
    """Named one by one: a field added to drafts later must not make recorded returns look changed."""
    return fingerprint(
        [[external_id.source, external_id.value] for external_id in sorted(draft.external_ids)],
        [order.id, order.currency] if order else [None, draft.currency],
        [draft.channel, draft.location, order.customer if order else draft.customer, draft.reason],
        instant_of(draft.returned_at),
        sorted([piece.line, piece.quantity] for piece in draft.pieces),
        [line_content(line) for line in draft.lines],
    )
