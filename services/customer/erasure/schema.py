"""The graph's part about erasing; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.customer.access.model import AccessKind
from services.customer.context import ERASE, Info
from services.customer.erasure import actions
from services.customer.erasure.store import ErasureStore
from services.customer.erasure.types import CustomerErasePayload, CustomerErasure


@strawberry.input(description="Whom to erase.")
class CustomerEraseInput:
    """Of customerErase."""

    customer_id: strawberry.ID = strawberry.field(description="Any of their ids; all their profiles go.")


@strawberry.type
class ErasureQuery:
    """What may be read of erasures."""

    @strawberry.field(
        description="The certificate of a person's erasure, by any of their former ids. Needs customers:erase.",
        directives=[needs(ERASE)],
    )
    async def customer_erasure(
        self, info: Info, customer_id: Annotated[strawberry.ID, strawberry.argument(description="cus_…")]
    ) -> CustomerErasure | None:
        """Null if nobody erased them."""
        info.context.caller.require(ERASE)
        found = await ErasureStore(info.context.store).of(customer_id)
        return None if found is None else CustomerErasure.of(found)


@strawberry.type
class ErasureMutation:
    """Needs the scope customers:erase."""

    @strawberry.mutation(
        description="Erase a person, here and in every service; it cannot be undone. Again answers the same.",
        directives=[needs(ERASE)],
    )
    async def customer_erase(
        self, info: Info, input: Annotated[CustomerEraseInput, strawberry.argument(description="Whom.")]
    ) -> CustomerErasePayload:
        """See `actions.erase`."""
        info.context.caller.require(ERASE)
        await info.context.saw(AccessKind.ERASURE, [input.customer_id])
        done = actions.erase(
            info.context.store, input.customer_id, actor=info.context.actor, now=info.context.caller.at
        )
        return await settle(done, CustomerErasePayload.of, CustomerErasePayload)
