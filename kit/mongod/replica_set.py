"""Makes a started mongod the writable primary of its own replica set, at the address it has today."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kit.mongod.server import HOST, REPLICA_SET

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

_POLL_S = 0.02
# Codes of MongoDB's error_codes.yml that only mean: not yet, or someone was faster.
_ALREADY_INITIALIZED = 23
_NOT_YET_INITIALIZED = 94
_PASSING = {_ALREADY_INITIALIZED, _NOT_YET_INITIALIZED, 91, 103, 109}  # shutting down, config changing


def url(port: int) -> str:
    """Where to reach it. Transactions, change streams and retryable writes work on this address."""
    return f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}"


async def open_replica_set(port: int, waiting: Callable[[str], None]) -> str:
    """Returns the version of the mongod on `port` when it takes writes; waits for ever, the caller sets the limit.

    The set's configuration names its member by address, so a new port has to be written into it.
    """
    address = f"{HOST}:{port}"
    waiting(f"mongod to answer on {address}")
    await _answering(port)
    # Imported while mongod boots: a quarter of a second that would otherwise come before its start.
    from pymongo import AsyncMongoClient
    from pymongo.errors import AutoReconnect, OperationFailure

    waiting(f"the replica set {REPLICA_SET} on {address} to take writes")
    async with AsyncMongoClient[dict[str, Any]](HOST, port, directConnection=True) as client:
        while True:
            try:
                if await _takes_writes(client.admin, address):
                    return str((await client.server_info())["version"])
            except AutoReconnect:
                pass
            except OperationFailure as error:
                if error.code not in _PASSING:
                    raise
            await asyncio.sleep(_POLL_S)


async def _answering(port: int) -> None:
    """Returns when someone listens; quicker than a driver, which tries twice a second."""
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            return


async def _takes_writes(admin: "AsyncDatabase[dict[str, Any]]", address: str) -> bool:
    """One look at the node: True when it is primary at `address`; else does the next step towards that."""
    hello = await admin.command("hello")
    if hello.get("isWritablePrimary") and hello.get("me") == address:
        return True
    config = await _configuration(admin)
    member = {"_id": 0, "host": address}
    if config is None:
        await admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
    elif [old["host"] for old in config["members"]] != [address]:
        config["members"] = [member]
        config["version"] += 1
        await admin.command("replSetReconfig", config, force=True)
    return False


async def _configuration(admin: "AsyncDatabase[dict[str, Any]]") -> dict[str, Any] | None:
    """The replica set's configuration; None when it has none yet."""
    from pymongo.errors import OperationFailure

    try:
        reply = await admin.command("replSetGetConfig")
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALIZED:
            return None
        raise
    config: dict[str, Any] = reply["config"]
    return config
