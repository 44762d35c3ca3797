"""Which MongoDB a command uses: the one NOREN_MONGODB_URL names, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvloop
from pymongo.errors import PyMongoError
from rich.console import Console

from kit.mongo import connect
from kit.mongod import EmbeddedMongo
from kit.settings import KitSettings
from noren.failures import briefly

_console = Console(stderr=True)


class MongodbUnusable(Exception):
    """The MongoDB that NOREN_MONGODB_URL names does not answer, or is none that Noren can use."""


@contextmanager
def use_mongodb(settings: KitSettings, *, checked: bool = True) -> Iterator[str]:
    """The URL of a replica set for as long as the block lasts; an embedded one is joined or started for it.

    One that is named is asked first, unless `checked` is false; MongodbUnusable says what is wrong with it.
    """
    if settings.mongodb_url:
        if checked:
            uvloop.run(ask(settings.mongodb_url))
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


async def ask(url: str) -> str:
    """What this MongoDB is, in words; raises MongodbUnusable if it does not answer, or would lose what it is told."""
    try:
        async with connect(url) as client:
            hello = await client.admin.command("hello")
            build = await client.admin.command("buildInfo")
    except (PyMongoError, ValueError) as error:  # PyMongo finds some URLs wrong with a plain ValueError
        raise MongodbUnusable(f"NOREN_MONGODB_URL: MongoDB does not answer: {briefly(error)}") from error
    version = str(build["version"])
    if hello.get("msg") == "isdbgrid":
        return f"{version}, sharded cluster"
    if "setName" not in hello:
        raise MongodbUnusable(
            f"NOREN_MONGODB_URL: MongoDB {version} answers, but is not a replica set: without one it has no change "
            "streams, so no service would hear another. Start it with --replSet and initiate the set"
        )
    if not hello.get("isWritablePrimary"):
        raise MongodbUnusable(f"NOREN_MONGODB_URL: replica set {hello['setName']} has no primary at this address")
    return f"{version}, replica set {hello['setName']}"
