"""How stock moves: one MongoDB update in which figures, version and outbox change together, or not at all.

Part of the store: the stores put their guards in front of it. What lies in the outbox is short, because a hot
document is rewritten with every movement: deltas only. The figures after each movement are worked out when it is told
(`tell`): an outbox holds the last movements without a gap, so the figures after one are today's less all later deltas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.mongo import Document
from services.inventory.model import Actor, MovementReason, StockId, stock_id
from services.inventory.stock.model import FIGURES, Quantities

STOCK_CHANGED = "noren.inventory.stock_changed.v1"

WIRE = {name: name.replace("_h", "H") for name in FIGURES}
"""Figures as events name them: onHand, qualityHold."""
TOLD_FIELDS: Document = dict.fromkeys(("sku", "location_id", "version", "outbox", *FIGURES), 1)
"""What of a stock document `tell` needs."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One journal entry: `event_id` is unique for ever and the same however often the movement is tried."""

    event_id: str
    reason: MovementReason
    actor: Actor
    at: datetime
    deltas: Quantities
    reservation_id: str | None = None
    reference: str | None = None


def moved(movements: Sequence[Movement], **extra: Mapping[str, Any]) -> Document:
    """The update of these movements, in this order; `extra` are further operators without their dollar sign.

    The caller's filter guards it, with `enough` for instance.
    """
    total = sum((each.deltas for each in movements), Quantities())
    update: Document = {
        "$inc": {**_changes(total), "version": len(movements)},
        "$set": {"updated_at": movements[-1].at},
        "$push": {"outbox": {"$each": [_entry(each) for each in movements]}},
    }
    for operator, values in extra.items():
        update[f"${operator}"] = {**update.get(f"${operator}", {}), **values}
    return update


def moved_each(moves: Mapping[StockId, tuple[int, Sequence[Movement]]]) -> tuple[Document, list[Document]]:
    """Filter and pipeline that make each stock's movements, where it still has the version named with them.

    One update of many documents: the server plans each update anew, which costs it twice what the change does. It is
    not one step: each stock is moved or left by itself, and a stock that is left is not counted as modified.
    """
    totals = [sum((each.deltas for each in movements), Quantities()) for _, movements in moves.values()]
    changing = [name for name in FIGURES if any(getattr(total, name) for total in totals)]
    after: Document = {
        name: {"$add": [f"${name}", _own([getattr(each, name) for each in totals])]} for name in changing
    }
    after["version"] = {"$add": ["$version", _own([len(movements) for _, movements in moves.values()])]}
    after["updated_at"] = _own([movements[-1].at for _, movements in moves.values()])
    entries = [[_entry(each) for each in movements] for _, movements in moves.values()]
    after["outbox"] = {"$concatArrays": ["$outbox", _own(entries)]}
    as_seen = {"$eq": ["$version", _own([version for version, _ in moves.values()])]}
    place = {"$indexOfArray": [{"$literal": list(moves)}, "$_id"]}
    change = {"$cond": [as_seen, {"$mergeObjects": ["$$ROOT", after]}, "$$ROOT"]}
    pipeline = [{"$replaceWith": {"$let": {"vars": {"place": place}, "in": change}}}]
    return {"_id": {"$in": list(moves)}}, pipeline


def enough(deltas: Quantities) -> Document:
    """The filter that lets a change happen only where no state falls below zero."""
    return {name: {"$gte": -delta} for name, delta in _changes(deltas).items() if delta < 0}


def entry_deltas(entry: Document) -> Quantities:
    """The deltas of an entry in an outbox."""
    return journal_deltas(entry["data"]) if "data" in entry else Quantities(**entry["deltas"])


def journal_deltas(data: Mapping[str, Any]) -> Quantities:
    """The deltas of an event; those older than a state do not know it."""
    return Quantities(**{name: data.get(f"{wire}Delta", 0) for name, wire in WIRE.items()})


def tell(document: Document) -> list[Document]:
    """The entries of a stock document's outbox as events, each with the deltas and the figures after it."""
    after = Quantities(**{name: document.get(name, 0) for name in FIGURES})
    version: int = document["version"]
    told = []
    for entry in reversed(document["outbox"]):
        deltas = entry_deltas(entry)
        told.append(entry if "data" in entry else _event(document, entry, after, version))
        after, version = after - deltas, version - 1
    return told[::-1]


def _event(document: Document, entry: Document, after: Quantities, version: int) -> Document:
    sku, location_id = document["sku"], document["location_id"]
    data: Document = {
        "sku": sku,
        "locationId": location_id,
        "reason": entry["reason"],
        "reservationId": entry.get("reservation_id"),
        "reference": entry.get("reference"),
        "actor": entry["actor"],
        "channel": entry["channel"],
    }
    data |= {f"{wire}Delta": entry["deltas"].get(name, 0) for name, wire in WIRE.items()}
    data |= {wire: getattr(after, name) for name, wire in WIRE.items()}
    envelope = {"id": entry["id"], "type": STOCK_CHANGED, "subject": stock_id(sku, location_id), "time": entry["time"]}
    return {**envelope, "data": {**data, "version": version}}


def _entry(movement: Movement) -> Document:
    entry: Document = {
        "id": movement.event_id,
        "time": movement.at,
        "reason": movement.reason.value,
        "actor": movement.actor.name,
        "channel": movement.actor.channel,
        "deltas": _changes(movement.deltas),
    }
    if movement.reservation_id is not None:
        entry["reservation_id"] = movement.reservation_id
    if movement.reference is not None:
        entry["reference"] = movement.reference
    return entry


def first_entry(movement: Movement) -> Document:
    """The outbox entry of a stock document that begins its life with this movement."""
    return _entry(movement)


def _own(values: Sequence[Any]) -> Document:
    """Of these, one a stock, the one of the stock at hand."""
    return {"$arrayElemAt": [{"$literal": list(values)}, "$$place"]}


def _changes(deltas: Quantities) -> dict[str, int]:
    return {name: delta for name in FIGURES if (delta := getattr(deltas, name))}
