"""Events as MongoDB keeps them, and back. Known to the store only."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from kit.mongo import Document
from services.customer.behaviour.model import (
    PAYLOADS,
    RETENTION,
    BehaviourEvent,
    BehaviourKind,
    Cart,
    CartChange,
    Compare,
    EntryMeans,
    Payload,
    StoreEntry,
)
from services.customer.device.model import is_device

_FIELDS: Final[Mapping[type, tuple[str, ...]]] = {one: tuple(one.__dataclass_fields__) for one in PAYLOADS.values()}


def event_document(event: BehaviourEvent) -> Document:
    """The event; what is unknown is left out, and it goes at `expires_at`."""
    kind = event.kind
    document: Document = {
        "_id": event.digest,
        "subject": event.subject,
        "key": event.key,
        "kind": kind.value,
        "at": event.at,
        "what": _what(event.payload),
        "source": event.source,
        "channel": event.channel,
        "recorded_at": event.recorded_at,
        "expires_at": event.at + RETENTION[kind],
    }
    if event.location_id is not None:
        document["location"] = event.location_id
    if event.device is not None and event.device != event.subject:
        document["device"] = event.device
    return document


def parse_event(row: Document) -> BehaviourEvent:
    """The event of a document."""
    subject, device = row["subject"], row.get("device")
    of_device = is_device(subject)
    return BehaviourEvent(
        digest=row["_id"],
        key=row["key"],
        subject=subject,
        customer_id=None if of_device else subject,
        device=subject if of_device else device,
        at=row["at"],
        payload=_payload(BehaviourKind(row["kind"]), row["what"]),
        source=row["source"],
        channel=row["channel"],
        location_id=row.get("location"),
        recorded_at=row["recorded_at"],
    )


def _what(payload: Payload) -> Document:
    what: Document = {}
    for name in _FIELDS[type(payload)]:
        value: Any = getattr(payload, name)
        if value is not None:
            what[name] = value.value if isinstance(value, StrEnum) else value
    return what


def _payload(kind: BehaviourKind, what: Document) -> Payload:
    if kind is BehaviourKind.COMPARE:
        return Compare(tuple(what["skus"]))
    if kind is BehaviourKind.CART:
        return Cart(what["sku"], CartChange(what["change"]), what["quantity"])
    if kind is BehaviourKind.STORE_ENTRY:
        return StoreEntry(what["location_id"], EntryMeans(what["means"]))
    return PAYLOADS[kind](**what)
