"""Subscription of live wallets."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from kit.errors import InvalidInput, Refused
from services.loyalty.context import Info
from services.loyalty.live.actions import changes
from services.loyalty.live.types import WalletChange
from services.loyalty.model import wallet_id_of

MAX_CURSOR_DIGITS = 12
"""More entries than any wallet will have."""


@strawberry.type
class Subscription:
    """What may be watched."""

    @strawberry.subscription(
        description="A customer's wallet as it is, and each entry of its statement as it is made, once and in order. "
        "Its own, or points:read."
    )
    async def wallet_changed(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="Whose wallet.")],
        after: Annotated[
            str | None, strawberry.argument(description="The last cursor that was given, to go on from there.")
        ] = None,
    ) -> AsyncGenerator[WalletChange, None]:
        """See `live.actions.changes`."""
        wallet_id = wallet_id_of(customer_id)
        if (fault := info.context.wallet_fault(wallet_id)) is not None:
            raise fault
        async with aclosing(changes(info.context.store, wallet_id, _number(after))) as seen:
            async for change in seen:
                yield WalletChange.of(change)


def _number(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdecimal() and len(after) <= MAX_CURSOR_DIGITS):
        raise Refused(InvalidInput(path=("after",), expected="a cursor of this subscription", got=repr(after[:40])))
    return int(after)
