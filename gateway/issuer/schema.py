"""Mutations of signing in; every resolver is a line or three."""

from typing import Annotated

import strawberry

from gateway.issuer.actions import go_on, sign_in, sign_out
from gateway.issuer.context import Info
from gateway.issuer.types import RefreshTokenInput, SignOutPayload, StaffSignInInput, TokensPayload
from kit.graphql.errors import settle


@strawberry.type
class IssuerMutation:
    """Open to everybody: whoever signs in has no scope yet."""

    @strawberry.mutation(description="Sign a staff member in, by an account of `noren staff`.")
    async def staff_sign_in(
        self, info: Info, input: Annotated[StaffSignInInput, strawberry.argument(description="Who.")]
    ) -> TokensPayload:
        """See `actions.sign_in`."""
        signed = sign_in(info.context.desk, input.login, input.password, now=info.context.caller.at)
        return await settle(signed, TokensPayload.of, TokensPayload)

    @strawberry.mutation(description="The next tokens of a session. A refresh token that comes twice ends the session.")
    async def token_refresh(
        self, info: Info, input: Annotated[RefreshTokenInput, strawberry.argument(description="Which session.")]
    ) -> TokensPayload:
        """See `actions.go_on`."""
        gone_on = go_on(info.context.desk, input.refresh_token, now=info.context.caller.at)
        return await settle(gone_on, TokensPayload.of, TokensPayload)

    @strawberry.mutation(description="End a session; an access token it gave runs out within minutes.")
    async def staff_sign_out(
        self, info: Info, input: Annotated[RefreshTokenInput, strawberry.argument(description="Which session.")]
    ) -> SignOutPayload:
        """See `actions.sign_out`."""
        await sign_out(info.context.desk, input.refresh_token, now=info.context.caller.at)
        return SignOutPayload()
