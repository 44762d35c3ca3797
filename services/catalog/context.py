"""What a resolver of catalog may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext
from kit.errors import BadUserInput
from services.catalog.loaders import Loaders
from services.catalog.model import Channel
from services.catalog.search.engine import SearchEngine
from services.catalog.store import CatalogStore

WRITE = "catalog:write"
"""The scope of whoever keeps the catalog."""


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    store: CatalogStore
    loaders: Loaders
    engine: SearchEngine

    async def channel(self) -> Channel:
        """The caller's channel, or BadUserInput if catalog knows none of that name."""
        channel = await self.loaders.channel.load(self.caller.channel)
        if channel is None:
            raise BadUserInput(f"channel: {self.caller.channel!r} does not exist")
        return channel


Info = strawberry.Info[Context, None]
