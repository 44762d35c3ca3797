"""Queries and mutations of keys; every resolver is a line or three."""

from typing import Annotated

import strawberry

from gateway.keys.actions import create_key, revoke_key, rotate_key
from gateway.keys.context import READ, WRITE, Info
from gateway.keys.inputs import ApiKeyCreateInput, ApiKeyRevokeInput, ApiKeyRotateInput
from gateway.keys.model import Holder
from gateway.keys.types import ApiKey, ApiKeyPayload, ApiKeySecretPayload
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page


@strawberry.type
class KeyQuery:
    """What may be asked."""

    @strawberry.field(description="API keys, by id. Scope keys:read.", directives=[needs(READ)])
    async def api_keys(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[ApiKey]:
        """A page of them, of at most some thousand."""
        info.context.caller.require(READ)
        store = info.context.keys.store
        uses = await store.uses()
        rows = sorted(await store.all(), key=lambda key: key.id)
        page = slice_page(rows, lambda key: (key.id,), PageArgs.parse(first, after))
        return Connection.of(page, lambda key: ApiKey.of(key, uses.get(key.id)))

    @strawberry.field(description="One API key; null if there is none. Scope keys:read.", directives=[needs(READ)])
    async def api_key(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which.")]
    ) -> ApiKey | None:
        """With when it was last used."""
        info.context.caller.require(READ)
        store = info.context.keys.store
        key = await store.find(id)
        return None if key is None else ApiKey.of(key, (await store.uses()).get(key.id))


@strawberry.type
class KeyMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Make an API key that may do no more than you. Scope keys:write.", directives=[needs(WRITE)]
    )
    async def api_key_create(
        self, info: Info, input: Annotated[ApiKeyCreateInput, strawberry.argument(description="The key.")]
    ) -> ApiKeySecretPayload:
        """See `actions.create_key`."""
        info.context.caller.require(WRITE)
        context, keys = info.context, info.context.keys
        draft, holder = input.to_draft(keys.environment), Holder.of(context.caller)
        made = create_key(keys.store, keys.pepper, draft, actor=context.actor, now=context.caller.at, holder=holder)
        return await settle(made, ApiKeySecretPayload.of, ApiKeySecretPayload)

    @strawberry.mutation(
        description="Give an API key a new secret; it may do no more than you. Scope keys:write.",
        directives=[needs(WRITE)],
    )
    async def api_key_rotate(
        self, info: Info, input: Annotated[ApiKeyRotateInput, strawberry.argument(description="Which key.")]
    ) -> ApiKeySecretPayload:
        """See `actions.rotate_key`."""
        info.context.caller.require(WRITE)
        context, keys = info.context, info.context.keys
        now, holder = context.caller.at, Holder.of(context.caller)
        rotated = rotate_key(
            keys.store, keys.pepper, input.id, overlap=input.overlap, actor=context.actor, now=now, holder=holder
        )
        return await settle(rotated, ApiKeySecretPayload.of, ApiKeySecretPayload)

    @strawberry.mutation(
        description="End an API key, everywhere and in less than a second. Scope keys:write.", directives=[needs(WRITE)]
    )
    async def api_key_revoke(
        self, info: Info, input: Annotated[ApiKeyRevokeInput, strawberry.argument(description="Which key, and why.")]
    ) -> ApiKeyPayload:
        """See `actions.revoke_key`."""
        info.context.caller.require(WRITE)
        context, store = info.context, info.context.keys.store
        revoked = revoke_key(store, input.id, reason=input.reason, actor=context.actor, now=context.caller.at)
        return await settle(revoked, ApiKeyPayload.of, ApiKeyPayload)
