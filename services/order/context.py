"""What a resolver of the order service may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext
from services.order.loaders import Loaders
from services.order.store import OrderStore

READ = "orders:read"
WRITE = "orders:write"


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    store: OrderStore
    loaders: Loaders

    def sees(self, customer: str | None) -> bool:
        """Whether the caller may read what belongs to `customer`; a guest's is nobody's but the staff's."""
        if customer is None:
            return READ in self.caller.scopes
        return self.caller.may_see(customer, READ)

    def require_sight(self, customer: str | None) -> None:
        """Raise Forbidden unless the caller may read what belongs to `customer`."""
        if not self.sees(customer):
            self.caller.require(READ)


Info = strawberry.Info[Context, None]
