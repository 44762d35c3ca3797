"""Gifts: the sender's wallet decides; the receiver's follows, at once or, after a crash, by the event."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import NotFound, Refusal
from kit.idempotency import check_key
from services.loyalty.actions import post, post_all
from services.loyalty.gift.model import MAX_GIFTED_A_DAY, GiftLimitReached, GiftRequest, arrival, check_gift
from services.loyalty.model import CustomerId, Entry, Wallet, wallet_id_of
from services.loyalty.store import LoyaltyStore, Posted


async def give(store: LoyaltyStore, request: GiftRequest, *, now: datetime) -> Posted:
    """Send points, the first to expire first, and let them arrive; returns the sender's entry."""
    check_key(request.asked.idempotency_key)
    problems = check_gift(request, now)
    receiver = wallet_id_of(request.to_customer_id)
    if not problems and receiver not in await store.wallets_by_id([receiver]):
        problems.append(NotFound(path=("input", "toCustomerId"), kind="Wallet", id=receiver))

    async def judge(wallet: Wallet) -> Refusal | None:
        given = await store.given_today(wallet.id)
        if given + request.asked.points <= MAX_GIFTED_A_DAY:
            return None
        return GiftLimitReached(requested=request.asked.points, given_today=given, limit=MAX_GIFTED_A_DAY)

    sent = await post(store, request.sending, problems, judge=judge)
    await post(store, arrival(sent.entry, request.asked.customer_id))
    return sent


async def let_arrive(store: LoyaltyStore, sent: Sequence[tuple[Entry, CustomerId]]) -> None:
    """Let gifts arrive that were sent, each once; for events, so those that have arrived change nothing."""
    if sent:
        await post_all(store, [arrival(entry, sender) for entry, sender in sent])
