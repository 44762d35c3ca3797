"""What loyalty tells: one event an entry of the journal, changed ranks, and points about to expire.

It hears new customers, orders, returns, published reviews and its own gifts.
"""

from collections.abc import Sequence
from datetime import datetime

from kit.events import Consumer, Drainer, Event, EventLog, nudge_all
from kit.mongo import Collection
from kit.times import utc_now
from services.loyalty.accrual.actions import hear
from services.loyalty.accrual.model import Heard, Trade
from services.loyalty.actions import open_wallets
from services.loyalty.audience.events import HEARD as AUDIENCE_HEARD
from services.loyalty.audience.events import hear_audience
from services.loyalty.audience.store import AudienceStore
from services.loyalty.bond.events import HEARD as BONDS_HEARD
from services.loyalty.bond.events import hear_bonds
from services.loyalty.bonus.actions import grant_all
from services.loyalty.bonus.model import BonusTrigger, Happened
from services.loyalty.claim.events import COUPON_ANSWERED, hear_answers
from services.loyalty.claim.store import COLLECTION as CLAIMS
from services.loyalty.earning.model import BasketLine
from services.loyalty.gift.actions import let_arrive
from services.loyalty.model import CustomerId, Entry, EntryKind
from services.loyalty.reward.store import COLLECTION as REWARDS
from services.loyalty.spending.events import PRODUCT_CHANGED, hear_products
from services.loyalty.store import LoyaltyStore, entry_of

CUSTOMER_CREATED = "noren.customer.created.v1"
ORDER_RECORDED = "noren.order.recorded.v1"
ORDER_RETURNED = "noren.order.returned.v1"
REVIEW_PUBLISHED = "noren.catalog.review_published.v1"
GIFT_SENT = EntryKind.GIFT_SENT.event_type
"""Loyalty's own: a gift whose worker died after the sending arrives by it."""
HEARD = (CUSTOMER_CREATED, ORDER_RECORDED, ORDER_RETURNED, REVIEW_PUBLISHED, GIFT_SENT)
TOLD = tuple(kind.event_type for kind in EntryKind)


class EventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


def drainers(store: LoyaltyStore, event_log: EventLog) -> list[Drainer]:
    """The drainers of wallets, of ranks, of notices, of rewards and of claims, in this order."""
    kept = [
        Drainer(collection, store.journal, event_log, "loyalty")
        for collection in (store.wallets, store.ranks.standings, store.notice.notices, *_claims(store))
    ]
    store.on_change = nudge_all(kept)
    return kept


def _claims(store: LoyaltyStore) -> tuple[Collection, ...]:
    return store.db[REWARDS], store.db[CLAIMS]


def consumers(store: LoyaltyStore, event_log: EventLog) -> list[Consumer]:
    """Who earns and how; what goods there are; who is one, and who is what; coupons. None waits for another's past."""

    async def handle(events: Sequence[Event]) -> None:
        await handle_events(store, events)

    async def handle_products(events: Sequence[Event]) -> None:
        await hear_products(store.spending, events)

    async def handle_audience(events: Sequence[Event]) -> None:
        await hear_audience(AudienceStore(store.db), events)

    async def handle_coupons(events: Sequence[Event]) -> None:
        await hear_answers(store, events, now=utc_now())

    async def handle_bonds(events: Sequence[Event]) -> None:
        await hear_bonds(store, events, now=utc_now())

    return [
        Consumer("loyalty", store.db, event_log, HEARD, handle),
        Consumer("goods", store.db, event_log, [PRODUCT_CHANGED], handle_products),
        Consumer("bonds", store.db, event_log, BONDS_HEARD, handle_bonds),
        Consumer("audience", store.db, event_log, AUDIENCE_HEARD, handle_audience),
        Consumer("coupons", store.db, event_log, [COUPON_ANSWERED], handle_coupons),
    ]


async def handle_events(store: LoyaltyStore, events: Sequence[Event]) -> None:
    """Open wallets, earn and take back. The same events again, or in another order, leave the same points."""
    created = {_customer_id(e): _time(e, "createdAt") for e in events if e.type == CUSTOMER_CREATED}
    await open_wallets(store, created)
    done = [what for event in events if (what := _done(event)) is not None]
    await grant_all(store, done, now=utc_now())
    await let_arrive(store, [_gift(event) for event in events if event.type == GIFT_SENT])
    traded = [event for event in events if event.type in (ORDER_RECORDED, ORDER_RETURNED)]
    heard = [one for event in traded if (one := _heard(event)) is not None]
    if heard:
        await hear(store, heard, now=utc_now())


def _done(event: Event) -> Happened | None:
    """What a bonus may be for: a new customer, a published review, or any order, of which a rule counts the first.

    A review is one source however often it is edited and published anew.
    """
    customer_id = event.data.get("customerId")
    if customer_id is None or event.type not in (CUSTOMER_CREATED, ORDER_RECORDED, REVIEW_PUBLISHED):
        return None
    if event.type == REVIEW_PUBLISHED:
        source = f"review:{event.data['reviewId']}"
        return Happened(CustomerId(customer_id), BonusTrigger.REVIEW, source, event.time)
    if event.type == CUSTOMER_CREATED:
        return Happened(CustomerId(customer_id), BonusTrigger.SIGN_UP, event.id, _time(event, "createdAt"))
    return Happened(CustomerId(customer_id), BonusTrigger.FIRST_PURCHASE, event.id, _time(event, "placedAt"))


def _heard(event: Event) -> Heard | None:
    """The order or return in an event; None for an order nobody earns by."""
    data = event.data
    is_order = event.type == ORDER_RECORDED
    try:
        gross_minor, currency = data["goodsGrossMinor"], data["currency"]
        order_id, customer_id = data["orderId"], data["customerId"]
        return_id = None if is_order else data["returnId"]
        at = _time(event, "placedAt" if is_order else "returnedAt")
        lines = tuple(BasketLine(one["sku"], one["quantity"], one["grossMinor"]) for one in data.get("lines", ()))
    except (KeyError, TypeError, ValueError) as error:
        raise EventNotUnderstood(f"{event.type} {event.id}: {error!r}") from error
    if not isinstance(gross_minor, int) or gross_minor < 0:
        raise EventNotUnderstood(f"{event.type} {event.id}: goodsGrossMinor {gross_minor!r} is not 0 or more")
    if is_order and customer_id is None:
        return None
    return Heard(
        id=event.id,
        trade=Trade.ORDER if is_order else Trade.RETURN,
        order_id=order_id,
        customer_id=customer_id,
        gross_minor=gross_minor,
        currency=currency,
        at=at,
        return_id=return_id,
        payment_methods=frozenset(data.get("paymentMethods", ())),
        channel=data.get("channel"),
        location=data.get("locationId"),
        lines=lines,
    )


def _gift(event: Event) -> tuple[Entry, CustomerId]:
    """What was sent, and by whom."""
    return entry_of(event.to_document()), _customer_id(event)


def _customer_id(event: Event) -> CustomerId:
    return CustomerId(event.data["customerId"])


def _time(event: Event, name: str) -> datetime:
    """A time of the data: RFC 3339, or the event's own."""
    value = event.data.get(name)
    return datetime.fromisoformat(value) if isinstance(value, str) else event.time
