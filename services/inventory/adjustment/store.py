"""Every MongoDB query and index of adjustment requests; decides nothing. Shard key: see `paper.store`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs
from services.inventory.adjustment.model import KIND, AdjustmentLine, AdjustmentRequest, AdjustmentState
from services.inventory.paper.store import INDEXES as PAPER_INDEXES
from services.inventory.paper.store import PaperStore, among, header
from services.inventory.stock.model import AdjustmentReason

COLLECTION = "adjustment_requests"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *PAPER_INDEXES,
        IndexModel([("location_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="location"),
        IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="state"),
    ],
}


class AdjustmentRequestStore(PaperStore[AdjustmentRequest]):
    """The requests of this installation."""

    kind = KIND

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        super().__init__(db, COLLECTION, changed, _body, _request)

    async def list_page(
        self, location_id: str | None, states: Sequence[str] | None, args: PageArgs
    ) -> Page[AdjustmentRequest]:
        """One page of the requests at a location in some states, newest first."""
        where: Document = {**among("state", states)}
        where |= {} if location_id is None else {"location_id": location_id}
        return await self.page(where, args)

    async def stalled(self, before: datetime) -> list[AdjustmentRequest]:
        """The next batch whose approval was begun before then and never ended."""
        return await self.find({"state": "APPROVING", "updated_at": {"$lt": before}}, "updated_at")


def _body(asked: AdjustmentRequest) -> Document:
    return {
        "location_id": asked.location_id,
        "reason": asked.reason.value,
        "state": asked.state.value,
        "lines": [asdict(line) for line in asked.lines],
        "attempt": asked.attempt,
    }


def _request(document: Document) -> AdjustmentRequest:
    return AdjustmentRequest(
        **header(document),
        location_id=document["location_id"],
        reason=AdjustmentReason(document["reason"]),
        state=AdjustmentState(document["state"]),
        lines=tuple(AdjustmentLine(**line) for line in document["lines"]),
        attempt=document["attempt"],
    )
