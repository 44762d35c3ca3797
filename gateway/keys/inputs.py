"""GraphQL inputs of keys, each read once into the model."""

from datetime import datetime, timedelta

import strawberry

from gateway.keys import model
from gateway.keys.secret import Environment

DEFAULT_OVERLAP_H = 24


@strawberry.input(description="A key to be made.")
class ApiKeyCreateInput:
    """See `model.KeyDraft`."""

    name: str = strawberry.field(description="Whose it is, for people and logs.")
    kind: model.KeyKind = strawberry.field(
        default=model.KeyKind.SECRET, description="Publishable: for pages and apps that anybody can read; no scopes."
    )
    scopes: list[str] = strawberry.field(default_factory=list, description="What it may do; none beyond your own.")
    channel: str | None = strawberry.field(default=None, description="The only channel it is for.")
    locations: list[str] = strawberry.field(default_factory=list, description="The locations it is for; none: any.")
    customer: str | None = strawberry.field(default=None, description="The only customer it acts for.")
    staff: str | None = strawberry.field(default=None, description="The only staff member it acts for.")
    addresses: list[str] = strawberry.field(default_factory=list, description="Networks it may be used from (CIDR).")
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends by itself.")

    def to_draft(self, environment: Environment) -> model.KeyDraft:
        """For the model."""
        places = (tuple(self.locations), self.customer, self.staff, tuple(self.addresses))
        grant = model.Grant(frozenset(self.scopes), self.channel, *places)
        return model.KeyDraft(self.name, self.kind, environment, grant, self.expires_at)


@strawberry.input(description="A key that gets a new secret.")
class ApiKeyRotateInput:
    """See `actions.rotate_key`."""

    id: strawberry.ID = strawberry.field(description="Which.")
    overlap_hours: float = strawberry.field(
        default=DEFAULT_OVERLAP_H, description="How long the old secret goes on: 0 ends it at once, at most 30 days."
    )

    @property
    def overlap(self) -> timedelta:
        """As a time; one that is none ends up beyond what is allowed."""
        hours = self.overlap_hours
        return timedelta(hours=hours) if abs(hours) < 1e6 else model.MAX_OVERLAP * 2


@strawberry.input(description="A key that shall open nothing any more.")
class ApiKeyRevokeInput:
    """See `actions.revoke_key`."""

    id: strawberry.ID = strawberry.field(description="Which.")
    reason: str = strawberry.field(description=f"For the record, up to {model.MAX_REASON} characters.")
