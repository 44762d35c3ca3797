"""The collection of member keys, wrapped. Part of the store; decides nothing. Shard key: `_id`.

A key is kept before the profile it is for, so that no profile is ever without; a worker that dies in between leaves a
key that opens nothing. Destroying one is deleting its document.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.mongo import Collection
from services.customer.vault.cipher import MemberKey

COLLECTION = "member_keys"
INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}
KEY_CHECK = b"noren vault key check"


class Vault:
    """Member keys under `master` (`cipher.derive_master`)."""

    def __init__(self, collection: Collection, master: bytes) -> None:
        self.collection = collection
        self._master = master
        self._unwrapper = AESGCM(master)

    @property
    def key_check(self) -> str:
        """Tells whether two processes wrap with one master key, without telling it."""
        return hmac.new(self._master, KEY_CHECK, hashlib.sha256).hexdigest()

    async def make(self, ids: Iterable[str]) -> dict[str, MemberKey]:
        """Fresh keys, kept."""
        made = {id: MemberKey.make(id) for id in ids}
        if made:
            rows = [{"_id": id, "wrapped": key.wrap(self._master)} for id, key in made.items()]
            await self.collection.insert_many(rows, ordered=False)
        return made

    async def keys(self, ids: Iterable[str], session: AsyncClientSession | None = None) -> dict[str, MemberKey]:
        """The keys of these profiles, by id; a destroyed one is left out."""
        found = await self.collection.find({"_id": {"$in": list(ids)}}, session=session).to_list()
        return {one["_id"]: MemberKey.unwrap(self._unwrapper, one["_id"], one["wrapped"]) for one in found}

    async def destroy(self, ids: Iterable[str], session: AsyncClientSession | None = None) -> int:
        """Nobody ever reads what these keys sealed; how many there were."""
        gone = await self.collection.delete_many({"_id": {"$in": list(ids)}}, session=session)
        return gone.deleted_count
