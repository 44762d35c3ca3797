"""Ask for a change by hand, decide on it, and move its points; the sweep finishes what a crash has left."""

from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused
from kit.idempotency import check_key, fingerprint
from kit.log import logger
from services.loyalty.actions import at_home, post
from services.loyalty.adjustment.model import (
    FIRST_POLICY,
    Adjustment,
    AdjustmentDecided,
    AdjustmentOwn,
    AdjustmentPolicy,
    AdjustmentRequest,
    AdjustmentState,
    PointsApprovalNeeded,
    check_adjustment,
    check_policy,
)
from services.loyalty.adjustment.store import AdjustmentStore
from services.loyalty.model import Reference, wallet_id_of
from services.loyalty.posting.model import WalletMerged, check_texts
from services.loyalty.store import LoyaltyStore
from services.loyalty.versions.actions import Setting, put_in_force

log = logger(__name__)

ABANDONED_AFTER = timedelta(minutes=1)
"""What was approved and has not moved by then lost its worker."""
SWEEP_BATCH = 100


async def set_policy(
    store: LoyaltyStore, policy: AdjustmentPolicy, key: str, *, expected_version: int, actor: str, now: datetime
) -> AdjustmentPolicy:
    """Put a policy in force, from now on, as the next version."""
    setting = Setting(policy, key, fingerprint(expected_version, policy), expected_version, actor, now)
    policies = AdjustmentStore(store.db).policies
    return await put_in_force(policies, setting, check_policy, lambda one, version: replace(one, version=version))


async def policy_in_force(store: LoyaltyStore) -> AdjustmentPolicy:
    """The newest."""
    return await AdjustmentStore(store.db).policies.newest() or FIRST_POLICY


async def by_hand(
    store: LoyaltyStore, actor: str, scopes: Set[str], points: int, key: str, *, now: datetime
) -> list[Refusal]:
    """Why somebody may not give so many points alone today, else it is counted; the same key counts once a day."""
    limit = (await policy_in_force(store)).limit_for(scopes)
    if await AdjustmentStore(store.db).count_alone(actor, abs(points), limit, key, now):
        return []
    return [PointsApprovalNeeded(requested=points, maximum=limit.points, maximum_a_day=limit.points_a_day)]


async def ask(store: LoyaltyStore, request: AdjustmentRequest, scopes: Set[str], *, now: datetime) -> Adjustment:
    """Change points by hand: at once, if its asker may do so alone, else somebody else is asked. Once for its key."""
    check_key(request.idempotency_key)
    adjustments = AdjustmentStore(store.db)
    known = await adjustments.by_key(request.idempotency_key)
    if known is None:
        await _check(store, request)
        policy = await policy_in_force(store)
        alone = not await by_hand(store, request.actor, scopes, request.points, request.idempotency_key, now=now)
        expires_at = now + timedelta(days=policy.approval_days)
        known = await adjustments.insert(request, policy, expires_at, alone=alone, now=now)
        known = known or await adjustments.by_key(request.idempotency_key)
    assert known is not None, "its key is taken, and nothing removes one"
    if known.fingerprint != request.fingerprint:
        raise Refused(IdempotencyKeyReused(key=request.idempotency_key))
    return await _move(store, known)


async def decide(
    store: LoyaltyStore, id: str, state: AdjustmentState, *, actor: str, reason: str, now: datetime
) -> Adjustment:
    """Approve or reject what somebody else has asked for; the same decision of the same person again is the same."""
    if problems := check_texts(reason, Reference()):
        raise Refused(*problems)
    adjustments = AdjustmentStore(store.db)
    decided = await adjustments.decide(id, state, actor, reason, now)
    if decided is None:
        decided = await adjustments.by_id(id)
        if decided is None:
            raise Refused(NotFound(path=("input", "adjustmentId"), kind="PointsAdjustment", id=id))
        if decided.requested_by == actor:
            raise Refused(AdjustmentOwn(adjustment_id=id, actor=actor))
        if (decided.state, decided.decided_by) != (state, actor):
            shown = decided.state if decided.state is not AdjustmentState.REQUESTED else AdjustmentState.EXPIRED
            raise Refused(AdjustmentDecided(adjustment_id=id, state=shown))
    return await _move(store, decided)


async def sweep_adjustments(store: LoyaltyStore, now: datetime) -> int:
    """Expire what nobody decided; move what was approved and left; return how many there were."""
    adjustments = AdjustmentStore(store.db)
    expired = await adjustments.expire(now)
    left = await adjustments.unposted(now - ABANDONED_AFTER, SWEEP_BATCH)
    for adjustment in left:
        try:
            await _move(store, adjustment)
        except Refused as refused:
            log.error("an approved adjustment is refused", adjustment_id=adjustment.id, reason=str(refused))
    return expired


async def _move(store: LoyaltyStore, adjustment: Adjustment) -> Adjustment:
    """The points of an approved one, once; for whom stands for the customer by now."""
    if adjustment.state is not AdjustmentState.APPROVED or adjustment.entry_id is not None:
        return adjustment
    (posting,), _ = await at_home(store, [adjustment.posting])
    entry = (await post(store, posting)).entry
    return await AdjustmentStore(store.db).posted(adjustment.id, f"{entry.wallet_id}.{entry.seq}")


async def _check(store: LoyaltyStore, request: AdjustmentRequest) -> None:
    if problems := check_adjustment(request):
        raise Refused(*problems)
    id = wallet_id_of(request.customer_id)
    wallet = (await store.wallets_by_id([id])).get(id)
    if wallet is None:
        raise Refused(NotFound(path=("input", "customerId"), kind="Wallet", id=id))
    if wallet.merged_into is not None:
        raise Refused(WalletMerged(wallet_id=id, into=wallet.merged_into))
