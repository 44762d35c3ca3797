"""Families of profiles as a merge leaves them; of each profile no more than that."""

from datetime import datetime

from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW


async def merge(store: CustomerStore, into: str, merged: str, at: datetime = NOW) -> None:
    """Hang a profile under another; each is made if it is not there."""
    for id in (into, merged):
        there = {"$setOnInsert": {"state": "LIVE", "root": id}}
        await store.profiles.update_one({"_id": id}, there, upsert=True)
    above = await store.profiles.find_one({"_id": into})
    assert above is not None
    await store.db["merges"].update_one(
        {"_id": f"mrg_{merged}"}, {"$set": {"kept": into, "merged": merged, "at": at}}, upsert=True
    )
    hung = {"state": "MERGED", "parent": into, "merge": f"mrg_{merged}"}
    await store.profiles.update_many({"root": merged}, {"$set": {"root": above["root"]}})
    await store.profiles.update_one({"_id": merged}, {"$set": hung})


async def cut(store: CustomerStore, merged: str) -> None:
    """Cut a profile without members of its own off again."""
    stands = {"$set": {"state": "LIVE", "root": merged}, "$unset": {"parent": "", "merge": ""}}
    await store.profiles.update_one({"_id": merged}, stands)
