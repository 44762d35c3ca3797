"""Keep an index in a process of one's own: `python -m tests.services.catalog.search.writing URL DATABASE DIRECTORY`."""

import sys
from datetime import timedelta
from pathlib import Path

import uvloop

from kit.mongo import open_database
from services.catalog.search.directory import Directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.upkeep import Upkeep
from services.catalog.store import CatalogStore

LEASE = timedelta(seconds=1)


async def main(url: str, name: str, directory: Directory) -> None:
    async with open_database(url, name) as db:
        print("ready", flush=True)
        await Upkeep(CatalogStore(db), SearchEngine(directory), directory, lease=LEASE).run()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], Directory(Path(sys.argv[3]))))
