"""One function a mutation, and those that postings of events and the sweep need. Points move only here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, Unavailable
from kit.idempotency import check_key
from kit.times import utc_now
from services.loyalty.model import CustomerId, Entry, EntryKind, Wallet, WalletId, step_problems, wallet_id_of
from services.loyalty.posting.model import PointsRequest, Posting, Seen, check_request
from services.loyalty.spending.actions import judge_spending, too_fast
from services.loyalty.store import WINDOW, LoyaltyStore, Posted

MAX_ATTEMPTS = 20
"""A posting misses only when its wallet expired something or went on by a whole window; both pass."""
RETRY_S = 0.02
"""Pause before a batch goes on with what was in the way of others: a drain's or a redemption's time."""
BATCH = 500
"""Postings of one bulk: the consumer's batch."""
MAX_ROUNDS = 2 * BATCH // WINDOW + MAX_ATTEMPTS
"""A batch for one wallet takes a round a window; as many again are for others who post at the same time."""
SWEEP_BATCH = 200_000
"""Wallets of one sweep, some seconds of MongoDB's time: then others of the sweep's tasks have their turn."""
SWEEP_PART = 10_000
"""Wallets of one update: a quarter of a megabyte of ids, and less than a second."""
SWEEPS_AT_ONCE = 2
"""Updates of many wallets that run side by side; more gain nothing, and the requests of members need MongoDB, too."""
AUDIT_BATCH = 2_000
"""Wallets audited at a time, with all their entries."""


Judge = Callable[[Wallet], Awaitable[Refusal | None]]


async def _no_more_to_judge(_: Wallet) -> None:
    return None


async def open_wallets(store: LoyaltyStore, customers: dict[CustomerId, datetime]) -> int:
    """Open a wallet for every customer without one; return how many were opened."""
    return await store.open(customers) if customers else 0


async def earn(
    store: LoyaltyStore, request: PointsRequest, problems: Sequence[Refusal] = (), *, now: datetime
) -> Posted:
    """Give points, debt first; the wallet is opened if there is none. The same request again has the same entry.

    `problems` refuse it unless it was made before.
    """
    check_key(request.idempotency_key)
    problems = [*check_request(request, now), *problems]
    return await post(store, request.posting(EntryKind.EARNED), problems, open_at=now)


async def redeem(store: LoyaltyStore, request: PointsRequest, *, now: datetime) -> Posted:
    """Spend points, the first to expire first; refused as a whole if there are too few or the rules are against it."""
    check_key(request.idempotency_key)
    spending = store.spending
    verdict = await judge_spending(spending, request.points, request.basket, now)
    posting = replace(request.posting(EntryKind.REDEEMED), only=verdict.only, tallies=verdict.tallies)

    async def judge(wallet: Wallet) -> Refusal | None:
        return await too_fast(spending, wallet.id, verdict.tallies)

    return await post(store, posting, [*check_request(request, now), *verdict.refusals], judge=judge)


async def post(
    store: LoyaltyStore,
    posting: Posting,
    problems: Sequence[Refusal] = (),
    *,
    open_at: datetime | None = None,
    judge: Judge = _no_more_to_judge,
) -> Posted:
    """Make one posting once, or raise Refused and have changed nothing. The database's clock says what has expired.

    `problems` refuse it unless it was made before. A wallet that is not there is opened as of `open_at`, if given.
    `judge` names a refusal that takes more than the wallet to know; it is asked after an update has missed.
    It goes with what others post at this moment; what is not made so is looked at alone.
    """
    posted = None if problems else await store.groups.make(posting)
    if posted is not None:
        return posted
    missed = False
    for _ in range(MAX_ATTEMPTS):
        wallet, entry = await store.look(posting)
        if wallet is not None and entry is not None:
            return _replay(posting, wallet, entry)
        if problems:
            raise Refused(*problems)
        if wallet is None:
            if open_at is None:
                raise Refused(NotFound(path=("input", "customerId"), kind="Wallet", id=posting.wallet_id))
            await store.open({posting.customer_id: open_at})
            continue
        refusal = (posting.refusal(wallet) or await judge(wallet)) if missed else None
        if refusal is not None:
            raise Refused(refusal)
        posted = await store.apply(posting, Seen(wallet.seq, wallet.left_by))
        if posted is not None:
            return posted
        await store.expire([posting.wallet_id])
        missed = True
    raise Unavailable("the wallet is in use by too many at once; try again with the same idempotency key")


async def post_all(store: LoyaltyStore, postings: Sequence[Posting]) -> None:
    """Make every posting once, in their order for each wallet; for events, so an entry that is there is the same one.

    Takes up to `BATCH` for any wallets. Raises Refused if a wallet cannot take one of them; all others are made.
    """
    pending = list(postings)
    for _ in range(MAX_ROUNDS):
        pending, former = await at_home(store, pending)
        pending, seen = await _not_made(store, pending, former)
        if not pending:
            return
        batch = _one_window_each(pending)
        if await store.groups.apply(batch, seen) < len(batch):
            await store.expire(list(seen))
            await asyncio.sleep(RETRY_S)
        elif len(batch) == len(pending):
            return
    await _raise_refusal(store, pending[0])


async def at_home(store: LoyaltyStore, postings: Sequence[Posting]) -> tuple[list[Posting], set[WalletId]]:
    """The postings, those of merged customers for the wallet that stands for them; and all that ever stood for them.

    For what happened to a customer, such as an order: it follows the customer. A client is refused instead.
    """
    homes = await store.homes(sorted({posting.customer_id for posting in postings}))
    found: list[Posting] = []
    for posting in postings:
        home = homes.get(posting.customer_id)
        if home is not None:
            is_away = home.path is not None
            posting = replace(posting, home=home.wallet_id if is_away else None, origin=home.path)
        if posting.kind is EntryKind.GIFT_RECEIVED:
            posting = replace(posting, lots=tuple(replace(lot, origin=posting.origin) for lot in posting.lots))
        found.append(posting)
    return found, {wallet_id for home in homes.values() for wallet_id in home.former}


async def sweep_once(store: LoyaltyStore, now: datetime) -> int:
    """Enter the expiry of up to `SWEEP_BATCH` wallets; return how many there were.

    Who takes them out and who finds the next work side by side.
    """
    reading = asyncio.Lock()
    async with aclosing(store.due(now, SWEEP_PART, SWEEP_BATCH)) as due:

        async def some() -> int:
            done = 0
            while True:
                async with reading:
                    part = await anext(due, None)
                if part is None:
                    return done
                done += await store.expire(part)

        counts = await asyncio.gather(*(some() for _ in range(SWEEPS_AT_ONCE)), return_exceptions=True)
    failed = [count for count in counts if isinstance(count, BaseException)]
    if failed:  # only when nobody reads any more
        raise failed[0]
    return sum(count for count in counts if isinstance(count, int))


async def audit(store: LoyaltyStore) -> list[str]:
    """Where a wallet is not what its entries add up to; empty if all are. Safe while points move."""
    problems: list[str] = []
    after = ""
    while accounts := await store.accounts(after, AUDIT_BATCH):
        for books, journal in accounts:
            problems += step_problems(books, journal)
        after = accounts[-1][0].id
    return problems


def _replay(posting: Posting, wallet: Wallet, entry: Entry) -> Posted:
    if entry.fingerprint != posting.fingerprint:
        raise Refused(IdempotencyKeyReused(key=posting.key.partition(":")[2]))
    return Posted(wallet, entry)


async def _not_made(
    store: LoyaltyStore, postings: Sequence[Posting], former: set[WalletId]
) -> tuple[list[Posting], dict[str, Seen]]:
    """The postings without an entry, in their order, and where their wallets stand; opens what is missing.

    An entry may lie in the outbox of the customer's own wallet or of any that stood for it (`former`).
    """
    own = {wallet_id_of(posting.customer_id) for posting in postings}
    ids = [posting.id for posting in postings]
    standings = await store.groups.standings(own | former | {posting.wallet_id for posting in postings}, ids)
    missing = {posting.customer_id for posting in postings if posting.wallet_id not in standings}
    if missing:
        await store.open(dict.fromkeys(missing, utc_now()))
    made = {id for standing in standings.values() for id in standing.undrained}
    made |= await store.groups.drained(ids)
    left = [posting for posting in postings if posting.id not in made]
    seen = {wallet_id: standing.seen for wallet_id, standing in standings.items()}
    return left, {posting.wallet_id: seen.get(posting.wallet_id, Seen(0)) for posting in left}


def _one_window_each(postings: Sequence[Posting]) -> list[Posting]:
    """The first postings of every wallet, no more than its window holds, in their order."""
    taken: dict[str, int] = {}
    batch: list[Posting] = []
    for posting in postings:
        count = taken.get(posting.wallet_id, 0)
        if count < WINDOW:
            batch.append(posting)
        taken[posting.wallet_id] = count + 1
    return batch


async def _raise_refusal(store: LoyaltyStore, posting: Posting) -> None:
    wallet = (await store.wallets_by_id([posting.wallet_id])).get(posting.wallet_id)
    refusal = posting.refusal(wallet) if wallet is not None else None
    if refusal is not None:
        raise Refused(refusal)
    raise Unavailable("wallets are in use by too many at once; the batch comes again")
