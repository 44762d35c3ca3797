"""Which MongoDB a command uses: the one NOREN_MONGODB_URL names, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from kit.mongod import EmbeddedMongo
from kit.settings import KitSettings

_console = Console(stderr=True)


@contextmanager
def use_mongodb(settings: KitSettings) -> Iterator[str]:
    """The URL of a replica set for as long as the block lasts; an embedded one is joined or started for it."""
    if settings.mongodb_url:
        yield settings.mongodb_url
        return
    with _console.status("MongoDB: looking for it") as status:
        mongo = EmbeddedMongo.start(
            settings.data_dir / "mongodb", on_wait=lambda what: status.update(f"MongoDB: {what}")
        )
    try:
        yield mongo.url
    finally:
        mongo.close()
