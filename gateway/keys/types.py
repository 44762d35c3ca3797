"""GraphQL types of keys. A secret is in the payload of the mutation that made it, and nowhere else."""

from datetime import datetime

import strawberry

from gateway.keys import model
from gateway.keys.actions import Shown
from kit.graphql.errors import Payload, UserError, presents
from kit.times import utc_now

strawberry.enum(model.KeyKind, name="ApiKeyKind", description="Who can read a key.")
strawberry.enum(model.KeyState, name="ApiKeyState", description="Whether a key opens anything.")


@strawberry.type(description="An API key, without its secret.")
class ApiKey:
    """See `model.Key`."""

    id: strawberry.ID = strawberry.field(description="The part of the key after nrn_live_ or nrn_test_.")
    name: str = strawberry.field(description="Whose it is, for people and logs.")
    kind: model.KeyKind = strawberry.field(description="Secret, or publishable.")
    environment: str = strawberry.field(description="Which systems take it: live or test.")
    scopes: list[str] = strawberry.field(description="What it may do.")
    channel: str | None = strawberry.field(description="The only channel it is for.")
    locations: list[str] = strawberry.field(description="The locations it is for; none: any.")
    customer: str | None = strawberry.field(description="The only customer it acts for.")
    staff: str | None = strawberry.field(description="The only staff member it acts for.")
    addresses: list[str] = strawberry.field(description="Networks it may be used from; none: any.")
    state: model.KeyState = strawberry.field(description="Whether it opens anything now.")
    live_secrets: int = strawberry.field(description="Two while its holders change over to a new one.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, some seconds behind.")

    @classmethod
    def of(cls, key: model.Key, last_used_at: datetime | None = None) -> "ApiKey":
        """From the model."""
        draft, grant, now = key.draft, key.draft.grant, utc_now()
        return cls(
            id=strawberry.ID(key.id),
            name=draft.name,
            kind=draft.kind,
            environment=draft.environment,
            scopes=sorted(grant.scopes),
            channel=grant.channel,
            locations=list(grant.locations),
            customer=grant.customer,
            staff=grant.staff,
            addresses=list(grant.addresses),
            state=key.state(now),
            live_secrets=sum(secret.expires_at is None or secret.expires_at > now for secret in key.secrets),
            created_at=key.created_at,
            expires_at=draft.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=last_used_at,
        )


@presents(model.KeyEnded)
@strawberry.type(description="The key was revoked or has expired: it can be changed no more.")
class ApiKeyEnded(UserError):
    """See `model.KeyEnded`."""

    id: strawberry.ID = strawberry.field(description="The key.")
    state: model.KeyState = strawberry.field(description="Why.")


@presents(model.ScopeNotHeld)
@strawberry.type(description="Nobody gives a key what they may not do themselves.")
class ScopeNotHeld(UserError):
    """See `model.ScopeNotHeld`."""

    scope: str = strawberry.field(description="What the caller may not do.")


@strawberry.type(description="The key, or why not.")
class ApiKeyPayload(Payload):
    """Of apiKeyRevoke."""

    api_key: ApiKey | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, key: model.Key) -> "ApiKeyPayload":
        """Of a key that was changed."""
        return cls(api_key=ApiKey.of(key))


@strawberry.type(description="The key and its secret, which nobody sees again, or why not.")
class ApiKeySecretPayload(Payload):
    """Of apiKeyCreate and apiKeyRotate."""

    api_key: ApiKey | None = strawberry.field(default=None, description="As it is now.")
    secret: str | None = strawberry.field(default=None, description="The whole key, shown this once.")

    @classmethod
    def of(cls, shown: Shown) -> "ApiKeySecretPayload":
        """Of a key that was made or rotated."""
        return cls(api_key=ApiKey.of(shown.key), secret=shown.secret)


ERRORS: tuple[type[UserError], ...] = (ApiKeyEnded, ScopeNotHeld)
