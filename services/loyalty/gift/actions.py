"""Gifts: the sender's wallet decides; the receiver's follows, at once or, after a crash, by the event."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import NotFound, Refusal
from kit.idempotency import check_key
from services.loyalty.actions import at_home, post, post_all
from services.loyalty.gift.model import (
    GIFTS_AN_HOUR,
    GIFTS_RECEIVED,
    MAX_GIFTED_A_DAY,
    MAX_GIFTS_AN_HOUR,
    MAX_GIFTS_RECEIVED_A_DAY,
    GiftLimitReached,
    GiftRequest,
    GiftsTooFast,
    arrival,
    check_gift,
)
from services.loyalty.model import CustomerId, Entry, Wallet, wallet_id_of
from services.loyalty.posting.model import WalletMerged
from services.loyalty.spending.model import Pace
from services.loyalty.store import LoyaltyStore, Posted


async def give(store: LoyaltyStore, request: GiftRequest, *, now: datetime) -> Posted:
    """Send points, the first to expire first, and let them arrive; returns the sender's entry."""
    check_key(request.asked.idempotency_key)
    problems = check_gift(request, now)
    receiver = wallet_id_of(request.to_customer_id)
    if not problems:
        problems += _receiver_problems(receiver, (await store.wallets_by_id([receiver])).get(receiver))
        received = await store.spending.counted(receiver, GIFTS_RECEIVED)
        if received >= MAX_GIFTS_RECEIVED_A_DAY:
            limit, at = MAX_GIFTS_RECEIVED_A_DAY, ("input", "toCustomerId")
            problems.append(GiftsTooFast(counted=received, limit=limit, pace=Pace.DAY, path=at))

    async def judge(wallet: Wallet) -> Refusal | None:
        gifts = await store.spending.counted(wallet.id, GIFTS_AN_HOUR)
        if gifts >= MAX_GIFTS_AN_HOUR:
            return GiftsTooFast(counted=gifts, limit=MAX_GIFTS_AN_HOUR, pace=Pace.HOUR)
        given = await store.given_today(wallet.id)
        if given + request.asked.points <= MAX_GIFTED_A_DAY:
            return None
        return GiftLimitReached(requested=request.asked.points, given_today=given, limit=MAX_GIFTED_A_DAY)

    sent = await post(store, request.sending, problems, judge=judge)
    (arriving,), _ = await at_home(store, [arrival(sent.entry, request.asked.customer_id)])
    await post(store, arriving)
    return sent


def _receiver_problems(id: str, wallet: Wallet | None) -> list[Refusal]:
    if wallet is None:
        return [NotFound(path=("input", "toCustomerId"), kind="Wallet", id=id)]
    if wallet.merged_into is not None:
        return [WalletMerged(wallet_id=id, into=wallet.merged_into, path=("input", "toCustomerId"))]
    return []


async def let_arrive(store: LoyaltyStore, sent: Sequence[tuple[Entry, CustomerId]]) -> None:
    """Let gifts arrive that were sent, each once; for events, so those that have arrived change nothing."""
    if sent:
        await post_all(store, [arrival(entry, sender) for entry, sender in sent])
