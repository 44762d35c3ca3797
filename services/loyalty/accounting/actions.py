"""Close days, set how points are valued, and prove that closed days are what they were."""

from dataclasses import replace
from datetime import date, datetime

from kit.errors import IdempotencyKeyReused, Refused, VersionConflict
from kit.idempotency import check_key, fingerprint
from kit.ids import new_id
from services.loyalty.accounting.model import (
    Books,
    CloseUnderWay,
    EntriesWaiting,
    balance_refusal,
    bounds,
    carried,
    close_refusal,
    liabilities,
)
from services.loyalty.accounting.policy import AccountingPolicy, check_policy, policy_on
from services.loyalty.accounting.store import AccountingStore
from services.loyalty.model import LotKind


async def set_policy(
    store: AccountingStore, wanted: AccountingPolicy, key: str, *, expected_version: int, actor: str, now: datetime
) -> AccountingPolicy:
    """Put a policy in force as the next version, from its day on; closed days keep theirs."""
    check_key(key)
    content = fingerprint(expected_version, wanted.from_day.isoformat(), replace(wanted, version=0, from_day=date.min))
    made = await store.policy_by_key(key)
    if made is None:
        problems = check_policy(wanted)
        if problems:
            raise Refused(*problems)
        newest = max((policy.version for policy in await store.policies()), default=0)
        policy = replace(wanted, version=newest + 1)
        if expected_version == newest and await store.add_policy(policy, key, content, actor, now):
            return policy
        made = await store.policy_by_key(key)
        if made is None:
            raise Refused(VersionConflict(expected_version=expected_version, actual_version=newest))
    policy, known = made
    if known != content:
        raise Refused(IdempotencyKeyReused(key=key))
    return policy


async def close_day(store: AccountingStore, day: date, *, actor: str, now: datetime) -> Books:
    """Book a day's entries and keep what they add up to, for ever; a day that is closed is returned as it is.

    Refused: days not over, or out of turn; entries that are on their way to the journal; books that do not balance.
    """
    closed = await store.books(day)
    if closed is not None:
        return closed
    before = await store.last()
    policy = policy_on(await store.policies(), day)
    start, end = bounds(day, policy.zone, before)
    refusal = close_refusal(day, end, before, await store.now())
    waiting = None if refusal is not None else await store.oldest_waiting(end)
    if refusal is not None or waiting is not None:
        raise Refused(refusal or EntriesWaiting(oldest=waiting or end))
    closer = new_id("cls")
    since = await store.begin(day, closer, now)
    if since is not None:
        return await store.books(day) or await _refuse(CloseUnderWay(since=since))
    await store.book(day, end)
    books = await _books_of(store, day, (start, end), before, policy)
    refusal = balance_refusal(books.tally)
    if refusal is not None:
        await store.give_up(day, closer)
        raise Refused(refusal)
    if await store.close(replace(books, closed_at=now, closed_by=actor), closer):
        return replace(books, closed_at=now, closed_by=actor)
    return await store.books(day) or await _refuse(CloseUnderWay(since=now))


async def audit_days(store: AccountingStore) -> list[str]:
    """Where a closed day is not what its entries add up to, or does not carry on the day before; empty if all are."""
    problems: list[str] = []
    before: Books | None = None
    for books in await store.closed_days():
        again = await _books_of(store, books.day, (books.start, books.end), before, books.policy)
        kept = replace(books, closed_at=again.closed_at, closed_by=again.closed_by)
        if kept != again:
            problems.append(f"the books of {books.day.isoformat()} are not what its entries add up to")
        before = books
    return problems


async def _books_of(
    store: AccountingStore,
    day: date,
    span: tuple[datetime, datetime],
    before: Books | None,
    policy: AccountingPolicy,
) -> Books:
    tally = await store.tally(day)
    by_kind = {kind: (before.by_kind.get(kind, 0) if before else 0) + tally.moved.get(kind, 0) for kind in LotKind}
    issued = await store.issued(day)
    for kind in LotKind:
        issued[kind] = [one for one in issued[kind] if one[0] < day] + [(day, tally.issued.get(kind, 0))]
    return Books(
        day=day,
        start=span[0],
        end=span[1],
        policy=policy,
        tally=tally,
        balances=carried(before.balances if before else {}, tally.lines),
        by_kind=by_kind,
        liabilities=liabilities(by_kind, issued, policy, day),
        closed_at=span[1],
        closed_by="",
    )


async def _refuse(refusal: CloseUnderWay) -> Books:
    raise Refused(refusal)
