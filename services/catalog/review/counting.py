"""Keeps every product's stars equal to its published reviews, whatever runs at once and whatever dies.

A. Take reviews that are marked `uncounted`, with the version each has.
B. Per product: note which recount lies there, count the published reviews, replace the stars if that recount still
   lies there; else begin B again. Of two that count at once, the one that began earlier cannot overwrite the later.
C. Take the mark off those reviews that still have the version of A.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pymongo.errors import PyMongoError

from kit.log import logger
from services.catalog.review.model import Standing
from services.catalog.review.store import ReviewStore
from services.catalog.standing.store import StandingStore

log = logger(__name__)

BATCH: Final = 500
POLL_S: Final = 1.0
"""How long a mark of a crashed process waits; a living one is nudged at once."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A product whose stars are not those of its published reviews."""

    product_id: str
    kept: Standing
    counted: Standing


class Counter:
    """The background work. Any number may run at once."""

    def __init__(self, reviews: ReviewStore, standings: StandingStore) -> None:
        self._reviews = reviews
        self._standings = standings
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Say that something was written; costs nothing."""
        self._nudged.set()

    async def run(self) -> None:
        """Count for ever; an unreachable database is waited for."""
        while True:
            self._nudged.clear()
            try:
                while await settle(self._reviews, self._standings):
                    pass
            except PyMongoError as error:
                log.warning("stars wait", error=type(error).__name__)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._nudged.wait()
            except TimeoutError:
                continue


async def settle(reviews: ReviewStore, standings: StandingStore) -> int:
    """Count for one batch of marked reviews, and return how many there were."""
    marked = await reviews.uncounted(BATCH)
    for product_id in dict.fromkeys(product_id for _, _, product_id in marked):
        while not await standings.put_stars(
            product_id, await standings.epoch(product_id), await reviews.stars(product_id)
        ):
            pass
    if marked:
        await reviews.counted([(id, version) for id, version, _ in marked])
    return len(marked)


async def audit(reviews: ReviewStore, standings: StandingStore) -> list[Disagreement]:
    """Every product whose stars are wrong, after what is marked has been counted."""
    while await settle(reviews, standings):
        pass
    kept: Mapping[str, Standing] = await standings.every()
    counted = {product_id: standing async for product_id, standing in reviews.every_stars()}
    return [
        Disagreement(id, kept.get(id, Standing()), counted.get(id, Standing()))
        for id in sorted(kept.keys() | counted.keys())
        if kept.get(id, Standing()) != counted.get(id, Standing())
    ]
