"""GraphQL types and inputs of signing in."""

import strawberry

from gateway.issuer import model
from gateway.issuer.actions import Tokens
from kit.graphql.errors import Payload, UserError, presents


@strawberry.input(description="Somebody who signs in.")
class StaffSignInInput:
    """See `actions.sign_in`."""

    login: str = strawberry.field(description="As the account was made; case does not matter.")
    password: str = strawberry.field(description=f"Up to {model.MAX_PASSWORD} characters.")


@strawberry.input(description="A session.")
class RefreshTokenInput:
    """See `actions.go_on` and `actions.sign_out`."""

    refresh_token: str = strawberry.field(description="The last one of the session.")


@presents(model.SignInRefused)
@strawberry.type(description="Login and password are not those of an account that may sign in.")
class SignInRefused(UserError):
    """See `model.SignInRefused`."""


@presents(model.TooManyAttempts)
@strawberry.type(description="The password was wrong too often, whether or not there is such an account.")
class TooManyAttempts(UserError):
    """See `model.TooManyAttempts`."""

    retry_after_s: int = strawberry.field(description="Seconds after which it may be tried again.")


@presents(model.SessionOver)
@strawberry.type(description="The session has ended, or this is not its last refresh token: sign in again.")
class SessionOver(UserError):
    """See `model.SessionOver`."""


@strawberry.type(description="Tokens of a session, or why there are none.")
class TokensPayload(Payload):
    """Of staffSignIn and tokenRefresh."""

    access_token: str | None = strawberry.field(default=None, description="For `Authorization: Bearer`.")
    refresh_token: str | None = strawberry.field(default=None, description="Good once, for the next tokens.")
    expires_in_s: int | None = strawberry.field(default=None, description="Seconds for which the access token is good.")

    @classmethod
    def of(cls, tokens: Tokens) -> "TokensPayload":
        """Both."""
        return cls(access_token=tokens.access, refresh_token=tokens.refresh, expires_in_s=model.ACCESS_TTL_S)


@strawberry.type(description="Signed out.")
class SignOutPayload(Payload):
    """Of staffSignOut."""


ERRORS: tuple[type[UserError], ...] = (SignInRefused, TooManyAttempts, SessionOver)
