"""Postings that are asked for at one moment go to the database together. A part of the store; decides nothing.

A lone posting is a group of one and waits for nobody. Each is made or left by itself, by its own guard: a group is not
all or nothing, it only shares what the calls cost. Wallets are shared out among lanes, so that two groups do not meet
in one wallet; several processes form groups of their own, which meet in the documents as single writers do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pymongo import UpdateMany
from pymongo.errors import PyMongoError

from kit.combine import Combiner
from kit.mongo import Collection, Database, Document, is_outage
from services.loyalty.documents import Posted, entry_of, wallet_from
from services.loyalty.posting.asked import rounds
from services.loyalty.posting.model import Posting, Seen
from services.loyalty.posting.pipelines import WINDOW, group_update


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a wallet before postings: where it stands, and which of some entries lie in its outbox."""

    seen: Seen
    undrained: tuple[str, ...]


class PostingGroups:
    """Makes postings of any wallets, those of one moment together."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._wallets: Collection = db["wallets"]
        self._journal: Collection = db["journal"]
        self._changed = changed
        self._group = Combiner(self._answer, limit=WINDOW)

    async def make(self, posting: Posting) -> Posted | None:
        """The posting's entry, made now or before; None if it cannot be made so, and why is not known.

        The wallet may lack, have something to expire, be against it, or have another entry with this key; or the
        database was away, and the posting may have been made or not.
        """
        return await self._group(posting)

    async def standings(self, wallet_ids: Iterable[str], posting_ids: Sequence[str]) -> dict[str, Standing]:
        """Of each wallet that exists: where it stands, and those of these postings still in its outbox."""
        undrained = {"$filter": {"input": "$outbox.id", "cond": _is_one_of(posting_ids, "$$this")}}
        found = self._wallets.find({"_id": {"$in": list(wallet_ids)}}, {"seq": 1, "left_by": 1, "undrained": undrained})
        return {
            row["_id"]: Standing(Seen(row["seq"], row.get("left_by")), tuple(row["undrained"])) async for row in found
        }

    async def drained(self, posting_ids: Sequence[str]) -> set[str]:
        """Which of these postings have their entry in the journal; asked after `standings`, as `look` does."""
        return {row["_id"] async for row in self._journal.find({"_id": {"$in": posting_ids}}, {"_id": 1})}

    async def apply(self, postings: Sequence[Posting], seen: Mapping[str, Seen]) -> int:
        """Make every posting whose wallet can take it, in their order; return how many were made."""
        updates = [UpdateMany(*group_update(group, seen)) for group in rounds(postings)]
        result = await self._wallets.bulk_write(updates, ordered=True)
        self._changed()
        return result.matched_count

    async def apply_one(self, posting: Posting, seen: Seen) -> Posted | None:
        """Make one posting, or change nothing and return None; its answer is the entry, so nothing is read for it."""
        document = await self._wallets.find_one_and_update(
            *group_update([posting], {posting.wallet_id: seen}),
            projection={"keys": 0, "outbox": {"$slice": -1}},
            return_document=True,
        )
        if document is None:
            return None
        self._changed()
        return Posted(wallet_from(document), entry_of(document["outbox"][-1]))

    async def _answer(self, postings: Sequence[Posting]) -> list[Posted | None]:
        try:
            made = await self._make(postings)
        except PyMongoError as error:
            if not is_outage(error):
                raise
            return [None] * len(postings)  # unlike one update, many are not sent again by the driver
        found = [made.get(posting.id) for posting in postings]
        return [
            posted if posted is not None and posted.entry.fingerprint == posting.fingerprint else None
            for posting, posted in zip(postings, found, strict=True)
        ]

    async def _make(self, postings: Sequence[Posting]) -> dict[str, Posted]:
        """Look for all of them, make those that were not found, read what became of them."""
        ids = list({posting.id for posting in postings})
        wallet_ids = list({posting.wallet_id for posting in postings})
        standings = await self.standings(wallet_ids, ids)
        before = {id for standing in standings.values() for id in standing.undrained} | await self.drained(ids)
        new = [posting for posting in postings if posting.id not in before and posting.wallet_id in standings]
        seen = {id: standing.seen for id, standing in standings.items()}
        if len(new) == len(postings) == 1:
            posted = await self.apply_one(new[0], seen[new[0].wallet_id])
            return {} if posted is None else {posted.entry.id: posted}
        if new:
            await self.apply(new, seen)
        return await self._read(wallet_ids, ids)

    async def _read(self, wallet_ids: Sequence[str], ids: Sequence[str]) -> dict[str, Posted]:
        its = {"$filter": {"input": "$outbox", "cond": _is_one_of(ids, "$$this.id")}}
        stages: list[Document] = [
            {"$match": {"_id": {"$in": wallet_ids}}},
            {"$set": {"outbox": its}},
            {"$unset": "keys"},
        ]
        found = [document async for document in await self._wallets.aggregate(stages)]
        wallets = {document["_id"]: wallet_from(document) for document in found}
        rows = {row["id"]: row for document in found for row in document["outbox"]}
        drained = [id for id in ids if id not in rows]
        if drained:
            rows |= {row["_id"]: row async for row in self._journal.find({"_id": {"$in": drained}})}
        entries = [entry_of(row) for row in rows.values()]
        return {entry.id: Posted(wallets[entry.wallet_id], entry) for entry in entries if entry.wallet_id in wallets}


def _is_one_of(ids: Sequence[str], id: str) -> Document:
    return {"$gte": [{"$indexOfArray": [{"$literal": list(ids)}, id]}, 0]}
