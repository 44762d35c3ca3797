"""Making coupons, and saying what the codes of a basket are worth."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pymongo.errors import PyMongoError

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.idempotency import check_key, fingerprint
from kit.log import logger
from services.catalog.coupon.model import (
    Batch,
    CouponOutcome,
    Terms,
    check_terms,
    code_at,
    coupon_id,
    is_mistyped,
    judge,
    normalised,
)
from services.catalog.model import Taken
from services.catalog.quote.buyer import Buyer
from services.catalog.store import CatalogStore

log = logger(__name__)

SALT_BYTES = 16
CHUNK = 5_000
"""Codes made at a time: half a megabyte, and the event loop is back within a tenth of a second."""
AT_ONCE = 2_000
"""A batch up to this is made before its mutation answers; a larger one by the worker, which tells how far it is."""
MAX_CODES = 20
"""Codes of one basket."""
WORK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class CouponSeen:
    """A code as it was given and what is to be said of it; `opens` is the promotion, if it may be used."""

    given: str
    outcome: CouponOutcome
    coupon_id: str | None = None
    opens: str | None = None


async def create_batch(store: CatalogStore, terms: Terms, key: str, *, now: datetime) -> Batch:
    """A batch of codes, made at once if it is small. The same key again gives the same batch."""
    check_key(key)
    problems = check_terms(terms)
    if problems:
        raise Refused(*problems)
    await _check_promotion(store, terms)
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(terms).items()}
    content = fingerprint(said)
    batch, kept = await store.coupon.insert_batch(terms, secrets.token_bytes(SALT_BYTES), key, content, now)
    if kept != content:
        raise Refused(IdempotencyKeyReused(key=key))
    if terms.count <= AT_ONCE and not batch.is_complete:
        batch = await make_codes(store, batch)
    return batch


async def make_codes(store: CatalogStore, batch: Batch) -> Batch:
    """Make what is missing of a batch's codes; interrupted anywhere, it goes on there."""
    drawing, keeping = store.keys.coupon_drawing, store.keys.coupon_keeping
    for start in range(batch.made, batch.terms.count, CHUNK):
        end = min(start + CHUNK, batch.terms.count)
        ids = await asyncio.to_thread(_ids, (drawing, keeping), batch, start, end)
        new = await store.coupon.insert_codes(batch, ids)
        if batch.terms.code is not None and new == 0 and not await _is_own(store, batch, ids[0]):
            raise Refused(Taken(path=("input", "code"), value=batch.terms.code))
        await store.coupon.made_until(batch, end)
    return (await store.coupon.batches([batch.id]))[batch.id]


def _ids(keys: tuple[bytes, bytes], batch: Batch, start: int, end: int) -> list[str]:
    return [coupon_id(keys[1], code_at(keys[0], batch, index)) for index in range(start, end)]


async def make_for_ever(store: CatalogStore) -> None:
    """Make the codes of large batches; any number of instances may; an unreachable database is waited for."""
    while True:
        try:
            for batch in await store.coupon.unmade():
                if batch.terms.code is None:
                    await make_codes(store, batch)
        except PyMongoError as error:
            log.warning("coupons wait", error=type(error).__name__)
        await asyncio.sleep(WORK_EVERY_S)


async def see_codes(store: CatalogStore, codes: Sequence[str], buyer: Buyer) -> list[CouponSeen]:
    """What these codes are worth to this buyer, one query for all; in the order of the codes themselves."""
    if len(codes) > MAX_CODES:
        path = ("input", "coupons")
        raise Refused(InvalidInput(path=path, expected=f"at most {MAX_CODES} codes", got=str(len(codes))))
    if not codes:
        return []
    kept = {given: code for given in sorted(set(codes)) if (code := normalised(given)) is not None}
    ids = {given: coupon_id(store.keys.coupon_keeping, code) for given, code in kept.items()}
    found = await store.coupon.by_id(sorted(set(ids.values())))
    seen: list[CouponSeen] = []
    for given in sorted(set(codes)):
        coupon = found.get(ids.get(given, ""))
        if coupon is None:
            wrong = given not in kept or is_mistyped(kept[given])
            seen.append(CouponSeen(given, CouponOutcome.MISTYPED if wrong else CouponOutcome.UNKNOWN))
            continue
        where = {"channel": buyer.channel.id, "location": buyer.location, "customer": buyer.customer}
        outcome = judge(coupon, at=buyer.at, **where)  # type: ignore[arg-type]
        opens = coupon.batch.terms.promotion_id if outcome is CouponOutcome.APPLIED else None
        seen.append(CouponSeen(given, outcome, coupon.id, opens))
    return seen


def opened(seen: Sequence[CouponSeen]) -> dict[str, str]:
    """The coupon that opens each promotion; of two that open the same, the one with the smaller id."""
    pairs = sorted(((one.opens, one.coupon_id) for one in seen if one.opens and one.coupon_id), reverse=True)
    return {promotion: coupon for promotion, coupon in pairs if promotion is not None and coupon is not None}


async def _check_promotion(store: CatalogStore, terms: Terms) -> None:
    promotion = (await store.promotion.by_id([terms.promotion_id])).get(terms.promotion_id)
    path = ("input", "promotionId")
    if promotion is None:
        raise Refused(NotFound(path=path, kind="Promotion", id=terms.promotion_id))
    if not promotion.draft.conditions.needs_coupon:
        raise Refused(InvalidInput(path=path, expected="a promotion that needs a coupon", got=terms.promotion_id))


async def _is_own(store: CatalogStore, batch: Batch, id: str) -> bool:
    coupon = (await store.coupon.by_id([id])).get(id)
    return coupon is not None and coupon.batch.id == batch.id
