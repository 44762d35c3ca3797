"""Every key in memory, so that a request is judged without a question to the database.

The copy follows the store's change stream: a revoked key opens nothing some milliseconds later. While MongoDB is away
the last copy counts; before there was one nobody can say who calls, so nobody is taken for a stranger either.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from pymongo.errors import PyMongoError

from gateway.device.store import DeviceStore
from gateway.issuer.store import IssuerStore
from gateway.keys.model import Key
from gateway.keys.secret import Environment, digest_of, read_key
from gateway.keys.store import KeyStore
from gateway.settings import GatewaySettings, key_pepper
from kit.errors import Forbidden, Unauthenticated, Unavailable
from kit.log import logger
from kit.mongo import open_database
from kit.tasks import background

DATABASE = "access"
AGAIN_S = 1.0
"""How soon a stream that broke is opened again."""
FLUSH_S = 10.0
"""How often it is written down when keys were last used: one write a key and time, whatever the traffic."""

log = logger(__name__)


class KeyDirectory:
    """The keys as they are now, as far as is known."""

    def __init__(self, store: KeyStore, pepper: bytes, environment: Environment) -> None:
        self.store = store
        self.pepper = pepper
        self.environment = environment
        self._keys: Mapping[str, Key] | None = None
        self._used: dict[str, datetime] = {}

    def has_keys(self) -> bool:
        """Whether a key was ever made, though it may be revoked by now; Unavailable while that is not known."""
        return bool(self._known())

    def open(self, text: str, address: str, now: datetime) -> Key:
        """The key that `text` is, used from `address`.

        Raises `Unauthenticated`, `Forbidden` for an address that is not on its list, or `Unavailable`.
        """
        presented = read_key(text)
        if presented is None:
            raise Unauthenticated("the API key is mistyped or cut off: its checksum does not fit")
        if presented.environment != self.environment:
            raise Unauthenticated(f"this system takes {self.environment} keys only")
        key = self._known().get(presented.id)
        digest = digest_of(self.pepper, text)
        if key is None or not key.opened_by(digest, now):
            raise Unauthenticated("the API key is not known here, has expired or was revoked")
        if not key.allows(address):
            raise Forbidden("the API key may not be used from this address")
        self._used[key.id] = now
        return key

    def _known(self) -> Mapping[str, Key]:
        if self._keys is None:
            raise Unavailable("who calls cannot be known at the moment; try again")
        return self._keys

    async def refresh(self) -> None:
        """Read every key."""
        self._keys = {key.id: key for key in await self.store.all()}

    async def follow(self) -> None:
        """Keep the copy true, for ever."""
        while True:
            try:
                async with self.store.changes() as changes:
                    await self.refresh()
                    async for _ in changes:
                        await self.refresh()
            except PyMongoError as error:
                log.warning("keys cannot be followed", error=str(error), known=self._keys is not None)
            await asyncio.sleep(AGAIN_S)

    async def note_uses(self) -> None:
        """Write down when keys were last used, for ever."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down when keys were last used; what cannot be written waits for the next time."""
        used, self._used = self._used, {}
        try:
            await self.store.note_uses(used)
        except PyMongoError as error:
            self._used = {**used, **self._used}
            log.warning("uses of keys cannot be written", error=str(error))


@asynccontextmanager
async def open_keys(mongodb_url: str, settings: GatewaySettings) -> AsyncIterator[KeyDirectory]:
    """The directory of this installation, followed for as long as the block lasts."""
    async with open_key_store(mongodb_url, settings.database_prefix) as store:
        directory = KeyDirectory(store, key_pepper(settings), settings.key_environment)
        try:
            await store.prepare()
            await IssuerStore(store.db).prepare()
            await DeviceStore(store.db).prepare()
            await directory.refresh()
        except PyMongoError as error:
            log.warning("keys are not known yet", error=str(error))
        async with background(follow_keys=directory.follow(), note_uses=directory.note_uses()):
            yield directory
        await directory.flush()


@asynccontextmanager
async def open_key_store(mongodb_url: str, prefix: str) -> AsyncIterator[KeyStore]:
    """The store, its indexes not looked at."""
    async with open_database(mongodb_url, f"{prefix}_{DATABASE}") as db:
        yield KeyStore(db)
