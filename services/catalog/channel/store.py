"""Every MongoDB query of channels; decides nothing. Small, on every shard's primary: no shard key."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document
from services.catalog.model import Channel, ChannelKind

COLLECTION = "channels"

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}


class ChannelStore:
    """Channels."""

    def __init__(self, db: Database) -> None:
        self.channels = db[COLLECTION]

    async def by_id(self, ids: Sequence[str]) -> dict[str, Channel]:
        """The channels there are, by id."""
        found = await self.channels.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _channel(document) for document in found}

    async def all(self) -> list[Channel]:
        """Every channel, by id: there are as many as there are ways to sell."""
        return [_channel(document) for document in await self.channels.find().sort("_id", ASCENDING).to_list()]

    async def put(self, channel: Channel) -> Channel:
        """Keep a channel, new or changed."""
        values = asdict(channel) | {"locales": list(channel.locales)}
        values["_id"] = values.pop("id")
        await self.channels.replace_one({"_id": channel.id}, values, upsert=True)
        return channel


def _channel(document: Document) -> Channel:
    return Channel(
        id=document["_id"],
        name=document["name"],
        currency=document["currency"],
        tax_rate_bp=document["tax_rate_bp"],
        kind=ChannelKind(document.get("kind", ChannelKind.ONLINE)),
        locales=tuple(document.get("locales", ())),
    )
