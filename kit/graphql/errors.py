"""Refusals as the graph shows them: the interface `UserError`, its common members, and the way into a payload."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import strawberry
from strawberry.types.base import get_object_definition

from kit import errors
from kit.errors import Refusal, Refused

PayloadT = TypeVar("PayloadT")
ErrorT = TypeVar("ErrorT", bound="type[UserError]")
T = TypeVar("T")

_PRESENTERS: dict[type[Refusal], "type[UserError]"] = {}


@strawberry.interface(description="Why a mutation was refused. Members carry the facts.")
class UserError:
    """A refusal; `code` is for programs, `message` for developers, `path` says which input."""

    code: str = strawberry.field(description="Stable, for programs: INSUFFICIENT_STOCK.")
    message: str = strawberry.field(description="One sentence with the facts, for developers.")
    path: list[str] = strawberry.field(description="The input it is about: [input, lines, 0, quantity].")


def presents(refusal: type[Refusal]) -> Callable[[ErrorT], ErrorT]:
    """Class decorator: the Strawberry type below shows `refusal`; their fields have the same names."""

    def register(presenter: ErrorT) -> ErrorT:
        _PRESENTERS[refusal] = presenter
        return presenter

    return register


@presents(errors.InvalidInput)
@strawberry.federation.type(shareable=True, description="A value that can never be taken.")
class InvalidInput(UserError):
    """See `kit.errors.InvalidInput`."""

    expected: str = strawberry.field(description="What would have been taken.")


@presents(errors.NotFound)
@strawberry.federation.type(shareable=True, description="Something the input names does not exist.")
class NotFound(UserError):
    """See `kit.errors.NotFound`."""

    kind: str = strawberry.field(description="What it would have been: Product, Wallet.")
    id: strawberry.ID = strawberry.field(description="The id that was given.")


@presents(errors.IdempotencyKeyReused)
@strawberry.federation.type(shareable=True, description="The idempotency key came before with other input.")
class IdempotencyKeyReused(UserError):
    """See `kit.errors.IdempotencyKeyReused`."""

    key: str = strawberry.field(description="The key.")


@presents(errors.VersionConflict)
@strawberry.federation.type(shareable=True, description="The object changed since it was read.")
class VersionConflict(UserError):
    """See `kit.errors.VersionConflict`."""

    expected_version: int = strawberry.field(description="The version the caller had read.")
    actual_version: int = strawberry.field(description="The version it has.")


@strawberry.type(description="What every mutation answers besides its object.")
class Payload:
    """Base of every payload; a subclass adds its object, nullable, default None, and `of`."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it was refused; empty if it was done."
    )


COMMON_ERRORS: tuple[type[UserError], ...] = (InvalidInput, NotFound, IdempotencyKeyReused, VersionConflict)


def present(refusal: Refusal) -> UserError:
    """The graph's object of a refusal; a refusal nobody presents is a programming error."""
    presenter = _PRESENTERS[type(refusal)]
    definition = get_object_definition(presenter, strict=True)
    values = {field.python_name: getattr(refusal, field.python_name) for field in definition.fields}
    values["path"] = list(refusal.path)
    return presenter(**values)


async def settle(action: Awaitable[T], accept: Callable[[T], PayloadT], refuse: Callable[..., PayloadT]) -> PayloadT:
    """Await an action: `accept(result)`, or `refuse(user_errors=[…])` if it raised Refused."""
    try:
        return accept(await action)
    except Refused as refused:
        return refuse(user_errors=[present(refusal) for refusal in refused.refusals])


def presenters() -> list[type[UserError]]:
    """Every registered member, for architecture tests."""
    return list(_PRESENTERS.values())
