"""Products follow their categories: `category_path` is made again wherever a category has moved.

An edit of a product reads paths and writes them a moment later, so it may write one that a move has just outdated.
Hence a note is kept until every edit that could have read the old tree has ended, and is looked at until then. A
process that dies in the middle leaves the note; any other goes on.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import PyMongoError

from kit.log import logger
from kit.times import utc_now
from services.catalog.category.model import path_of
from services.catalog.store import CatalogStore

log = logger(__name__)

BATCH: Final = 500
"""Products looked at together: a hundred kilobytes."""
LINGER: Final = timedelta(minutes=2)
"""Longer than any request or row of an import may take from reading the tree to its write."""
AGAIN: Final = timedelta(seconds=20)
"""Between looks at a note that lingers; most find nothing to do."""
POLL_S: Final = 1.0
"""How long products wait at most to follow a move."""


async def refile_for_ever(store: CatalogStore) -> None:
    """Look after the notes; an unreachable database is waited for."""
    while True:
        try:
            await refile_due(store, now=utc_now())
        except PyMongoError as error:
            log.warning("refiling waits", error=type(error).__name__)
        await asyncio.sleep(POLL_S)


async def refile_due(store: CatalogStore, *, now: datetime) -> int:
    """Look at every note that is due; return how many products followed."""
    followed = 0
    for id, moved_at in await store.category.refilings(now):
        followed += await refile(store, id)
        if now - moved_at > LINGER:
            await store.category.end_refiling(id, moved_at)
        else:
            await store.category.postpone_refiling(id, moved_at, now + AGAIN)
    return followed


async def refile(store: CatalogStore, category_id: str) -> int:
    """Give every product in or below the category the path it has now; return how many had another."""
    followed, after = 0, ""
    while True:
        inside = [category.id for category in await store.category.subtree(category_id)]
        batch = await store.product.filed_in(inside, after, BATCH)
        known = await store.category.by_id(sorted({id for row in batch for id in row.category_ids}))
        stale = [(row, path_of(row.category_ids, known)) for row in batch]
        followed += await store.product.refile([(row, path) for row, path in stale if list(row.category_path) != path])
        if len(batch) < BATCH:
            return followed
        after = batch[-1].id
