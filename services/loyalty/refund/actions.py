"""Refunds: claim a part of a spending, then give it back; both steps can be repeated."""

from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.idempotency import check_key
from kit.log import logger
from services.loyalty.actions import at_home, post
from services.loyalty.model import Entry, customer_id_of, wallet_id_of
from services.loyalty.posting.model import WalletMerged
from services.loyalty.refund.model import (
    REFUNDABLE,
    Claim,
    RefundExceedsSpent,
    RefundRequest,
    check_refund,
    spent_of,
)
from services.loyalty.refund.store import RefundStore
from services.loyalty.store import LoyaltyStore, Posted

log = logger(__name__)

ABANDONED_AFTER = timedelta(minutes=1)
"""A claim that old lost its worker; whoever comes by gives the points back."""
SWEEP_BATCH = 100
"""Spendings looked at a time."""


async def refund(store: LoyaltyStore, request: RefundRequest, *, now: datetime) -> Posted:
    """Give spent points back to the lots they came from, debt first; never more than were spent, however often."""
    check_key(request.idempotency_key)
    return await give_back_once(store, request, now=now)


async def give_back_once(store: LoyaltyStore, request: RefundRequest, *, now: datetime) -> Posted:
    """The same for a request of our own, whose key is none of a client's."""
    problems = check_refund(request)
    if problems:
        raise Refused(*problems)
    refunds = RefundStore(store.db)
    spent = await _spending(store, request, await refunds.has(request))
    if spent is None or spent.kind not in REFUNDABLE:
        raise Refused(NotFound(path=("input", "entryId"), kind="StatementEntry", id=request.entry_id))
    claim, left = await refunds.claim(request, sum(lot.points for lot in spent_of(spent)), now)
    if claim is None:
        raise Refused(RefundExceedsSpent(entry_id=request.entry_id, requested=request.points, refundable=left))
    if claim.fingerprint != request.fingerprint:
        raise Refused(IdempotencyKeyReused(key=request.idempotency_key))
    return await _give_back(store, claim, spent)


async def finish_refunds(store: LoyaltyStore, now: datetime) -> int:
    """Give back what was claimed and then abandoned; return how many claims there were."""
    claims = await RefundStore(store.db).unposted(now - ABANDONED_AFTER, SWEEP_BATCH)
    for claim in claims:
        wallet_id, _, seq = claim.entry_id.partition(".")
        spent = await store.entry(wallet_id, int(seq))
        assert spent is not None, "an entry is never removed"
        try:
            await _give_back(store, claim, spent)
        except Refused as refused:
            log.error("a claimed refund is refused", entry_id=claim.entry_id, reason=str(refused))
    return len(claims)


async def _spending(store: LoyaltyStore, request: RefundRequest, is_known: bool) -> Entry | None:
    """The entry named, if it is of the customer's wallet or of one that was merged into it; merged itself, refused."""
    wallet_id = wallet_id_of(request.customer_id)
    wallet = (await store.wallets_by_id([wallet_id])).get(wallet_id)
    if wallet is None:
        return None
    if wallet.merged_into is not None and not is_known:
        raise Refused(WalletMerged(wallet_id=wallet_id, into=wallet.merged_into))
    spent_from = request.entry_id.partition(".")[0]
    if spent_from not in (wallet_id, *(wallet_id_of(member.customer_id) for member in wallet.members)):
        return None
    return await store.entry(spent_from, request.seq)


async def _give_back(store: LoyaltyStore, claim: Claim, spent: Entry) -> Posted:
    """To the wallet that spent it, or to the one that stands for it by now; there its lots are of that merge."""
    (posting,), _ = await at_home(store, [claim.posting(spent)])
    spender = customer_id_of(spent.wallet_id)
    home = (await store.homes([spender])).get(spender)
    if home is not None and home.path is not None:
        lots = [replace(lot, origin="/".join(filter(None, (home.path, lot.origin)))) for lot in posting.lots]
        posting = replace(posting, lots=tuple(lots), origin=home.path)  # what it counted is of that merge, too
    posted = await post(store, posting)
    await RefundStore(store.db).posted(claim)
    return posted
