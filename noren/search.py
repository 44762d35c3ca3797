"""`noren search rebuild`: the search index of this data directory, made anew."""

import uvloop

from services.catalog.app import open_store, search_directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.upkeep import Upkeep
from services.catalog.settings import Settings


def rebuild(mongodb_url: str) -> str:
    """Rebuild and return the name of the new generation; where a service writes the index, it does the work."""
    return uvloop.run(_rebuild(Settings(mongodb_url=mongodb_url)))


async def _rebuild(settings: Settings) -> str:
    directory = search_directory(settings)
    async with open_store(settings) as store:
        return await Upkeep(store, SearchEngine(directory), directory).rebuild()
