"""What a resolver of keys may reach: the caller and the keys."""

from dataclasses import dataclass

import strawberry

from gateway.keys.directory import KeyDirectory
from kit.context import RequestContext, actor_name

READ = "keys:read"
WRITE = "keys:write"


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    keys: KeyDirectory

    @property
    def actor(self) -> str:
        """Who acts, as the record of changes names them."""
        return actor_name(self.caller.channel, self.caller.staff, self.caller.customer)


Info = strawberry.Info[Context, None]
