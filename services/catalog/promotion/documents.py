"""How a promotion lies in MongoDB and in events, and back. Known to stores only."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from kit.mongo import Document
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Limits,
    Promotion,
    PromotionDraft,
    PromotionId,
    Reach,
    Target,
    WeeklyWindow,
)


def draft_document(draft: PromotionDraft) -> Document:
    """A draft as it is kept: sets are sorted lists, enums their names."""
    plain: Document = _plain(asdict(draft))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, ActionKind | Reach) else value


def told(draft: PromotionDraft) -> Document:
    """The same for an event: times are RFC 3339."""
    document = draft_document(draft)
    conditions = document["conditions"]
    for name in ("valid_from", "valid_until"):
        if conditions[name] is not None:
            conditions[name] = conditions[name].isoformat()
    return document


def draft_of(document: Document) -> PromotionDraft:
    """From what is kept, or from an event."""
    action, limits = dict(document["action"]), document["limits"]
    action |= {"kind": ActionKind(action["kind"]), "reach": Reach(action["reach"])}
    return PromotionDraft(
        names=document["names"],
        action=Action(**action),
        conditions=_conditions(document["conditions"]),
        limits=Limits(**limits),
        currency=document["currency"],
        priority=document["priority"],
        group=document["group"],
        exclusive=document["exclusive"],
        enabled=document["enabled"],
    )


def promotion_of(document: Document) -> Promotion:
    """With what redemptions have taken."""
    return Promotion(
        id=PromotionId(document["_id"]),
        version=document["version"],
        draft=draft_of(document["draft"]),
        updated_at=document["updated_at"],
        uses=document.get("uses", 0),
        spent_minor=document.get("spent_minor", 0),
    )


def _conditions(document: Document) -> Conditions:
    sets = {name: frozenset(document[name]) for name in ("segments", "ranks", "channels", "locations")}
    return Conditions(
        target=Target(**{name: frozenset(values) for name, values in document["target"].items()}),
        min_basket_minor=document["min_basket_minor"],
        min_quantity=document["min_quantity"],
        valid_from=_time(document["valid_from"]),
        valid_until=_time(document["valid_until"]),
        windows=tuple(_window(window) for window in document["windows"]),
        first_purchase=document["first_purchase"],
        needs_coupon=document["needs_coupon"],
        **sets,
    )


def _window(document: Document) -> WeeklyWindow:
    return WeeklyWindow(
        frozenset(document["weekdays"]), document["start_minute"], document["end_minute"], document["time_zone"]
    )


def _time(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
