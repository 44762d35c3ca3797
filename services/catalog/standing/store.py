"""Every MongoDB query of standings, what a product's reviews and sales amount to; decides nothing.

One document a product, `_id` the product's; shard key `_id`. Stars are recounted and replaced only if nobody has
replaced them since the recount began (`stars_epoch`). Pieces sold are added up, each order line once: the last line
ids lie beside the sum, and older ones in `purchases`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from services.catalog.review.model import Standing

COLLECTION = "standings"
RECENT = 200
"""Line ids beside a sum; a batch of sales adds at most half as many before it notes them in `purchases`."""


@dataclass(frozen=True, slots=True)
class Known:
    """A product's stars and pieces sold."""

    standing: Standing
    sold: int = 0


class StandingStore:
    """Standings of products."""

    def __init__(self, db: Database) -> None:
        self.standings = db[COLLECTION]

    async def by_product(self, ids: Sequence[str]) -> dict[str, Known]:
        """What is known, by product; nothing of a product nobody reviewed or bought."""
        found = await self.standings.find({"_id": {"$in": list(ids)}}, {"stars": 1, "sold": 1}).to_list()
        return {row["_id"]: Known(standing_of(row), row.get("sold", 0)) for row in found}

    async def epoch(self, product_id: str) -> int:
        """Which recount of its stars lies there; 0 before the first."""
        row = await self.standings.find_one({"_id": product_id}, {"stars_epoch": 1})
        return 0 if row is None else int(row.get("stars_epoch", 0))

    async def put_stars(self, product_id: str, epoch: int, standing: Standing) -> bool:
        """Replace the stars of recount `epoch`; False if another recount came first."""
        values = {"stars": list(standing.stars), "rating_sum": standing.sum, "rating_count": standing.count}
        seen = epoch or {"$exists": False}
        try:
            result = await self.standings.update_one(
                {"_id": product_id, "stars_epoch": seen},
                {"$set": {**values, "stars_epoch": epoch + 1}},
                upsert=epoch == 0,
            )
        except DuplicateKeyError:
            return False
        return result.matched_count == 1 or result.upserted_id is not None

    async def sell(self, pieces: Mapping[str, Mapping[str, int]]) -> None:
        """Add pieces sold, by product and then by order line; a line that lies beside the sum is not added again."""
        requests = [
            UpdateOne(
                {"_id": product_id, "recent": {"$ne": line_id}},
                {"$inc": {"sold": count}, "$push": {"recent": {"$each": [line_id], "$slice": -RECENT}}},
            )
            for product_id, lines in pieces.items()
            for line_id, count in lines.items()
        ]
        if requests:
            made = [UpdateOne({"_id": id}, {"$setOnInsert": {"recent": []}}, upsert=True) for id in pieces]
            await self.standings.bulk_write(made, ordered=False)
            await self.standings.bulk_write(requests, ordered=False)

    async def put_steps(self, steps: Mapping[str, int]) -> None:
        """Note how popular products are; a step that is lower, from a slower process, changes nothing."""
        requests = [UpdateOne({"_id": id}, {"$max": {"sold_step": step}}) for id, step in steps.items()]
        if requests:
            await self.standings.bulk_write(requests, ordered=False)

    async def every(self) -> dict[str, Standing]:
        """All standings, for an audit."""
        return {row["_id"]: standing_of(row) async for row in self.standings.find({}, {"stars": 1})}


def standing_of(row: Document) -> Standing:
    """From a document, which may be one of sales alone."""
    return Standing(tuple(row["stars"])) if "stars" in row else Standing()
