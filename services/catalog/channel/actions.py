"""Edits of channels."""

from kit.errors import Refused
from services.catalog.model import Channel, check_channel
from services.catalog.store import CatalogStore


async def put_channel(store: CatalogStore, channel: Channel) -> Channel:
    """Create or change a channel."""
    problems = check_channel(channel)
    if problems:
        raise Refused(*problems)
    return await store.channel.put(channel)
