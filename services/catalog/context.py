"""What a resolver of catalog may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext
from kit.errors import BadUserInput
from services.catalog.attribute.model import Visibility
from services.catalog.loaders import Loaders
from services.catalog.model import Channel, Locales
from services.catalog.offer.model import Viewer
from services.catalog.search.engine import SearchEngine
from services.catalog.store import CatalogStore

WRITE = "catalog:write"
"""The scope of whoever keeps the catalog."""
READ = "catalog:read"
"""The scope of staff: sees drafts, what is not published on their channel, and attributes for staff."""


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    store: CatalogStore
    loaders: Loaders
    engine: SearchEngine

    def __post_init__(self) -> None:
        self.loaders.viewer = self.viewer

    @property
    def sees_all(self) -> bool:
        """Whether the caller is staff of the catalog."""
        return READ in self.caller.scopes

    def may_see(self, visibility: Visibility) -> bool:
        """Whether what has this visibility is for the caller."""
        return visibility is Visibility.PUBLIC or self.sees_all

    async def channel(self) -> Channel:
        """The caller's channel, or BadUserInput if catalog knows none of that name."""
        channel = await self.loaders.channel.load(self.caller.channel)
        if channel is None:
            raise BadUserInput(f"channel: {self.caller.channel!r} does not exist")
        return channel

    async def locales(self) -> Locales:
        """What texts fall back to on the caller's channel."""
        channel = await self.loaders.channel.load(self.caller.channel)
        return () if channel is None else channel.locales

    async def viewer(self) -> Viewer:
        """Who looks: on which channel, in which location, when, and whether as staff."""
        caller = self.caller
        channel = await self.loaders.channel.load(caller.channel)
        kind = None if channel is None else channel.kind
        return Viewer(caller.channel, kind, caller.location, caller.at, self.sees_all)


Info = strawberry.Info[Context, None]
