"""Every MongoDB query of channels; decides nothing. Small, on every shard's primary: no shard key."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from time import monotonic

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document
from services.catalog.model import Channel, ChannelKind

COLLECTION = "channels"

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}


FRESH_S = 0.5
"""How old what is held of channels may be: half of the second in which a change holds everywhere."""


class ChannelStore:
    """Channels. Every request asks for its own, and they hardly ever change: they are held in memory."""

    def __init__(self, db: Database) -> None:
        self.channels = db[COLLECTION]
        self._held: dict[str, Channel] = {}
        self._looked_at = 0.0
        self._edits = 0
        self._looking = asyncio.Lock()

    async def by_id(self, ids: Sequence[str]) -> dict[str, Channel]:
        """The channels there are, by id, at most `FRESH_S` behind what other processes wrote."""
        if not self._holds(ids):
            async with self._looking:
                if not self._holds(ids):
                    await self._look()
        return {id: self._held[id] for id in ids if id in self._held}

    async def all(self) -> list[Channel]:
        """Every channel, by id: there are as many as there are ways to sell."""
        return [_channel(document) for document in await self.channels.find().sort("_id", ASCENDING).to_list()]

    async def put(self, channel: Channel) -> Channel:
        """Keep a channel, new or changed."""
        values = asdict(channel) | {"locales": list(channel.locales)}
        values["_id"] = values.pop("id")
        await self.channels.replace_one({"_id": channel.id}, values, upsert=True)
        self._looked_at, self._edits = 0.0, self._edits + 1
        return channel

    def _holds(self, ids: Sequence[str]) -> bool:
        return monotonic() - self._looked_at < FRESH_S and all(id in self._held for id in ids)

    async def _look(self) -> None:
        started, edits = monotonic(), self._edits
        self._held = {channel.id: channel for channel in await self.all()}
        self._looked_at = started if edits == self._edits else 0.0


def _channel(document: Document) -> Channel:
    return Channel(
        id=document["_id"],
        name=document["name"],
        currency=document["currency"],
        tax_rate_bp=document["tax_rate_bp"],
        kind=ChannelKind(document.get("kind", ChannelKind.ONLINE)),
        locales=tuple(document.get("locales", ())),
    )
