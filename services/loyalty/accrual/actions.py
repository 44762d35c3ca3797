"""Hearing orders and returns: decide what each moves and keep it, then move it; both steps can be repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import Unavailable
from kit.log import logger
from services.loyalty.accrual.model import Accrual, Fact, Heard, Trade, posting_without_order, wants_of
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.actions import post_all
from services.loyalty.audience.model import NOBODY
from services.loyalty.audience.store import AudienceStore
from services.loyalty.caps.actions import finish_caps, take_room
from services.loyalty.caps.model import Cap, Take
from services.loyalty.caps.store import CapStore
from services.loyalty.earning.model import Programmes
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.posting.model import Posting
from services.loyalty.rank.actions import requalify
from services.loyalty.store import LoyaltyStore

log = logger(__name__)

MAX_ATTEMPTS = 10
"""One instance hears at a time; two meet only while the work is handed over."""
SWEEP_BATCH = 200
"""Orders whose pending points are posted at a time."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is kept of orders: what each earned, and what caps have left."""

    accruals: AccrualStore
    caps: CapStore


async def hear(store: LoyaltyStore, heard: Sequence[Heard], *, now: datetime) -> None:
    """Earn for orders and take back for returns, each event once, whatever their order.

    A crash between the steps is healed by the same events coming again: what each moves was kept with it. Ranks go up
    last: an order earns by the rank its member had before it.
    """
    programmes = await ProgrammeStore(store.db).all()
    heads = await store.ranks.heads([one.customer_id for one in heard if one.customer_id is not None])
    ranks = await store.ranks.of(list(heads.values()))
    heard = [
        replace(one, member=head, rank=ranks[head].rank if head in ranks else None)
        if (head := heads.get(one.customer_id or "")) is not None
        else one
        for one in heard
    ]
    heard = await _with_facts(store, heard, programmes)
    of_orders = [(one.order_id, one) for one in heard if one.order_id is not None]
    books = Books(AccrualStore(store.db), CapStore(store.db))
    accruals = await _believe(books, of_orders, programmes, now)
    for order_id, one in of_orders:
        if accruals[order_id].misses(one):
            log.warning("a return in another currency than its order's moves no points", event_id=one.id)
    moves = [accruals[order_id].posting(one.id) for order_id, one in of_orders]
    moves += [posting_without_order(one, programmes) for one in heard if one.order_id is None]
    await _move(store, moves)
    await requalify(store.ranks, [one.customer_id for one in heard if one.customer_id is not None], now=now)


async def _with_facts(store: LoyaltyStore, heard: Sequence[Heard], programmes: Programmes) -> list[Heard]:
    """With what is known of buyers and goods, where the programme of an order asks for it."""
    orders = [(one, programmes.at(one.at)) for one in heard if one.trade is Trade.ORDER]
    skus = {line.sku for one, programme in orders if programme.needs_goods for line in one.lines}
    asked = {one.customer_id for one, programme in orders if programme.needs_buyer}
    goods = await store.spending.goods(sorted(skus)) if skus else {}
    ids = sorted(id for id in asked if id is not None)
    buyers = await AudienceStore(store.db).of(ids) if ids else {}
    return [
        replace(
            one,
            buyer=buyers.get(one.customer_id or "", NOBODY),
            goods={line.sku: goods[line.sku] for line in one.lines if line.sku in goods},
        )
        for one in heard
    ]


async def post_pending(store: LoyaltyStore, now: datetime) -> int:
    """Post the points of up to `SWEEP_BATCH` orders whose waiting is over; return how many orders there were.

    First the accrual is settled, by compare-and-set, then the points move under the order's own key, then it is marked.
    """
    accruals = AccrualStore(store.db)
    due = await accruals.due(now, SWEEP_BATCH)
    programmes = await ProgrammeStore(store.db).all() if due else Programmes()
    settled: list[Accrual] = []
    for accrual in due:
        after = accrual.settle(programmes) if accrual.is_pending else accrual
        if not accrual.is_pending or await accruals.settle(accrual, after, programmes):
            settled.append(after)
    moves = [accrual.posting(fact.id) for accrual in settled for fact in accrual.facts if fact.trade is Trade.ORDER]
    await _move(store, moves)
    if settled:
        await accruals.posted([accrual.order_id for accrual in settled])
    return len(settled)


async def _move(store: LoyaltyStore, moves: Sequence[Posting | None]) -> None:
    postings: dict[str, Posting] = {posting.id: posting for posting in moves if posting is not None}
    await post_all(store, list(postings.values()))


async def finish_rooms(store: LoyaltyStore, now: datetime) -> int:
    """Close the room that a crash left open; return how much there was."""
    return await finish_caps(CapStore(store.db), AccrualStore(store.db).takes, now)


async def _believe(
    books: Books, heard: Sequence[tuple[str, Heard]], programmes: Programmes, now: datetime
) -> dict[str, Accrual]:
    """The accruals of these orders with everything heard in them.

    Room is taken before an accrual is kept and closed after: a crash between is healed by the same events, which find
    what they took.
    """
    order_ids = [order_id for order_id, _ in heard]
    for _ in range(MAX_ATTEMPTS):
        wanted = wants_of(await books.accruals.find(order_ids), heard, programmes)
        rooms = await take_room(books.caps, wanted, books.accruals.takes) if wanted else {}
        accruals = await books.accruals.find(order_ids)
        changed: dict[str, Accrual] = {}
        new: list[tuple[str, Fact]] = []
        for order_id, one in heard:
            before = accruals.get(order_id, Accrual(order_id))
            after = accruals[order_id] = before.hear(one, programmes, now, rooms.get(one.id))
            if after is not before:
                changed[order_id] = after
                new.append((order_id, after.facts[-1]))
        comes_back = _given_back(new)
        if comes_back:
            await take_room(books.caps, comes_back, books.accruals.takes)
        if await books.accruals.save(list(changed.values()), programmes):
            await _close(books.caps, new, rooms)
            return accruals
    raise Unavailable("another instance hears the same orders; the batch comes again")


def _given_back(new: Sequence[tuple[str, Fact]]) -> list[Take]:
    """The room that returns give back."""
    return [
        Take(Cap(cap, 0), fact.id, order_id, points)
        for order_id, fact in new
        if fact.trade is Trade.RETURN
        for cap, points in fact.takes.items()
    ]


async def _close(caps: CapStore, new: Sequence[tuple[str, Fact]], rooms: Mapping[str, Mapping[str, int]]) -> None:
    """Leave what the accruals say: of what an order took and does not need, the rest goes back."""
    await caps.close(
        [
            (cap, fact.id, fact.takes.get(cap, 0))
            for _, fact in new
            for cap in sorted({*fact.takes, *rooms.get(fact.id, {})})
        ]
    )
