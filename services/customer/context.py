"""What a resolver of customer may reach: the caller, the store, this request's loaders."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import strawberry

from kit.context import RequestContext, actor_name
from kit.ids import new_id
from services.customer.access.model import Access, AccessKind
from services.customer.access.store import AccessStore
from services.customer.loaders import Loaders
from services.customer.store import CustomerStore

READ = "customers:read"
WRITE = "customers:write"
TRACK = "behaviour:write"
CONSENT = "consents:write"
ERASE = "customers:erase"
AUDIT = "customers:audit"
INQUIRY_READ = "inquiries:read"
INQUIRY_WRITE = "inquiries:write"
LISTS_READ = "lists:read"
LISTS_WRITE = "lists:write"


@dataclass(slots=True)
class Context:
    """One request's. `region` reads phone numbers without country code; `postal_file`: None for the one that ships."""

    caller: RequestContext
    store: CustomerStore
    loaders: Loaders
    region: str
    postal_file: Path | None = None

    @property
    def may_read(self) -> bool:
        """Whether the caller may see every customer."""
        return READ in self.caller.scopes

    @property
    def actor(self) -> str:
        """The caller, as histories name them."""
        return actor_name(self.caller.channel, self.caller.staff, self.caller.customer)

    async def may_see(self, id: str) -> bool:
        """Whether the caller may see every customer, or is this one, under any id of a profile of theirs."""
        own = self.caller.customer
        if self.may_read or own is None or id == own:
            return self.may_read or id == own
        me = await self.loaders.customer.load(own)
        return me is not None and id in (me.id, *me.members)

    async def saw(self, kind: AccessKind, customers: Iterable[str]) -> None:
        """Log, before it is answered, that the caller sees these customers; oneself is nobody's business."""
        ids = tuple(id for id in customers if id != self.caller.customer)
        if ids:
            caller = self.caller
            access = Access(
                new_id("acc"), kind, self.actor, caller.channel, caller.location, caller.trace_id, ids, caller.at
            )
            await AccessStore(self.store.db).note(access)


Info = strawberry.Info[Context, None]
