"""Every MongoDB query and index of reservations and of what they hold; decides nothing.

What several callers want at the same moment goes to the database together (`Combiner`): one insert for their claims,
one update a stock for their holds (`holds`), one write for their decisions. That is why many buyers of one piece do not
wait for each other, and why a stock document is rewritten seldom although it is hot.
Shard key: none; its two unique keys keep the collection on one shard.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kit.combine import Combiner
from kit.events.outbox import OUTBOX_INDEX
from kit.ids import new_id
from kit.mongo import Database, Document, duplicates
from services.inventory.model import Actor, StockId
from services.inventory.reservation.documents import (
    begun,
    ended_as,
    ended_fields,
    event_entry,
    line_document,
    reservation_of,
)
from services.inventory.reservation.holds.store import FENCE_MARGIN_S, by_stock, hold, settle_alone, settle_together
from services.inventory.reservation.model import (
    MAX_EXTENSIONS,
    TRY_S,
    Line,
    LineSeen,
    Reservation,
    ReservationDraft,
    ReservationState,
    aborted,
    confirmed,
)
from services.inventory.stock.model import FIGURES
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import level_of

COLLECTION = "reservations"
COMBINED = 128
"""Callers whose calls go together: more would make the first of them wait for the last."""
LANES = 2
"""Batches on their way at once, where they do not meet in one document."""
SWEEP_BATCH = 200
"""Reservations swept at a time: some hundred kilobytes, and some thousand lines in one bulk write at most."""
FENCE_GONE_S = 2 * FENCE_MARGIN_S
"""Tombstones are removed this long after `hold_until`: later than the last one can be written."""

HELD_EVENT = "noren.inventory.reservation_held.v1"
MOVED_EVENT = "noren.inventory.stock_moved.v1"
END_EVENTS: Mapping[ReservationState, str] = {
    ReservationState.COMMITTED: "noren.inventory.reservation_committed.v1",
    ReservationState.RELEASED: "noren.inventory.reservation_released.v1",
    ReservationState.EXPIRED: "noren.inventory.reservation_expired.v1",
}

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("key", ASCENDING)], name="key", unique=True, partialFilterExpression={"key": {"$exists": True}}),
        IndexModel(
            [("ended_key", ASCENDING)],
            name="ended_key",
            unique=True,
            partialFilterExpression={"ended_key": {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="held", partialFilterExpression={"state": "HELD"}),
        IndexModel([("created_at", ASCENDING)], name="tried", partialFilterExpression={"state": "TRY"}),
        IndexModel(
            [("settled", ASCENDING), ("ended_at", ASCENDING)],
            name="unsettled",
            partialFilterExpression={"settled": False},
        ),
        IndexModel(
            [("fenced", ASCENDING), ("hold_until", ASCENDING)],
            name="fenced",
            partialFilterExpression={"fenced": True},
        ),
        OUTBOX_INDEX,
    ],
}


class Claim(NamedTuple):
    """A reservation to be begun; `hold_until` is the database's time."""

    draft: ReservationDraft
    lines: Sequence[Line]
    fingerprint: str
    hold_until: datetime
    actor: Actor
    now: datetime


class EndKeyTaken(Exception):
    """The key has ended another reservation."""


class ReservationStore:
    """Reservations, and their holds in the stock documents."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._reservations = db[COLLECTION]
        self._stock = db[STOCK]
        self._changed = changed
        self._known = Combiner(self._known_all, limit=COMBINED, lanes=LANES)
        self._claim = Combiner(self._claim_all, limit=COMBINED, lanes=LANES)
        self._hold = Combiner(self._hold_all, limit=COMBINED)
        self._see_lines = Combiner(self._see_all, limit=COMBINED)
        self._confirm = Combiner(self._confirm_all, limit=COMBINED, lanes=LANES)
        self._abort = Combiner(self._abort_all, limit=COMBINED, lanes=LANES)
        self._settle = Combiner(self._settle_all, limit=COMBINED)

    async def by_id(self, id: str) -> Reservation | None:
        """The reservation with this id."""
        document = await self._reservations.find_one({"_id": id})
        return None if document is None else reservation_of(document)

    async def by_key(self, key: str) -> Reservation | None:
        """The reservation this idempotency key stands for."""
        return await self._known(key)

    async def claim(self, claim: Claim) -> Reservation | None:
        """A new reservation in TRY, or the one its key stands for already; None if that one went away meanwhile."""
        return await self._claim(claim)

    async def burn(self, key: str, *, now: datetime) -> Reservation | None:
        """Make a key useless for ever, unless it stands for a reservation: then return that one."""
        dead: Document = {"_id": new_id("rsv"), "key": key, "fingerprint": "", "lines": [], "outbox": []}
        dead |= {"state": ReservationState.ABORTED.value, "actor": asdict(Actor(channel="inventory")), "settled": True}
        dead |= dict.fromkeys(("created_at", "expires_at", "hold_until", "ended_at"), now)
        try:
            await self._reservations.insert_one(dead)
        except DuplicateKeyError:
            there = await self.by_key(key)
            return there if there is None or there.fingerprint else None
        return None

    async def hold(self, reservation: Reservation, *, now: datetime) -> bool:
        """Hold every line that can be; True if all of them were held just now, False if that must be looked at."""
        return await self._hold((reservation, now))

    async def see_lines(self, reservation: Reservation) -> dict[StockId, LineSeen]:
        """The stock of every line, and what the reservation holds there."""
        return await self._see_lines(reservation)

    async def confirm(self, reservation: Reservation, *, now: datetime) -> Reservation | None:
        """TRY → HELD, or COMMITTED where its lines move onward; None if it was aborted."""
        return await self._confirm((reservation, now))

    async def abort(self, reservation: Reservation, *, actor: Actor, now: datetime) -> Reservation | None:
        """TRY → ABORTED by this or another worker, its key free, its lines not settled; None if decided otherwise."""
        return await self._abort((reservation, actor, now))

    async def end(
        self, reservation: Reservation, state: ReservationState, *, actor: Actor, now: datetime
    ) -> Reservation | None:
        """HELD → COMMITTED or RELEASED under its `ended_key`, unless its time is over; None if it is not held.

        EndKeyTaken if the key has ended another.
        """
        ended: Document = {
            **ended_as(state, actor, now),
            "ended_key": reservation.ended_key,
            "ended_with": reservation.ended_with,
            "lines": [line_document(line) for line in reservation.lines],
            "into": None if reservation.into is None else reservation.into.value,
            "owed": replace(reservation, state=state).is_owed,
        }
        try:
            return await self._decide(
                {"_id": reservation.id, "state": ReservationState.HELD.value, "expires_at": {"$gt": now}},
                {"$set": ended, "$push": {"outbox": event_entry(reservation, END_EVENTS[state], now)}},
            )
        except DuplicateKeyError as error:
            raise EndKeyTaken(reservation.ended_key) from error

    async def extend(self, id: str, key: str, hold_s: int, *, now: datetime) -> Reservation | None:
        """Hold it for so long from now, never shorter than it was to be, once a key; None if that cannot be."""
        until = now + timedelta(seconds=hold_s)
        return await self._decide(
            {
                "_id": id,
                "state": ReservationState.HELD.value,
                "expires_at": {"$gt": now},
                "extensions.key": {"$ne": key},
                f"extensions.{MAX_EXTENSIONS - 1}": {"$exists": False},
            },
            {"$max": {"expires_at": until}, "$push": {"extensions": {"key": key, "hold_s": hold_s}}},
        )

    async def has_ended_with(self, key: str) -> bool:
        """Whether this key has ended a reservation."""
        return await self._reservations.find_one({"ended_key": key}, {"_id": 1}) is not None

    async def settle(self, reservations: Sequence[Reservation]) -> None:
        """Give back or take out what ended reservations hold, leaving a tombstone on every line, held or not."""
        await asyncio.gather(*(self._settle(reservation) for reservation in reservations))

    async def expire_due(self, *, actor: Actor, now: datetime) -> int:
        """HELD → EXPIRED for the next batch whose time is over; the lines are still to be settled."""
        due: Document = {"state": ReservationState.HELD.value, "expires_at": {"$lte": now}}
        found = await self._next(due, "expires_at")
        event_type = END_EVENTS[ReservationState.EXPIRED]
        return await self._end_all(
            [
                UpdateOne(
                    {**due, "_id": reservation.id},
                    {
                        "$set": ended_as(ReservationState.EXPIRED, actor, now),
                        "$push": {"outbox": event_entry(reservation, event_type, now)},
                    },
                )
                for reservation in found
            ]
        )

    async def abort_stalled(self, *, actor: Actor, now: datetime) -> int:
        """TRY → ABORTED for the next batch whose worker has had its time; the lines are still to be settled."""
        stalled: Document = {
            "state": ReservationState.TRY.value,
            "created_at": {"$lte": now - timedelta(seconds=TRY_S)},
        }
        ended = {"$set": ended_as(ReservationState.ABORTED, actor, now), "$unset": {"key": ""}}
        found = await self._next(stalled, "created_at")
        return await self._end_all([UpdateOne({**stalled, "_id": reservation.id}, ended) for reservation in found])

    async def unsettled(self) -> list[Reservation]:
        """The next batch of ended reservations whose lines may not all be done."""
        return await self._next({"settled": False}, "ended_at")

    async def drop_fences(self) -> int:
        """Remove the tombstones of the next batch that no late hold can need any more; return how many had some."""
        until = {"$add": ["$hold_until", FENCE_GONE_S * 1000]}
        over = {"fenced": True, "settled": True, "$expr": {"$lt": [until, "$$NOW"]}}
        found = await self._next(over, "hold_until")
        tombstones: dict[StockId, Document] = defaultdict(dict)
        for reservation in found:
            for line in reservation.lines:
                tombstones[line.stock_id][f"holds.{reservation.id}"] = ""
        if tombstones:
            await self._stock.bulk_write(
                [UpdateOne({"_id": id}, {"$unset": fields}) for id, fields in tombstones.items()], ordered=False
            )
            ids = [reservation.id for reservation in found]
            await self._reservations.update_many({"_id": {"$in": ids}}, {"$unset": {"fenced": ""}})
        return len(found)

    async def unfinished(self, session: AsyncClientSession) -> dict[str, Reservation]:
        """Every reservation that may hold something, as it was at the session's one instant."""
        alive = {"state": {"$in": [ReservationState.TRY.value, ReservationState.HELD.value]}}
        cursor = self._reservations.find({"$or": [alive, {"settled": False}]}, session=session)
        return {document["_id"]: reservation_of(document) async for document in cursor}

    async def _decide(self, where: Document, update: Document) -> Reservation | None:
        kept = await self._reservations.find_one_and_update(where, update, return_document=True)
        self._changed()
        return None if kept is None else reservation_of(kept)

    async def _next(self, where: Document, order: str) -> list[Reservation]:
        cursor = self._reservations.find(where, {"outbox": 0}).sort(order, ASCENDING).limit(SWEEP_BATCH)
        return [reservation_of(document) for document in await cursor.to_list()]

    async def _end_all(self, updates: Sequence[UpdateOne]) -> int:
        if not updates:
            return 0
        result = await self._reservations.bulk_write(list(updates), ordered=False)
        self._changed()
        return result.modified_count

    async def _known_all(self, keys: Sequence[str]) -> list[Reservation | None]:
        found = await self._find_by_key(list(set(keys)))
        return [found.get(key) for key in keys]

    async def _find_by_key(self, keys: Sequence[str]) -> dict[str, Reservation]:
        found = await self._reservations.find({"key": {"$in": list(keys)}}).to_list()
        return {document["key"]: reservation_of(document) for document in found}

    async def _claim_all(self, claims: Sequence[Claim]) -> list[Reservation | None]:
        documents = [begun(*claim) for claim in claims]
        taken: list[int] = []
        try:
            await self._reservations.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            taken = duplicates(error)
        known = await self._find_by_key([claims[place].draft.key for place in taken]) if taken else {}
        there = {place: known.get(claims[place].draft.key) for place in taken}
        return [
            there[place] if place in there else reservation_of(document) for place, document in enumerate(documents)
        ]

    async def _hold_all(self, wanted: Sequence[tuple[Reservation, datetime]]) -> list[bool]:
        now = min(at for _, at in wanted)
        stocks = by_stock(list({each.id: each for each, _ in wanted}.values()))
        result = await self._stock.bulk_write([hold(id, held, now) for id, held in stocks.items()], ordered=False)
        self._changed()
        if result.matched_count == len(stocks):
            return [True] * len(wanted)
        alone = [(id, each) for id, held in stocks.items() if len(held) > 1 for each in held]
        if alone:
            await self._stock.bulk_write([hold(id, [each], now) for id, each in alone], ordered=False)
        return [False] * len(wanted)

    async def _see_all(self, reservations: Sequence[Reservation]) -> list[dict[StockId, LineSeen]]:
        ids = list(by_stock(reservations))
        fields = {**dict.fromkeys(_LEVEL, 1), **{f"holds.{reservation.id}": 1 for reservation in reservations}}
        found = await self._stock.find({"_id": {"$in": ids}}, fields).to_list()
        rows = {row["_id"]: row for row in found}
        levels = {id: level_of(row) for id, row in rows.items()}
        return [
            {
                line.stock_id: LineSeen(levels[line.stock_id], rows[line.stock_id].get("holds", {}).get(each.id))
                for line in each.lines
            }
            for each in reservations
        ]

    async def _confirm_all(self, wanted: Sequence[tuple[Reservation, datetime]]) -> list[Reservation | None]:
        decided = [confirmed(reservation, now) for reservation, now in wanted]
        updates = [
            UpdateOne(
                {"_id": each.id, "state": ReservationState.TRY.value},
                {
                    "$set": {"state": each.state.value, **(ended_fields(each) if each.state.is_ended else {})},
                    "$push": {"outbox": event_entry(each, MOVED_EVENT if each.onward else HELD_EVENT, now)},
                },
            )
            for each, (_, now) in zip(decided, wanted, strict=True)
        ]
        result = await self._reservations.bulk_write(updates, ordered=False)
        self._changed()
        if result.matched_count == len(updates):
            return list(decided)
        found = await self._reservations.find({"_id": {"$in": [each.id for each in decided]}}).to_list()
        there = {document["_id"]: reservation_of(document) for document in found}
        alive = {id: each for id, each in there.items() if each.state is not ReservationState.ABORTED}
        return [alive.get(each.id) for each in decided]

    async def _abort_all(self, wanted: Sequence[tuple[Reservation, Actor, datetime]]) -> list[Reservation | None]:
        updates = [
            UpdateOne(
                {"_id": each.id, "state": ReservationState.TRY.value},
                {"$set": ended_as(ReservationState.ABORTED, actor, now), "$unset": {"key": ""}},
            )
            for each, actor, now in wanted
        ]
        result = await self._reservations.bulk_write(updates, ordered=False)
        if result.matched_count == len(updates):
            return [aborted(*each) for each in wanted]
        found = await self._reservations.find({"_id": {"$in": [each.id for each, _, _ in wanted]}}).to_list()
        there = {document["_id"]: reservation_of(document) for document in found}
        over = {id: each for id, each in there.items() if each.state is ReservationState.ABORTED}
        return [over.get(each.id) for each, _, _ in wanted]

    async def _settle_all(self, ended: Sequence[Reservation]) -> list[None]:
        stocks = by_stock(list({each.id: each for each in ended}.values()))
        together = {id: held for id, held in stocks.items() if len(held) > 1}
        alone = [each for id, held in stocks.items() if id not in together for each in held]
        updates = [update for id, held in together.items() for update in settle_together(id, held)]
        if updates:
            result = await self._stock.bulk_write(updates, ordered=False)
            if result.matched_count < len(together):
                alone += [each for held in together.values() for each in held]
        if alone:
            updates = [update for reservation, line in alone for update in settle_alone(reservation, line)]
            await self._stock.bulk_write(updates, ordered=False)
        ids = [reservation.id for reservation in ended]
        await self._reservations.update_many({"_id": {"$in": ids}}, {"$set": {"settled": True}})
        self._changed()
        return [None] * len(ended)


_LEVEL = ("sku", "location_id", *FIGURES, "version", "updated_at")
