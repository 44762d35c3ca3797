"""Taking room of caps for orders, and closing what a crash left open."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from kit.errors import Unavailable
from services.loyalty.caps.model import Take
from services.loyalty.caps.store import CapStore, Unclosed

MAX_ATTEMPTS = 10
"""A take misses when others took of the same cap for the same order, or a whole window of theirs went by."""
ABANDONED_AFTER = timedelta(minutes=1)
"""What is open for longer was left by a worker that died, or its order is heard right now for the second time."""
FORGOTTEN_AFTER = timedelta(days=1)
"""An event that was not heard again by then is parked: its room comes back; heard later, it takes anew."""
SWEEP_BATCH = 200
Known = Callable[[Sequence[str]], Awaitable[dict[str, dict[str, dict[str, int]]]]]
"""Of these orders, of each event that their accruals know, what it took: order → event → cap → points."""


async def take_room(caps: CapStore, takes: Sequence[Take], known: Known) -> dict[str, dict[str, int]]:
    """What each event got of each cap. What an event took before it gets again; one that an accrual knows, nothing.

    `known` is asked after the caps were looked at: what is not open then is either new or known.
    """
    by_cap: dict[str, list[Take]] = {}
    for take in takes:
        by_cap.setdefault(take.cap.id, []).append(take)
    for _ in range(MAX_ATTEMPTS):
        seen = await caps.look(by_cap)
        done = await known(sorted({take.order_id for take in takes}))
        got: dict[str, dict[str, int]] = {}
        missed = False
        for cap_id, its in sorted(by_cap.items()):
            taken = dict(seen[cap_id].open or {})
            new = [one for one in its if one.event_id not in taken and one.event_id not in done.get(one.order_id, {})]
            made = await caps.take(cap_id, new, seen[cap_id]) if new else {}
            missed = missed or made is None
            for event_id, points in {**taken, **(made or {})}.items():
                got.setdefault(event_id, {})[cap_id] = points
        if not missed:
            return got
    raise Unavailable("others hear the same orders; the batch comes again")


async def finish_caps(caps: CapStore, known: Known, now: datetime) -> int:
    """Close what was taken and is in its order's accrual by now, as it is there; return how much was closed."""
    left = await caps.unclosed(now - ABANDONED_AFTER, SWEEP_BATCH)
    done = await known(sorted({one.order_id for one in left})) if left else {}
    closed = [(one.cap_id, one.event_id, took) for one in left if (took := _took(one, done)) is not None]
    await caps.close(closed)
    old = await caps.unclosed(now - FORGOTTEN_AFTER, SWEEP_BATCH)
    done = await known(sorted({one.order_id for one in old})) if old else {}
    forgotten = [(one.cap_id, one.event_id, 0) for one in old if _took(one, done) is None]
    await caps.close(forgotten, forget=True)
    return len(closed) + len(forgotten)


def _took(one: Unclosed, done: dict[str, dict[str, dict[str, int]]]) -> int | None:
    event = done.get(one.order_id, {}).get(one.event_id)
    return None if event is None else event.get(one.cap_id, 0)
