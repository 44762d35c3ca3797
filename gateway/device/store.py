"""Where devices wait; decides nothing. Shard key: `_id`, the hash of the device's code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256

from pymongo import IndexModel

from gateway.device.model import Codes, DeviceState, Waiting
from gateway.keys.model import Grant, KeyDraft, KeyKind
from kit.mongo import Database, Document, ensure_indexes

DEVICES = "devices"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    DEVICES: [
        IndexModel("user_code", name="user_code", unique=True),
        IndexModel("expires_at", name="over", expireAfterSeconds=0),
    ]
}


class DeviceStore:
    """Devices by their code."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._devices = db[DEVICES]

    async def prepare(self) -> None:
        """Make the indexes."""
        await ensure_indexes(self._db, INDEXES)

    async def add(self, codes: Codes, name: str, expires_at: datetime) -> None:
        """A device that waits from now on."""
        fresh = {"user_code": codes.user, "name": name, "state": DeviceState.PENDING.value, "expires_at": expires_at}
        await self._devices.insert_one({"_id": _hash(codes.device), **fresh})

    async def waiting(self, user_code: str, now: datetime) -> Waiting | None:
        """The device that shows this code, if it still waits."""
        where = {"user_code": user_code, "state": DeviceState.PENDING.value, "expires_at": {"$gt": now}}
        document = await self._devices.find_one(where)
        return None if document is None else _waiting(document)

    async def approve(self, user_code: str, draft: KeyDraft, approver: str, now: datetime) -> Waiting | None:
        """Let it in, once; None if it does not wait any more."""
        where = {"user_code": user_code, "state": DeviceState.PENDING.value, "expires_at": {"$gt": now}}
        change = {"state": DeviceState.APPROVED.value, "draft": _draft_document(draft), "approver": approver}
        document = await self._devices.find_one_and_update(where, {"$set": change}, return_document=True)
        return None if document is None else _waiting(document)

    async def take(self, device_code: str, now: datetime) -> Waiting | None:
        """The device of this code; one that was let in is taken by this, and not to be had again."""
        key = _hash(device_code)
        where = {"_id": key, "state": DeviceState.APPROVED.value, "expires_at": {"$gt": now}}
        taken = {"$set": {"state": DeviceState.TAKEN.value}}
        document = await self._devices.find_one_and_update(where, taken, return_document=False)
        document = document or await self._devices.find_one({"_id": key, "expires_at": {"$gt": now}})
        return None if document is None else _waiting(document)


def _hash(device_code: str) -> str:
    return sha256(device_code.encode()).hexdigest()


def _draft_document(draft: KeyDraft) -> Document:
    grant = {**asdict(draft.grant), "scopes": sorted(draft.grant.scopes)}
    return {"name": draft.name, "kind": draft.kind.value, "environment": draft.environment, "grant": grant}


def _waiting(document: Document) -> Waiting:
    state = DeviceState(document["state"])
    draft = document.get("draft")
    return Waiting(
        document["user_code"],
        document["name"],
        state,
        document["expires_at"],
        None if draft is None else _draft(draft),
        document.get("approver"),
    )


def _draft(document: Document) -> KeyDraft:
    grant = document["grant"]
    tuples = {name: tuple(grant[name]) for name in ("locations", "addresses")}
    read = Grant(**{**grant, "scopes": frozenset(grant["scopes"]), **tuples})
    return KeyDraft(document["name"], KeyKind(document["kind"]), document["environment"], read)
