"""What somebody did: kinds, their payloads, how long they are kept. No I/O, no clock.

An event belongs to a subject: a profile, or a device nobody was logged in at. It keeps that subject for ever; whose it
is now is a question of the reader (`kin`, `device`). All counts are whole numbers, all times aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from kit.errors import Path, Refusal

MAX_AHEAD: Final = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours; what comes from later is from the future."""
MAX_BATCH: Final = 1_000
"""Events of one call: half a megabyte, one write."""


class BehaviourKind(StrEnum):
    """What somebody can do."""

    VIEW = "VIEW"
    COMPARE = "COMPARE"
    SEARCH = "SEARCH"
    CART = "CART"
    PURCHASE = "PURCHASE"
    STORE_ENTRY = "STORE_ENTRY"
    TRY_ON = "TRY_ON"
    REVIEW = "REVIEW"
    INQUIRY = "INQUIRY"
    MAIL_OPENED = "MAIL_OPENED"
    COUPON_RECEIVED = "COUPON_RECEIVED"
    COUPON_USED = "COUPON_USED"
    CONTENT_READ = "CONTENT_READ"


SHORT, YEAR, LONG = timedelta(days=180), timedelta(days=400), timedelta(days=5 * 366)
RETENTION: Final[Mapping[BehaviourKind, timedelta]] = {
    BehaviourKind.VIEW: YEAR,
    BehaviourKind.COMPARE: YEAR,
    BehaviourKind.SEARCH: SHORT,  # words people type, often about themselves
    BehaviourKind.CART: YEAR,
    BehaviourKind.PURCHASE: LONG,
    BehaviourKind.STORE_ENTRY: SHORT,  # where somebody was
    BehaviourKind.TRY_ON: YEAR,
    BehaviourKind.REVIEW: LONG,
    BehaviourKind.INQUIRY: LONG,
    BehaviourKind.MAIL_OPENED: SHORT,
    BehaviourKind.COUPON_RECEIVED: YEAR,
    BehaviourKind.COUPON_USED: LONG,
    BehaviourKind.CONTENT_READ: YEAR,
}
"""How long an event is kept, counted from when it happened: a season and its next for what people looked at, half a
year for what says most about them, five years for what they will ask about themselves."""
PASSIVE: Final = frozenset({BehaviourKind.COUPON_RECEIVED})
"""What happens to somebody; it is no visit and no part of a session."""


class CartChange(StrEnum):
    """What became of a line of the cart."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"


class EntryMeans(StrEnum):
    """By what it was seen that somebody came in."""

    GATE = "GATE"
    BEACON = "BEACON"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class View:
    """A product or one variant of it was looked at."""

    sku: str | None = None
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Variants were laid side by side."""

    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Something was searched for; `results` is how many were found."""

    keyword: str
    results: int | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """A line of the cart grew or shrank by so many pieces."""

    sku: str
    change: CartChange
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order. It is the same event whoever tells of it: the channel, or the order service."""

    order_id: str


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """Somebody came into a shop."""

    location_id: str
    means: EntryMeans


@dataclass(frozen=True, slots=True)
class TryOn:
    """A variant was tried on, in a shop or before a camera."""

    sku: str
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review was written; stars 1 to 5."""

    product_id: str
    rating: int
    review_id: str | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Something was asked."""

    inquiry_id: str | None = None


@dataclass(frozen=True, slots=True)
class MailOpened:
    """A message was opened."""

    message_id: str
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class CouponReceived:
    """A coupon was given to them."""

    coupon_id: str


@dataclass(frozen=True, slots=True)
class CouponUsed:
    """A coupon was used, for this order if that is known."""

    coupon_id: str
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class ContentRead:
    """An article, a video, a page: read or seen up to `percent` of it."""

    content_id: str
    percent: int


Payload = (
    View | Compare | Search | Cart | Purchase | StoreEntry | TryOn | Review | Inquiry | MailOpened | CouponReceived
    | CouponUsed | ContentRead
)  # fmt: skip
PAYLOADS: Final[Mapping[BehaviourKind, type[Payload]]] = {
    BehaviourKind.VIEW: View,
    BehaviourKind.COMPARE: Compare,
    BehaviourKind.SEARCH: Search,
    BehaviourKind.CART: Cart,
    BehaviourKind.PURCHASE: Purchase,
    BehaviourKind.STORE_ENTRY: StoreEntry,
    BehaviourKind.TRY_ON: TryOn,
    BehaviourKind.REVIEW: Review,
    BehaviourKind.INQUIRY: Inquiry,
    BehaviourKind.MAIL_OPENED: MailOpened,
    BehaviourKind.COUPON_RECEIVED: CouponReceived,
    BehaviourKind.COUPON_USED: CouponUsed,
    BehaviourKind.CONTENT_READ: ContentRead,
}
KINDS: Final[Mapping[type, BehaviourKind]] = {payload: kind for kind, payload in PAYLOADS.items()}


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as its source tells it, nothing checked. `device` is the source's own id of a device or cookie.

    `payloads` has one element, or the event is refused. `shared`: a device of the shop's, which stands for nobody.
    """

    source_id: str
    at: datetime
    payloads: tuple[Payload, ...]
    customer_id: str | None = None
    device: str | None = None
    shared: bool = False
    channel: str | None = None
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class BehaviourEvent:
    """An event as it is kept. `id` and `key` follow from source and source id, `key` begins with the time."""

    digest: bytes
    key: bytes
    subject: str
    customer_id: str | None
    device: str | None
    at: datetime
    payload: Payload
    source: str
    channel: str
    location_id: str | None
    recorded_at: datetime

    @property
    def kind(self) -> BehaviourKind:
        """By its payload."""
        return KINDS[type(self.payload)]

    def says_the_same(self, other: "BehaviourEvent") -> bool:
        """Whether it is the same event told again. An order is told by several, each in its own words."""
        if isinstance(self.payload, Purchase):
            return self.payload == other.payload
        return (self.subject, self.at, self.payload) == (other.subject, other.at, other.payload)


@dataclass(frozen=True, slots=True)
class Step:
    """What a session needs to know of an event."""

    key: bytes
    at: datetime
    kind: BehaviourKind
    channel: str
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class TrackReport:
    """What became of the rows of a call: each is counted once, refused ones by their refusals' paths."""

    accepted: int
    duplicates: int
    opted_out: tuple[int, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFromFuture(Refusal):
    """It says that it happened after now; `latest` is what could be taken."""

    at: datetime
    latest: datetime
    code: ClassVar[str] = "EVENT_FROM_FUTURE"

    @property
    def message(self) -> str:
        """Both times."""
        return f"{'.'.join(self.path)}: {self.at.isoformat()} is later than {self.latest.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTooOld(Refusal):
    """It happened so long ago that it would not be kept; `earliest` is what could be taken."""

    at: datetime
    earliest: datetime
    code: ClassVar[str] = "EVENT_TOO_OLD"

    @property
    def message(self) -> str:
        """Both times."""
        return f"{'.'.join(self.path)}: {self.at.isoformat()} is earlier than {self.earliest.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIdReused(Refusal):
    """The source has told another event under this id; the first one stays."""

    code: ClassVar[str] = "SOURCE_ID_REUSED"

    @property
    def message(self) -> str:
        """Which row."""
        return f"{'.'.join(self.path)}: another event was told under this id before"


def row_path(row: int, *names: str) -> Path:
    """Where a row stands in the input."""
    return ("input", "events", str(row), *names)
