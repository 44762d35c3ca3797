"""What a resolver of inventory may reach: the caller, the store, this request's loaders."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

import strawberry

from kit.context import RequestContext
from kit.errors import Refusal, Refused
from services.inventory.backorder.model import BackorderLimitReached
from services.inventory.loaders import Loaders
from services.inventory.model import Actor, InsufficientStock
from services.inventory.policy.model import Policy, StockDisplay
from services.inventory.sourcing.model import SourcingShort
from services.inventory.store import InventoryStore

T = TypeVar("T")

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

    async def discreetly(self, work: Awaitable[T]) -> T:
        """Await it; a refusal for want of stock tells no number to a caller who may not see numbers."""
        try:
            return await work
        except Refused as refused:
            policy = await self.policy()
            if self.sees_numbers(policy):
                raise
            raise Refused(*[_roughly(each, policy) for each in refused.refusals]) from None


def _roughly(refusal: Refusal, policy: Policy) -> Refusal:
    """The refusal with the band shoppers see in the place of a number."""
    if isinstance(refusal, InsufficientStock) and refusal.available is not None:
        kept = policy.keeps_back(refusal.sku, refusal.location_id)
        return replace(refusal, available=None, band=policy.band(refusal.available - kept))
    if isinstance(refusal, SourcingShort) and refusal.available is not None:
        return replace(refusal, available=None, band=policy.band(refusal.available))
    return replace(refusal, open=None) if isinstance(refusal, BackorderLimitReached) else refusal


Info = strawberry.Info[Context, None]
"""Inventory's."""
