"""Merge two wallets and undo it: one transaction each; ranks follow, at once or, after a crash, by the sweep."""

from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from kit.idempotency import check_key
from kit.ids import new_id
from services.loyalty.merge.model import (
    Merge,
    MergeRequest,
    MergeState,
    check_merge,
    merge_refusal,
    unmerge_refusal,
)
from services.loyalty.merge.store import MergeStore
from services.loyalty.model import wallet_id_of
from services.loyalty.rank.actions import requalify
from services.loyalty.rank.model import Standing
from services.loyalty.store import LoyaltyStore, wallet_from

MAX_ATTEMPTS = 20
"""A merge misses when one of the wallets has something to expire, or changed between the look and the transaction."""
ABANDONED_AFTER = timedelta(minutes=1)
"""A merge whose ranks have not followed by then lost its worker."""
SWEEP_BATCH = 100


async def merge(store: LoyaltyStore, request: MergeRequest, *, now: datetime) -> Merge:
    """Make one wallet a part of another, with lots, holds and debt; the same request again has the same merge."""
    check_key(request.idempotency_key)
    return await join(store, request, now=now)


async def join(store: LoyaltyStore, request: MergeRequest, *, now: datetime) -> Merge:
    """The same for a request of our own, whose key is none of a client's."""
    merges = MergeStore(store.db, wallet_from)
    problems = check_merge(request)
    ids = [wallet_id_of(request.source), wallet_id_of(request.into)]
    for _ in range(MAX_ATTEMPTS):
        wallets = await store.wallets_by_id(ids)  # before the key is looked up: what has merged them is found then
        known = await merges.by_key(request.idempotency_key)
        if known is not None:
            if known.fingerprint != request.fingerprint:
                raise Refused(IdempotencyKeyReused(key=request.idempotency_key))
            return known
        refusal = merge_refusal(request, wallets) if not problems else None
        if problems or refusal is not None:
            raise Refused(*problems, *([] if refusal is None else [refusal]))
        made = await merges.merge(request, new_id("mrg"), now)
        if made is not None:
            store.on_change()
            await _let_ranks_follow(store, merges, made, now)
            return made
        await store.expire(ids)
    raise Unavailable("the wallets are in use by too many at once; try again with the same idempotency key")


async def unmerge(store: LoyaltyStore, merge_id: str, *, now: datetime) -> Merge:
    """Give the source back what is still there of what it brought; again, it is the same undoing."""
    merges = MergeStore(store.db, wallet_from)
    for _ in range(MAX_ATTEMPTS):
        made = await merges.by_id(merge_id)
        if made is None:
            raise Refused(NotFound(path=("input", "mergeId"), kind="WalletMerge", id=merge_id))
        if made.state is MergeState.UNMERGED:
            return made
        into_id = wallet_id_of(made.into)
        refusal = unmerge_refusal(made, (await store.wallets_by_id([into_id]))[into_id])
        if refusal is not None:
            raise Refused(refusal)
        done = await merges.unmerge(made, now)
        if done is not None:
            store.on_change()
            await _let_ranks_follow(store, merges, done, now)
            return done
        await store.expire([into_id])
    raise Unavailable("the wallet is in use by too many at once; try again")


async def finish_merges(store: LoyaltyStore, now: datetime) -> int:
    """Let ranks follow where a crash has kept them; return how many merges there were."""
    merges = MergeStore(store.db, wallet_from)
    due = await merges.ranks_due(now - ABANDONED_AFTER, SWEEP_BATCH)
    for made in due:
        await _let_ranks_follow(store, merges, made, now)
    return len(due)


async def _let_ranks_follow(store: LoyaltyStore, merges: MergeStore, made: Merge, now: datetime) -> None:
    """The joint wallet has the higher of both ranks; undone, it has the one it had, unless it changed since.

    Both steps may be repeated: a rank that was raised is not raised again, one that went back has another version.
    """
    if made.state is MergeState.MERGED:
        await _raise_to_higher(store, merges, made, now)
    else:
        await _put_rank_back(store, merges, made, now)
    await requalify(store.ranks, [made.source, made.into], now=now)
    await merges.ranks_followed(made)


async def _raise_to_higher(store: LoyaltyStore, merges: MergeStore, made: Merge, now: datetime) -> None:
    standings, scheme = await store.ranks.of([made.source, made.into]), await store.ranks.scheme()
    theirs = standings.get(made.source, Standing(made.source))
    ours = standings.get(made.into, Standing(made.into))
    if scheme.level_of(theirs.rank) <= scheme.level_of(ours.rank):
        return
    await merges.remember_rank(made, ours, ours.version + 1)
    await store.ranks.keep(ours, replace(theirs, customer_id=made.into, version=ours.version), now)


async def _put_rank_back(store: LoyaltyStore, merges: MergeStore, made: Merge, now: datetime) -> None:
    before = await merges.rank_before(made)
    ours = (await store.ranks.of([made.into])).get(made.into)
    if before is not None and ours is not None and ours.version == before.version:
        await store.ranks.keep(ours, before, now)
