"""Reserving, redeeming and releasing what a signed quote takes: all of it or nothing, without a transaction."""

import asyncio
from datetime import datetime

from pymongo.errors import PyMongoError

from kit.context import RequestContext
from kit.errors import IdempotencyKeyReused, Refusal, Refused, Unavailable
from kit.idempotency import check_key
from kit.log import logger
from kit.mongo import Document
from kit.times import utc_now
from services.catalog.offer.model import Viewer
from services.catalog.quote.buyer import QUOTE_OTHERS
from services.catalog.quote.offered import components_of, is_sold, missing_component
from services.catalog.quote.refusals import NothingLeft, NotOffered, QuoteEnded, QuoteNotValid
from services.catalog.quote.token import Promise, read
from services.catalog.redemption.model import (
    HOLD,
    Counter,
    Redemption,
    RedemptionState,
    Take,
    may_redeem,
    ordered,
)
from services.catalog.redemption.store import KeyTaken
from services.catalog.store import CatalogStore

log = logger(__name__)

ATTEMPTS = 20
"""How often a call looks again at what another worker with the same quote is about to decide."""
PAUSE_S = 0.05
SWEEP_EVERY_S = 5.0


def promise_in(store: CatalogStore, token: str, caller: RequestContext) -> Promise:
    """What the token says, if this caller may act on it, however old it is."""
    promise = read(token, store.keys.quote_signing)
    if not may_redeem(promise, caller.customer, is_staff=QUOTE_OTHERS in caller.scopes):
        raise Refused(QuoteNotValid(reason="this quote is another customer's"))
    return promise


async def reserve(store: CatalogStore, promise: Promise, key: str, *, now: datetime) -> Redemption:
    """Hold everything the quote takes until it is redeemed, released or `HOLD` is over.

    The same key again gives the same redemption; another key finds the quote held.
    """
    return await _reserve(store, promise, check_key(key), now)


async def _reserve(store: CatalogStore, promise: Promise, key: str, now: datetime) -> Redemption:
    takes = await _takes(store, promise)
    for _ in range(ATTEMPTS):
        found = await store.redemption.get(promise.id)
        if found is None or (found.state is RedemptionState.ABORTED and found.settled):
            _check_alive(promise, now)
            found = await _begin(store, promise, takes, key, now)
        if found is not None and found.state is not RedemptionState.ABORTED:
            if found.reserve_key != key:
                raise Refused(QuoteEnded(quote_id=promise.id, state=found.state.value))
            if found.state is not RedemptionState.TRY:
                return found
            decided = await _drive(store, found, promise)
            if decided is not None:
                return decided
        elif found is not None:
            await store.redemption.settle(found)
        await asyncio.sleep(PAUSE_S)
    raise Unavailable("the quote could not be reserved; try again with the same key")


async def redeem(store: CatalogStore, promise: Promise, key: str, *, now: datetime) -> Redemption:
    """Take for good what is held; what is not held yet, hold it first. The same key again changes nothing."""
    check_key(key)
    if await store.redemption.redeemed_with(key) not in (None, promise.id):
        raise Refused(IdempotencyKeyReused(key=key))
    found = await store.redemption.get(promise.id)
    if found is None or found.state in (RedemptionState.TRY, RedemptionState.ABORTED):
        found = await _reserve(store, promise, f"redeem:{key}", now)
    try:
        done = await store.redemption.redeem(found, key, _told(promise), now)
    except KeyTaken as error:
        raise Refused(IdempotencyKeyReused(key=key)) from error
    if done is None:
        return await _ended_by(store, promise, key, RedemptionState.REDEEMED)
    await store.redemption.settle(done)
    return done


async def release(store: CatalogStore, promise: Promise, key: str) -> Redemption:
    """Give back what is held. The same key again changes nothing."""
    check_key(key)
    found = await store.redemption.get(promise.id)
    if found is None:
        raise Refused(QuoteNotValid(reason="nothing is held for this quote"))
    try:
        done = await store.redemption.release(found, key)
    except KeyTaken as error:
        raise Refused(IdempotencyKeyReused(key=key)) from error
    if done is None:
        return await _ended_by(store, promise, key, RedemptionState.RELEASED)
    await store.redemption.settle(done)
    store.quote.forget()
    return done


async def sweep(store: CatalogStore, *, now: datetime) -> int:
    """Expire what is due, abort what stalled, finish what is half done; return how many were finished."""
    await store.redemption.expire_due(now)
    await store.redemption.abort_stalled()
    finished = 0
    while batch := await store.redemption.unsettled():
        for redemption in batch:
            await store.redemption.settle(redemption)
        finished += len(batch)
    await store.redemption.drop_fences()
    return finished


async def sweep_for_ever(store: CatalogStore) -> None:
    """Sweep every `SWEEP_EVERY_S`; any number of instances may; an unreachable database is waited for."""
    while True:
        try:
            await sweep(store, now=utc_now())
        except PyMongoError as error:
            log.warning("sweeper waits", error=type(error).__name__)
        await asyncio.sleep(SWEEP_EVERY_S)


async def audit_redemptions(store: CatalogStore) -> list[str]:
    """Every budget, limit and coupon whose count is not what held and redeemed quotes took of it."""
    counted, taken = await store.redemption.counters(), await store.redemption.tally()
    return [
        f"{kind} {id}: {counted.get((kind, id), (0, 0))} counted, {taken.get((kind, id), (0, 0))} taken"
        for kind, id in sorted(counted.keys() | taken.keys())
        if counted.get((kind, id), (0, 0)) != taken.get((kind, id), (0, 0))
    ]


async def _takes(store: CatalogStore, promise: Promise) -> tuple[Take, ...]:
    """What the quote takes, the same for every attempt: promises are kept by the limits they were made under."""
    takes: list[Take] = []
    for one in promise.takes:
        if one.is_counted:
            takes.append(Take(Counter.PROMOTION, one.promotion_id, one.amount_minor))
        if one.customer_limit is not None and promise.customer is not None:
            id = f"{one.promotion_id}:{promise.customer}"
            takes.append(Take(Counter.CUSTOMER, id, 0, one.customer_limit, one.promotion_id))
    ids = sorted({one.coupon_id for one in promise.takes if one.coupon_id is not None})
    coupons = await store.coupon.by_id(ids) if ids else {}
    missing: list[Refusal] = [NothingLeft(kind="Coupon", id=id) for id in ids if id not in coupons]
    if missing:
        raise Refused(*missing)
    takes += [Take(Counter.COUPON, id, 0, coupons[id].batch.terms.max_uses) for id in ids]
    return ordered(takes)


def _check_alive(promise: Promise, now: datetime) -> None:
    if promise.expires_at <= now:
        raise Refused(QuoteNotValid(reason=f"its time was over at {promise.expires_at.isoformat()}"))


async def _begin(
    store: CatalogStore, promise: Promise, takes: tuple[Take, ...], key: str, now: datetime
) -> Redemption | None:
    await _refuse_stopped(store, promise)
    await _refuse_unsold(store, promise, now)
    await store.redemption.open_customers(takes, promise.customer)
    try:
        return await store.redemption.begin(promise.id, takes, key, expires_at=now + HOLD)
    except KeyTaken as error:
        raise Refused(IdempotencyKeyReused(key=key)) from error


async def _refuse_stopped(store: CatalogStore, promise: Promise) -> None:
    """A promotion that was switched off is off for quotes under way, too; one that was edited is not."""
    there = await store.promotion.by_id([one.promotion_id for one in promise.takes]) if promise.takes else {}
    stopped: list[Refusal] = [
        NothingLeft(kind="Promotion", id=one.promotion_id)
        for one in promise.takes
        if one.promotion_id not in there or not there[one.promotion_id].draft.enabled
    ]
    if stopped:
        raise Refused(*stopped)


async def _refuse_unsold(store: CatalogStore, promise: Promise, now: datetime) -> None:
    """What is not sold any more where the quote was made for is not held, nor a bundle of which a component is not."""
    channel = (await store.channel.by_id([promise.channel])).get(promise.channel)
    viewer = Viewer(promise.channel, None if channel is None else channel.kind, promise.location, now)
    known = await store.quote.known_now([line.sku for line in promise.lines])
    if parts := components_of(known.values()):
        known |= await store.quote.known_now(parts)
    unsold: list[Refusal] = []
    for sku in sorted({line.sku for line in promise.lines}):
        part = missing_component(known[sku], known, viewer) if sku in known else None
        if part is not None or not is_sold(sku, known, viewer):
            unsold.append(NotOffered(path=("input", "token"), sku=sku, channel=promise.channel, component_sku=part))
    if unsold:
        raise Refused(*unsold)


async def _drive(store: CatalogStore, redemption: Redemption, promise: Promise) -> Redemption | None:
    """From TRY to a decision, beside other workers with the same key; None: look again."""
    for take in redemption.takes:
        if not await store.redemption.take(redemption, take):
            aborted = await store.redemption.abort(redemption)
            if aborted is None:
                return None
            await store.redemption.settle(aborted)
            kind, id = take.counter.value.capitalize(), take.promotion_id or take.id
            raise Refused(NothingLeft(kind=kind, id=id))
    return await store.redemption.confirm(redemption)


async def _ended_by(store: CatalogStore, promise: Promise, key: str, state: RedemptionState) -> Redemption:
    """The redemption if this very key ended it so, else the refusal."""
    there = await store.redemption.get(promise.id)
    used = None if there is None else (there.redeem_key if state is RedemptionState.REDEEMED else there.release_key)
    if there is not None and there.state is state and used == key:
        if not there.settled:
            await store.redemption.settle(there)
        return there
    name = RedemptionState.EXPIRED if there is None or there.state is RedemptionState.HELD else there.state
    raise Refused(QuoteEnded(quote_id=promise.id, state=name.value))


def _told(promise: Promise) -> Document:
    """What the event says: the price, and what each promotion took."""
    return {
        "quoteId": promise.id,
        "customerId": promise.customer,
        "channel": promise.channel,
        "currency": promise.currency,
        "grossMinor": promise.gross_minor,
        "extraPoints": promise.extra_points,
        "promotions": [
            {
                "promotionId": one.promotion_id,
                "version": one.version,
                "amountMinor": one.amount_minor,
                "couponId": one.coupon_id,
            }
            for one in promise.takes
        ],
    }
