"""The graph's part about the counter; the resolver is three lines."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from services.customer.access.model import AccessKind
from services.customer.context import READ, Info
from services.customer.counter import actions
from services.customer.types import Customer


@strawberry.type
class CounterQuery:
    """Needs customers:read."""

    @strawberry.field(
        description="Who stands there, by the beginning of a reading, or the last four digits of a phone and a name; "
        "at most 20, the longest known first. Needs customers:read.",
        directives=[needs(READ)],
    )
    async def customer_search(
        self,
        info: Info,
        kana: Annotated[str | None, strawberry.argument(description="Beginning of a reading, in any kana.")] = None,
        name: Annotated[
            str | None, strawberry.argument(description="Beginning of a name: kanji, kana or Latin letters.")
        ] = None,
        last_digits: Annotated[
            str | None, strawberry.argument(description="The last four, of any of their phones.")
        ] = None,
    ) -> list[Customer]:
        """See `actions.search`."""
        info.context.caller.require(READ)
        found = await actions.search(info.context.store, kana=kana, name=name, last_digits=last_digits)
        await info.context.saw(AccessKind.SEARCH, [row.id for row in found])
        return [Customer(row=row) for row in found]
