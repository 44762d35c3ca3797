"""Hold, capture, void; and the sweep that gives back what nobody captured in time."""

from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import NotFound, Refusal, Refused
from kit.idempotency import check_key
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import Judge, post
from services.loyalty.hold.model import (
    EXPIRED_REASON,
    HoldEnd,
    HoldEnded,
    HoldExceeded,
    HoldRequest,
    HoldStanding,
    check_end,
    check_hold,
    open_hold,
)
from services.loyalty.model import Entry, EntryKind, HoldId, Reference, Wallet
from services.loyalty.posting.model import ENDING, Posting
from services.loyalty.spending.actions import judge_spending, too_fast
from services.loyalty.store import LoyaltyStore

SWEEP_BATCH = 200
"""Wallets looked at a time."""


@dataclass(frozen=True, slots=True)
class HoldPosted:
    """A hold as it is by now, its wallet, and the entry that was asked for."""

    hold: HoldStanding
    wallet: Wallet
    entry: Entry


async def hold(store: LoyaltyStore, request: HoldRequest, *, now: datetime) -> HoldPosted:
    """Set points aside, the first to expire first; refused as a whole if there are too few or the rules forbid it."""
    asked = request.asked
    check_key(asked.idempotency_key)
    spending = store.spending
    verdict = await judge_spending(spending, asked.points, asked.basket, now)
    posting = replace(request.posting(HoldId(new_id("hld"))), only=verdict.only, tallies=verdict.tallies)

    async def judge(wallet: Wallet) -> Refusal | None:
        return await too_fast(spending, wallet.id, verdict.tallies)

    posted = await post(store, posting, [*check_hold(request, now), *verdict.refusals], judge=judge)
    return await _standing(store, posted.wallet, posted.entry, now)


async def capture(store: LoyaltyStore, end: HoldEnd, *, now: datetime) -> HoldPosted:
    """Spend points of a hold; what is left of it goes back to the lots it came from."""
    return await _end(store, end, check_end(end, is_capture=True), now)


async def void(store: LoyaltyStore, end: HoldEnd, *, now: datetime) -> HoldPosted:
    """Give all points of a hold back to the lots they came from."""
    return await _end(store, end, check_end(end, is_capture=False), now)


async def find_hold(store: LoyaltyStore, wallet: Wallet, hold_id: str, now: datetime) -> HoldStanding | None:
    """A hold of the wallet, whatever became of it."""
    found = open_hold(wallet, hold_id)
    if found is not None:
        return HoldStanding.of_open(found, now)
    ending = await store.ending_of(wallet.id, hold_id)
    return None if ending is None else HoldStanding.of_ended(HoldId(hold_id), ending)


async def sweep_holds(store: LoyaltyStore, now: datetime) -> int:
    """Void the holds of up to `SWEEP_BATCH` wallets that have run out by the database's clock; return how many."""
    voided = 0
    for wallet, database_now in await store.ended_holds(now, SWEEP_BATCH):
        for held in wallet.holds:
            if held.until <= database_now:
                voided += await _void_expired(store, wallet, held.id)
    return voided


async def _void_expired(store: LoyaltyStore, wallet: Wallet, hold_id: HoldId) -> int:
    about = Reference(hold_id=hold_id)
    key = f"hold-end:{hold_id}"
    posting = Posting(EntryKind.VOIDED, wallet.customer_id, 0, key, EXPIRED_REASON, about)
    try:
        await post(store, posting, judge=_judge(store, posting))
    except Refused:
        return 0  # somebody voided it meanwhile
    return 1


async def _end(store: LoyaltyStore, end: HoldEnd, problems: list[Refusal], now: datetime) -> HoldPosted:
    check_key(end.idempotency_key)
    posted = await post(store, end.posting, problems, judge=_judge(store, end.posting))
    return await _standing(store, posted.wallet, posted.entry, now)


def _judge(store: LoyaltyStore, posting: Posting) -> Judge:
    """Why a hold cannot be ended so, for an update that has missed."""

    async def judge(wallet: Wallet) -> Refusal | None:
        hold_id = posting.reference.hold_id or ""
        standing = await find_hold(store, wallet, hold_id, utc_now())
        if standing is None:
            return NotFound(path=("input", "holdId"), kind="Hold", id=hold_id)
        captures = posting.kind is EntryKind.CAPTURED
        if standing.ended_at is not None and (captures or open_hold(wallet, hold_id) is None):
            return HoldEnded(hold_id=hold_id, state=standing.state.value, ended_at=standing.ended_at)
        if captures and posting.points > standing.points:
            return HoldExceeded(hold_id=hold_id, requested=posting.points, held=standing.points)
        return None

    return judge


async def _standing(store: LoyaltyStore, wallet: Wallet, entry: Entry, now: datetime) -> HoldPosted:
    hold_id = entry.reference.hold_id
    assert hold_id is not None, "an entry of a hold names it"
    if entry.kind in ENDING:
        return HoldPosted(HoldStanding.of_ended(HoldId(hold_id), entry), wallet, entry)
    standing = await find_hold(store, wallet, hold_id, now)
    assert standing is not None, "a hold is in its wallet or has an ending"
    return HoldPosted(standing, wallet, entry)
