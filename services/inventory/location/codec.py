"""A location as a document and back; part of the store. What an older document lacks has its default."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from kit.mongo import Document
from services.inventory.hours.model import Interval, OpeningHours, SpecialDay
from services.inventory.location.model import ExternalRef, GeoPoint, Location, LocationDraft, LocationKind
from services.inventory.location.operation import LocationService, Operation, PostalAddress
from services.inventory.model import LocationId


def geo_json(point: GeoPoint) -> Document:
    """A GeoJSON point: longitude first."""
    return {"type": "Point", "coordinates": [point.longitude, point.latitude]}


def to_document(id: LocationId, draft: LocationDraft, version: int, now: datetime) -> Document:
    """As it lies in the collection."""
    operation = draft.operation
    return {
        "_id": id,
        "name": draft.name,
        "kind": draft.kind.value,
        "point": geo_json(draft.point),
        "time_zone": draft.time_zone,
        "address": draft.address,
        "postal_address": None if draft.postal_address is None else asdict(draft.postal_address),
        "external_ids": [asdict(ref) for ref in draft.external_ids],
        "hours": None if operation.hours is None else _hours_document(operation.hours),
        "services": sorted(service.value for service in operation.services),
        "pickup_lead_min": operation.pickup_lead_min,
        "cutoff_min": operation.cutoff_min,
        "daily_picks": operation.daily_picks,
        "active_from": operation.active_from,
        "active_until": operation.active_until,
        "version": version,
        "updated_at": now,
    }


def to_location(document: Document) -> Location:
    """As the model knows it."""
    longitude, latitude = document["point"]["coordinates"]
    postal = document.get("postal_address")
    draft = LocationDraft(
        name=document["name"],
        kind=LocationKind(document["kind"]),
        point=GeoPoint(latitude=latitude, longitude=longitude),
        time_zone=document["time_zone"],
        address=document["address"],
        external_ids=tuple(ExternalRef(**ref) for ref in document["external_ids"]),
        postal_address=None if postal is None else PostalAddress(**postal),
        operation=_operation(document),
    )
    return Location(document["_id"], draft, document["version"], document["updated_at"])


def _operation(document: Document) -> Operation:
    hours = document.get("hours")
    return Operation(
        hours=None if hours is None else _hours(hours),
        services=frozenset(LocationService(one) for one in document.get("services", ())),
        pickup_lead_min=document.get("pickup_lead_min", 0),
        cutoff_min=document.get("cutoff_min"),
        daily_picks=document.get("daily_picks"),
        active_from=document.get("active_from"),
        active_until=document.get("active_until"),
    )


def _hours_document(hours: OpeningHours) -> Document:
    return {
        "week": [_pairs(intervals) for intervals in hours.week],
        "special": [
            {"day": one.day.isoformat(), "intervals": _pairs(one.intervals), "name": one.name} for one in hours.special
        ],
    }


def _hours(document: Mapping[str, Any]) -> OpeningHours:
    special = tuple(
        SpecialDay(date.fromisoformat(one["day"]), _intervals(one["intervals"]), one["name"])
        for one in document["special"]
    )
    return OpeningHours(tuple(_intervals(pairs) for pairs in document["week"]), special)


def _pairs(intervals: Sequence[Interval]) -> list[list[int]]:
    return [[interval.opens, interval.closes] for interval in intervals]


def _intervals(pairs: Sequence[Sequence[int]]) -> tuple[Interval, ...]:
    return tuple(Interval(opens, closes) for opens, closes in pairs)
