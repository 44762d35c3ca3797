"""What a resolver of inventory may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext
from services.inventory.loaders import Loaders
from services.inventory.model import Actor
from services.inventory.policy.model import Policy, StockDisplay
from services.inventory.store import InventoryStore

READ = "stock:read"
"""Staff: exact figures, and all states of stock."""


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

    async def policy(self) -> Policy:
        """What holds for the caller's channel."""
        return await self.store.policies.of(self.caller.channel)

    def sees_numbers(self, policy: Policy) -> bool:
        """Whether quantities may be shown to the caller, or only how much there is roughly."""
        return policy.draft.display is StockDisplay.NUMBERS or READ in self.caller.scopes


Info = strawberry.Info[Context, None]
"""Inventory's."""
