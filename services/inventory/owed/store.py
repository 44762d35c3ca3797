"""Which reservations are owed; decides nothing. Reads reservations and fulfilments, writes the mark of the former.

`owed` on a reservation is set as it is committed for later. It only narrows the search: whether there is a fulfilment
decides, so that a crash between the two leaves nothing wrong; who meets a mark that is over takes it away.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Database, Document
from services.inventory.fulfillment.store import COLLECTION as FULFILLMENTS
from services.inventory.fulfillment.store import VISIBLE
from services.inventory.owed.model import Owed, owing
from services.inventory.paper.store import MAX_CLAIMS
from services.inventory.reservation.documents import reservation_of
from services.inventory.reservation.store import COLLECTION as RESERVATIONS

MARKED: Document = {"owed": True}
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    RESERVATIONS: [IndexModel([("lines.sku", ASCENDING)], name="owed", partialFilterExpression=MARKED)]
}


class OwedStore:
    """Reservations committed for later, until fulfilments have them."""

    def __init__(self, db: Database) -> None:
        self._reservations = db[RESERVATIONS]
        self._fulfillments = db[FULFILLMENTS]

    async def at(self, sku: str, location_id: str) -> list[Owed]:
        """Those that have committed pieces of this SKU there."""
        here = {"lines": {"$elemMatch": {"sku": sku, "location_id": location_id}}}
        return await self._find({**MARKED, "lines.sku": sku, **here}, MAX_CLAIMS)

    async def every(self, session: AsyncClientSession) -> list[Owed]:
        """All of them, at the session's one instant."""
        return await self._find(MARKED, 0, session)

    async def clear(self, ids: Sequence[str]) -> None:
        """Take the mark off those that fulfilments have."""
        await self._reservations.update_many({"_id": {"$in": list(ids)}}, {"$unset": {"owed": ""}})

    async def _find(self, where: Document, most: int, session: AsyncClientSession | None = None) -> list[Owed]:
        rows = await self._reservations.find(where, {"outbox": 0}, session=session).limit(most).to_list()
        reservations = [reservation_of(row) for row in rows]
        made = {**VISIBLE, "reservation_id": {"$in": [each.id for each in reservations]}}
        sources: dict[str, set[str]] = defaultdict(set)
        async for row in self._fulfillments.find(made, {"reservation_id": 1, "source_id": 1}, session=session):
            sources[row["reservation_id"]].add(row["source_id"])
        return owing(reservations, sources)
