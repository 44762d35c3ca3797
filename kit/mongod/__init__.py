"""An embedded MongoDB: a real single-node replica set that needs no installation.

Owns finding `mongod`, starting it on loopback with its data in one directory, initiating the replica set, sharing
it between processes and stopping it with the last of them. Refuses to be a production server: no authentication,
one node, one machine. Knows nothing of what is stored.

How it holds together: a small *keeper* process owns `mongod` as its child. Every process that uses the database holds
one connection to the keeper as its lease. A lease ends when it is closed or when its process dies, however it dies;
with the last lease the keeper stops `mongod` and leaves. A file lock lets one keeper at a time serve a directory.

`embedded` is the caller's side, `binary` finds mongod, `place` names the files of a data directory, `messages` is what
a keeper tells its leases, `keeper` is the process, `server` is mongod itself, `replica_set` makes it writable,
`failure` says why it ended.
"""

from kit.mongod.embedded import DEFAULT_CACHE_GB, EmbeddedMongo
from kit.mongod.errors import MongodFailed, MongodMissing

__all__ = ["DEFAULT_CACHE_GB", "EmbeddedMongo", "MongodFailed", "MongodMissing"]
