"""The end of a claim, and what comes back by it; and the sweep, which finishes what a crash left half done."""

from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.log import logger
from kit.pages import Page, PageArgs
from services.loyalty.claim.actions import resolve, settle
from services.loyalty.claim.model import ENDED, ClaimState, CouponAnswer, RewardClaim, RewardClaimEnded
from services.loyalty.claim.store import ClaimStore
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.refund.actions import give_back_once
from services.loyalty.refund.model import RefundExceedsSpent
from services.loyalty.reward.model import RewardKind
from services.loyalty.store import LoyaltyStore

log = logger(__name__)

SWEEP_BATCH = 200
ABANDONED_AFTER = timedelta(minutes=1)
"""What was to come back by then lost its worker."""
LOOK_AGAIN_AFTER = timedelta(minutes=10)
"""A coupon that a checkout holds when its time is over is looked at again then; no checkout holds one much longer."""
EXPIRY = "EXPIRY"


async def find_claim(store: LoyaltyStore, id: str) -> RewardClaim:
    """A claim that a member has, or had; refused if there is none."""
    claim = (await ClaimStore(store.db).by_id([id])).get(id)
    if claim is None or claim.state in (ClaimState.TRY, ClaimState.ABORTED):
        raise Refused(NotFound(path=("input", "claimId"), kind="RewardClaim", id=id))
    return claim


async def claims_of(store: LoyaltyStore, customer_id: CustomerId, args: PageArgs) -> Page[RewardClaim]:
    """What this customer has, and those whose wallets its own stands for."""
    return await ClaimStore(store.db).page(customer_id, args)


async def payer_of(store: LoyaltyStore, claim: RewardClaim) -> CustomerId:
    """Whose wallet stands for who claimed it."""
    home = (await store.homes([claim.customer_id])).get(claim.customer_id)
    return claim.customer_id if home is None else home.customer_id


async def fulfil(store: LoyaltyStore, id: str, *, actor: str, reason: str, now: datetime) -> RewardClaim:
    """It was handed out; a coupon fulfils itself. Again, it changes nothing."""
    claim = await find_claim(store, id)
    if claim.state is ClaimState.FULFILLED:
        return claim
    if claim.state is not ClaimState.CLAIMED or claim.terms.kind is RewardKind.COUPON:
        raise Refused(RewardClaimEnded(claim_id=id, state=claim.state))
    claims = ClaimStore(store.db)
    done = await claims.end(claim, ClaimState.FULFILLED, refund=False, actor=actor, reason=reason, now=now)
    store.on_change()
    return done if done is not None else await fulfil(store, id, actor=actor, reason=reason, now=now)


async def cancel(store: LoyaltyStore, id: str, *, actor: str, reason: str, now: datetime) -> RewardClaim:
    """End a claim and give its points back. A coupon's is ASKED first: the catalog says whether it is unused."""
    claim = await find_claim(store, id)
    if claim.state in (ClaimState.CANCELLED, ClaimState.ASKED):
        if claim.state is ClaimState.CANCELLED:
            await give_back(store, claim, now)
        return claim
    if claim.state in ENDED:
        raise Refused(RewardClaimEnded(claim_id=id, state=claim.state))
    done = await _end(store, claim, ClaimState.CANCELLED, refund=True, actor=actor, reason=reason, now=now)
    return done if done is not None else await cancel(store, id, actor=actor, reason=reason, now=now)


async def answered(store: LoyaltyStore, claim_id: str, ask: int | None, answer: CouponAnswer, now: datetime) -> None:
    """What the catalog says of a coupon; of an older question it changes nothing."""
    claims = ClaimStore(store.db)
    claim = (await claims.by_id([claim_id])).get(claim_id)
    if claim is None:
        return
    done: RewardClaim | None = None
    if answer is CouponAnswer.REFUSED and claim.state in (ClaimState.CLAIMED, ClaimState.ASKED):
        reason = "NO_COUPON"
        done = await claims.end(claim, ClaimState.CANCELLED, refund=True, actor=None, reason=reason, now=now)
    elif claim.state is ClaimState.ASKED and claim.ask == ask:
        done = await _answered(claims, claim, answer, now)
    store.on_change()
    if done is not None:
        await give_back(store, done, now)


async def _answered(claims: ClaimStore, claim: RewardClaim, answer: CouponAnswer, now: datetime) -> RewardClaim | None:
    who = claim.ended_by
    if answer is CouponAnswer.USED:
        return await claims.end(claim, ClaimState.FULFILLED, refund=False, actor=None, reason="USED", now=now)
    if answer is CouponAnswer.HELD:
        look_at = max(claim.terms.valid_until, now + LOOK_AGAIN_AFTER)
        await claims.keep(claim, look_at, "HELD_BY_A_CHECKOUT")
        return None
    state = claim.ends_as or ClaimState.CANCELLED
    refund = state is ClaimState.CANCELLED or claim.terms.returns_points
    return await claims.end(claim, state, refund=refund, actor=who, reason="UNUSED", now=now)


async def give_back(store: LoyaltyStore, claim: RewardClaim, now: datetime) -> None:
    """The piece, and the points to the lots they came from; both once, whoever else does so, too."""
    claims = ClaimStore(store.db)
    await claims.give_stock_back(claim)
    if not await claims.is_refund_due(claim):
        return
    request = claim.refund(await payer_of(store, claim), wallet_id_of(claim.customer_id), claim.terms.points)
    try:
        await give_back_once(store, request, now=now)
    except Refused as refused:
        (refusal,) = refused.refusals
        if not isinstance(refusal, RefundExceedsSpent | IdempotencyKeyReused):
            raise
        if isinstance(refusal, RefundExceedsSpent) and refusal.refundable > 0:  # staff gave a part back by hand
            await give_back_once(store, replace(request, points=refusal.refundable), now=now)
    await claims.refunded(claim)


async def sweep_claims(store: LoyaltyStore, now: datetime) -> int:
    """Decide what stalled, settle, expire, and give back what is due; return how many claims were looked at."""
    claims = ClaimStore(store.db)
    stalled = await claims.stalled(SWEEP_BATCH)
    for claim in stalled:
        await resolve(store, claim)
    unsettled = await claims.unsettled(SWEEP_BATCH)
    for claim in unsettled:
        await settle(store, claim)
    over = await claims.over(now, SWEEP_BATCH)
    for claim in over:
        returns = claim.terms.returns_points
        await _end(store, claim, ClaimState.EXPIRED, refund=returns, actor=None, reason=EXPIRY, now=now)
    late = now - ABANDONED_AFTER
    due = {claim.id: claim for claim in await claims.refunds_due(late, SWEEP_BATCH)}
    due |= {claim.id: claim for claim in await claims.stock_due(late, SWEEP_BATCH)}
    for claim in due.values():
        try:
            await give_back(store, claim, now)
        except Refused as refused:
            log.error("a claim's points cannot come back", claim_id=claim.id, reason=str(refused))
    return len(stalled) + len(unsettled) + len(over)


async def _end(
    store: LoyaltyStore,
    claim: RewardClaim,
    state: ClaimState,
    *,
    refund: bool,
    actor: str | None,
    reason: str,
    now: datetime,
) -> RewardClaim | None:
    claims = ClaimStore(store.db)
    if claim.terms.kind is RewardKind.COUPON:
        asked = await claims.ask(claim, state, actor, now)
        store.on_change()
        return asked
    done = await claims.end(claim, state, refund=refund, actor=actor, reason=reason, now=now)
    store.on_change()
    if done is not None:
        await give_back(store, done, now)
    return done
