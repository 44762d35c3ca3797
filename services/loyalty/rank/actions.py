"""Ranks go up with a purchase, are judged at the end of their period, and can be tried out before they are set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import Refused
from kit.idempotency import fingerprint
from services.loyalty.model import CustomerId
from services.loyalty.rank.model import Activity, Progress, RankScheme, Standing, check_scheme, judged, progress, raised
from services.loyalty.rank.store import RankStore
from services.loyalty.versions.actions import Setting, put_in_force

ATTEMPTS = 5
"""A standing changes when its member buys or its period ends: two at one moment are rare, five never seen."""
SWEEP_BATCH = 200
"""Members judged at a time."""


async def set_scheme(
    store: RankStore, wanted: RankScheme, key: str, *, expected_version: int, actor: str, now: datetime
) -> RankScheme:
    """Put a scheme in force as the next version: ranks go up by it with a purchase, and down at a period's end."""
    content = fingerprint(expected_version, replace(wanted, version=0))
    setting = Setting(wanted, key, content, expected_version, actor, now)
    return await put_in_force(
        store.schemes, setting, check_scheme, lambda scheme, version: replace(scheme, version=version)
    )


async def requalify(store: RankStore, customer_ids: Iterable[CustomerId], *, now: datetime) -> None:
    """Raise whoever has reached a higher rank by now, for the merged who stands for them. Again it changes nothing."""
    customers = sorted(set((await store.heads(sorted(set(customer_ids)))).values()))
    scheme = await store.scheme() if customers else None
    if scheme is None or not scheme.tiers:
        return
    did = await store.activity(customers, scheme.currency, scheme.window_start(now), now)
    for _ in range(ATTEMPTS):
        standings = await store.of(customers)
        missed = []
        for customer_id, activity in did.items():
            before = standings.get(customer_id, Standing(CustomerId(customer_id)))
            after = raised(scheme, before, activity, now)
            if after is not None and not await store.keep(before, after, now):
                missed.append(customer_id)
        if not missed:
            return
        did = {customer_id: did[customer_id] for customer_id in missed}


async def progress_of(store: RankStore, customer_ids: Sequence[str], now: datetime) -> dict[str, Progress]:
    """The way to the next rank of each of these members: three queries for all. Nobody at the top, or without ranks."""
    scheme = await store.scheme()
    standings = await store.of(customer_ids)
    did = await store.activity(customer_ids, scheme.currency, scheme.window_start(now), now)
    found = {
        id: progress(scheme, standings.get(id, Standing(CustomerId(id))), did.get(id, Activity()))
        for id in customer_ids
    }
    return {id: one for id, one in found.items() if one is not None}


async def judge_due(store: RankStore, now: datetime) -> int:
    """Judge up to `SWEEP_BATCH` members whose period is over; return how many were due.

    Each is judged by the window of the period that ended, so that a late sweep decides as a punctual one would.
    """
    due = await store.due(now, SWEEP_BATCH)
    scheme = await store.scheme() if due else None
    for standing in due:
        assert scheme is not None, "there is one for whoever has a rank"
        end = standing.period_end(scheme)
        assert end is not None, "it was found by its end"
        did = await store.activity([standing.customer_id], scheme.currency, scheme.window_start(end), end)
        after = judged(scheme, standing, did[standing.customer_id]) if standing.customer_id in did else None
        nothing = Standing(standing.customer_id, None, standing.valid_until, None, standing.version)
        await store.keep(standing, after or nothing, now)
    return len(due)


async def simulate(store: RankStore, scheme: RankScheme, *, start: datetime, end: datetime) -> Mapping[str | None, int]:
    """How many members would have which rank by what they did from `start` to `end`; None: bought, and reached none."""
    problems = check_scheme(scheme)
    if problems:
        raise Refused(*problems)
    names: Sequence[str | None] = (None, *(tier.name for tier in scheme.tiers))
    counts = dict.fromkeys(names, 0)
    async for activity in store.activities(scheme.currency, start, end):
        counts[scheme.name_of(scheme.level(activity))] += 1
    return counts
