"""What a resolver of inventory may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext
from services.inventory.loaders import Loaders
from services.inventory.model import Actor
from services.inventory.store import InventoryStore


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    store: InventoryStore
    loaders: Loaders

    @property
    def actor(self) -> Actor:
        """The caller, as the journal names them."""
        return Actor(channel=self.caller.channel, staff=self.caller.staff, customer=self.caller.customer)


Info = strawberry.Info[Context, None]
"""Inventory's."""
