"""Coupons: what a code looks like, what a batch of them says, and whether one may be used here. No I/O, no clock.

A generated code is 14 symbols drawn by a keyed pseudo-random function (70 bits) and a check symbol, in three groups of
five. The alphabet lacks 0, O, 1 and I. The check symbol is the sum of symbol times power over GF(32): it finds every
wrong symbol and every swap of two. Only the code's HMAC is kept: a stolen database or one code tells no other.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.errors import InvalidInput, Path, Refusal
from services.catalog.model import MAX_NAME

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
DRAWN = 14
"""Symbols that are drawn: 32 ** 14 codes, of which a million are one in 10 ** 15."""
GROUP = 5
MAX_BATCH = 1_000_000
"""Codes of one batch; a larger campaign is several."""
MAX_USES = 1_000_000
CHOSEN = re.compile(r"[A-Z0-9]{4,32}")
"""A code somebody chose, such as WELCOME10: public, so it may be short."""
_SEPARATORS = re.compile(r"[\s\-‐-―−ー_.]+")
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}


class CouponOutcome(StrEnum):
    """What became of a code in a quote."""

    APPLIED = "APPLIED"
    NOT_APPLIED = "NOT_APPLIED"
    MISTYPED = "MISTYPED"
    UNKNOWN = "UNKNOWN"
    NOT_YET = "NOT_YET"
    OVER = "OVER"
    USED_UP = "USED_UP"
    WITHDRAWN = "WITHDRAWN"
    NOT_YOURS = "NOT_YOURS"
    NOT_HERE = "NOT_HERE"


@dataclass(frozen=True, slots=True)
class Terms:
    """What all codes of a batch say. Empty sets: everywhere; `customer` None: anybody's. `source`: beacon, mail."""

    promotion_id: str
    count: int = 1
    code: str | None = None
    customer: str | None = None
    channels: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    source: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    max_uses: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept; `made` of its codes are there, and `salt` makes its codes its own."""

    id: str
    terms: Terms
    salt: bytes
    made: int
    created_at: datetime

    @property
    def is_complete(self) -> bool:
        """Whether every code is there."""
        return self.made >= self.terms.count


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code that was found, by its id, with what its batch says."""

    id: str
    batch: Batch
    uses: int
    revoked: bool = False


def code_at(key: bytes, batch: Batch, index: int) -> str:
    """The batch's code at an index: the same for ever, and nobody's to guess without the key."""
    if batch.terms.code is not None:
        return batch.terms.code
    drawn = int.from_bytes(hmac.new(key, batch.salt + index.to_bytes(4, "big"), hashlib.sha256).digest()[:9], "big")
    symbols = [ALPHABET[(drawn >> (5 * place)) & 31] for place in range(DRAWN)]
    return "".join(symbols) + _check_symbol(symbols)


def shown(code: str) -> str:
    """For print: in groups, if it was drawn."""
    if len(code) != DRAWN + 1:
        return code
    return "-".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))


def normalised(text: str) -> str | None:
    """What somebody typed as it is kept; None if it can be no code."""
    code = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text[: 4 * MAX_NAME]).strip()).upper()
    return code if CHOSEN.fullmatch(code) else None


def is_mistyped(code: str) -> bool:
    """Whether a code that is not known looks like a drawn one with a wrong check symbol."""
    if len(code) != DRAWN + 1:
        return False
    return not all(symbol in _VALUE for symbol in code) or _check_symbol(list(code[:DRAWN])) != code[DRAWN]


def coupon_id(key: bytes, code: str) -> str:
    """What a code is kept as: `cpn_` and 128 bits of its HMAC-SHA256."""
    return f"cpn_{hmac.new(key, code.encode(), hashlib.sha256).hexdigest()[:32]}"


def judge(coupon: Coupon, *, at: datetime, channel: str, location: str | None, customer: str | None) -> CouponOutcome:
    """Whether this coupon may be used here and now: APPLIED, or why not."""
    terms = coupon.batch.terms
    if terms.customer is not None and terms.customer != customer:
        return CouponOutcome.NOT_YOURS
    if coupon.revoked:
        return CouponOutcome.WITHDRAWN
    if (terms.channels and channel not in terms.channels) or (terms.locations and location not in terms.locations):
        return CouponOutcome.NOT_HERE
    if terms.valid_from is not None and at < terms.valid_from:
        return CouponOutcome.NOT_YET
    if terms.valid_until is not None and terms.valid_until <= at:
        return CouponOutcome.OVER
    return CouponOutcome.USED_UP if coupon.uses >= terms.max_uses else CouponOutcome.APPLIED


def check_terms(terms: Terms, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why a batch cannot be made."""
    problems: list[Refusal] = []
    if not 1 <= terms.count <= MAX_BATCH:
        problems.append(_invalid((*at, "count"), f"1 to {MAX_BATCH}", terms.count))
    if terms.code is not None and (terms.count != 1 or normalised(terms.code) != terms.code):
        problems.append(_invalid((*at, "code"), "4 to 32 letters and digits, of a batch of one", repr(terms.code[:40])))
    if not 1 <= terms.max_uses <= MAX_USES:
        problems.append(_invalid((*at, "maxUses"), f"1 to {MAX_USES}", terms.max_uses))
    if terms.valid_from is not None and terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        problems.append(_invalid((*at, "validUntil"), "later than validFrom", terms.valid_until.isoformat()))
    if terms.source is not None and not 1 <= len(terms.source) <= MAX_NAME:
        problems.append(_invalid((*at, "source"), f"1 to {MAX_NAME} characters", len(terms.source)))
    return problems


def _check_symbol(symbols: list[str]) -> str:
    total = 0
    for symbol in reversed(symbols):
        total = _times_x(total ^ _VALUE[symbol])
    return ALPHABET[total]


def _times_x(value: int) -> int:
    """Times x in GF(2)[x] / (x^5 + x^2 + 1)."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def _invalid(path: Path, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=str(got))
