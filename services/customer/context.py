"""What a resolver of customer may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass
from pathlib import Path

import strawberry

from kit.context import RequestContext, actor_name
from services.customer.loaders import Loaders
from services.customer.store import CustomerStore

READ = "customers:read"
WRITE = "customers:write"
TRACK = "behaviour:write"
CONSENT = "consents:write"
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


Info = strawberry.Info[Context, None]
