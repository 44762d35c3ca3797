"""GraphQL types of behaviour: one a kind, all of them events."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import strawberry
from ulid import ULID

from kit.graphql.errors import Payload, UserError, presents
from services.customer.behaviour import model
from services.customer.behaviour.actions import Sessions
from services.customer.behaviour.model import BehaviourEvent as Event
from services.customer.behaviour.model import BehaviourKind as BehaviourKind  # the graph shows these as they are
from services.customer.behaviour.model import CartChange as CartChange
from services.customer.behaviour.model import EntryMeans as EntryMeans
from services.customer.behaviour.session import Session
from services.customer.foreign.types import (
    Location,
    Order,
    Product,
    Variant,
    location_of,
    order_of,
    product_of,
    variant_of,
)

strawberry.enum(BehaviourKind, description="What somebody can do.")
strawberry.enum(CartChange, description="What became of a line of the cart.")
strawberry.enum(EntryMeans, description="By what it was seen that somebody came in.")


@strawberry.interface(description="Something a member did, on any channel.")
class BehaviourEvent:
    """See `model.BehaviourEvent`."""

    row: strawberry.Private[Event]

    @strawberry.field(description="evt_…")
    def id(self) -> strawberry.ID:
        """Follows from its source's id and time."""
        return strawberry.ID(event_id(self.row))

    @strawberry.field(description="What it was.")
    def kind(self) -> BehaviourKind:
        """By its payload."""
        return self.row.kind

    @strawberry.field(description="When it happened.")
    def at(self) -> datetime:
        """UTC."""
        return self.row.at

    @strawberry.field(description="On which channel.")
    def channel(self) -> str:
        """As told."""
        return self.row.channel

    @strawberry.field(description="In which shop, if in one.")
    def location(self) -> Location | None:
        """By its key."""
        return location_of(self.row.location_id)

    @strawberry.field(description="Whether they were not logged in; it is theirs because the device is.")
    def is_anonymous(self) -> bool:
        """The event has a device only."""
        return self.row.customer_id is None

    @strawberry.field(description="Which system told it.")
    def source(self) -> str:
        """As told."""
        return self.row.source

    @strawberry.field(description="When it was told.")
    def recorded_at(self) -> datetime:
        """UTC."""
        return self.row.recorded_at


@strawberry.type(description="A product or a variant was looked at.")
class ViewEvent(BehaviourEvent):
    """See `model.View`."""

    variant: Variant | None = strawberry.field(description="Which variant, if one was.")
    product: Product | None = strawberry.field(description="Which product, if that was told.")


@strawberry.type(description="Variants were laid side by side.")
class CompareEvent(BehaviourEvent):
    """See `model.Compare`."""

    variants: list[Variant | None] | None = strawberry.field(description="Which.")


@strawberry.type(description="Something was searched for.")
class SearchEvent(BehaviourEvent):
    """See `model.Search`."""

    keyword: str = strawberry.field(description="As it was typed.")
    results: int | None = strawberry.field(description="How many were found.")


@strawberry.type(description="A line of the cart grew or shrank.")
class CartEvent(BehaviourEvent):
    """See `model.Cart`."""

    variant: Variant | None = strawberry.field(description="What.")
    change: CartChange = strawberry.field(description="Which way.")
    quantity: int = strawberry.field(description="By how many pieces.")


@strawberry.type(description="Something was bought.")
class PurchaseEvent(BehaviourEvent):
    """See `model.Purchase`."""

    order: Order | None = strawberry.field(description="The order.")


@strawberry.type(description="They came into a shop.")
class StoreEntryEvent(BehaviourEvent):
    """See `model.StoreEntry`."""

    entered: Location | None = strawberry.field(description="Which shop.")
    means: EntryMeans = strawberry.field(description="By what it was seen.")


@strawberry.type(description="A variant was tried on.")
class TryOnEvent(BehaviourEvent):
    """See `model.TryOn`."""

    variant: Variant | None = strawberry.field(description="What.")
    tried_at: Location | None = strawberry.field(description="In which shop; none: before a camera.")


@strawberry.type(description="A review was written.")
class ReviewEvent(BehaviourEvent):
    """See `model.Review`."""

    product: Product | None = strawberry.field(description="Of what.")
    rating: int = strawberry.field(description="Stars, 1 to 5.")
    review_id: strawberry.ID | None = strawberry.field(description="Its id in the catalog.")


@strawberry.type(description="Something was asked.")
class InquiryEvent(BehaviourEvent):
    """See `model.Inquiry`."""

    inquiry_id: strawberry.ID | None = strawberry.field(description="The thread.")


@strawberry.type(description="A message was opened.")
class MailOpenedEvent(BehaviourEvent):
    """See `model.MailOpened`."""

    message_id: str = strawberry.field(description="The message, as its sender calls it.")
    campaign: str | None = strawberry.field(description="What it was part of.")


@strawberry.type(description="A coupon was given to them.")
class CouponReceivedEvent(BehaviourEvent):
    """See `model.CouponReceived`."""

    coupon_id: str = strawberry.field(description="Which coupon.")


@strawberry.type(description="A coupon was used.")
class CouponUsedEvent(BehaviourEvent):
    """See `model.CouponUsed`."""

    coupon_id: str = strawberry.field(description="Which coupon.")
    order: Order | None = strawberry.field(description="For what.")


@strawberry.type(description="An article, a video or a page was read or seen.")
class ContentReadEvent(BehaviourEvent):
    """See `model.ContentRead`."""

    content_id: str = strawberry.field(description="What it was.")
    percent: int = strawberry.field(description="To where, 0 to 100.")


def _id(value: str | None) -> strawberry.ID | None:
    return None if value is None else strawberry.ID(value)


_SHOWN: Final[dict[type, Callable[[Event, Any], BehaviourEvent]]] = {
    model.View: lambda row, of: ViewEvent(row=row, variant=variant_of(of.sku), product=product_of(of.product_id)),
    model.Compare: lambda row, of: CompareEvent(row=row, variants=[variant_of(sku) for sku in of.skus]),
    model.Search: lambda row, of: SearchEvent(row=row, keyword=of.keyword, results=of.results),
    model.Cart: lambda row, of: CartEvent(row=row, variant=variant_of(of.sku), change=of.change, quantity=of.quantity),
    model.Purchase: lambda row, of: PurchaseEvent(row=row, order=order_of(of.order_id)),
    model.StoreEntry: lambda row, of: StoreEntryEvent(row=row, entered=location_of(of.location_id), means=of.means),
    model.TryOn: lambda row, of: TryOnEvent(row=row, variant=variant_of(of.sku), tried_at=location_of(of.location_id)),
    model.Review: lambda row, of: ReviewEvent(
        row=row, product=product_of(of.product_id), rating=of.rating, review_id=_id(of.review_id)
    ),
    model.Inquiry: lambda row, of: InquiryEvent(row=row, inquiry_id=_id(of.inquiry_id)),
    model.MailOpened: lambda row, of: MailOpenedEvent(row=row, message_id=of.message_id, campaign=of.campaign),
    model.CouponReceived: lambda row, of: CouponReceivedEvent(row=row, coupon_id=of.coupon_id),
    model.CouponUsed: lambda row, of: CouponUsedEvent(row=row, coupon_id=of.coupon_id, order=order_of(of.order_id)),
    model.ContentRead: lambda row, of: ContentReadEvent(row=row, content_id=of.content_id, percent=of.percent),
}
EVENT_TYPES: Final = (
    ViewEvent,
    CompareEvent,
    SearchEvent,
    CartEvent,
    PurchaseEvent,
    StoreEntryEvent,
    TryOnEvent,
    ReviewEvent,
    InquiryEvent,
    MailOpenedEvent,
    CouponReceivedEvent,
    CouponUsedEvent,
    ContentReadEvent,
)
"""Every member of the interface: no field returns one of them by name."""


def event_of(row: Event) -> BehaviourEvent:
    """The event as the graph shows it."""
    return _SHOWN[type(row.payload)](row, row.payload)


def event_id(row: Event) -> str:
    """Its id: readable, ordered by time."""
    return f"evt_{ULID.from_bytes(row.key)}"


@strawberry.type(description="How often something was done.")
class BehaviourCount:
    """One pair of `session.Session.kinds`."""

    kind: BehaviourKind = strawberry.field(description="What.")
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="What somebody did without pausing for half an hour, on whatever device and channel.")
class BehaviourSession:
    """See `session.Session`."""

    started_at: datetime = strawberry.field(description="When the first event happened.")
    ended_at: datetime = strawberry.field(description="When the last event happened.")
    events: int = strawberry.field(description="How many there were.")
    kinds: list[BehaviourCount] = strawberry.field(description="What was done, the most frequent first.")
    channels: list[str] = strawberry.field(description="Where, the last one first.")
    is_whole: bool = strawberry.field(description="False: it is so long that its beginning is in the next page.")

    @classmethod
    def of(cls, row: Session) -> "BehaviourSession":
        """From the model."""
        return cls(
            started_at=row.started_at,
            ended_at=row.ended_at,
            events=row.events,
            kinds=[BehaviourCount(kind=kind, count=count) for kind, count in row.kinds],
            channels=list(row.channels),
            is_whole=row.is_whole,
        )


@strawberry.type(description="A page of sessions. They are found by reading events, so they have no count.")
class BehaviourSessions:
    """See `actions.Sessions`."""

    nodes: list[BehaviourSession] = strawberry.field(description="The newest first.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` for the next page; null: that was all.")

    @classmethod
    def of(cls, found: Sessions) -> "BehaviourSessions":
        """From the action."""
        return cls(nodes=[BehaviourSession.of(row) for row in found.rows], end_cursor=found.after)


@presents(model.EventFromFuture)
@strawberry.type(description="It says that it happened after now: the clock of its source is wrong.")
class EventFromFuture(UserError):
    """See `model.EventFromFuture`."""

    at: datetime = strawberry.field(description="When it says that it happened.")
    latest: datetime = strawberry.field(description="The latest time that could be taken.")


@presents(model.EventTooOld)
@strawberry.type(description="It happened so long ago that it would not be kept any more.")
class EventTooOld(UserError):
    """See `model.EventTooOld`."""

    at: datetime = strawberry.field(description="When it says that it happened.")
    earliest: datetime = strawberry.field(description="What could be taken is later than this.")


@presents(model.SourceIdReused)
@strawberry.type(description="The source told another event under this id before; that one stays.")
class SourceIdReused(UserError):
    """See `model.SourceIdReused`."""


ERRORS: Final = (EventFromFuture, EventTooOld, SourceIdReused)


@strawberry.type(
    description="What became of the rows: accepted + duplicates + optedOut + rows with errors are all of them. An "
    "error's path begins with [input, events, row]."
)
class EventsTrackPayload(Payload):
    """Of eventsTrack."""

    accepted: int = strawberry.field(default=0, description="Rows that are kept by this call.")
    duplicates: int = strawberry.field(default=0, description="Rows that were kept before; nothing changed.")
    opted_out: list[int] = strawberry.field(
        default_factory=list, description="Rows of people who do not want this; nothing of them is kept."
    )


@strawberry.type(description="Whether the device is attached, or why not.")
class DeviceAttachPayload(Payload):
    """Of deviceAttach."""

    attached: bool = strawberry.field(default=False, description="Whether it was noted who is at the device.")
