"""Every MongoDB query of consent; decides nothing. Rows are inserted, and go with the person only.

`consents`: `_id` follows from the idempotency key, so that a key is used once. Shard key: `_id`; what somebody said is
then asked of every shard, a few rows each.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.consent.model import ConsentRecord, ContactChannel, Purpose

COLLECTION: Final = "consents"
NEWEST_FIRST: Final[Sort] = (("at", DESCENDING), ("_id", DESCENDING))
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("subject", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_subject"),
        IndexModel([("purpose", ASCENDING), ("subject", ASCENDING)], name="by_purpose"),
    ],
}
MAX_RECORDS: Final = 10_000
"""Records that are read to decide: a person answers some dozens of times in a life."""


class ConsentStore:
    """Appends and reads."""

    def __init__(self, db: Database) -> None:
        self._consents = db[COLLECTION]

    async def append(self, record: ConsentRecord, fingerprint: str) -> tuple[ConsentRecord, str]:
        """Keep the record, or find the one its id has already; with the digest of the input it was made of."""
        document = {
            "_id": record.id,
            "subject": record.subject,
            "purpose": record.purpose.value,
            "channel": None if record.channel is None else record.channel.value,
            "granted": record.granted,
            "text_version": record.text_version,
            "source": record.source,
            "at": record.at,
            "recorded_at": record.recorded_at,
            "actor": record.actor,
            "fingerprint": fingerprint,
        }
        try:
            await self._consents.insert_one(document)
        except DuplicateKeyError:
            kept = await self._consents.find_one({"_id": record.id})
            assert kept is not None, "records go with their person only"
            return _parse(kept), kept["fingerprint"]
        return record, fingerprint

    async def of(self, subjects: Iterable[str]) -> list[ConsentRecord]:
        """Everything these subjects said, the newest first."""
        found = self._consents.find({"subject": {"$in": sorted(subjects)}}).sort(list(NEWEST_FIRST)).limit(MAX_RECORDS)
        return [_parse(row) async for row in found]

    async def of_purpose(self, subjects: Iterable[str], purpose: Purpose) -> list[ConsentRecord]:
        """What these subjects said about one purpose."""
        found = self._consents.find({"purpose": purpose.value, "subject": {"$in": sorted(subjects)}})
        return [_parse(row) async for row in found]

    async def page(self, subjects: Iterable[str], args: PageArgs) -> Page[ConsentRecord]:
        """A page of what they said, the newest first."""
        return await find_page(self._consents, {"subject": {"$in": sorted(subjects)}}, NEWEST_FIRST, args, _parse)

    async def erase(self, customer_id: str) -> int:
        """Remove every record of this profile; how many there were."""
        return (await self._consents.delete_many({"subject": customer_id})).deleted_count


def _parse(row: Document) -> ConsentRecord:
    return ConsentRecord(
        id=row["_id"],
        subject=row["subject"],
        purpose=Purpose(row["purpose"]),
        channel=None if row["channel"] is None else ContactChannel(row["channel"]),
        granted=row["granted"],
        text_version=row["text_version"],
        source=row["source"],
        at=row["at"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
    )
