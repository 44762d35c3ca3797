"""What the access log adds to a customer."""

from datetime import datetime

import strawberry

from kit.errors import Forbidden
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.access import model
from services.customer.access.model import AccessKind as AccessKind
from services.customer.access.store import AccessStore
from services.customer.context import AUDIT, Info
from services.customer.person.types import Profile

strawberry.enum(AccessKind, name="CustomerAccessKind", description="How a customer was seen.")


@strawberry.type(description="That somebody saw a customer.")
class CustomerAccess:
    """See `model.Access`."""

    kind: AccessKind = strawberry.field(description="How.")
    actor: str = strawberry.field(description="Who: staff:…, customer:…, channel:….")
    channel: str = strawberry.field(description="On which channel.")
    location: str | None = strawberry.field(description="Where, if it was somewhere.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, row: model.Access) -> "CustomerAccess":
        """From the model."""
        return cls(kind=row.kind, actor=row.actor, channel=row.channel, location=row.location, at=row.at)


@strawberry.type
class AccessFields(Profile):
    """What the access log adds to a customer."""

    @strawberry.field(
        description="Who saw them, the newest first; for themselves, or with customers:audit. The log is a hash chain."
    )
    async def accesses(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[CustomerAccess]:
        """A page."""
        ids = (self.row.id, *self.row.members)
        if info.context.caller.customer not in ids and AUDIT not in info.context.caller.scopes:
            raise Forbidden(f"this needs the scope {AUDIT!r}")
        page = await AccessStore(info.context.store.db).page(ids, PageArgs.parse(first, after))
        return Connection.of(page, CustomerAccess.of)
