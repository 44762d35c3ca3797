"""A quote, signed: whoever holds the token may redeem it at its price for some minutes, on any channel.

A JWS (RFC 7515) with HS256 and nothing else, under a key of its own; `typ` and issuer keep it apart from other tokens.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from kit.errors import Refused
from kit.idempotency import fingerprint
from kit.ids import derived_id
from services.catalog.quote.discount import Discount
from services.catalog.quote.model import Quote
from services.catalog.quote.refusals import QuoteNotValid

QUOTE_LIFE = timedelta(minutes=15)
"""Long enough for a checkout with a 3-D Secure challenge, short enough that a price is not hoarded."""
ISSUER = "noren-catalog"
TYPE = "noren-quote+jwt"
ALGORITHM = "HS256"
MAX_TOKEN = 65_536
"""Characters: a quote of 200 lines has some 20,000."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a redemption takes of a promotion: the version that applied, its discount, the coupon that opened it,
    whether its uses are counted, and how many a customer may have."""

    promotion_id: str
    version: int
    amount_minor: int
    coupon_id: str | None
    is_counted: bool
    customer_limit: int | None


@dataclass(frozen=True, slots=True)
class PromisedLine:
    """A line of a signed quote: what it comes to with tax."""

    sku: str
    design_id: str | None
    quantity: int
    gross_minor: int
    tax_minor: int
    tax_rate_bp: int


@dataclass(frozen=True, slots=True)
class Promise:
    """What a signed quote says."""

    id: str
    channel: str
    location: str | None
    customer: str | None
    currency: str
    gross_minor: int
    tax_minor: int
    lines: tuple[PromisedLine, ...]
    takes: tuple[Taken, ...]
    extra_points: int
    expires_at: datetime


def promise_of(quote: Quote, request: str, *, location: str | None, customer: str | None, at: datetime) -> Promise:
    """What a quote promises from `at` on. Its id is the same for the same content in the same `request`."""
    lines = tuple(
        PromisedLine(line.sku, line.design_id, line.quantity, line.gross_minor, line.tax_minor, line.tax_rate_bp)
        for line in quote.lines
    )
    takes = tuple(_taken(one) for one in quote.discounts)
    content = fingerprint(request, quote.channel, quote.currency, location, customer, _rows(lines), _rows(takes))
    return Promise(
        id=derived_id("quo", bytes.fromhex(content), at=at),
        channel=quote.channel,
        location=location,
        customer=customer,
        currency=quote.currency,
        gross_minor=quote.gross_minor,
        tax_minor=quote.tax_minor,
        lines=lines,
        takes=takes,
        extra_points=quote.extra_points,
        expires_at=at + QUOTE_LIFE,
    )


def _rows(values: Sequence[Taken | PromisedLine]) -> list[tuple[object, ...]]:
    return [astuple(value) for value in values]


def _taken(discount: Discount) -> Taken:
    promotion, limits = discount.promotion, discount.promotion.draft.limits
    return Taken(
        promotion.id,
        promotion.version,
        discount.amount_minor,
        discount.coupon_id,
        limits.are_counted,
        limits.max_uses_per_customer,
    )


def sign(promise: Promise, key: bytes) -> str:
    """The token."""
    claims = {
        "iss": ISSUER,
        "jti": promise.id,
        "exp": int(promise.expires_at.timestamp()),
        "cha": promise.channel,
        "loc": promise.location,
        "cus": promise.customer,
        "cur": promise.currency,
        "grs": promise.gross_minor,
        "tax": promise.tax_minor,
        "pts": promise.extra_points,
        "lin": _rows(promise.lines),
        "tak": _rows(promise.takes),
    }
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, OctKey.import_key(key), algorithms=[ALGORITHM])


def read(token: str, key: bytes) -> Promise:
    """What a token of ours says, however old it is; QuoteNotValid if it is none."""
    try:
        if len(token) > MAX_TOKEN:
            raise ValueError("too long")
        decoded = jwt.decode(token, OctKey.import_key(key), algorithms=[ALGORITHM])
        claims = decoded.claims
        if decoded.header.get("typ") != TYPE or claims["iss"] != ISSUER:
            raise ValueError("another kind of token")
        return Promise(
            id=claims["jti"],
            channel=claims["cha"],
            location=claims["loc"],
            customer=claims["cus"],
            currency=claims["cur"],
            gross_minor=claims["grs"],
            tax_minor=claims["tax"],
            lines=tuple(PromisedLine(*line) for line in claims["lin"]),
            takes=tuple(Taken(*take) for take in claims["tak"]),
            extra_points=claims["pts"],
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Refused(QuoteNotValid(reason="this is not a quote of ours")) from error
