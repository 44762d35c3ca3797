"""Claiming a reward and ending a claim: every step may be repeated, and a crash between two is finished by the sweep.

A  the claim is begun (TRY), with the terms of the reward's version
B  a piece is taken, in the reward's document
C  the points are spent, in the wallet's document: that decides
D  the claim says so (CLAIMED), and tells it; later its mark leaves the reward

B and C only match until the claim's `try_until` by the database's clock. After that whoever comes by looks whether the
entry is there: CLAIMED if it is, else ABORTED, and the piece goes back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, Unavailable, VersionConflict
from kit.idempotency import check_key
from services.loyalty.actions import post
from services.loyalty.claim.model import (
    ClaimRequest,
    ClaimState,
    ClaimTerms,
    ClaimTooLate,
    RewardClaim,
)
from services.loyalty.claim.store import ClaimStore
from services.loyalty.model import CustomerId, EntryKind, Wallet, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, Posting, check_customer
from services.loyalty.reward.actions import standings
from services.loyalty.reward.model import Obstacle, Reward, RewardNotOffered
from services.loyalty.reward.store import RewardStore
from services.loyalty.spending.actions import paces_of, too_fast
from services.loyalty.store import LoyaltyStore

ATTEMPTS = 60
PAUSE_S = 0.25
"""A caller waits up to 15 s, past the fence, for what a dead worker has begun under the same key."""
AT_REWARD = ("input", "rewardId")


async def claim_reward(store: LoyaltyStore, request: ClaimRequest, *, now: datetime) -> RewardClaim:
    """A reward for its points, both or neither. The same request again has the same claim."""
    check_key(request.idempotency_key)
    if problems := check_customer(request.customer_id, "customerId"):
        raise Refused(*problems)
    claims = ClaimStore(store.db)
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE_S)
        known = await claims.by_key(request.customer_id, request.idempotency_key)
        if known is not None and known.fingerprint != request.fingerprint:
            raise Refused(IdempotencyKeyReused(key=request.idempotency_key))
        if known is not None and known.state not in (ClaimState.TRY, ClaimState.ABORTED):
            return known
        if known is None or known.state is ClaimState.ABORTED:
            if known is not None and not known.settled:
                await settle(store, known)
                continue
            terms = await _terms(store, request, now)
            known = await (claims.begin(request, terms, now) if known is None else claims.begin_again(known, terms))
        if known is not None and (decided := await _drive(store, known, now)) is not None:
            return decided
    raise Unavailable("the claim could not be decided; try again with the same idempotency key")


async def resolve(store: LoyaltyStore, claim: RewardClaim) -> RewardClaim | None:
    """Decide a claim in TRY that its worker has left; None: too early, or somebody else did."""
    claims = ClaimStore(store.db)
    if not await claims.is_fenced(claim):
        return None
    _, entry = await store.look(claim.spending(()))
    if entry is None:
        decided = await claims.abort(claim)
    else:
        decided = await claims.confirm(claim, entry.seq, entry.at)
        store.on_change()
    if decided is not None:
        await settle(store, decided)
    return decided


async def settle(store: LoyaltyStore, claim: RewardClaim) -> None:
    """Let the reward forget a decided claim's mark, when nobody can take for it any more."""
    claims = ClaimStore(store.db)
    if await claims.is_fenced(claim):
        given = claim.state is ClaimState.ABORTED
        await RewardStore(store.db).settle(claim.terms.reward_id, claim.id, give_back=given)
        await claims.settled(claim)


async def _drive(store: LoyaltyStore, claim: RewardClaim, now: datetime) -> RewardClaim | None:
    """From TRY to CLAIMED, beside other workers with the same key; None: look again."""
    terms = claim.terms
    if not await RewardStore(store.db).take(terms.reward_id, terms.version, claim.id, claim.try_until):
        if (decided := await resolve(store, claim)) is not None:
            return decided if decided.state is ClaimState.CLAIMED else None
        await _refuse_taken(store, claim)
        return None
    spending = store.spending
    _, rules = await spending.rules_at(now)
    paces = paces_of(rules, terms.points)
    posting = replace(claim.spending(paces), only=rules.only)
    try:
        posted = await post(store, posting, judge=_judge(store, claim, posting))
    except Refused as refused:
        if not any(isinstance(refusal, ClaimTooLate) for refusal in refused.refusals):
            raise Refused(*(_at_reward(refusal) for refusal in refused.refusals)) from refused
        await resolve(store, claim)
        return None
    done = await ClaimStore(store.db).confirm(claim, posted.entry.seq, posted.entry.at)
    store.on_change()
    return done


def _judge(store: LoyaltyStore, claim: RewardClaim, posting: Posting) -> Callable[[Wallet], Awaitable[Refusal | None]]:
    """Why the points were not spent, where the wallet alone does not say."""

    async def judge(wallet: Wallet) -> Refusal | None:
        spending, name = store.spending, claim.terms.tally
        for tally in posting.tallies:
            if tally.name == name and await spending.counted(wallet.id, tally) >= tally.limit:
                return RewardNotOffered(reward_id=claim.terms.reward_id, obstacle=Obstacle.MEMBER_LIMIT)
        paces = tuple(tally for tally in posting.tallies if tally.name != name)
        if (refusal := await too_fast(spending, wallet.id, paces)) is not None:
            return refusal
        return ClaimTooLate() if await ClaimStore(store.db).is_fenced(claim) else None

    return judge


async def _terms(store: LoyaltyStore, request: ClaimRequest, now: datetime) -> ClaimTerms:
    """The reward as it is now, if the member may have it: refused here, nothing was begun and no piece is kept busy."""
    reward = (await RewardStore(store.db).by_id([request.reward_id])).get(request.reward_id)
    if reward is None:
        raise Refused(NotFound(path=AT_REWARD, kind="Reward", id=request.reward_id))
    if request.expected_version not in (None, reward.version):
        expected = request.expected_version or 0
        raise Refused(VersionConflict(expected_version=expected, actual_version=reward.version))
    await _refuse_member(store, reward, request.customer_id, now)
    draft = reward.draft
    return ClaimTerms(
        reward_id=reward.id,
        version=reward.version,
        kind=draft.kind,
        points=draft.points,
        promotion_id=draft.promotion_id,
        sku=draft.sku,
        valid_until=now + timedelta(days=draft.claim_days),
        returns_points=draft.returns_points,
        per_member=draft.per_member,
    )


async def _refuse_member(store: LoyaltyStore, reward: Reward, customer_id: CustomerId, now: datetime) -> None:
    wallet_id = wallet_id_of(customer_id)
    wallet = (await store.wallets_by_id([wallet_id])).get(wallet_id)
    if wallet is None:
        raise Refused(NotFound(path=("input", "customerId"), kind="Wallet", id=wallet_id))
    asked = Posting(EntryKind.REDEEMED, customer_id, reward.draft.points, "", "")
    refusal = asked.refusal(wallet)
    if wallet.merged_into is not None and refusal is not None:  # before what its joint wallet stands to it
        raise Refused(refusal)
    (found,) = await standings(store, [reward], customer_id, now=now)
    for obstacle in found.obstacles:
        if obstacle not in (Obstacle.FROZEN, Obstacle.POINTS):
            raise Refused(RewardNotOffered(reward_id=reward.id, obstacle=obstacle, left=reward.left))
    if refusal is not None:
        raise Refused(_at_reward(refusal))


async def _refuse_taken(store: LoyaltyStore, claim: RewardClaim) -> None:
    """Name why no piece was to be had, if it still is so."""
    reward = (await RewardStore(store.db).by_id([claim.terms.reward_id]))[claim.terms.reward_id]
    if reward.version != claim.terms.version:
        raise Refused(VersionConflict(expected_version=claim.terms.version, actual_version=reward.version))
    if reward.left == 0:
        raise Refused(RewardNotOffered(reward_id=reward.id, obstacle=Obstacle.SOLD_OUT, left=0))


def _at_reward(refusal: Refusal) -> Refusal:
    """Too few points are the reward's matter: nobody has named a number."""
    return replace(refusal, path=AT_REWARD) if isinstance(refusal, InsufficientPoints) else refusal
