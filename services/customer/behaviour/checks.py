"""From an event as it is told to one that is kept, row by row; every problem named by its path. No I/O, no clock."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from kit.context import EPOCH
from kit.errors import InvalidInput, Path, Refusal, Refused
from services.customer.behaviour.model import (
    KINDS,
    MAX_AHEAD,
    RETENTION,
    BehaviourEvent,
    Cart,
    Compare,
    ContentRead,
    EventDraft,
    EventFromFuture,
    EventTooOld,
    Payload,
    Purchase,
    Review,
    Search,
    View,
    row_path,
)
from services.customer.device.model import device_subject, is_device

MAX_ID: Final = 128
"""Characters of an id of ours or of a source: index entries and log lines."""
MAX_KEYWORD: Final = 200
"""Characters somebody typed; longer ones were pasted by accident."""
MAX_COMPARED: Final = 10
MAX_QUANTITY: Final = 9_999
MAX_RESULTS: Final = 10_000_000
DIGEST: Final = 16
"""Bytes: among 10¹⁰ events the odds that two share one are 10⁻¹⁹."""
KEY: Final = 16
"""Bytes of what events are sorted by."""
MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Door:
    """What every row of a call is checked against. `secret` keys the names of devices."""

    source: str
    channel: str
    location_id: str | None
    secret: bytes
    now: datetime

    def check(self, row: int, draft: EventDraft) -> BehaviourEvent | list[Refusal]:
        """The event of a row, or every reason why not."""
        problems: list[Refusal] = []
        if len(draft.payloads) != 1:
            expected = "exactly one of the fields that say what was done"
            return [InvalidInput(path=row_path(row), expected=expected, got=str(len(draft.payloads)))]
        payload = draft.payloads[0]
        self._check_time(row, draft, problems)
        _check_names(row, draft, problems)
        _check_payload(row, payload, problems)
        if problems:
            return problems
        device = None if draft.device is None else device_subject(self.secret, draft.device)
        subject = draft.customer_id or device
        if subject is None:
            expected = "a customerId, a device, or both"
            return [InvalidInput(path=row_path(row), expected=expected, got="neither")]
        at = draft.at - timedelta(microseconds=draft.at.microsecond % 1000)
        digest = event_digest(self.source, draft.source_id, payload)
        return BehaviourEvent(
            digest=digest,
            key=event_key(at, digest),
            subject=subject,
            customer_id=draft.customer_id,
            device=device,
            at=at,
            payload=payload,
            source=self.source,
            channel=draft.channel or self.channel,
            location_id=draft.location_id or self.location_id,
            recorded_at=self.now,
        )

    def _check_time(self, row: int, draft: EventDraft, problems: list[Refusal]) -> None:
        latest = self.now + MAX_AHEAD
        earliest = self.now - RETENTION[KINDS[type(draft.payloads[0])]]
        if draft.at > latest:
            problems.append(EventFromFuture(path=row_path(row, "at"), at=draft.at, latest=latest))
        elif draft.at <= earliest:
            problems.append(EventTooOld(path=row_path(row, "at"), at=draft.at, earliest=earliest))


def check_source(source: str) -> None:
    """Refused unless a system may be called this."""
    problems: list[Refusal] = []
    _name(source, ("input", "source"), problems)
    if problems:
        raise Refused(*problems)


def check_device(device: str) -> None:
    """Refused unless a device may be called this."""
    problems: list[Refusal] = []
    _name(device, ("input", "device"), problems)
    if problems:
        raise Refused(*problems)


def event_digest(source: str, source_id: str, payload: Payload) -> bytes:
    """What makes an event the same event: its source's id; of a purchase, which several tell of, the order."""
    name = f"order\0{payload.order_id}" if isinstance(payload, Purchase) else f"{source}\0{source_id}"
    return hashlib.blake2b(name.encode(), digest_size=DIGEST).digest()


def event_key(at: datetime, digest: bytes) -> bytes:
    """What events are sorted by: milliseconds since 1970, then the digest. 16 bytes, the layout of a ULID."""
    return ((at - EPOCH) // MILLISECOND).to_bytes(6, "big") + digest[:10]


def _check_names(row: int, draft: EventDraft, problems: list[Refusal]) -> None:
    for name, value in (
        ("sourceId", draft.source_id),
        ("customerId", draft.customer_id),
        ("device", draft.device),
        ("channel", draft.channel),
        ("locationId", draft.location_id),
    ):
        if value is not None and not (0 < len(value) <= MAX_ID and value.isprintable()):
            _name(value, row_path(row, name), problems)
    if draft.customer_id is not None and is_device(draft.customer_id):
        expected = "a customer's id; a device goes into `device`"
        problems.append(InvalidInput(path=row_path(row, "customerId"), expected=expected, got="a device's"))


def _name(value: Any, path: Path, problems: list[Refusal]) -> None:
    if not (0 < len(value) <= MAX_ID and value.isprintable()):
        expected = f"1 to {MAX_ID} printable characters"
        problems.append(InvalidInput(path=path, expected=expected, got=f"{len(value)} characters"))


def _number(value: int, low: int, high: int, path: Path, problems: list[Refusal]) -> None:
    if not low <= value <= high:
        problems.append(InvalidInput(path=path, expected=f"{low} to {high}", got=str(value)))


def _view(what: View, at: Path, problems: list[Refusal]) -> None:
    if what.sku is None and what.product_id is None:
        problems.append(InvalidInput(path=at, expected="a sku, a productId, or both", got="neither"))


def _compare(what: Compare, at: Path, problems: list[Refusal]) -> None:
    _number(len(what.skus), 2, MAX_COMPARED, (*at, "skus"), problems)
    for place, sku in enumerate(what.skus):
        _name(sku, (*at, "skus", str(place)), problems)


def _search(what: Search, at: Path, problems: list[Refusal]) -> None:
    if not 0 < len(what.keyword) <= MAX_KEYWORD:
        expected = f"1 to {MAX_KEYWORD} characters"
        problems.append(InvalidInput(path=(*at, "keyword"), expected=expected, got=f"{len(what.keyword)} characters"))
    if what.results is not None:
        _number(what.results, 0, MAX_RESULTS, (*at, "results"), problems)


def _cart(what: Cart, at: Path, problems: list[Refusal]) -> None:
    _number(what.quantity, 1, MAX_QUANTITY, (*at, "quantity"), problems)


def _review(what: Review, at: Path, problems: list[Refusal]) -> None:
    _number(what.rating, 1, 5, (*at, "rating"), problems)


def _content(what: ContentRead, at: Path, problems: list[Refusal]) -> None:
    _number(what.percent, 0, 100, (*at, "percent"), problems)


_MORE: Final[Mapping[type, Callable[[Any, Path, list[Refusal]], None]]] = {
    View: _view,
    Compare: _compare,
    Search: _search,
    Cart: _cart,
    Review: _review,
    ContentRead: _content,
}
_NAMED: Final = frozenset(
    ("sku", "product_id", "order_id", "location_id", "review_id", "inquiry_id", "message_id", "coupon_id", "content_id")
) | {"campaign"}
_NAMES: Final[Mapping[type, tuple[str, ...]]] = {
    payload: tuple(each.name for each in fields(payload) if each.name in _NAMED) for payload in KINDS
}
"""Of every payload, the fields that are names."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


FIELDS: Final[Mapping[type, str]] = {payload: _camel(kind.value.lower()) for payload, kind in KINDS.items()}
"""The input field a payload comes in."""


def _check_payload(row: int, payload: Payload, problems: list[Refusal]) -> None:
    kind = type(payload)
    for name in _NAMES[kind]:
        value = getattr(payload, name)
        if value is not None and not (0 < len(value) <= MAX_ID and value.isprintable()):
            _name(value, row_path(row, FIELDS[kind], _camel(name)), problems)
    more = _MORE.get(kind)
    if more is not None:
        more(payload, row_path(row, FIELDS[kind]), problems)
